"""Versions of rows: what changes by use is new for a reader, and no obstacle to a change."""

from typing import Any

import pytest
from django.utils import timezone

from tests import world
from tokens.models import Token

pytestmark = pytest.mark.django_db

VENDORS = "/api/admin/v1/vendors"


def test_the_use_of_a_key_is_shown_and_prevents_no_change(api: Any) -> None:
    token, _ = world.token()
    address = f"/api/admin/v1/tokens/{token.key_id}"
    before = api.get(address)

    Token.objects.filter(pk=token.pk).update(last_used_at=timezone.now())

    after = api.get(address, headers={"If-None-Match": before["ETag"]})
    assert (after.status_code, after["ETag"] == before["ETag"]) == (200, False)
    assert api.patch(address, {"note": "vip"}, headers={"If-Match": before["ETag"]}).status_code == 200
    assert api.patch(address, {"note": "x"}, headers={"If-Match": before["ETag"]}).status_code == 412


def test_a_row_may_be_sent_back_as_it_was_read(api: Any) -> None:
    world.vendor("acme")
    read = api.get(f"{VENDORS}/acme").json()

    assert api.patch(f"{VENDORS}/acme", {**read, "name": "A"}).status_code == 200
    stale = api.patch(f"{VENDORS}/acme", {**read, "name": "B"})

    assert (stale.status_code, stale.json()["errors"][0]["field"]) == (412, "etag")


def test_a_batch_overwrites_no_change_of_others(api: Any, settings: Any) -> None:
    world.vendor("acme")
    read = api.get(f"{VENDORS}/acme").json()
    new = {"slug": "b", "name": "B"}
    assert api.post(f"{VENDORS}/batch", [new | {"name": "C"}, read | {"name": "A"}]).status_code == 201

    stale = api.post(f"{VENDORS}/batch", [new, read])
    assert stale.status_code == 412
    assert [(error["index"], error["field"]) for error in stale.json()["errors"]] == [(1, "etag")]

    settings.ADMIN_API_IF_MATCH = True
    assert api.post(f"{VENDORS}/batch", [new]).status_code == 428
    assert api.post(f"{VENDORS}/batch", [{"slug": "d", "name": "D"}]).status_code == 201


def test_a_weak_tag_is_that_of_the_same_row(api: Any) -> None:
    world.vendor("acme")
    tag = api.get(f"{VENDORS}/acme")["ETag"]

    assert api.get(f"{VENDORS}/acme", headers={"If-None-Match": f"W/{tag}"}).status_code == 304
    assert api.patch(f"{VENDORS}/acme", {"name": "A"}, headers={"If-Match": f"W/{tag}"}).status_code == 200


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z", "2026-02-30T00:00:00Z", "x"])
def test_a_moment_outside_of_the_calendar_is_refused(api: Any, moment: str) -> None:
    world.token_group("default")
    body = {"group": "default", "ratio": "1", "starts_at": moment}

    response = api.post("/api/admin/v1/group-rates", body)

    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "starts_at")


def test_a_long_reason_is_refused(api: Any) -> None:
    headers = {"X-Change-Reason": "x" * 501}

    assert api.post(VENDORS, {"slug": "acme", "name": "Acme"}, headers=headers).status_code == 400
