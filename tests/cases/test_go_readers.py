"""new-api's price sync, as its Go code decodes our lists (a missing number is 0), charges no less than our prices."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.exact import read_json, write_json
from catalog.prices import MILLION, Line, Sheet
from catalog.sources.completion_ratios import fixed, new_api_name
from pricing.engine.quoting import Use, quote
from pricing.newapi.ratios import config_entries, price_fields, reason_unlisted
from tests.cases.importing import import_case
from tests.pricing.newapi.expression_language import charge
from tests.sizes import size

NOON = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)
PAID_TOKENS = {
    "s-plain": ("2.5", "10"),
    "s-multi": ("1.5", "6"),
    "s-callplus": ("1", "2"),
    "s-disc": ("2", "8"),
    "s-placeholder": ("75", "75"),
    "s-third": ("0.3", "1.1"),
    "s-tiered": ("2", "12"),
}
CALLS = {"s-call": "0.04", "s-image": "0.04", "s-second": "0.1", "s-char": "15"}
FREE = {"s-free", "s-freecall"}
UNPRICED = {
    "s-dynamic": "dynamic",
    "s-eur": "no_currency_rate",
    "s-freein": "not_in_ratios",
    "s-included": "included",
    "s-inputonly": "unknown_output",
    "s-outputonly": "unknown_input",
    "s-unpriced": "unpriced",
}


@dataclass(frozen=True)
class GoPrice:
    """What the program charges: for a call, or for a million tokens in and out and for each request."""

    call: Decimal | None = None
    tokens: tuple[Decimal, Decimal] | None = None
    fee: Decimal = Decimal(0)
    # By an expression, which also has the prices of caches, long prompts and other media.
    is_complete: bool = False


def read_row(row: Mapping[str, Any], *, knows_expressions: bool) -> GoPrice:
    """A row as the program of April reads it, or that of August, which knows expressions."""
    if knows_expressions and row.get("billing_mode") == "tiered_expr" and row.get("billing_expr"):
        return by_expression(row["billing_expr"])
    if row.get("quota_type", 0) == 1:
        return GoPrice(call=Decimal(row.get("model_price", 0)))
    base = Decimal(row.get("model_ratio", 0)) * 2
    return GoPrice(tokens=(base, base * Decimal(row.get("completion_ratio", 0))))


def by_expression(text: str) -> GoPrice:
    fee = charge(text, {}, facts={}, at=NOON)
    price_in, price_out = ((charge(text, {name: 1000}, facts={}, at=NOON) - fee) * 1000 for name in ("p", "c"))
    return GoPrice(tokens=(price_in, price_out), fee=fee, is_complete=True)


def charged(name: str, price: GoPrice) -> GoPrice:
    """What the program charges a model with this price: it ignores the completion ratio of some names."""
    if price.is_complete or price.tokens is None:
        return price
    assert new_api_name(name) == name or not any(price.tokens)
    base, output = price.tokens
    return replace(price, tokens=(base, min((base * ratio for ratio in fixed(name)), default=output)))


def read_maps(maps: Mapping[str, Mapping[str, Any]]) -> dict[str, GoPrice]:
    """The maps of /api/ratio_config; an expression is charged before anything else, a call before ratios."""
    names = {name for by_model in maps.values() for name in by_model}
    rows = {name: {key: by_model[name] for key, by_model in maps.items() if name in by_model} for name in names}
    return {
        name: read_row({"quota_type": int("model_price" in row), **row}, knows_expressions=True)
        for name, row in rows.items()
    }


@pytest.fixture
def lists(db: None) -> Mapping[str, Any]:
    """The price list and the maps of twenty kinds of price."""
    import_case("csv_price_kinds")
    client = Client()
    return {
        "list": read_json(client.get("/api/pricing").content),
        "maps": read_json(client.get("/api/ratio_config").content)["data"],
    }


@pytest.mark.parametrize("knows_expressions", [False, True])
def test_the_price_list_states_every_price_to_go(lists: Mapping[str, Any], *, knows_expressions: bool) -> None:
    read = {row["model_name"]: read_row(row, knows_expressions=knows_expressions) for row in lists["list"]["data"]}

    assert {name: entry["reason"] for entry in lists["list"]["unpriced_models"] for name in [entry["model_name"]]} == (
        UNPRICED
    )
    assert read.keys() == {*PAID_TOKENS, *CALLS, *FREE}
    for name, amounts in PAID_TOKENS.items():
        tokens = read[name].tokens
        assert tokens is not None
        assert tokens == pytest.approx(tuple(map(Decimal, amounts)), rel=Decimal("1e-14")), name
    assert {name: read[name].call for name in CALLS} == {name: Decimal(price) for name, price in CALLS.items()}
    assert read["s-free"].tokens == (Decimal(0), Decimal(0))
    assert read["s-freecall"].call == 0
    assert read["s-callplus"].fee == (Decimal("0.01") if knows_expressions else 0)


def test_newer_versions_also_read_the_other_ratios(lists: Mapping[str, Any]) -> None:
    names = ("cache_ratio", "create_cache_ratio", "image_ratio", "audio_ratio", "audio_completion_ratio")
    read = {
        row["model_name"]: {name: row[name] for name in names if name in row}
        for row in lists["list"]["data"]
        if not row.keys().isdisjoint(names)
    }

    assert read == {
        "s-multi": dict(zip(names, map(Decimal, ("0.1", "1.25", "2", "16", "2")), strict=True)),
        "s-third": {"cache_ratio": Decimal("0.23333333333333334")},
    }
    by_expression = {row["model_name"] for row in lists["list"]["data"] if row.get("billing_mode") == "tiered_expr"}
    assert by_expression == {"s-callplus", "s-placeholder", "s-third", "s-tiered"}


def test_the_maps_state_every_price_to_go(lists: Mapping[str, Any]) -> None:
    read = read_maps(lists["maps"])

    priced = {**PAID_TOKENS, "s-disc": ("1", "4"), "s-freein": ("0", "2")}
    assert {name: price.tokens for name, price in read.items() if price.tokens and name not in FREE} == {
        name: tuple(map(Decimal, amounts)) for name, amounts in priced.items()
    }
    assert read["s-callplus"].fee == Decimal("0.01")
    assert {name: price.call for name, price in read.items() if price.call} == {
        "s-call": Decimal("0.04"),
        "s-image": Decimal("0.04"),
    }
    assert read["s-free"].tokens == (Decimal(0), Decimal(0))
    assert read["s-freecall"].call == 0
    absent = {"s-inputonly", "s-outputonly", "s-dynamic", "s-eur", "s-included", "s-unpriced", "s-second", "s-char"}
    assert not absent & read.keys()


def test_rows_without_a_price_are_sent_on_request_and_flagged(lists: Mapping[str, Any], client: Client) -> None:
    body = read_json(client.get("/api/pricing?unpriced=rows").content)
    status = {row["model_name"]: row["pricing_status"] for row in body["data"]}

    assert len(status) == 20
    assert {name: status[name] for name in UNPRICED} == {
        "s-dynamic": "dynamic",
        "s-eur": "priced",
        "s-freein": "priced",
        "s-included": "included",
        "s-inputonly": "priced",
        "s-outputonly": "priced",
        "s-unpriced": "unpriced",
    }
    half = next(row for row in body["data"] if row["model_name"] == "s-inputonly")
    assert (half["model_ratio"], half.get("completion_ratio")) == (Decimal("0.5"), None)
    other_half = next(row for row in body["data"] if row["model_name"] == "s-outputonly")
    assert not {"quota_type", "model_ratio", "model_price", "billing_expr"} & other_half.keys()
    assert body["unpriced_models"] == lists["list"]["unpriced_models"]


def test_the_two_lists_are_cached_apart(lists: Mapping[str, Any], client: Client) -> None:
    first, second = client.get("/api/pricing"), client.get("/api/pricing?unpriced=rows")

    assert first["etag"] != second["etag"]
    for path, etag in (("/api/pricing", first["etag"]), ("/api/pricing?unpriced=rows", second["etag"])):
        assert client.get(path, headers={"if-none-match": etag}).status_code == 304
    assert client.get("/api/pricing", headers={"if-none-match": second["etag"]}).status_code == 200
    assert client.get("/api/pricing?unpriced=no").status_code == 400


# Tokens of a short prompt.
SHORT = 1000
AMOUNTS = st.sampled_from(["0", "0", "0.1", "0.3", "1", "2.5", "75", "300"]).map(Decimal)
LENGTHS = st.sampled_from([(), (), (), ({"dim": "prompt_tokens", "op": "gt", "value": 200_000},)])
TOKEN_LINES = st.builds(
    lambda meter, amount, conditions: Line(meter, amount, MILLION, "token", conditions=conditions),
    st.sampled_from(["input", "output", "input.cache_read", "input.audio", "output.audio", "input.image"]),
    AMOUNTS,
    LENGTHS,
)
UNIT_LINES = st.builds(
    lambda kind, amount: Line(kind[0], amount, 1, kind[1]),
    st.sampled_from(
        [("request", "request"), ("output.image", "image"), ("web_search", "query"), ("input.audio", "second")]
    ),
    AMOUNTS,
)
OTHER_LINES = st.sampled_from(
    [
        Line("", Decimal("0.5"), kind="multiplier"),
        Line("", Decimal("1.5"), kind="multiplier"),
        Line("output", Decimal(0), kind="multiplier"),
        Line("", None, kind="dynamic"),
        Line("input", None, kind="included"),
        Line("web_search", Decimal(10), 1, "query", kind="allowance"),
    ]
)
NAMES = st.sampled_from(["acme-x", "gpt-5-acme", "mistral-medium-2604", "gemini-2.5-pro-thinking-128", "acme/o3"])
SHEETS = st.builds(
    lambda lines, others, charged_sides, currency: Sheet(
        currency,
        tuple({(line.meter, line.unit, len(line.conditions)): line for line in lines}.values()) + tuple(others),
        charged_sides=frozenset(charged_sides),
    ),
    st.lists(st.one_of(TOKEN_LINES, TOKEN_LINES, UNIT_LINES), max_size=6),
    st.lists(OTHER_LINES, max_size=1),
    st.sampled_from([(), ("output",), ("input", "output")]),
    st.sampled_from(["USD", "USD", "USD", "EUR"]),
)


def true_price(sheet: Sheet, meter: str, quantity: int) -> Decimal | None:
    """What is quoted for this much of a meter, with what each request costs; None if it is not known."""
    return quote(
        sheet, {meter: Use(Decimal(quantity), "token" if meter != "request" else "request")}, {}, at=NOON
    ).amount


def never_below(price: GoPrice, sheet: Sheet) -> None:
    """A row states at least the price of tokens, or that of a call."""
    if price.call is not None:
        known = true_price(sheet, "request", 1)
        if any(line.meter == "request" for line in sheet.lines):
            assert known is None or price.call >= known
        assert price.call > 0 or sheet.state == "free"
        return
    assert price.tokens is not None
    request_fee = sum((line.amount or 0 for line in sheet.folded().lines if line.meter == "request"), Decimal(0))
    for meter, charged in zip(("input", "output"), price.tokens, strict=True):
        known = true_price(sheet, meter, SHORT)
        if known is not None and any(line.meter == meter for line in sheet.lines):
            assert charged >= (known - request_fee) * MILLION / SHORT * (1 - Decimal("1e-12")), meter
    assert any(price.tokens) or price.is_complete or sheet.state == "free"


@settings(max_examples=size(300, full=3000), deadline=None)
@given(SHEETS, NAMES)
def test_no_row_of_any_sheet_reads_as_less_than_its_price(sheet: Sheet, name: str) -> None:
    fields = price_fields(sheet, name)
    row = read_json(write_json(fields))
    maps = read_maps({name: {"m": value} for name, value in config_entries(sheet, name).items()})

    if not reason_unlisted(sheet, fields):
        for knows_expressions in (False, True):
            never_below(read_row(row, knows_expressions=knows_expressions), sheet)
    if "m" in maps:
        never_below(charged(name, maps["m"]), sheet)
        assert sheet.state in ("priced", "free")
