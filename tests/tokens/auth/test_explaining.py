"""Explanations name the row that decides whether a key can see a model."""

import datetime as dt
import io
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel, Channel, ModelAlias, Offer
from pricing.usage.spending import Cost, record
from tests import world
from tokens.auth.authentication import row_of, scope_of
from tokens.auth.explaining import explain, survey
from tokens.models import Token

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def obstacle(token: Token, name: str = "gpt-4o", **options: Any) -> str:
    gate = explain(token, name, at=timezone.now(), **options).obstacle
    return f"{gate.asks}: {gate.because}" if gate else ""


def test_a_visible_model_passes_every_gate() -> None:
    world.model()
    explanation = explain(world.token()[0], "gpt-4o", at=timezone.now())

    assert explanation.visible
    assert "channel main, reached by group default" in [gate.because for gate in explanation.gates]


def test_a_dialect_that_narrows_its_lists_is_named(client: Client, settings: Any) -> None:
    world.model("embedder", supported_endpoint_types=["embeddings", "gemini"])
    token, key = world.token()
    settings.NARROW_DIALECTS = True

    out = io.StringIO()
    call_command("explain_token", token.key_id, "embedder", stdout=out)

    visible_to = {
        name: client.get("/v1/models/embedder", headers={"authorization": f"Bearer {key}"} | headers).status_code == 200
        for name, headers in {"openai": {}, "anthropic": {"anthropic-version": "1"}}.items()
    }
    assert visible_to == {"openai": True, "anthropic": False}
    assert "NARROW_DIALECTS hides the model from clients of anthropic, " in out.getvalue().splitlines()[-1]


def test_a_model_may_be_named_as_geminis_clients_name_it() -> None:
    world.model()
    gates = explain(world.token()[0], "models/gpt-4o", at=timezone.now()).gates

    assert not [gate for gate in gates if gate.passed is False]
    assert "model gpt-4o" in [gate.because for gate in gates]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda: Token.objects.set_enabled(False), "disabled"),
        (lambda: Token.objects.update(expires_at=world.LONG_AGO), "2026-01-01"),
        (lambda: Token.objects.update(starts_at=dt.datetime(2999, 1, 1, tzinfo=dt.UTC)), "2999-01-01"),
        (lambda: AIModel.objects.update(status="draft"), "draft"),
        (lambda: AIModel.objects.update(retires_on=dt.date(2026, 1, 31)), "2026-01-31"),
        (lambda: Offer.objects.all().delete(), "no channel offers the model"),
        (lambda: Offer.objects.set_enabled(False), "the offer on channel main is disabled"),
        (lambda: world.token_group().channels.clear(), "group default does not reach channel main"),
        (lambda: Token.objects.get().groups.clear(), "in no group"),
        (lambda: Token.objects.update(deny=["gpt-*"]), "deny pattern gpt-*"),
        (lambda: Token.objects.update(allow=["vendor:anthropic"]), "no allow pattern"),
        (lambda: Token.objects.update(allow=[]), "the allow list is empty"),
    ],
)  # fmt: skip
def test_the_row_that_decides_is_named(change: Callable[[], Any], named: str) -> None:
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


def test_the_networks_are_checked_if_an_address_is_given() -> None:
    world.model()
    token, _ = world.token(networks=["203.0.113.0/24"])

    assert obstacle(token) == ""
    assert obstacle(token, address="203.0.113.7") == ""
    assert "198.51.100.1 must be in 203.0.113.0/24" in obstacle(token, address="198.51.100.1")


def test_a_retired_key_is_explained_by_its_grace_period(client: Client) -> None:
    world.model()
    token, key = world.token()
    old_id = token.key_id
    token.rotate(grace=dt.timedelta(hours=1), at=timezone.now())
    later = timezone.now() + dt.timedelta(hours=2)

    assert explain(token, "gpt-4o", at=timezone.now(), key_id=old_id).visible
    assert client.get("/v1/models/gpt-4o", headers={"authorization": f"Bearer {key}"}).status_code == 200
    expired = explain(token, "gpt-4o", at=later, key_id=old_id)
    assert expired.obstacle
    assert f"key {token.key_id} has replaced it" in expired.obstacle.because
    assert explain(token, "gpt-4o", at=later, key_id=token.key_id).visible
    with time_machine.travel(later):
        assert client.get("/v1/models/gpt-4o", headers={"authorization": f"Bearer {key}"}).status_code == 401


