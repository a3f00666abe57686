"""Addresses of rows: keys with all letters, a row with the name of an action, and what does not exist."""

from typing import Any
from urllib.parse import quote

import pytest

from tests import world

pytestmark = pytest.mark.django_db

VENDORS = "/api/admin/v1/vendors"


def test_a_key_may_have_letters_of_all_scripts(api: Any) -> None:
    created = api.post(VENDORS, {"slug": "快手", "name": "快手"})

    assert created["Location"] == f"{VENDORS}/{quote('快手')}"
    assert api.get(created["Location"]).json()["slug"] == "快手"


def test_a_row_may_have_the_name_of_an_action(api: Any) -> None:
    created = api.post(VENDORS, {"slug": "batch", "name": "Batch"})

    assert api.get(created["Location"]).json()["name"] == "Batch"
    assert api.patch(created["Location"], {"name": "B"}).json()["name"] == "B"
    assert api.post(created["Location"], [{"slug": "c", "name": "C"}]).status_code == 201
    assert api.delete(created["Location"]).status_code == 204


@pytest.mark.parametrize("key", ["acme/", "acme%2F", "acme%00", "%FF", "ACME", "acme/x", "."])
def test_another_key_is_another_row(api: Any, key: str) -> None:
    world.vendor("acme")

    response = api.get(f"{VENDORS}/{key}")

    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


def test_a_slash_at_the_end_is_named(api: Any) -> None:
    assert "no slash at the end" in api.get(f"{VENDORS}/").json()["detail"]


@pytest.mark.parametrize(
    "query",
    [
        "slug=%00",
        "slug=%FF%FE",
        "cursor=%00",
        "ordering=%00",
        "fields=%00",
        "dry_run=1",
        "limit=1&limit=2",
        "limit=%D9%A1",
        "cursor=WyJzbHVnIiwiYSIsIjk5OTk5OTk5OTk5OTk5OTk5OTk5OTkiXQ",
    ],
)
def test_no_parameter_is_a_fault_of_the_server(api: Any, query: str) -> None:
    assert api.get(f"{VENDORS}?{query}").status_code in (200, 400)
    assert api.get(f"{VENDORS}/x?{query}").status_code in (400, 404)
    assert api.post(f"{VENDORS}?accept_loss=2", {"slug": "a", "name": "A"}).status_code == 400


@pytest.mark.parametrize("method", ["post", "patch"])
def test_an_empty_body_is_refused(api: Any, method: str) -> None:
    world.vendor("acme")
    address = VENDORS if method == "post" else f"{VENDORS}/acme"

    response = api.generic(method.upper(), address, b"", content_type="application/json")

    assert response.status_code == 400
    assert "empty" in response.json()["detail"]


def test_rows_since_a_moment(api: Any) -> None:
    api.post(VENDORS, {"slug": "acme", "name": "Acme"})

    # The vendor "other" is as old as the database.
    for name in ("created_since", "updated_since"):
        assert [row["slug"] for row in api.get(f"{VENDORS}?{name}=2026-01-01").json()["results"]] == ["acme", "other"]
        assert api.get(f"{VENDORS}?{name}=2100-01-01T00:00:00Z").json()["results"] == []
