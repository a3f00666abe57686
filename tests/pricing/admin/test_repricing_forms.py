"""A model's price is set in a form like a price list, and saved as a new sheet."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel
from pricing.models import PriceSheet
from tests import admin_world, world

pytestmark = pytest.mark.django_db

TIER = [{"dim": "prompt_tokens", "op": "gt", "value": 200_000}]


def page(model: AIModel, role: str = "sell") -> str:
    return f"/admin/catalog/aimodel/{model.pk}/set-price/?role={role}"


def save(client: Client, model: AIModel, role: str = "sell", **changes: Any) -> HttpResponse:
    posted = admin_world.filled_in(client, page(model, role), **changes)
    return admin_world.post(client, page(model, role), posted)  # type: ignore[no-any-return]


def newest() -> dict[tuple[str, str, int], Decimal | None]:
    """What the last sheet charges, by meter, unit and per."""
    lines = PriceSheet.objects.order_by("-pk")[0].lines.order_by("position")
    return {(line.meter, line.unit, line.per): line.amount for line in lines}


def test_it_starts_from_the_current_sheet_per_million(admin_client: Client) -> None:
    model = world.model()
    sheet = world.price(model, output="10", currency="CNY")
    world.line(sheet, "input", "0.0000025", per=1)

    fields = admin_world.filled_in(admin_client, page(model))

    assert (fields["input:token"], fields["output:token"], fields["currency"]) == ("2.5", "10", "CNY")
    assert fields["request:request"] == ""


def test_a_new_sheet_replaces_the_old_one(admin_client: Client) -> None:
    model = world.model()
    old = world.price(model, input="2.5", output="10")

    save(
        admin_client,
        model,
        **{"input:token": "2", "output.image:image": "0.040000000000000000001", "reason": "Cheaper"},
    )

    new = PriceSheet.objects.in_force(at=timezone.now()).get()
    assert new.pk != old.pk
    assert newest() == {
        ("input", "token", 1_000_000): 2,
        ("output", "token", 1_000_000): 10,
        ("output.image", "image", 1): Decimal("0.040000000000000000001"),
    }
    assert (new.role, new.reason, new.author) == ("sell", "Cheaper", User.objects.get(username="admin"))
    assert new.history.get().history_change_reason == "Cheaper"
    old.refresh_from_db()
    assert old.ends_at is None


def test_an_empty_field_means_no_price_and_0_means_free(admin_client: Client) -> None:
    model = world.model()
    world.price(model, input="2.5", output="10")

    save(admin_client, model, **{"input:token": "0", "output:token": ""})

    assert newest() == {("input", "token", 1_000_000): 0}


def test_unchanged_prices_do_not_change_in_any_way(admin_client: Client) -> None:
    model = world.model()
    sheet = world.price(model, output="10")
    world.line(sheet, "input", "0.0000025", per=1, facts={"key": "input_cost_per_token"})

    save(admin_client, model, **{"output:token": "12"})

    line = PriceSheet.objects.order_by("-pk")[0].lines.get(meter="input")
    assert (line.amount, line.per, line.facts) == (Decimal("0.0000025"), 1, {"key": "input_cost_per_token"})


@pytest.mark.parametrize("keep", ["on", None])
def test_tiers_are_unchanged_unless_they_are_removed(admin_client: Client, keep: str | None) -> None:
    model = world.model()
    world.line(world.price(model, input="2"), "input", "4", conditions=TIER)

    posted = admin_world.filled_in(admin_client, page(model), **{"input:token": "1", "output:token": "8"})
    posted.pop("keep")
    admin_world.post(admin_client, page(model), posted | ({"keep": keep} if keep else {}))

    lines = PriceSheet.objects.order_by("-pk")[0].lines.order_by("position")
    expected: list[Any] = [("output", 8, []), ("input", 1, [])] + ([("input", 4, TIER)] if keep else [])
    assert [(line.meter, line.amount, line.conditions) for line in lines] == expected


def test_unchanged_lines_are_described(admin_client: Client) -> None:
    model = world.model()
    sheet = world.price(model, input="2")
    world.line(sheet, "input", "4", conditions=TIER)
    world.line(sheet, "", "1.1", kind="multiplier", conditions=[{"dim": "region", "op": "eq", "value": "eu"}])

    body = " ".join(admin_client.get(page(model)).content.decode().split())

    assert "<li>Input, prompt above 200,000 tokens: <strong" in body
    assert "<li>All prices times 1.1, region EU</li>" in body
    assert "prompt_tokens" not in body


def test_a_price_can_start_later_and_a_promotion_ends_by_itself(admin_client: Client) -> None:
    model = world.model()
    world.price(model, input="2")
    starts = timezone.now().replace(second=0, microsecond=0) + dt.timedelta(days=3)
    moments = {"starts_at": f"{starts:%Y-%m-%dT%H:%M}", "ends_at": f"{starts + dt.timedelta(days=1):%Y-%m-%dT%H:%M}"}

    save(admin_client, model, **{"input:token": "1"}, **moments)

    new = PriceSheet.objects.order_by("-pk")[0]
    assert (new.starts_at, new.ends_at) == (starts, starts + dt.timedelta(days=1))
    amounts = [
        PriceSheet.objects.in_force(at=starts + dt.timedelta(hours=hours)).get().lines.get().amount
        for hours in (-1, 0, 23, 24)
    ]
    assert amounts == [2, 1, 1, 2]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"input:token": "-1"}, "not be negative"),
        ({"input:token": "10000.01"}, "must not be more than 10000 for a million tokens."),
        ({"output.video:second": "10001"}, "must not be more than 10000 for one unit."),
        ({"input:token": "cheap"}, "not a valid number"),
        ({"input:token": ""}, "at least one price"),
        ({}, "No price differs"),
        ({"input:token": "1", "currency": "usd"}, "three capital letters"),
        ({"input:token": "1", "starts_at": "2026-01-01T00:00"}, "past prices cannot change"),
        ({"input:token": "1", "starts_at": "2099-02-01T00:00", "ends_at": "2099-01-01T00:00"}, "after the start"),
    ],
)
def test_a_mistake_is_reported_and_nothing_is_saved(admin_client: Client, changes: dict[str, str], why: str) -> None:
    model = world.model()
    world.price(model, input="2")

    body = save(admin_client, model, **changes).content.decode()

    assert why in body
    assert PriceSheet.objects.count() == 1


def test_unchanged_lines_require_the_same_currency(admin_client: Client) -> None:
    model = world.model()
    world.line(world.price(model, input="2"), "input", "4", conditions=TIER)

    assert "are in USD" in save(admin_client, model, currency="CNY", keep="on").content.decode()
    assert PriceSheet.objects.count() == 1


def test_the_second_of_two_simultaneous_changes_is_rejected(admin_client: Client) -> None:
    model = world.model()
    world.price(model, input="2")
    opened = admin_world.filled_in(admin_client, page(model), **{"input:token": "3"})
    world.price(model, input="1", starts_at=timezone.now() - dt.timedelta(seconds=1))

    first = admin_world.post(admin_client, page(model), opened)
    assert "Someone else has changed this price" in first.content.decode()
    assert PriceSheet.objects.count() == 2
    again = admin_world.FormReader()
    again.feed(first.content.decode())
    admin_world.post(admin_client, page(model), again.fields)
    assert PriceSheet.objects.count() == 3


def test_a_loss_is_reported_immediately(admin_client: Client) -> None:
    model = world.model()
    world.price(model, role="cost", input="2")

    save(admin_client, model, **{"input:token": "1"})

    body = admin_client.get(f"/admin/catalog/aimodel/{model.pk}/change/").content.decode()
    assert "Below cost: gpt-4o: Input sold at $1.00 below $2.00 per million tokens." in body
    assert "Sold below cost: Input is sold at $1.00 and costs $2.00 per million tokens" in body


def test_the_page_requires_permission_to_add_sheets(client: Client) -> None:
    model = world.model()
    editor = User.objects.create_user("editor", is_staff=True)
    editor.user_permissions.set(Permission.objects.filter(codename__in=["change_aimodel", "view_pricesheet"]))
    client.force_login(editor)

    assert client.get(page(model)).status_code == 403
    assert client.post(page(model), {"input:token": "1", "currency": "USD"}).status_code == 403
    assert 'set-price/"' not in client.get(f"/admin/catalog/aimodel/{model.pk}/change/").content.decode()
    assert not PriceSheet.objects.exists()


@pytest.mark.parametrize("nonsense", ["0", "abc", "9" * 40])
def test_an_unknown_model_is_not_found(admin_client: Client, nonsense: str) -> None:
    assert admin_client.get(f"/admin/catalog/aimodel/{nonsense}/set-price/").status_code == 404
