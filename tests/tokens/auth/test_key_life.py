"""The life of a key: taking over, rotation with a grace period, use after it, last use, peppers."""

import datetime as dt
import io
import logging
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from catalog.models import Revision
from tests import world
from tokens.auth.last_use import LAST_USE
from tokens.models import RetiredKey, Token

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
GATEWAY = "sk-" + "aB3dE6gH" * 6


def status(client: Client, key: str) -> int:
    return client.get("/v1/models", headers={"authorization": f"Bearer {key}"}).status_code


def take_over(monkeypatch: pytest.MonkeyPatch, key: str) -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{key}\n"))
    out = io.StringIO()
    call_command("issue_token", "moved", "--take-over", stdout=out, stderr=io.StringIO())
    return out.getvalue()


@pytest.mark.parametrize("sent", [GATEWAY, GATEWAY.removeprefix("sk-"), f"{GATEWAY}-17"])
def test_a_key_of_new_api_still_works(client: Client, monkeypatch: pytest.MonkeyPatch, sent: str) -> None:
    assert take_over(monkeypatch, GATEWAY) == ""

    assert status(client, sent) == 200
    token = Token.objects.get()
    assert GATEWAY[3:-4] not in f"{token.masked}{token.key_id}{token.digest}{token}"


@pytest.mark.parametrize("key", ["", "sk-1234", "two words of some length", "a,b" * 20, "x" * 300])
def test_invalid_and_weak_keys_are_not_taken_over(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    with pytest.raises(CommandError) as refusal:
        take_over(monkeypatch, key)

    assert not key or key not in str(refusal.value)
    assert not Token.objects.exists()


def test_a_key_can_be_taken_over_only_once_in_any_form(monkeypatch: pytest.MonkeyPatch) -> None:
    take_over(monkeypatch, GATEWAY)

    with pytest.raises(CommandError, match="already"):
        take_over(monkeypatch, GATEWAY.removeprefix("sk-"))


def test_the_old_key_ends_with_its_grace_period(client: Client) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        token, old = world.token()
        token.rotate(grace=dt.timedelta(hours=24), at=timezone.now())
        clock.shift(dt.timedelta(hours=24) - dt.timedelta(seconds=1))
        assert status(client, old) == 200
        clock.shift(1)
        assert status(client, old) == 401


def test_a_reuse_after_the_grace_is_logged_and_counted(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    token, old = world.token()
    token.rotate(grace=dt.timedelta(0), at=timezone.now())

    with caplog.at_level(logging.WARNING, logger="modelbook.keys"):
        assert [status(client, old) for _ in range(3)] == [401] * 3
    LAST_USE.flush()

    retired = RetiredKey.objects.get()
    assert (retired.refused_uses, retired.refused_at is not None) == (3, True)
    lines = [record.getMessage() for record in caplog.records if record.name == "modelbook.keys"]
    assert len(lines) == 3
    assert all(Token.objects.get().key_id in line and old not in line for line in lines)


def test_a_key_in_its_grace_period_is_used_beside_other_keys(client: Client) -> None:
    token, old = world.token(name="rotated")
    token.rotate(grace=dt.timedelta(hours=1), at=timezone.now())
    disabled, other = world.key(enabled=False), world.key(name="other")

    answers = [
        client.get("/api/token", headers={"authorization": f"Bearer {first}", "x-api-key": second})
        for first, second in ((old, disabled), (disabled, old), (old, other), (other, old))
    ]

    assert [answer.json()["data"]["name"] for answer in answers] == ["rotated", "rotated", "rotated", "other"]


def test_the_retired_key_that_is_still_in_its_grace_period_is_used(client: Client) -> None:
    token, first = world.token()
    second = token.rotate(grace=dt.timedelta(0), at=timezone.now())
    token.rotate(grace=dt.timedelta(hours=1), at=timezone.now())

    for keys in ((first, second), (second, first)):
        headers = {"authorization": f"Bearer {keys[0]}", "x-api-key": keys[1]}
        assert client.get("/v1/models", headers=headers).status_code == 200


def test_two_rotations_leave_two_old_keys_in_their_grace(client: Client) -> None:
    token, first = world.token()
    # As another process would hold it: read before the first rotation.
    twin = Token.objects.get(pk=token.pk)
    second = token.rotate(grace=dt.timedelta(hours=1), at=timezone.now())
    third = twin.rotate(grace=dt.timedelta(hours=1), at=timezone.now())

    assert [status(client, key) for key in (first, second, third)] == [200] * 3


def test_the_time_of_last_use_is_written_later_and_at_most_once_a_minute(
    client: Client, django_assert_num_queries: Any
) -> None:
    world.model()
    with time_machine.travel(NOW, tick=False) as clock:
        token, key = world.token()
        status(client, key)
        # One query: the token with its groups and the counters; the list is rendered already.
        with django_assert_num_queries(1):
            status(client, key)
        assert Token.objects.get().last_used_at is None
        LAST_USE.flush()
        clock.shift(30)
        # Another process, which does not know of the first write.
        LAST_USE.note_use(token.pk, last_used_at=None, at=timezone.now())
        LAST_USE.flush()
        assert Token.objects.get().last_used_at == NOW
        clock.shift(30)
        status(client, key)
        LAST_USE.flush()

    assert Token.objects.get().last_used_at == NOW + dt.timedelta(seconds=60)


def test_recording_use_changes_neither_counters_nor_history(client: Client) -> None:
    _, key = world.token()
    before = (Revision.objects.get(), Token.history.count())

    status(client, key)
    LAST_USE.flush()

    after = Revision.objects.get()
    assert (after.number, after.permissions) == (before[0].number, before[0].permissions)
    assert Token.history.count() == before[1]


def test_a_key_moves_to_the_newest_pepper_when_it_is_used(client: Client, settings: Any) -> None:
    old, new = "old pepper of the test", "new pepper of the test"
    settings.TOKEN_PEPPERS = {1: old}
    _, key = world.token()

    settings.TOKEN_PEPPERS = {1: old, 2: new}
    assert status(client, key) == 200
    LAST_USE.flush()
    settings.TOKEN_PEPPERS = {2: new}

    assert status(client, key) == 200
    assert Token.objects.get().pepper == 2
    settings.TOKEN_PEPPERS = {3: "another one altogether"}
    assert status(client, key) == 401


def test_a_late_move_to_another_pepper_brings_no_replaced_key_back(client: Client, settings: Any) -> None:
    both = {1: "old pepper of the test", 2: "new pepper of the test"}
    settings.TOKEN_PEPPERS = {1: both[1]}
    token, old = world.token()
    settings.TOKEN_PEPPERS = both
    assert status(client, old) == 200
    # A process that does not know the new pepper yet.
    settings.TOKEN_PEPPERS = {1: both[1]}
    new = token.rotate(grace=dt.timedelta(0), at=timezone.now())
    settings.TOKEN_PEPPERS = both

    LAST_USE.flush()

    assert (status(client, old), status(client, new)) == (401, 200)


def test_a_retired_key_records_its_pepper() -> None:
    token, _ = world.token()
    token.rotate(grace=dt.timedelta(hours=1), at=timezone.now())

    assert RetiredKey.objects.get().pepper == 2


def test_a_rotation_without_grace_ends_earlier_graces_too(client: Client) -> None:
    token, first = world.token()
    second = token.rotate(grace=dt.timedelta(days=7), at=timezone.now())
    third = token.rotate(grace=dt.timedelta(0), at=timezone.now())

    assert [status(client, key) for key in (first, second, third)] == [401, 401, 200]
