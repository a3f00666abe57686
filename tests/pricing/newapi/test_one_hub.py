"""Sheets as rows of one-hub's table: what a row states, and why it does not."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from catalog.prices import GROUP_RATE, MILLION, USE_FACTORS, Line, Sheet
from pricing.newapi.one_hub import RowPrice, UnstatedError, row_price

TIERED = ({"dim": "prompt_tokens", "op": "gt", "value": 200_000},)


def tokens(meter: str, amount: str, conditions: tuple[Mapping[str, Any], ...] = ()) -> Line:
    return Line(meter, Decimal(amount), MILLION, "token", conditions=conditions)


BASE = (tokens("input", "2"), tokens("output", "8"))


def row(*lines: Line, **fields: Any) -> RowPrice:
    return row_price(Sheet(fields.pop("currency", "USD"), lines, **fields))


def reason(*lines: Line, **fields: Any) -> str:
    with pytest.raises(UnstatedError) as caught:
        row(*lines, **fields)
    return str(caught.value)


def test_factors_of_usage_are_extra_ratios() -> None:
    price = row(*BASE, facts={USE_FACTORS: {"input.cache_write": "1.25", "input.cache_write[1h]": "2"}})

    assert price["extra_ratios"] == {
        "cached_read_tokens": 1,
        "cached_write_tokens": Decimal("1.25"),
        "cached_write_1h_tokens": 2,
        "openai_cache_write_tokens": Decimal("1.25"),
    }


def test_another_currency_is_converted_if_it_has_a_rate() -> None:
    assert row(*BASE, currency="EUR", per_usd=Decimal("0.5"))["input"] == 2
    assert reason(*BASE, currency="EUR") == "no_currency_rate"


def test_a_step_by_length_is_one_factor_of_each_side() -> None:
    steps = (tokens("input", "4", TIERED), tokens("output", "12", TIERED))

    assert row(*BASE, *steps)["long_context"] == {
        "threshold": 200_000,
        "input_ratio": 2,
        "output_ratio": Decimal("1.5"),
    }
    assert "long_context" not in row(*BASE, tokens("input", "2", TIERED))


@pytest.mark.parametrize(
    "lines",
    [
        # The price of cached tokens does not change with that of input.
        (*BASE, tokens("input.cache_read", "0.2"), tokens("input", "4", TIERED)),
        (*BASE, tokens("input", "0", TIERED)),
        (
            *BASE,
            tokens("input", "3", ({"dim": "prompt_tokens", "op": "gt", "value": 9},)),
            tokens("input", "4", TIERED),
        ),
    ],
)
def test_other_steps_have_no_row(lines: tuple[Line, ...]) -> None:
    assert reason(*lines) == "tiers"


def test_a_graduated_price_has_no_row() -> None:
    assert reason(*BASE, tokens("input", "4", TIERED), facts={"tier_mode": "graduated"}) == "tiers"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((*BASE, Line("request", Decimal("0.01"), 1, "request")), "fees"),
        ((*BASE, Line("output.image", Decimal("0.01"), 1, "image")), "other_units"),
        ((Line("web_search", Decimal("0.01"), 1, "query"),), "other_units"),
        ((*BASE, Line("input", Decimal(1000), 1, "token", kind="allowance")), "conditions"),
        ((tokens("input", "0"), tokens("output", "8"), tokens("input", "1", TIERED)), "not_in_ratios"),
        ((tokens("input.audio", "3"), tokens("output", "8")), "not_in_ratios"),
        ((tokens("input", "2"), tokens("output.image", "30")), "not_in_ratios"),
        ((*BASE, Line("", Decimal(1), kind="dynamic")), "dynamic"),
    ],
)
def test_a_price_of_another_kind_has_no_row(lines: tuple[Line, ...], expected: str) -> None:
    assert reason(*lines) == expected


def test_nothing_is_not_free() -> None:
    with pytest.raises(UnstatedError, match="unpriced"):
        row_price(None)
    assert reason() == "unpriced"
    assert reason(tokens("input", "2"), charged_sides=frozenset({"output"})) == "unknown_output"
    assert row(tokens("input", "2"), charged_sides=frozenset({"input"}))["output"] == 0


def test_a_price_of_calls_may_have_tools_and_zeros_beside_it() -> None:
    call = Line("request", Decimal("0.04"), 1, "request")
    search = Line("web_search", Decimal("0.01"), 1, "query")

    assert row(call, search, tokens("input", "0")) == {"type": "times", "input": 20, "output": 0}
    assert row(Line("request", Decimal(0), 1, "request")) == {"type": "times", "input": 0, "output": 0}
    assert row(tokens("input", "0"), tokens("output", "0")) == {"type": "tokens", "input": 0, "output": 0}


def test_a_rate_of_a_group_is_not_a_condition_of_the_price() -> None:
    rate = Line(
        "", Decimal("0.5"), kind="multiplier", conditions=({"dim": "group", "op": "eq", "value": "vip"},),
        facts={GROUP_RATE: True},
    )  # fmt: skip

    assert row_price(Sheet("USD", (*BASE, rate)).without_group_rates())["input"] == 1
