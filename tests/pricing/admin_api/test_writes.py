"""Writes: their impact, their guards, the reason that the caller states, and what prevents a deletion."""

from typing import Any

import pytest

from catalog.db.audit import CHANGES
from catalog.models import AuditEntry, Vendor
from tests import world

pytestmark = pytest.mark.django_db

VENDORS = "/api/admin/v1/vendors"


def test_the_reason_and_the_key_are_in_the_history_and_the_audit_trail(api: Any) -> None:
    api.post(
        VENDORS,
        {"slug": "acme", "name": "Acme"},
        headers={"X-Change-Reason": "Ticket 7: 新供应商".encode().decode("latin-1")},
    )

    row = Vendor.history.get(slug="acme")
    assert row.history_change_reason == "Ticket 7: 新供应商"
    assert row.history_user.username == "alice"
    entry = AuditEntry.objects.filter(stream=CHANGES, kind="catalog.vendor").latest("number")
    assert (entry.actor, entry.reason, entry.action) == (row.actor, row.history_change_reason, "created")


def test_a_reason_contains_no_key(api: Any) -> None:
    headers = {"X-Change-Reason": f"was {world.key()}"}
    refused = api.post(VENDORS, {"slug": "acme", "name": "Acme"}, headers=headers)
    assert (refused.status_code, Vendor.objects.filter(slug="acme").exists()) == (400, False)
    assert refused.json()["detail"] == "X-Change-Reason contains an API key, which must not be stored."


def test_a_change_without_a_difference_is_no_entry_of_the_history(api: Any) -> None:
    api.post(VENDORS, {"slug": "acme", "name": "Acme"})
    before = api.get(f"{VENDORS}/acme")

    same = api.patch(f"{VENDORS}/acme", {"name": "Acme", "slug": "acme", "etag": before["ETag"]})

    assert (same.status_code, same["ETag"]) == (200, before["ETag"])
    assert Vendor.history.filter(slug="acme").count() == 1


def test_a_row_that_others_need_is_not_deleted(api: Any) -> None:
    world.model(vendor=world.vendor("acme"))

    refused = api.delete(f"{VENDORS}/acme")

    assert (refused.status_code, refused["Content-Type"]) == (409, "application/problem+json")
    assert "1 model" in refused.json()["detail"]
    assert Vendor.objects.filter(slug="acme").exists()


def test_a_name_that_looks_like_another_one_must_be_confirmed(api: Any) -> None:
    world.vendor("acme", name="Acme")

    refused = api.post(VENDORS, {"slug": "acme2", "name": "ACME"})
    assert refused.status_code == 409
    assert [error["field"] for error in refused.json()["errors"]] == ["name"]
    assert "impact" in refused.json()
    assert not Vendor.objects.filter(slug="acme2").exists()
    assert api.post(f"{VENDORS}?accept_loss=1", {"slug": "acme2", "name": "ACME"}).status_code == 201
    # Cyrillic a
    wrong = api.post(f"{VENDORS}?accept_loss=1", {"slug": "acme3", "name": "\u0410cme"})
    assert wrong.status_code == 400
    assert wrong.json()["errors"][0]["message"].endswith("Choose another name.")


def test_if_match_can_be_required(api: Any, settings: Any) -> None:
    settings.ADMIN_API_IF_MATCH = True
    world.vendor("acme")
    tag = api.get(f"{VENDORS}/acme")["ETag"]

    assert api.patch(f"{VENDORS}/acme", {"name": "A"}).status_code == 428
    assert api.delete(f"{VENDORS}/acme").status_code == 428
    assert api.patch(f"{VENDORS}/acme", {"name": "A"}, headers={"If-Match": f'"x", {tag}'}).status_code == 200
    assert api.delete(f"{VENDORS}/acme", headers={"If-Match": tag}).status_code == 412
    assert api.delete(f"{VENDORS}/acme", headers={"If-Match": "*"}).status_code == 204


def test_a_dry_run_of_a_deletion_says_what_goes(api: Any) -> None:
    world.vendor("acme")

    response = api.delete(f"{VENDORS}/acme?dry_run=1")

    assert (response.status_code, response.json()["result"]) == (200, {"deleted": {"vendors": 1}})
    assert Vendor.objects.filter(slug="acme").exists()
