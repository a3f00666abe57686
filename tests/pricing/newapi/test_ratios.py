"""The formulas of readers of /api/pricing return the price, and never 0 for a paid model."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.exact import read_json
from pricing.models import CurrencyRate, DiscountRule, PriceSheet
from tests import world

pytestmark = pytest.mark.django_db
# Model, its list price in and out, the discount, and what a customer pays per million, in and out.
VECTORS = [
    ("gpt-4o", "2.5", "10", "0.65", "1.625", "6.5"),
    ("gpt-5.5", "5", "30", "0.65", "3.25", "19.5"),
    ("claude-opus-4-8", "5", "25", "0.55", "2.75", "13.75"),
    ("gemini-3.1-pro", "2", "12", "0.55", "1.1", "6.6"),
    ("text-embedding-3-large", "0.13", "0.13", "1", "0.13", "0.13"),
]


def body(client: Client, query: str = "", **headers: str) -> Any:
    """The price list with rows of all models."""
    query = f"{query}&unpriced=rows" if query else "?unpriced=rows"
    answer = client.get(f"/api/pricing{query}", headers=headers)
    assert answer.status_code == 200, answer.content
    return read_json(answer.content)


def row(client: Client, name: str, query: str = "") -> Any:
    return next(row for row in body(client, query)["data"] if row["model_name"] == name)


@pytest.mark.parametrize(("name", "price_in", "price_out", "multiplier", "paid_in", "paid_out"), VECTORS)
def test_the_formulas_of_readers_return_the_price(
    client: Client, name: str, price_in: str, price_out: str, multiplier: str, paid_in: str, paid_out: str
) -> None:
    world.price(world.model(name), role="list", input=price_in, output=price_out)
    DiscountRule.objects.create(all_models=True, multiplier=Decimal(multiplier), starts_at=world.LONG_AGO)
    exported = row(client, name)
    group = body(client)["group_ratio"]["default"]
    paid = Decimal(exported["model_ratio"]) * 2 * group * exported["discount"]
    assert (paid, paid * exported["completion_ratio"]) == (Decimal(paid_in), Decimal(paid_out))


def test_folded_prices_include_the_discount(client: Client) -> None:
    world.price(world.model("gpt-4o"), role="list", input="2.5", output="10")
    DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.65"), starts_at=world.LONG_AGO)
    exported = row(client, "gpt-4o", "?discount=folded")
    assert (exported["model_ratio"], exported["completion_ratio"], exported["discount"]) == (Decimal("0.8125"), 4, 1)


@pytest.mark.parametrize("query", ["?discount=yes", "?as_of=tomorrow", "?as_of=", "?as_of=0001-01-01", "?as_of=99"])
def test_an_invalid_parameter_is_rejected_with_a_message(client: Client, query: str) -> None:
    answer = client.get(f"/api/pricing{query}")
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["param"] in query
    assert answer.json()["success"] is False


def test_the_price_of_another_day(client: Client, time_machine: Any) -> None:
    time_machine.move_to(dt.datetime(2026, 11, 23, tzinfo=dt.UTC), tick=False)
    model = world.model("gpt-4o", retires_on=dt.date(2027, 6, 1))
    world.price(model, input="5", output="10", starts_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    world.price(model, input="3", output="10", starts_at=dt.datetime(2026, 11, 1, tzinfo=dt.UTC))
    world.price(model, input="1", output="10", starts_at=dt.datetime(2027, 1, 1, 8, tzinfo=dt.UTC))
    world.model("gone", retires_on=dt.date(2026, 6, 1))
    queries = ["?as_of=2026-02-01", "", "?as_of=2027-01-01", "?as_of=2027-01-01T08:00:00Z"]
    ratios = [row(client, "gpt-4o", query)["model_ratio"] for query in queries]
    assert ratios == [Decimal("2.5"), Decimal("1.5"), Decimal("1.5"), Decimal("0.5")]
    assert row(client, "gpt-4o", "?as_of=2027-01-01T09:00:00+01:00")["model_ratio"] == Decimal("0.5")
    names = [
        [model_row["model_name"] for model_row in body(client, f"?as_of={day}")["data"]]
        for day in ("2026-02-01", "2027-06-01")
    ]
    assert names == [["gone", "gpt-4o"], []]


def test_tiers_have_an_expression_and_the_ratios_of_the_first(client: Client) -> None:
    sheet = world.price(world.model("gemini"), input="1.25", output="10")
    world.line(sheet, "input", "2.5", conditions=[{"dim": "prompt_tokens", "op": "gt", "value": 200_000}])
    exported = row(client, "gemini")
    assert (exported["model_ratio"], exported["completion_ratio"]) == (Decimal("0.625"), 8)
    assert exported["billing_mode"] == "tiered_expr"
    assert exported["billing_expr"].startswith("len <= 200000 ? ")
    assert "prices" not in exported


def test_prices_are_added_if_no_expression_states_them(client: Client) -> None:
    sheet = world.price(world.model("searcher"), input="2", output="8")
    world.line(sheet, "web_search", "0.01", per=1, unit="query")
    exported = row(client, "searcher")
    assert "billing_expr" not in exported
    assert [figure["meter"] for figure in exported["prices"]] == ["input", "output", "web_search"]


def test_an_unconditional_factor_of_a_meter_is_in_its_ratio(client: Client) -> None:
    sheet = world.price(world.model("uplifted"), input="2", output="4")
    world.line(sheet, "output", "1.5", kind="multiplier", unit="")
    body = {"model": "uplifted", "usage": {"output": 1_000_000}}
    quoted = client.post("/api/pricing/quote", body, content_type="application/json").json()

    exported = row(client, "uplifted")

    assert quoted["amount"] == "6"
    assert exported["model_ratio"] * 2 * exported["completion_ratio"] == 6
    assert [(price["meter"], price.get("kind"), price["amount"]) for price in exported["prices"]] == [
        ("input", None, 2), ("output", None, 4), ("output", "multiplier", Decimal("1.5")),
    ]  # fmt: skip


def test_free_units_without_a_price_are_unpriced_and_not_free(client: Client) -> None:
    sheet = world.price(world.model("searches"))
    world.line(sheet, "web_search", "1500", kind="allowance", per=1, unit="query")

    assert row(client, "searches")["pricing_status"] == "unpriced"
    assert "quota_type" not in row(client, "searches")


@pytest.mark.parametrize("currency", ["USD", "CNY"])
def test_a_price_of_0_is_free_in_any_currency(client: Client, currency: str) -> None:
    world.price(world.model("gift"), currency=currency, input="0", output="0")

    assert row(client, "gift")["pricing_status"] == "free"


def test_free_input_with_priced_output_is_not_free(client: Client) -> None:
    world.price(world.model("writer"), input="0", output="5")
    exported = row(client, "writer")
    assert exported["pricing_status"] == "priced"
    assert "model_ratio" not in exported
    assert exported["billing_expr"] == 'tier("base", p * 0 + c * 5)'


@pytest.mark.parametrize("output", ["75", "300"])
def test_a_price_that_looks_like_a_placeholder_has_an_expression_beside_its_ratios(client: Client, output: str) -> None:
    world.price(world.model("o3-dear"), input="75", output=output, input__cache_read="7.5")
    exported = row(client, "o3-dear")
    assert exported["billing_expr"] == f'tier("base", p * 75 + c * {output} + cr * 7.5)'
    assert (exported["model_ratio"], exported["model_ratio"] * 2 * exported["completion_ratio"]) == (
        Decimal("37.5"),
        Decimal(output),
    )


def test_a_ratio_is_the_shortest_decimal_of_its_double(client: Client) -> None:
    sheet = world.price(world.model("long"), output="1")
    world.line(sheet, "input", "0.00000020000000000000002", per=1, unit="token")
    answer = client.get("/api/pricing").content
    assert b'"model_ratio":0.1,' in answer


def test_an_expression_is_added_to_a_ratio_that_a_double_rounds(client: Client) -> None:
    world.price(world.model("odd"), input="0.3", output="2.50")
    world.price(world.model("even"), input="0.25", output="2")
    exported = row(client, "odd")
    again = float(exported["model_ratio"]) * 2 * float(exported["completion_ratio"])
    assert ("billing_expr" in exported) == (again != 2.5)
    assert "billing_expr" not in row(client, "even")


def test_a_currency_is_converted_only_with_a_rate(client: Client) -> None:
    world.price(world.model("doubao"), currency="CNY", input="10", output="20")
    assert "model_ratio" not in row(client, "doubao")
    CurrencyRate.objects.create(currency="CNY", per_usd=Decimal("7.3"), as_of=dt.date(2026, 1, 1))
    exported = row(client, "doubao")
    assert exported["model_ratio"] == Decimal("0.684931506849315")
    assert exported["completion_ratio"] == 2


def test_images_by_resolution_are_rules_with_a_headline(client: Client) -> None:
    sheet = PriceSheet.objects.create(model=world.model("painter"), starts_at=world.LONG_AGO)
    for resolution, amount in (("4K", "0.2"), ("1K", "0.04")):
        at_that = [{"dim": "resolution", "op": "eq", "value": resolution}]
        world.line(sheet, "output.image", amount, per=1, unit="image", conditions=at_that)
    exported = row(client, "painter")
    assert (exported["quota_type"], exported["model_price"], exported["price_from"]) == (1, Decimal("0.04"), True)
    assert exported["billing_mode"] == "per_image"
    assert exported["image_pricing"]["rules"][0] == {"resolution": "4K", "platform_base_price": Decimal("0.2")}


def test_a_groups_rate_is_given_beside_the_price(client: Client) -> None:
    world.price(world.model("gpt-4o"), input="2.5", output="10")
    world.rate(world.token_group(), "0.5")
    assert body(client)["group_ratio"] == {"default": Decimal("0.5")}
    assert row(client, "gpt-4o")["model_ratio"] == Decimal("1.25")


def test_ratio_maps_contain_only_prices_that_they_can_state(client: Client) -> None:
    world.price(world.model("plain"), role="list", input="2", output="8", input__cache_read="1")
    DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.5"), starts_at=world.LONG_AGO)
    world.model("unpriced")
    world.price(world.model("yuan"), currency="CNY", input="2", output="2")
    world.price(world.model("half"), input="2")
    call = PriceSheet.objects.create(model=world.model("call"), starts_at=world.LONG_AGO)
    world.line(call, "request", "0.04", per=1, unit="request")
    packs = PriceSheet.objects.create(model=world.model("packs"), starts_at=world.LONG_AGO)
    world.line(packs, "request", "0.04", per=1, unit="request")
    world.line(packs, "request", "0.4", per=1, unit="request", conditions=[{"dim": "mode", "op": "eq", "value": "pro"}])
    tiered = world.price(world.model("tiered"), input="1", output="1")
    world.line(tiered, "input", "2", conditions=[{"dim": "prompt_tokens", "op": "gt", "value": 1000}])
    document = read_json(client.get("/api/ratio_config").content)
    assert (document["success"], document["message"]) == (True, "")
    assert document["data"] == {
        "model_ratio": {"plain": Decimal("0.5")},
        "completion_ratio": {"plain": 4},
        "cache_ratio": {"plain": Decimal("0.5")},
        "create_cache_ratio": {},
        "image_ratio": {},
        "audio_ratio": {},
        "audio_completion_ratio": {},
        "model_price": {"call": Decimal("0.04")},
        "billing_mode": {"tiered": "tiered_expr"},
        "billing_expr": {"tiered": 'len <= 1000 ? tier("0_1k", p * 1 + c * 1) : tier("1k_plus", p * 2 + c * 1)'},
    }


@pytest.mark.parametrize(
    ("free", "paid"),
    [
        (("input", 1_000_000, "token"), ("web_search", "query", "per_query")),
        (("input", 1_000_000, "token"), ("input", "image", "per_input")),
    ],
)
def test_an_expression_never_shows_a_paid_price_as_free(
    client: Client, free: tuple[str, int, str], paid: tuple[str, str, str]
) -> None:
    sheet = PriceSheet.objects.create(model=world.model("fee"), role="sell", starts_at=world.LONG_AGO)
    world.line(sheet, free[0], "0", per=free[1], unit=free[2])
    world.line(sheet, paid[0], "0.01", per=1, unit=paid[1])
    world.line(sheet, "output", "0")

    exported = row(client, "fee")

    assert "billing_expr" not in exported
    assert (exported["quota_type"], exported["model_price"], exported["billing_mode"]) == (1, Decimal("0.01"), paid[2])
    assert read_json(client.get("/api/ratio_config").content)["data"] == {
        name: {} for name in read_json(client.get("/api/ratio_config").content)["data"]
    }


def test_the_mode_of_a_table_is_that_of_its_headline(client: Client) -> None:
    sheet = world.price(world.model("painter"), input="0")
    sheet.facts = {"image_pricing": {}}
    PriceSheet.objects.filter(pk=sheet.pk).update(facts=sheet.facts)
    world.line(sheet, "output.image", "0.09", per=1, unit="image")

    exported = row(client, "painter")

    assert (exported["model_price"], exported["billing_mode"]) == (Decimal("0.09"), "per_image")


def test_a_price_by_the_second_does_not_hide_the_price_of_tokens(client: Client) -> None:
    sheet = world.price(world.model("listener"), input="2", output="8", input__audio="10", output__audio="20")
    world.line(sheet, "input.audio", "0.0001", per=1, unit="second")

    exported = row(client, "listener")

    assert (exported["audio_ratio"], exported["audio_completion_ratio"]) == (5, 2)
    assert len(exported["prices"]) == 5


def test_a_discount_above_1_is_in_the_ratios(client: Client) -> None:
    world.price(world.model("plain"), role="list", input="2", output="8")
    DiscountRule.objects.create(all_models=True, multiplier=Decimal("1.5"), starts_at=world.LONG_AGO)

    exported = row(client, "plain")

    assert (exported["model_ratio"], exported["discount"]) == (Decimal("1.5"), 1)