def test_a_used_up_budget_stops_calls_but_not_lists(client: Client, admin_client: Client) -> None:
    world.model()
    token, key = world.token(is_over_budget=True)

    explanation = explain(token, "gpt-4o", at=timezone.now())

    assert (explanation.visible, explanation.callable) == (True, False)
    sent = {"authorization": f"Bearer {key}"}
    assert client.get("/v1/models/gpt-4o", headers=sent).status_code == 200
    assert client.get("/api/authorize?model=gpt-4o", headers=sent).status_code == 403
    panel = admin_client.get(f"/admin/tokens/token/{token.pk}/sees/").content.decode()
    assert "the token is within its budget (calls only): it is over budget; it can still list models" in panel


def test_an_alias_leads_to_its_model() -> None:
    ModelAlias.objects.create(name="latest", model=world.model())

    explanation = explain(world.token()[0], "latest", at=timezone.now())

    assert explanation.visible
    assert "alias latest of gpt-4o" in [gate.because for gate in explanation.gates]


@pytest.mark.parametrize("name", ["nothing", "", "x\x00y", "%", "模型"])
def test_a_missing_model_is_reported_as_missing(name: str) -> None:
    assert "no model and no alias" in obstacle(world.token()[0], name)


def test_the_survey_gives_the_same_result_in_few_queries(django_assert_max_num_queries: Any) -> None:
    world.model("seen")
    world.model("hidden", status="draft")
    world.model("elsewhere", on=world.channel("other", group=None))
    token, _ = world.token()

    # Token with groups, groups, channels of groups, starts, channels, offers, models, listed aliases.
    with django_assert_max_num_queries(8):
        explanations = survey(scope_of(row_of(token)), at=timezone.now())

    assert {explanation.name: explanation.visible for explanation in explanations} == {
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


def test_the_exit_code_of_the_command_is_its_result() -> None:
    world.model()
    token, key = world.token(deny=["o3"])

    visible, hidden = run(token.key_id, "gpt-4o"), run(token.key_id, "o3")

    assert (visible[0], hidden[0]) == (0, 1)
    assert "NO   the model exists" in hidden[1]
    assert key[-38:] not in visible[1]
    assert json.loads(run(token.key_id, "gpt-4o", format="json")[1])["visible"] is True


def test_the_command_reports_an_unknown_token() -> None:
    with pytest.raises(CommandError) as refusal:
        run("nobody", "gpt-4o")

    assert refusal.value.returncode == 2


@time_machine.travel("2026-11-30T12:00:00Z", tick=False)
def test_a_budget_that_is_used_up_is_a_gate_of_calls() -> None:
    now = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
    team = world.token_group("team", budget_amount=Decimal(3))
    world.model("gpt-4o", on=world.channel("main", group="team"))
    token, _ = world.token("team", budget_amount=Decimal(1), budget_period="month")

    def reasons() -> list[str]:
        return [gate.because for gate in explain(token, "gpt-4o", at=now).gates if "budget" in gate.asks]

    assert reasons() == ["1 USD per month is not used up", "group team: 3 USD in total is not used up"]
    record([Cost(token.pk, team.pk, now, Decimal(1), "USD")])
    assert reasons()[0] == "1 USD per month is used up until 2026-12-01 00:00 UTC"
    record([Cost(token.pk, team.pk, now, Decimal(2), "USD")])
    assert reasons()[1] == "group team: 3 USD in total is used up"
    explanation = explain(token, "gpt-4o", at=now)
    assert (explanation.visible, explanation.callable) == (True, False)
