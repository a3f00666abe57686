"""The audit trail says what was done to a key, and finds it by an earlier key id."""

import datetime as dt

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from catalog.audit.verification import verify
from catalog.models import AuditEntry
from tests import world

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
