"""Price sheets, discounts and currency rates by the management API."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from pricing.models import CurrencyRate, DiscountRule, PriceLine, PriceSheet
from tests import world

pytestmark = pytest.mark.django_db

API = "/api/admin/v1"
SHEETS = f"{API}/price-sheets"
TINY = "0.000000150000000000000012"


def line(meter: str = "input", amount: Any = "2.5", **fields: Any) -> dict[str, Any]:
    return {"meter": meter, "amount": amount, "per": 1_000_000, "unit": "token", **fields}


def ahead(days: int = 3) -> str:
    return f"{timezone.now() + dt.timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


def test_a_price_is_announced_and_withdrawn(api: Any) -> None:
    world.price(world.model("openai/gpt"), input="2")
    tier = line(amount="5", conditions=[{"dim": "prompt_tokens", "op": "gt", "value": 200000}])
    values = {"model": "openai/gpt", "starts_at": ahead(), "reason": "contract", "lines": [line(amount=TINY), tier]}
    created = api.post(SHEETS, values)
    assert created.status_code == 201, created.content
    body = created.json()
    assert (body["state"], body["role"], body["currency"], body["ends_at"]) == ("scheduled", "sell", "USD", None)
    assert body["lines"] == [
        {**line(amount=TINY), "kind": "absolute", "conditions": [], "facts": {}},
        {**tier, "kind": "absolute", "facts": {}},
    ]
    assert body["author_name"].startswith("alice, with the admin key ")
    assert body["reason"] == "contract"
    assert api.get(created["Location"]).json()["lines"] == body["lines"]
    sheet = PriceSheet.objects.get(pk=body["id"])
    assert sheet.history.get().history_change_reason == "contract"
    assert str(sheet.author) == "alice"
    assert [row["id"] for row in api.get(f"{SHEETS}?model=openai/gpt&starts_at__gt={ahead(1)}").json()["results"]] == [
        sheet.pk
    ]

    refused = api.patch(created["Location"], {"lines": [line(amount="1")]})
    assert refused.status_code == 400
    assert "A price sheet cannot be edited." in refused.json()["errors"][0]["message"]
    assert api.patch(created["Location"], {"ends_at": ahead(9)}).status_code == 400
    assert api.delete(created["Location"]).status_code == 204
    assert not PriceLine.objects.filter(sheet_id=sheet.pk).exists()


def test_a_current_price_is_followed_or_ended_and_never_deleted(api: Any) -> None:
    model = world.model("a")
    first = api.post(SHEETS, {"model": "a", "lines": [line()]}, headers={"X-Change-Reason": "first"})
    assert (first.json()["state"], first.json()["reason"]) == ("current", "first")
    refused = api.delete(first["Location"])
    assert refused.status_code == 409
    assert "They have taken effect: deleting them would change past prices." in refused.json()["detail"]

    end = ahead()
    ended = api.patch(first["Location"], {"ends_at": end}, headers={"X-Change-Reason": "too low"})
    assert (ended.status_code, ended.json()["ends_at"]) == (200, end)
    history = PriceSheet.history.filter(id=first.json()["id"]).latest("history_id")
    assert (history.history_type, history.history_change_reason) == ("~", "too low")
    later = api.patch(first["Location"], {"ends_at": ahead(9)})
    assert later.json()["errors"][0]["message"].startswith("A price can only end earlier")
    past = api.patch(first["Location"], {"ends_at": "2026-01-01T00:00:00Z"})
    assert past.json()["errors"][0]["message"] == (
        "This time is past, and past prices cannot change. Enter a later time."
    )
    second = api.post(SHEETS, {"model": "a", "lines": [line(amount="3")]})
    assert second.status_code == 201
    assert api.get(first["Location"]).json()["state"] == "past"
    assert api.patch(first["Location"], {"ends_at": ahead(1)}).status_code == 400
    assert PriceSheet.objects.filter(model=model).count() == 2


@pytest.mark.parametrize(
    ("lines", "field", "text"),
    [
        ([], "lines", "Enter at least one line. The amount of something free is 0."),
        ([line(), line()], "lines", "Input has two prices with the same unit and conditions"),
        ([line(), line(meter="colour")], "lines.1.meter", "This is not a valid meter."),
        ([line(amount="-1")], "lines.0.amount", "The amount must not be negative."),
        ([line(amount="20000")], "lines.0.amount", "The amount must not be more than 10000 for a million tokens."),
        ([line(amount="1e999")], "lines.0.amount", "has more digits than any price or count"),
        ([line(amount=True)], "lines.0.amount", ""),
        ([line(kind="dynamic")], "lines.0", "Dynamic and included lines have no amount"),
        ([line(per=0)], "lines.0.per", "Enter 1 or more: the amount is for this many units."),
        ([line(unit="")], "lines.0", "A price needs a meter and a unit. Choose both."),
        ([line(conditions=[{"dim": "x"}])], "lines.0.conditions", ""),
        ([line(price="1")], "lines.0.price", "There is no field price."),
        ([{"meter": "input", "amount": "1", "unit": "token"}], "lines.0.per", "This field is required."),
    ],
)
def test_wrong_lines_are_refused_with_their_place(api: Any, lines: list[Any], field: str, text: str) -> None:
    world.model("a")
    refused = api.post(SHEETS, {"model": "a", "lines": lines})
    assert refused.status_code == 400, refused.content
    errors = refused.json()["errors"]
    assert errors[0]["field"] == field
    assert text in errors[0]["message"]
    assert not PriceSheet.objects.exists()


def test_a_price_in_the_past_is_refused_and_one_below_cost_has_a_warning(api: Any) -> None:
    world.price(world.model("a"), role="cost", input="2")
    past = api.post(SHEETS, {"model": "a", "starts_at": "2026-01-01T00:00:00Z", "lines": [line()]})
    assert [error["field"] for error in past.json()["errors"]] == ["starts_at"]
    stored = api.post(SHEETS, {"model": "a", "starts_at": ahead(), "lines": [line(amount="1")]})
    (warning,) = stored.json()["warnings"]
    assert warning.startswith("Below cost: ")


def test_a_discount_says_what_it_is_for_and_shows_its_prices_first(api: Any) -> None:
    world.price(world.model("a"), role="list", input="10")
    refused = api.post(f"{API}/discounts", {"multiplier": "0.5"})
    assert [error["message"] for error in refused.json()["errors"]] == [
        "Choose one of model, series and vendor, or all models."
    ]
    values = {"all_models": True, "multiplier": "0.5", "starts_at": ahead()}
    dry = api.post(f"{API}/discounts?dry_run=1", values)
    (price,) = dry.json()["impact"]["prices"]
    assert (price["model"], price["group"], "$5" in price["after"]) == ("a", "default", True)
    assert not DiscountRule.objects.exists()

    created = api.post(f"{API}/discounts", values)
    assert (created.status_code, created.json()["state"]) == (201, "scheduled")
    assert api.patch(created["Location"], {"multiplier": "0.6"}).json()["multiplier"] == "0.6"
    assert api.delete(created["Location"]).status_code == 204
    current = api.post(f"{API}/discounts", {"model": "a", "multiplier": "0.5", "reason": "sale"})
    assert current.json()["state"] == "current"
    changed = api.patch(current["Location"], {"multiplier": "0.6"})
    assert changed.json()["errors"][0]["message"].startswith("This rule has taken effect. End it")
    assert api.patch(current["Location"], {"ends_at": ahead()}).status_code == 200
    assert api.delete(current["Location"]).status_code == 409


def test_a_currency_rate_is_corrected_on_its_day_and_never_later(api: Any) -> None:
    today = timezone.now().date()
    values = {"currency": "CNY", "per_usd": "7.3", "as_of": today.isoformat(), "source": "ECB"}
    created = api.post(f"{API}/currency-rates", values)
    assert created.status_code == 201, created.content
    assert created.json().items() >= values.items()
    assert api.patch(created["Location"], {"per_usd": "7.2"}).json()["per_usd"] == "7.2"
    old = CurrencyRate.objects.create(currency="EUR", per_usd="0.9", as_of=today - dt.timedelta(days=2))
    refused = api.patch(f"{API}/currency-rates/{old.pk}", {"per_usd": "0.8"})
    assert refused.json()["errors"][0]["message"] == "This rate applied on a past day. Add a new rate from today on."
    assert api.delete(f"{API}/currency-rates/{old.pk}").status_code == 409
    for wrong, field in (({"currency": "XXY"}, "currency"), ({"per_usd": "0"}, "per_usd"), ({"as_of": "x"}, "as_of")):
        response = api.post(f"{API}/currency-rates", values | {"currency": "JPY"} | wrong)
        assert [error["field"] for error in response.json()["errors"]] == [field]


def test_a_page_of_sheets_has_the_same_queries_however_many_it_has(
    api: Any, django_assert_max_num_queries: Any
) -> None:
    for number in range(6):
        world.price(world.model(f"m{number}"), input="1", output="2")
    with django_assert_max_num_queries(4):
        assert len(api.get(f"{SHEETS}?limit=1000").json()["results"]) == 6
