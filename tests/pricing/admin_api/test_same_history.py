"""A change by the management API leaves the same history and audit entries as the same change in the admin."""

from typing import Any

import pytest
from django.test import Client

from catalog.models import AuditEntry
from tests import admin_world, world

pytestmark = pytest.mark.django_db

API = "/api/admin/v1"


def entries(after: int) -> list[tuple[Any, ...]]:
    """What the audit trail says of the changes since an entry, without their numbers and names."""
    rows = AuditEntry.objects.filter(pk__gt=after, stream="changes").order_by("pk")
    return [(row.kind, row.action, row.detail, row.reason) for row in rows]


def last() -> int:
    return AuditEntry.objects.order_by("pk").values_list("pk", flat=True).last() or 0


def by_admin(client: Client, page: str, **fields: Any) -> list[tuple[Any, ...]]:
    start = last()
    response = admin_world.post(client, f"/admin/{page}/", admin_world.filled_in(client, f"/admin/{page}/", **fields))
    assert response.status_code == 302
    return entries(start)


def by_api(api: Any, method: str, address: str, values: Any = None, *, reason: str = "") -> list[tuple[Any, ...]]:
    start, headers = last(), {"X-Change-Reason": reason} if reason else {}
    response = getattr(api, method)(f"{API}/{address}?accept_loss=1", values, headers=headers)
    assert response.status_code in (200, 201, 204), response.content
    return entries(start)


def test_a_changed_channel(api: Any, admin_client: Client) -> None:
    admins, ours = world.channel("a"), world.channel("b")
    expected = by_admin(admin_client, f"catalog/channel/{admins.pk}/change", enabled="", change_reason="broken")
    found = by_api(api, "patch", f"channels/{ours.slug}", {"enabled": False}, reason="broken")
    assert found == expected == [("catalog.channel", "changed", "", "broken")]


def test_a_group_with_other_channels(api: Any, admin_client: Client) -> None:
    channel = world.channel("main", group=None)
    for slug in ("a", "b"):
        world.token_group(slug)
    group = world.token_group("a")
    expected = by_admin(
        admin_client, f"tokens/tokengroup/{group.pk}/change", channels=[channel.pk], label="New", rate_limit="1/minute"
    )
    found = by_api(api, "patch", "groups/b", {"channels": ["main"], "label": "New", "rate_limit": "1/minute"})
    assert found == expected
    assert len(found) == 1


def test_a_model_with_an_alias_and_an_offer(api: Any, admin_client: Client) -> None:
    channel = world.channel("main")
    model = world.model("a", on=None)
    world.model("b", on=None)
    forms = {
        "tags": "x", "aliases-TOTAL_FORMS": "1", "aliases-0-name": "alias-a", "aliases-0-model": model.pk,
        "offers-TOTAL_FORMS": "1", "offers-0-channel": channel.pk, "offers-0-model": model.pk,
        "offers-0-enabled": "on",
    }  # fmt: skip
    expected = by_admin(admin_client, f"catalog/aimodel/{model.pk}/change", **forms)
    values = {"tags": ["x"], "aliases": [{"name": "alias-b"}], "offers": [{"channel": "main"}]}
    assert sorted(by_api(api, "patch", "models/b", values)) == sorted(expected)
    assert len(expected) == 3


def test_a_new_price_and_its_end(api: Any, admin_client: Client) -> None:
    admins, ours = world.model("a"), world.model("b")
    line = {"lines-0-meter": "input", "lines-0-amount": "1"}
    expected = by_admin(admin_client, "pricing/pricesheet/add", model=admins.pk, reason="contract", **line)
    price = {"meter": "input", "amount": "1", "per": 1_000_000, "unit": "token"}
    found = by_api(api, "post", "price-sheets", {"model": "b", "reason": "contract", "lines": [price]})
    assert found == expected == [("pricing.pricesheet", "created", "", "contract")]
    ending = ours.sheets.get()
    end = {"ends_at": "2040-01-01T00:00:00Z"}
    found = by_api(api, "patch", f"price-sheets/{ending.pk}", end, reason="too low")
    assert found == [("pricing.pricesheet", "changed", "", "too low")]


def test_a_deleted_model(api: Any, admin_client: Client) -> None:
    model = world.model("a")
    world.model("b")
    start = last()
    page = f"/admin/catalog/aimodel/{model.pk}/delete/"
    admin_world.confirm(admin_client, page, admin_client.post(page, {"post": "yes"}))
    expected = entries(start)
    assert by_api(api, "delete", "models/b") == expected
    assert {kind for kind, *_ in expected} == {"catalog.aimodel", "catalog.offer"}
