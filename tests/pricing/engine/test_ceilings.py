"""The most that a request can pay for a meter, whatever it asks for."""

from decimal import Decimal
from typing import Any

import pytest

from catalog.prices import Line, Sheet
from pricing.engine.ceilings import highest_amounts

M = 1_000_000
LONG = {"dim": "prompt_tokens", "op": "gt", "value": 200_000}
PRIORITY = {"dim": "service_tier", "op": "eq", "value": "priority"}
FLEX = {"dim": "service_tier", "op": "eq", "value": "flex"}
SHORT = {"dim": "prompt_tokens", "op": "lte", "value": 200_000}
EU, US = ({"dim": "region", "op": "eq", "value": region} for region in ("eu", "us"))
PEAK = {"dim": "time", "op": "in", "value": {"windows": [{"hours": ["08:00-20:00"]}]}}


def line(
    meter: str, amount: str | None, *conditions: Any, per: int = M, unit: str = "token", kind: str = "absolute"
) -> Line:
    return Line(meter, None if amount is None else Decimal(amount), per, unit, kind, conditions)


def factor(amount: str, *conditions: Any, meter: str = "") -> Line:
    return Line(meter, Decimal(amount), kind="multiplier", conditions=conditions)


def highest(*lines: Line, **facts: Any) -> dict[str, Decimal | None]:
    return highest_amounts(Sheet("USD", lines, facts=facts))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([line("input", "3")], "3"),
        ([line("input", "0.000003", per=1)], "3"),
        ([line("input", "0.003", per=1000)], "3"),
        # Long prompts, hours and service tiers.
        ([line("input", "3"), line("input", "6", LONG)], "6"),
        ([line("input", "3"), line("input", "2", LONG)], "3"),
        ([line("input", "3"), line("input", "7.5", PRIORITY), line("input", "6", LONG)], "7.5"),
        ([line("input", "3", PEAK)], "3"),
        # A later price without conditions always replaces.
        ([line("input", "9"), line("input", "3")], "3"),
        ([line("input", "9", LONG), line("input", "3")], "3"),
        # Factors: all that always apply, and those that can raise the price.
        ([line("input", "3"), factor("0.5")], "1.5"),
        ([line("input", "3"), factor("0.5", PEAK)], "3"),
        ([line("input", "3"), factor("2", PEAK), factor("0.5")], "3.0"),
        ([line("input", "3"), factor("2", meter="output")], "3"),
        ([line("input", "3"), factor("2", meter="input")], "6"),
        # A request has one region: of factors that exclude each other, the highest counts.
        ([line("input", "5"), factor("1.1", EU), factor("1.1", US)], "5.5"),
        ([line("input", "5"), factor("1.1", EU), factor("1.2", US), factor("2", PRIORITY)], "12.0"),
        ([line("input", "5"), line("input", "9", PRIORITY), factor("2", FLEX)], "10"),
        ([line("input", "5"), line("input", "9", LONG), factor("2", SHORT)], "10"),
        ([line("input", "5"), line("input", "9", PRIORITY), factor("0.5", PRIORITY)], "5"),
        # Minimums and free units change what is charged, not its price.
        ([line("input", "3"), line("input", "1000", kind="allowance")], "3"),
    ],
)  # fmt: skip
def test_the_highest_price_of_input(lines: list[Line], expected: str) -> None:
    assert highest(*lines)["input"] == Decimal(expected)


def test_other_units_are_for_one() -> None:
    assert highest(
        line("output.image", "0.04", per=1, unit="image"),
        line("web_search", "10", per=1000, unit="query"),
        line("input.audio", "0.006", per=1, unit="minute"),
        line("input", "15", unit="character"),
    ) == {"output.image": Decimal("0.04"), "web_search": Decimal("0.01"), "input.audio": Decimal("0.006"),
          "input": Decimal(15)}  # fmt: skip


def test_a_meter_whose_own_price_has_a_condition_may_be_charged_as_another() -> None:
    amounts = highest(line("input", "3"), line("input.cache_read", "0.3", LONG), line("input.image", "5"))

    assert amounts == {"input": Decimal(3), "input.cache_read": Decimal(3), "input.image": Decimal(5)}


def test_a_price_per_image_is_not_compared_with_one_per_token() -> None:
    hd = {"dim": "quality", "op": "eq", "value": "hd"}

    amounts = highest(line("output", "10"), line("output.image", "0.08", hd, per=1, unit="image"))

    assert amounts["output.image"] == Decimal("0.08")


def test_a_meter_may_be_charged_as_any_of_those_that_it_falls_back_on() -> None:
    amounts = highest(
        line("input", "3"), line("input.audio", "1", PRIORITY), line("input.cache_read", "2"),
    )  # fmt: skip

    assert amounts["input.audio.cache_read"] == Decimal(2)


@pytest.mark.parametrize("condition", [PRIORITY, LONG, PEAK])
def test_a_price_under_a_condition_alone_leaves_that_of_other_requests_unknown(condition: Any) -> None:
    lines = line("input", "3"), line("output", "9", condition)

    amounts = highest_amounts(Sheet("USD", lines, charged_sides=frozenset({"input", "output"})))

    assert amounts == {"input": Decimal(3), "output": None}
    # Models that charge no output have no other price of it.
    assert highest_amounts(Sheet("USD", lines, charged_sides=frozenset({"input"})))["output"] == Decimal(9)
    both = Sheet("USD", (lines[0], line("output", "8", SHORT), lines[1]), charged_sides=frozenset({"input", "output"}))
    assert highest_amounts(both)["output"] == Decimal(9)


@pytest.mark.parametrize("kind", ["dynamic", "included"])
def test_a_price_that_is_no_number_is_none(kind: str) -> None:
    assert highest(line("input", "3"), line("input", None, LONG, kind=kind)) == {"input": None}
    assert highest(line("input", "3"), line("input.image", None, kind=kind))["input.image"] is None


def test_the_factor_of_a_kind_of_usage_counts() -> None:
    amounts = highest(
        line("input", "4"),
        line("output", "8"),
        use_factors={"input.cache_read": Decimal("0.1"), "input.cache_write": Decimal("1.25"),
                     "input.cache_write[1h]": Decimal(2), "output[1h]": Decimal("0.5")},
    )  # fmt: skip

    assert {meter: amounts[meter] for meter in ("input", "input.cache_read", "input.cache_write", "output")} == {
        "input": Decimal(4), "input.cache_read": Decimal("0.4"), "input.cache_write": Decimal(8), "output": Decimal(8),
    }  # fmt: skip
    # It is for this kind alone: cached audio is charged as text that is not cached.
    assert amounts["input.audio.cache_read"] == Decimal(4)


def test_meters_of_a_source_are_left_out() -> None:
    assert highest(line("x.litellm.odd", "3", per=1, unit="request")) == {}
