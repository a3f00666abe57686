"""one-hub and done-hub that take their prices from /api/prices charge what we quote, or have no price from us."""

import datetime as dt
import itertools
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.exact import read_json, write_json
from catalog.prices import MILLION, Line, Sheet
from pricing.engine.quoting import Use, quote
from pricing.newapi.one_hub import UnstatedError, row_price
from tests.cases import importing
from tests.cases.one_hub_program import KINDS, QUOTA, Call, GoRow, charge, decode, decode_row, tolerance
from tests.cases.test_go_readers import OTHER_LINES, TOKEN_LINES, UNIT_LINES
from tests.sizes import size

NOON = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)
PROGRAMS = ("one-hub", "done-hub")
# Model -> how it is charged: dollars per million tokens in and out, or dollars per call.
TOKENS = {
    "s-plain": (2.5, 10),
    "s-multi": (1.5, 6),
    "s-third": (0.3, 1.1),
    "s-placeholder": (75, 75),
    "s-freein": (0, 2),
    "s-disc": (1, 4),
    "s-tiered": (2, 12),
    "s-free": (0, 0),
}
CALLS = {"s-call": 0.04, "s-image": 0.04, "s-freecall": 0}
UNPRICED = {
    "s-callplus": "fees",
    "s-char": "other_units",
    "s-second": "other_units",
    "s-dynamic": "dynamic",
    "s-eur": "no_currency_rate",
    "s-included": "included",
    "s-inputonly": "unknown_output",
    "s-outputonly": "unknown_input",
    "s-unpriced": "unpriced",
}


@pytest.fixture
def prices(db: None) -> Mapping[str, GoRow]:
    """The twenty kinds of price, as the programs store them."""
    importing.import_case("csv_price_kinds")
    content = Client().get("/api/prices").content
    assert {entry["model_name"]: entry["reason"] for entry in read_json(content)["unpriced_models"]} == UNPRICED
    return decode(content)


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_kind_of_price_is_charged_as_it_is_quoted(prices: Mapping[str, GoRow], program: str) -> None:
    assert prices.keys() == {*TOKENS, *CALLS}
    call = Call({"input": 1000, "output": 500})
    for name, (price_in, price_out) in TOKENS.items():
        expected = (1000 * price_in + 500 * price_out) / MILLION * QUOTA
        assert charge(prices[name], call, program=program) == pytest.approx(expected, abs=1), name
    for name, price in CALLS.items():
        assert charge(prices[name], call, program=program) == price * QUOTA, name


@pytest.mark.parametrize("name", ["s-plain", "s-multi", "s-third"])
def test_each_kind_of_token_is_charged_as_it_is_quoted(prices: Mapping[str, GoRow], name: str) -> None:
    for meter, kinds in KINDS.items():
        tokens = {"input": 10_000, meter: 20_000}
        usage = {part: {"quantity": quantity, "unit": "token"} for part, quantity in tokens.items()}
        quoted = float(importing.quote(name, usage)["amount"]) * QUOTA
        for program, kind in itertools.product(PROGRAMS, kinds):
            if program == "one-hub" and kind in ("cached_write_1h_tokens", "openai_cache_write_tokens"):
                continue
            charged = charge(prices[name], Call(tokens, {meter: kind}), program=program)
            assert charged == pytest.approx(quoted, abs=2), (program, kind)


def test_done_hub_charges_long_prompts_as_they_are_quoted(prices: Mapping[str, GoRow]) -> None:
    at_bound, beyond = Call({"input": 200_000, "output": 10}), Call({"input": 200_001, "output": 10})

    assert charge(prices["s-tiered"], at_bound, program="done-hub") == (200_000 * 2 + 10 * 12) / 2
    assert charge(prices["s-tiered"], beyond, program="done-hub") == (200_001 * 4 + 10 * 18) / 2


def test_one_hub_can_be_given_only_prices_that_it_charges_completely(
    prices: Mapping[str, GoRow], client: Client
) -> None:
    content = client.get("/api/prices?long_context=unlisted").content

    assert prices.keys() - decode(content).keys() == {"s-tiered"}
    assert {"model_name": "s-tiered", "reason": "long_context"} in read_json(content)["unpriced_models"]
    assert client.get("/api/prices?long_context=no").status_code == 400


AMOUNTS = st.sampled_from(["0", "0.07", "0.1", "0.3", "1", "2.5", "5", "75"]).map(Decimal)
LONG = ({"dim": "prompt_tokens", "op": "gt", "value": 200_000},)
ONE_HOUR = ({"dim": "cache_ttl", "op": "eq", "value": "1h"},)
METERS = [meter for meter in KINDS if not meter.endswith("]")] + ["input.cache_write", "input.video"]


