"""Which tokens may report usage: `allow_usage` gives and withdraws the permission, with a history."""

import datetime as dt
import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from pricing.models import UsageReporter
from pricing.usage.reporters import name_of
from tests import world

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("allow_usage", *arguments, stdout=out)
    return out.getvalue()


def test_a_key_is_allowed_to_report_once_and_the_history_says_by_whom() -> None:
    token, _ = world.token(name="gateway")
    assert run(token.key_id) == f"gateway ({token.key_id}) is now allowed to report usage.\n"
    assert "Nothing was changed" in run(token.key_id)
    assert UsageReporter.objects.get().token == token
    assert run(token.key_id, "--revoke").endswith("is now not allowed any more to report usage.\n")
    assert "Nothing was changed" in run(token.key_id, "--revoke")
    assert not UsageReporter.objects.exists()
    changes = UsageReporter.history.order_by("pk").values_list("history_type", "history_change_reason")
    assert [kind for kind, _ in changes] == ["+", "-"]
    assert all(reason.startswith("allow_usage, by ") for _, reason in changes)


def test_a_dry_run_changes_nothing() -> None:
    token, _ = world.token()
    answer = json.loads(run(token.key_id, "--dry-run", "--format", "json"))
    assert answer == {"key_id": token.key_id, "may_report": True, "changed": True, "dry_run": True}
    assert not UsageReporter.objects.exists()
    assert json.loads(run(token.key_id, "--format", "json"))["changed"] is True


def test_a_retired_key_names_its_token_and_an_unknown_one_is_refused() -> None:
    token, _ = world.token()
    old = token.key_id
    token.rotate(grace=dt.timedelta(), at=timezone.now())
    run(old)
    assert UsageReporter.objects.get().token == token
    assert name_of(token.pk) == old
    with pytest.raises(CommandError, match="There is no token with the key id"):
        run("0123456789")


def test_the_refusal_says_how_to_get_the_permission(client: Client) -> None:
    key = world.key()
    headers = {"authorization": f"Bearer {key}"}
    response = client.post("/api/usage", "{}", content_type="application/json", headers=headers)
    assert response.status_code == 403
    assert "allow_usage KEYID" in response.json()["error"]["message"]
