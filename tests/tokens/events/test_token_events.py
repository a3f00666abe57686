"""Events of tokens: issued, rotated, revoked and refused."""

import datetime as dt

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from tests import world
from tests.events import stored_events, subscribe, take_events
from tokens.auth.last_use import LAST_USE
from tokens.models import Event, Token, TokenGroup
from tokens.operators.tokens import revoke
from tokens.timestamps import format_timestamp

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


@pytest.fixture(autouse=True)
def _webhook() -> None:
    subscribe("token.issued", "token.rotated", "token.revoked", "token.refused")


def context(token: Token) -> dict[str, object]:
    groups = {"key_id": token.key_id, "name": "a customer", "groups": ["default"]}
    return {**groups, "metadata": {"customer": "42"}}


@pytest.fixture
def token(_webhook: None) -> Token:
    token = world.token(metadata={"customer": "42"})[0]
    take_events()
    return token


def test_an_issued_token_is_reported_with_its_groups_and_metadata() -> None:
    expires_at = timezone.now() + dt.timedelta(days=9)
    automatic = TokenGroup.objects.create(slug="auto", label="Auto", auto_position=2)

    token, key = world.token(metadata={"customer": "42"}, expires_at=expires_at, uses_auto_groups=True)

    data = {**context(token), "starts_at": None, "expires_at": format_timestamp(expires_at)}
    assert stored_events() == [("token.issued", {**data, "groups": [automatic.slug, "default"]})]
    assert key not in Event.objects.get().data


def test_a_rotated_token_is_reported_with_the_key_that_it_replaces(token: Token) -> None:
    previous, now = token.key_id, timezone.now()

    token.rotate(grace=dt.timedelta(hours=1), at=now)

    data = {
        **context(token),
        "previous_key_id": previous,
        "previous_valid_until": format_timestamp(now + dt.timedelta(hours=1)),
    }
    assert stored_events() == [("token.rotated", data)]


def test_a_revoked_and_a_deleted_token_are_reported(token: Token) -> None:
    revoke(token)
    revoke(token)
    assert take_events() == [("token.revoked", {**context(token), "deleted": False})]

    token.refresh_from_db()
    token.delete()
    assert stored_events() == [("token.revoked", {**context(token), "deleted": True})]


def test_other_changes_of_a_token_are_no_events(token: Token) -> None:
    token.note = "new"
    token.save()
    token.groups.clear()

    assert stored_events() == []


def test_the_commands_cause_the_same_events() -> None:
    TokenGroup.objects.default()
    call_command("issue_token", "a customer")
    call_command("revoke_token", Token.objects.get().key_id)

    assert [name for name, _ in stored_events()] == ["token.issued", "token.revoked"]


def test_a_refusal_is_reported_once_a_day_for_each_token_and_code(client: Client, token: Token) -> None:
    key = token.rotate(grace=dt.timedelta(0), at=timezone.now())
    Token.objects.filter(pk=token.pk).update(enabled=False)
    take_events()

    for _ in range(3):
        client.get("/v1/models/gpt-4o", headers={"Authorization": f"Bearer {key}"})
        LAST_USE.flush()

    ((name, data),) = stored_events()
    assert name == "token.refused"
    refusal = Token.objects.get().last_refusal
    assert data["groups"] == ["default"]
    assert data["metadata"] == {"customer": "42"}
    assert (data["status"], data["code"], data["model"]) == (refusal.status, refusal.code, "gpt-4o")
    assert key not in Event.objects.get().data
