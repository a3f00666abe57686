"""issue_token, rotate_token and revoke_token: stdout contains only the key."""

import datetime as dt
import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from catalog.db import revision
from tests import world
from tokens import keys
from tokens.models import RetiredKey, Token

pytestmark = pytest.mark.django_db


def run(*arguments: str, **options: Any) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=io.StringIO(), **options)
    return out.getvalue()


def status(client: Client, key: str) -> int:
    return client.get("/v1/models", headers={"authorization": f"Bearer {key}"}).status_code


def test_stdout_is_the_key_and_nothing_else(client: Client) -> None:
    printed = run("issue_token", "Acme production")

    assert printed.endswith("\n")
    assert keys.SHAPE.fullmatch(printed.strip())
    assert status(client, printed.strip()) == 200


def test_every_field_of_a_token_has_an_option() -> None:
    world.token_group("vip")

    run("issue_token", "Acme", "--group", "vip", "--group", "auto", "--allow", "gpt-*", "--allow", "vendor:anthropic",
        "--deny", "gpt-4*", "--ip", "203.0.113.0/24", "--rate", "60/minute", "--expires", "30d", "--starts", "7d",
        "--over-budget", "--first-group", "vip")  # fmt: skip

    token = Token.objects.get()
    assert token.first_group == token.groups.get()
    assert [group.slug for group in token.groups.all()] == ["vip"]
    assert (token.uses_auto_groups, token.allow, token.deny) == (True, ["gpt-*", "vendor:anthropic"], ["gpt-4*"])
    assert (token.networks, token.rate_limit) == (["203.0.113.0/24"], "60/minute")
    assert token.is_over_budget
    assert token.starts_at is not None
    assert dt.timedelta(days=6) < token.starts_at - timezone.now() <= dt.timedelta(days=7)
    assert token.expires_at is not None
    assert dt.timedelta(days=29) < token.expires_at - timezone.now() <= dt.timedelta(days=30)


def test_the_first_group_must_be_one_of_the_groups() -> None:
    world.token_group("vip")

    with pytest.raises(CommandError, match="first_group: The token is not in group vip"):
        run("issue_token", "Acme", "--first-group", "vip")
    assert not Token.objects.exists()


def test_json_for_machines() -> None:
    answer = json.loads(run("issue_token", "Acme", format="json"))

    assert answer["key_id"] == Token.objects.get().key_id
    assert answer["key_id"] in answer["key"]


def test_a_dry_run_creates_nothing() -> None:
    before = revision.current()

    assert run("issue_token", "Acme", "--dry-run") == ""
    assert not Token.objects.exists()
    assert revision.current() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--group", "nobody"], "no group 'nobody'"),
        (["--expires", "soon"], "not a valid time"),
        (["--starts", "soon"], "not a valid time"),
        (["--starts", "7d", "--expires", "1d"], "cannot expire before it starts"),
        (["--allow", "Vendor:openai"], "matches nothing"),
        (["--expires", "2020-01-01"], "not in the future"),
        (["--expires", "999999w"], "more than a hundred years"),
        (["--expires", "9999-12-31T23:59:59-12:00"], "after the year 9999"),
        (["--rate", "often"], "60/minute"),
        (["--rate", "0/minute"], "between 1 and"),
        (["--deny", "vendor: openai"], "space"),
        (["--note", "x", "--allow", ""], "allow: "),
        (["--ip", "office"], "office"),
        (["--allow", "vendor:"], "matches nothing"),
        (["--allow", "price:inpt<=5"], "inpt is not a valid meter"),
        (["--deny", "context>=abc"], "context>=abc is not a valid limit"),
    ],
)
def test_wrong_arguments_are_reported_and_create_nothing(arguments: list[str], says: str) -> None:
    world.token_group()

    with pytest.raises(CommandError, match=says):
        run("issue_token", "Acme", *arguments)

    assert not Token.objects.exists()


@pytest.mark.parametrize("moment", ["2999-01-31", "2999-01-31T00:00:00Z", "2999-01-31T01:00:00+01:00"])
def test_an_end_may_be_a_date_or_a_moment(moment: str) -> None:
    run("issue_token", "Acme", "--expires", moment)

    assert Token.objects.get().expires_at == dt.datetime(2999, 1, 31, tzinfo=dt.UTC)


def test_after_a_rotation_the_old_key_is_valid_until_its_grace_period_ends(client: Client) -> None:
    token, old = world.token()

    new = run("rotate_token", token.key_id, "--grace", "1h").strip()

    assert new != old
    assert (status(client, old), status(client, new)) == (200, 200)
    assert RetiredKey.objects.get().valid_until > timezone.now()


def test_a_rotation_warns_that_the_token_is_disabled() -> None:
    enabled, disabled = world.token()[0], world.token(enabled=False)[0]

    messages = {}
    for token in (enabled, disabled):
        errors = io.StringIO()
        call_command("rotate_token", token.key_id, stdout=io.StringIO(), stderr=errors)
        messages[token] = errors.getvalue()

    assert "No key of this token is valid now. State: disabled." in messages[disabled]
    assert "valid now" not in messages[enabled]


def test_a_grace_period_must_not_be_longer_than_a_century() -> None:
    token, _ = world.token()

    with pytest.raises(CommandError, match="more than a hundred years"):
        run("rotate_token", token.key_id, "--grace", "999999w")

    assert not RetiredKey.objects.exists()


def test_a_rotation_without_grace_ends_the_old_key_at_once(client: Client) -> None:
    token, old = world.token()

    new = run("rotate_token", token.key_id, "--grace", "0").strip()

    assert (status(client, old), status(client, new)) == (401, 200)


def test_a_revoked_token_is_refused_with_its_old_keys(client: Client) -> None:
    token, old = world.token()
    new = run("rotate_token", token.key_id).strip()
    token.refresh_from_db()

    assert "disabled" in run("revoke_token", token.key_id)

    assert (status(client, old), status(client, new)) == (401, 401)
    assert Token.history.filter(key_id=Token.objects.get().key_id, enabled=False).exists()


def test_a_token_is_found_by_the_key_id_that_it_had(client: Client) -> None:
    token, old = world.token()
    first = token.key_id
    run("rotate_token", first)

    assert json.loads(run("rotate_token", first, format="json"))["key_id"] == Token.objects.get().key_id

    assert status(client, old) == 200


@pytest.mark.parametrize("form", ["text", "json"])
def test_revoking_a_retired_key_ends_only_that_key(client: Client, form: str) -> None:
    token, old = world.token()
    first = token.key_id
    between = run("rotate_token", first).strip()
    new = run("rotate_token", first).strip()
    assert "would be ended" in run("revoke_token", first, "--dry-run")
    assert status(client, old) == 200

    printed = run("revoke_token", first, format=form)

    assert [status(client, key) for key in (old, between, new)] == [401, 200, 200]
    assert Token.objects.get().enabled
    if form == "json":
        document = json.loads(printed)
        assert document.pop("impact")["counts"] == {"keys": 0, "groups": 0, "prices": 0}
        assert document == {"key_id": first, "replaced_by": Token.objects.get().key_id, "was_valid": True}
    else:
        assert "has been ended. The token's current key still works." in printed
        assert "Clients that still send the retired key lose its 0 models." in printed
    assert "had already ended" in run("revoke_token", first)


@pytest.mark.parametrize("command", ["rotate_token", "revoke_token"])
def test_a_key_in_place_of_a_key_id_is_not_repeated(command: str) -> None:
    key = world.key()

    with pytest.raises(CommandError) as refusal:
        run(command, key)

    assert key[-38:] not in str(refusal.value)
