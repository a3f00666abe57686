"""The audit trail says what was done to a key, and finds it by an earlier key id."""

import datetime as dt

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from catalog.audit.verification import verify
from catalog.db.history import one_history_row
from catalog.models import AuditEntry
from tests import world
from tokens.models import Token, TokenGroup

pytestmark = pytest.mark.django_db


def test_a_key_is_issued_rotated_and_revoked(admin_client: Client) -> None:
    token, key = world.token("default", name="Acme")
    first = token.key_id
    at = dt.datetime(2026, 11, 30, 8, tzinfo=dt.UTC)
    new = token.rotate(grace=dt.timedelta(hours=24), at=at)
    second = token.key_id
    token.rotate(grace=dt.timedelta(), at=timezone.now())
    call_command("revoke_token", first)
    call_command("revoke_token", token.key_id)

    entries = AuditEntry.objects.filter(kind="tokens.token", object_key=str(token.pk)).order_by("pk")
    said = [(entry.action, entry.detail, entry.previous_key_id) for entry in entries if entry.action != "changed"]
    assert said == [
        ("issued", "", ""),
        ("rotated", "rotated with grace until 2026-12-01 08:00:00 UTC", first),
        ("rotated", "rotated without grace", second),
        ("revoked", "the replaced key ended", first),
        ("revoked", "", ""),
    ]
    page = admin_client.get(f"/admin/catalog/auditentry/?q={first}").content.decode()
    assert "rotated with grace until 2026-12-01 08:00:00 UTC" in page
    assert not any(secret in str(list(AuditEntry.objects.values())) for secret in (key, new))
    assert verify().fault is None


def said(row: Token | TokenGroup) -> list[tuple[str, str]]:
    """What the entries of a row say, the first one left out."""
    entries = AuditEntry.objects.filter(kind=row._meta.label_lower, object_key=str(row.pk)).order_by("pk")
    assert entries.count() == row.history.count()
    return [(entry.action, entry.detail) for entry in entries][1:]


def test_changes_of_a_token_are_described_in_one_entry_each(admin_client: Client) -> None:
    world.token_group("vip")
    token, _ = world.token("default", name="Acme")
    for options in (
        "--group vip",
        "--budget 10 --budget-period month",
        "--budget 20",
        "--no-budget",
        "--note new",
        "--group default --group auto --note newer",
    ):
        call_command("update_token", token.key_id, "--accept-loss", *options.split())
    Token.objects.filter(pk=token.pk).set_enabled(False)
    token.refresh_from_db()
    token.enabled = True
    token.save()

    assert said(token) == [
        ("group changed", "group changed from default to vip"),
        ("budget changed", "budget changed from none to 10 USD month"),
        ("budget changed", "budget changed from 10 USD month to 20 USD month"),
        ("budget changed", "budget changed from 20 USD month to none"),
        ("changed", ""),
        ("changed", "group changed from vip to default + automatic groups"),
        ("disabled", ""),
        ("enabled", ""),
    ]
    page = admin_client.get(f"/admin/tokens/token/{token.pk}/history/").content.decode()
    assert "Group changed from default to vip." in page
    assert "Disabled" in page
    newest = AuditEntry.objects.filter(kind="tokens.token").latest("pk")
    assert f"/admin/catalog/auditentry/{newest.pk}/change/" in page
    assert f"/admin/tokens/token/{token.pk}/history/" in admin_client.get("/admin/catalog/auditentry/").content.decode()
    assert verify().fault is None


def test_channels_of_a_group_are_described() -> None:
    world.model("gpt-4o", on="main")
    group, channels = world.token_group("vip"), [world.channel(name, group=None) for name in ("east", "west")]
    with one_history_row():
        group.channels.set(channels[:1])
        group.channels.set(channels)
    assert said(group)[-1] == ("channels changed", "channels changed from none to East, West")


def test_a_token_is_found_by_an_earlier_key_id(admin_client: Client) -> None:
    token, _ = world.token("default", name="Acme")
    world.token("default", name="Globex")
    first = token.key_id
    for _ in range(2):
        token.rotate(grace=dt.timedelta(), at=timezone.now())
    found = admin_client.get(f"/admin/tokens/token/?q={first}").content.decode()
    assert found.count(f"/admin/tokens/token/{token.pk}/change/") == 1
    assert "Globex" not in found
    page = admin_client.get(f"/admin/tokens/token/{token.pk}/history/").content.decode()
    assert "Rotated without grace" in page
    assert first in page
