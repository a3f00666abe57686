"""Vendors by the management API: every method of a resource that the base gives."""

from typing import Any

import pytest

from catalog.models import Vendor
from tokens.models import AdminKey

pytestmark = pytest.mark.django_db

VENDORS = "/api/admin/v1/vendors"


def test_a_vendor_is_created_read_changed_and_deleted(api: Any) -> None:
    created = api.post(VENDORS, {"slug": "acme", "name": "Acme", "aliases": ["ACME Inc."]})

    assert created.status_code == 201
    assert (created["Location"], created["Cache-Control"]) == (f"{VENDORS}/acme", "no-store")
    body = created.json()
    assert body == {
        "slug": "acme", "name": "Acme", "chinese_name": "", "aliases": ["ACME Inc."], "icon": "", "description": "",
        "etag": created["ETag"],
    }  # fmt: skip
    read = api.get(f"{VENDORS}/acme")
    assert (read.status_code, read.json(), read["ETag"]) == (200, body, created["ETag"])
    assert read["Cache-Control"] == "private, no-cache"
    assert api.get(f"{VENDORS}/acme", headers={"If-None-Match": read["ETag"]}).status_code == 304

    changed = api.patch(f"{VENDORS}/acme", {"name": "Acme AI"}, headers={"If-Match": read["ETag"]})
    assert (changed.status_code, changed.json()["name"]) == (200, "Acme AI")
    again = api.patch(f"{VENDORS}/acme", {"name": "Acme"}, headers={"If-Match": read["ETag"]})
    assert again.status_code == 412
    assert again["Content-Type"] == "application/problem+json"

    assert api.delete(f"{VENDORS}/acme").status_code == 204
    assert api.get(f"{VENDORS}/acme").status_code == 404
    history = Vendor.history.filter(slug="acme").order_by("history_id")
    assert [row.history_type for row in history] == ["+", "~", "-"]
    key = AdminKey.objects.get()
    assert {row.actor for row in history} == {f"alice, with the admin key Shop ({key.key_id})"}


def test_a_list_has_pages_filters_and_fields(api: Any) -> None:
    Vendor.objects.all().delete()
    for name in ("b", "a", "c"):
        Vendor.objects.create(slug=name, name=name.upper())

    first = api.get(f"{VENDORS}?limit=2&fields=slug").json()
    assert first["results"] == [{"slug": "a"}, {"slug": "b"}]
    Vendor.objects.create(slug="aa", name="AA")
    Vendor.objects.filter(slug="b").delete()
    second = api.get(VENDORS, {"limit": 2, "fields": "slug", "cursor": first["next"]}).json()
    assert second == {"results": [{"slug": "c"}], "next": None}
    assert [row["slug"] for row in api.get(f"{VENDORS}?name__icontains=A&ordering=-slug").json()["results"]] == [
        "aa",
        "a",
    ]
    assert [row["slug"] for row in api.get(f"{VENDORS}?slug__in=a,c").json()["results"]] == ["a", "c"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("slugg=a", "slugg"),
        ("limit=0", "limit"),
        ("fields=x", "fields"),
        ("cursor=x", "cursor"),
        ("ordering=icon", "ordering"),
        ("updated_since=x", "updated_since"),
        ("slug=", "slug"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(api: Any, query: str, field: str) -> None:
    response = api.get(f"{VENDORS}?{query}")

    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]


def test_an_unknown_field_is_refused_by_name(api: Any) -> None:
    response = api.post(VENDORS, {"slug": "x", "nmae": "X"})

    assert response.status_code == 400
    errors = {error["field"]: error for error in response.json()["errors"]}
    assert errors["nmae"]["code"] == "unknown"
    assert errors["name"]["message"] == "This field is required."


def test_a_batch_is_stored_as_a_whole_or_not_at_all(api: Any) -> None:
    Vendor.objects.create(slug="old", name="Old")

    stored = api.post(f"{VENDORS}/batch", [{"slug": "old", "name": "New"}, {"slug": "b", "name": "B"}])
    assert (stored.status_code, [row["name"] for row in stored.json()]) == (201, ["New", "B"])
    wrong = api.post(f"{VENDORS}/batch", [{"slug": "c", "name": "C"}, {"slug": "d d", "name": "D"}])
    assert wrong.status_code == 400
    assert [(error["index"], error["field"]) for error in wrong.json()["errors"]] == [(1, "slug")]
    assert not Vendor.objects.filter(slug="c").exists()


def test_a_dry_run_changes_nothing(api: Any) -> None:
    response = api.post(f"{VENDORS}?dry_run=1", {"slug": "acme", "name": "Acme"})

    assert response.status_code == 200
    assert response.json()["impact"]["keys"] == []
    assert response.json()["result"]["slug"] == "acme"
    assert not Vendor.objects.filter(slug="acme").exists()


def test_a_repeat_with_the_same_idempotency_key_gets_the_first_response(api: Any) -> None:
    send = {"headers": {"Idempotency-Key": "one"}}
    first = api.post(VENDORS, {"slug": "acme", "name": "Acme"}, **send)
    again = api.post(VENDORS, {"name": "Acme", "slug": "acme"}, **send)
    other = api.post(VENDORS, {"slug": "acme", "name": "Other"}, **send)

    assert (first.status_code, "Idempotent-Replayed" in first) == (201, False)
    assert (again.status_code, again["Idempotent-Replayed"], again.json()) == (201, "true", first.json())
    assert again["ETag"] == first["ETag"]
    assert other.status_code == 422
