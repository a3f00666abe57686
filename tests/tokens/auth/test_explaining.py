"""Why a key sees a model, or why not: the row responsible is named."""

import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel, Channel, ModelAlias, Offer
from tests import world
from tokens.auth.authentication import row_of, scope_of
from tokens.auth.explaining import explain, survey
from tokens.models import Token

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def obstacle(token: Token, name: str = "gpt-4o", **options: Any) -> str:
    found = explain(token, name, at=timezone.now(), **options).obstacle
    return f"{found.asks}: {found.because}" if found else ""


def test_a_visible_model_passes_every_gate() -> None:
    world.model()
    told = explain(world.token()[0], "gpt-4o", at=timezone.now())

    assert told.visible
    assert "channel main, reached by group default" in [gate.because for gate in told.gates]


def test_a_dialect_that_narrows_its_lists_is_named(client: Client, settings: Any) -> None:
    world.model("embedder", supported_endpoint_types=["embeddings", "gemini"])
    token, key = world.token()
    settings.NARROW_DIALECTS = True

    out = io.StringIO()
    call_command("explain_token", token.key_id, "embedder", stdout=out)

    shown = {
        name: client.get("/v1/models/embedder", headers={"authorization": f"Bearer {key}"} | headers).status_code == 200
        for name, headers in {"openai": {}, "anthropic": {"anthropic-version": "1"}}.items()
    }
    assert shown == {"openai": True, "anthropic": False}
    assert "keeps it from clients of anthropic: " in out.getvalue().splitlines()[-1]


def test_a_model_may_be_called_as_geminis_clients_call_it() -> None:
    world.model()
    gates = explain(world.token()[0], "models/gpt-4o", at=timezone.now()).gates

    assert all(gate.passed for gate in gates)
    assert "model gpt-4o" in [gate.because for gate in gates]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda: Token.objects.set_enabled(False), "disabled"),
        (lambda: Token.objects.update(expires_at=world.LONG_AGO), "2026-01-01"),
        (lambda: Token.objects.update(starts_at=dt.datetime(2999, 1, 1, tzinfo=dt.UTC)), "2999-01-01"),
        (lambda: AIModel.objects.update(status="draft"), "draft"),
        (lambda: AIModel.objects.update(retires_on=dt.date(2026, 1, 31)), "2026-01-31"),
        (lambda: Offer.objects.all().delete(), "no channel offers it"),
        (lambda: Offer.objects.set_enabled(False), "the offer on channel main is disabled"),
        (lambda: world.token_group().channels.clear(), "group default does not reach channel main"),
        (lambda: Token.objects.get().groups.clear(), "in no group"),
        (lambda: Token.objects.update(deny=["gpt-*"]), "deny pattern gpt-*"),
        (lambda: Token.objects.update(allow=["vendor:anthropic"]), "no allow pattern"),
        (lambda: Token.objects.update(allow=[]), "the allow list is empty"),
    ],
)  # fmt: skip
def test_the_row_responsible_is_named(change: Callable[[], Any], named: str) -> None:
    world.model()
    token, _ = world.token()
    change()

    assert named in obstacle(token)


def test_since_when_and_by_whom_a_channel_is_off(django_user_model: Any) -> None:
    world.model()
    token, _ = world.token()
    channel: Any = Channel.objects.get()
    channel.enabled, channel._history_user = False, django_user_model.objects.create_user("alice")
    channel.save()
    channel.note = "changed since by somebody else"
    channel._history_user = None
    channel.save()

    assert f"channel main is disabled, since {timezone.now():%Y-%m-%d} by alice" in obstacle(token)


def test_an_address_is_judged_when_it_is_given() -> None:
    world.model()
    token, _ = world.token(networks=["203.0.113.0/24"])

    assert obstacle(token) == ""
    assert obstacle(token, address="203.0.113.7") == ""
    assert "198.51.100.1 has to be in 203.0.113.0/24" in obstacle(token, address="198.51.100.1")


def test_a_key_that_was_replaced_is_explained_by_its_grace(client: Client) -> None:
    world.model()
    token, key = world.token()
    old_id = token.key_id
    token.rotate(grace=dt.timedelta(hours=1), at=timezone.now())
    later = timezone.now() + dt.timedelta(hours=2)

    assert explain(token, "gpt-4o", at=timezone.now(), key_id=old_id).visible
    assert client.get("/v1/models/gpt-4o", headers={"authorization": f"Bearer {key}"}).status_code == 200
    stopped = explain(token, "gpt-4o", at=later, key_id=old_id)
    assert stopped.obstacle
    assert f"key {token.key_id} has replaced it" in stopped.obstacle.because
    assert explain(token, "gpt-4o", at=later, key_id=token.key_id).visible
    with time_machine.travel(later):
        assert client.get("/v1/models/gpt-4o", headers={"authorization": f"Bearer {key}"}).status_code == 401


def test_a_budget_that_is_used_up_stops_calls_and_no_list(client: Client, admin_client: Client) -> None:
    world.model()
    token, key = world.token(is_over_budget=True)

    told = explain(token, "gpt-4o", at=timezone.now())

    assert (told.visible, told.callable) == (True, False)
    sent = {"authorization": f"Bearer {key}"}
    assert client.get("/v1/models/gpt-4o", headers=sent).status_code == 200
    assert client.get("/api/authorize?model=gpt-4o", headers=sent).status_code == 403
    panel = admin_client.get(f"/admin/tokens/token/{token.pk}/sees/").content.decode()
    assert "the budget is not used up: it is used up; listing costs nothing" in panel


def test_an_alias_leads_to_its_model() -> None:
    ModelAlias.objects.create(name="latest", model=world.model())

    told = explain(world.token()[0], "latest", at=timezone.now())

    assert told.visible
    assert "alias latest of gpt-4o" in [gate.because for gate in told.gates]


@pytest.mark.parametrize("name", ["nothing", "", "x\x00y", "%", "模型"])
def test_a_model_that_is_not_there_is_said_to_be_missing(name: str) -> None:
    assert "no model and no alias" in obstacle(world.token()[0], name)


def test_the_survey_says_the_same_in_few_queries(django_assert_max_num_queries: Any) -> None:
    world.model("seen")
    world.model("hidden", status="draft")
    world.model("elsewhere", on=world.channel("other", group=None))
    token, _ = world.token()

    # Token with groups, groups, channels of groups, channels, offers, models.
    with django_assert_max_num_queries(6):
        told = survey(scope_of(row_of(token)), at=timezone.now())

    assert {explanation.name: explanation.visible for explanation in told} == {
        "seen": True, "hidden": False, "elsewhere": False,
    }  # fmt: skip
    assert [explanation.name for explanation in survey(scope_of(row_of(token)), at=timezone.now(), search="HID")] == [
        "hidden"
    ]


def run(*arguments: str, **options: Any) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("explain_token", *arguments, stdout=out, **options)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_the_command_exits_by_the_answer() -> None:
    world.model()
    token, key = world.token(deny=["o3"])

    seen, missing = run(token.key_id, "gpt-4o"), run(token.key_id, "o3")

    assert (seen[0], missing[0]) == (0, 1)
    assert "NO   the model exists" in missing[1]
    assert key[-38:] not in seen[1]
    assert json.loads(run(token.key_id, "gpt-4o", format="json")[1])["visible"] is True


def test_the_command_says_when_there_is_no_such_token() -> None:
    with pytest.raises(CommandError) as refusal:
        run("nobody", "gpt-4o")

    assert refusal.value.returncode == 2
