"""Groups and their rates by the management API."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from pricing.models import GroupRate
from tests import world
from tokens.models import TokenGroup

pytestmark = pytest.mark.django_db

API = "/api/admin/v1"


def test_a_group_is_created_renamed_and_deleted(api: Any) -> None:
    world.channel("east", group=None)
    world.channel("west", group=None)
    values = {
        "slug": "官转/VIP", "label": "VIP", "channels": ["west", "east"], "is_public": True, "auto_position": 2,
        "rate_limit": "60/minute", "budget_amount": "12.50", "budget_period": "month",
    }  # fmt: skip
    created = api.post(f"{API}/groups", values)
    assert created.status_code == 201, created.content
    body = created.json()
    assert body["channels"] == ["east", "west"]
    assert (body["budget_amount"], body["budget_currency"]) == ("12.5", "USD")
    read = api.get(created["Location"])
    assert read.json() == body
    renamed = api.patch(created["Location"], {"slug": "vip", "channels": []}, headers={"If-Match": read["ETag"]})
    assert (renamed.json()["slug"], renamed.json()["channels"]) == ("vip", [])
    history = TokenGroup.history.filter(id=TokenGroup.objects.get(slug="vip").pk).order_by("history_id")
    assert [row.history_type for row in history] == ["+", "~"]
    assert api.delete(f"{API}/groups/vip").status_code == 204


def test_the_prices_of_a_group_follow_its_new_name(api: Any) -> None:
    group = world.token_group("vip")
    condition = {"dim": "group", "op": "eq", "value": "vip"}
    sheet = world.price(world.model("a"))
    line = world.line(sheet, "input", "1", conditions=[condition])
    assert api.patch(f"{API}/groups/vip", {"slug": "gold"}).status_code == 200
    line.refresh_from_db()
    assert line.conditions == [condition | {"value": "gold"}]
    group.refresh_from_db()
    assert group.slug == "gold"


def test_taking_channels_from_a_group_is_guarded_and_its_deletion_too(api: Any) -> None:
    world.model("a")
    token = world.token("default", name="shop")[0]
    for refused in (
        api.patch(f"{API}/groups/default", {"channels": []}),
        api.delete(f"{API}/groups/default"),
    ):
        assert refused.status_code == 409
        assert refused.json()["impact"]["keys"][0]["key_id"] == token.key_id
    assert api.delete(f"{API}/groups/default?accept_loss=1").status_code == 204


def test_a_rate_is_announced_changed_and_withdrawn_but_not_after_its_start(api: Any) -> None:
    group = world.token_group("vip")
    now = api.post(f"{API}/group-rates", {"group": "vip", "ratio": "0.9"})
    assert now.status_code == 201, now.content
    assert (now.json()["state"], now.json()["ratio"]) == ("current", "0.9")
    start = f"{timezone.now() + dt.timedelta(days=3):%Y-%m-%dT%H:%M:%SZ}"
    later = api.post(f"{API}/group-rates", {"group": "vip", "ratio": 0.8, "starts_at": start})
    assert (later.json()["state"], later.json()["starts_at"]) == ("scheduled", start)
    assert api.patch(later["Location"], {"ratio": "0.85"}).json()["ratio"] == "0.85"
    assert api.delete(later["Location"]).status_code == 204

    refused = api.patch(now["Location"], {"ratio": "1"})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["message"] == ("This rate has taken effect. Add another rate for the new ratio.")
    kept = api.delete(now["Location"])
    assert (kept.status_code, kept.json()["type"]) == (409, "urn:modelbook:problem:protected")
    assert "deleting them would change past prices" in kept.json()["detail"]
    assert GroupRate.objects.get(group=group).pk == now.json()["id"]


def test_a_dry_run_of_a_rate_shows_its_prices_at_its_start(api: Any) -> None:
    world.price(world.model("a"), input="10")
    start = f"{timezone.now() + dt.timedelta(days=3):%Y-%m-%dT%H:%M:%SZ}"
    dry = api.post(f"{API}/group-rates?dry_run=1", {"group": "default", "ratio": "0.5", "starts_at": start})
    assert dry.status_code == 200
    (price,) = dry.json()["impact"]["prices"]
    assert (price["model"], price["group"]) == ("a", "default")
    assert "$10" in price["before"]
    assert "$5" in price["after"]
    assert not GroupRate.objects.exists()