def token_line(meter: str, amount: Decimal, conditions: tuple[Mapping[str, Any], ...] = ()) -> Line:
    return Line(meter, amount, MILLION, "token", conditions=conditions)


def tiered(base: list[Line], factor: Decimal) -> list[Line]:
    """The lines, and the same times a factor for long prompts, which `long_context` can state."""
    lines = (token_line(line.meter, (line.amount or Decimal(0)) * factor, (*line.conditions, *LONG)) for line in base)
    return [*base, *lines]


PARTS = st.one_of(
    st.builds(token_line, st.sampled_from(METERS), AMOUNTS),
    st.builds(lambda amount: token_line("input.cache_write", amount, ONE_HOUR), AMOUNTS),
)
CONDITIONAL_LINES = st.builds(
    token_line,
    st.sampled_from(METERS),
    AMOUNTS,
    st.sampled_from(
        [
            LONG,
            ({"dim": "service_tier", "op": "eq", "value": "priority"},),
            ({"dim": "prompt_tokens", "op": "gte", "value": 32_001},),
        ]
    ),
)
PRICED = st.builds(
    lambda price_in, price_out, parts: [token_line("input", price_in), token_line("output", price_out), *parts],
    AMOUNTS,
    AMOUNTS,
    st.lists(PARTS, max_size=4),
)
SHEETS = st.builds(
    lambda lines, others, sides: Sheet("USD", (*lines, *others), charged_sides=frozenset(sides)),
    st.one_of(
        PRICED,
        st.builds(tiered, PRICED, st.sampled_from([Decimal("0.5"), Decimal("1.5"), Decimal(2)])),
        st.builds(lambda lines, more: [*lines, *more], PRICED, st.lists(CONDITIONAL_LINES, min_size=1, max_size=2)),
        st.lists(st.one_of(TOKEN_LINES, PARTS, UNIT_LINES), max_size=4),
    ),
    st.one_of(st.just([]), st.just([]), st.lists(OTHER_LINES, max_size=1)),
    st.sampled_from([(), ("output",), ("input", "output")]),
)
QUANTITIES = st.sampled_from([1, 1000, 33_000, 150_000, 300_000])


@st.composite
def calls(draw: st.DrawFn, program: str) -> Call:
    """A call with some kinds of tokens, each reported in one of its kinds."""
    tokens = draw(st.dictionaries(st.sampled_from([*KINDS]), QUANTITIES, min_size=1, max_size=4))
    reported = {meter: draw(st.sampled_from(KINDS[meter])) for meter in tokens if KINDS[meter]}
    if program == "one-hub":
        # It reports all cache writes as those of Anthropic for five minutes.
        tokens.pop("input.cache_write[1h]", None)
        reported = {
            meter: "cached_write_tokens" if "cache_write" in kind else kind
            for meter, kind in reported.items()
            if meter in tokens
        }
    return Call(tokens, reported)


@settings(max_examples=size(500, full=5000), deadline=None)
@given(SHEETS, st.data())
def test_a_row_of_any_sheet_is_charged_as_it_is_quoted(sheet: Sheet, data: st.DataObject) -> None:
    try:
        price = row_price(sheet)
    except UnstatedError:
        return
    row = decode_row(as_go({"model": "m", "channel_type": 0, "locked": False, **price}))
    for program in PROGRAMS:
        call = data.draw(calls(program))
        prompt = sum(quantity for meter, quantity in call.tokens.items() if meter.startswith("input"))
        if not call.tokens or (program == "one-hub" and 0 < row.threshold < prompt):
            continue
        quoted = quote(
            sheet, one_call(sheet) if row.kind == "times" else call.usage, {"prompt_tokens": prompt}, at=NOON
        )
        if any(charge.amount is None for charge in quoted.charges):
            # A side that such models do not have.
            assert not all((row.input, row.output))
            continue
        assert charge(row, call, program=program) == pytest.approx(
            float(quoted.amount or 0) * QUOTA, rel=1e-12, abs=tolerance(row, call)
        )
        assert row.input or row.output or sheet.state == "free"


def one_call(sheet: Sheet) -> dict[str, Use]:
    """What is paid of a call: an image that it makes, or the request."""
    has_image = any(line.unit == "image" and line.amount for line in sheet.lines)
    return {"output.image" if has_image else "request": Use(Decimal(1), "image" if has_image else "request")}


def as_go(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row as the decoder gets it: numbers of JSON."""
    decoded: dict[str, Any] = json.loads(write_json(row))
    return decoded
