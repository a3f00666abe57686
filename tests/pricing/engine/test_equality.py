"""Two prices are equal if every request costs the same by both, however their lines are written."""

from decimal import Decimal
from typing import Any

import pytest

from catalog.prices import GROUP_RATE, Line, Sheet
from pricing.engine.equality import same_amount, same_price

LONG = {"dim": "prompt_tokens", "op": "gt", "value": 200_000}
BATCH = {"dim": "service_tier", "op": "eq", "value": "batch"}
VIP = {"dim": "group", "op": "eq", "value": "vip"}


def line(amount: str | None, meter: str = "input", per: int = 1_000_000, unit: str = "token", **fields: Any) -> Line:
    return Line(meter, None if amount is None else Decimal(amount), per, unit, **fields)


def times(factor: str, meter: str = "", **fields: Any) -> Line:
    return Line(meter, Decimal(factor), kind="multiplier", **fields)


def rate(factor: str, *conditions: Any) -> Line:
    """The rate of a group for the model, in place of the group's own."""
    return times(factor, conditions=conditions or (VIP,), facts={GROUP_RATE: True})


def sheet(*lines: Line, currency: str = "USD", **facts: Any) -> Sheet:
    return Sheet(currency, lines, facts=facts)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (sheet(line("2.5")), sheet(line("0.0000025", per=1))),
        (sheet(line("2.50")), sheet(line("0.0025", per=1000))),
        (sheet(line("0")), sheet(line("0E+3", per=1))),
        (sheet(line("2"), line("8", "output")), sheet(line("8", "output"), line("2"))),
        (sheet(line("2.5")), sheet(line("3.125"), times("0.8"))),
        (sheet(line("7.2")), sheet(line("10"), times("0.9"), times("0.8"))),
        (sheet(line("2.5")), sheet(line("2.5"), times("1"), times("1", "input"), times("1", conditions=(LONG,)))),
        (sheet(line("5", conditions=(LONG, BATCH))), sheet(line("5", conditions=(BATCH, LONG)))),
        (
            sheet(line("5", conditions=(LONG, BATCH))),
            sheet(
                line(
                    "5",
                    conditions=(
                        {"dim": "service_tier", "op": "in", "value": ["Batch"]},
                        {"dim": "prompt_tokens", "op": "gte", "value": 200_001},
                    ),
                )
            ),
        ),
        (sheet(line("2.5", facts={"note": "a"})), sheet(line("2.5"), billing_mode="per_token")),
        (sheet(line("2.5")), sheet(line("2.5"), tier_mode="graduated")),
        (sheet(line("2"), line("1", unit="second")), sheet(line("1", unit="second"), line("2"))),
        (sheet(line("2"), line("9", kind="allowance", per=1)), sheet(line("9", kind="allowance", per=1), line("2"))),
        (
            sheet(line("2"), line("9", kind="allowance")),
            sheet(line("2"), line("9", kind="allowance", per=1, facts={"period": "request"})),
        ),
        (
            sheet(line("2"), times("2", "input", conditions=(BATCH,))),
            sheet(times("2", "input", per=1000, unit="token", conditions=(BATCH,)), line("2")),
        ),
        (sheet(line("3"), line("2.5")), sheet(line("2.5"))),
        (
            sheet(line("4", conditions=(LONG,)), line("2"), line("5", conditions=(LONG,))),
            sheet(line("2"), line("5", conditions=(LONG,))),
        ),
        (sheet(), None),
        (sheet(times("0.8"), currency="CNY"), None),
    ],
)
def test_the_same_costs_are_the_same_price(first: Sheet, second: Sheet | None) -> None:
    assert same_price(first, second)
    assert same_price(second, first)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (sheet(line("2.5")), sheet(line("2.5", per=1000))),
        (sheet(line("2.5")), sheet(line("2.5", "output"))),
        (sheet(line("2.5")), sheet(line("2.5", unit="character"))),
        (sheet(line("2.5")), sheet(line("2.5"), currency="CNY")),
        (sheet(line("2.5")), sheet(line("2.5"), times("0.8"))),
        (sheet(line("2.5")), sheet(line("2.5"), times("0.8", conditions=(LONG,)))),
        (sheet(line("2.5")), sheet(line("2.5", conditions=(LONG,)))),
        (sheet(line("2.5"), line("3")), sheet(line("3"), line("2.5"))),
        (
            sheet(line("2"), line("4", conditions=(LONG,))),
            sheet(line("2"), line("4", conditions=(LONG,)), tier_mode="graduated"),
        ),
        (
            sheet(line("2"), line("9", kind="allowance", per=1)),
            sheet(line("2"), line("9", kind="allowance", per=1, facts={"period": "day"})),
        ),
        (
            sheet(line("2"), times("2", conditions=(BATCH,))),
            sheet(line("2"), times("2000", per=1000, conditions=(BATCH,))),
        ),
        (sheet(line("9", kind="allowance", per=1)), sheet(line("9000", kind="allowance", per=1000))),
        (sheet(line(None, kind="dynamic")), sheet(line(None, kind="included"))),
        (sheet(line("0")), None),
        (sheet(line("2")), sheet(line("2"), rate("1"))),
        (sheet(line("2"), rate("0.3")), sheet(line("2"), rate("0.5"))),
        (sheet(line("2"), rate("0.3")), sheet(line("2"), times("0.3", conditions=(VIP,)))),
        (sheet(line("1")), sheet(line("2"), times("0.5", facts={GROUP_RATE: True}))),
    ],
)
def test_other_costs_are_another_price(first: Sheet, second: Sheet | None) -> None:
    assert not same_price(first, second)


def test_facts_and_the_displayed_discount_are_compared_on_request() -> None:
    discounted = sheet(line("3.125"), times("0.8"))
    assert not same_price(sheet(line("2.5")), discounted, with_facts=True)
    assert not same_price(sheet(line("2.5")), sheet(line("2.5"), billing_mode="per_token"), with_facts=True)
    assert not same_price(sheet(line("2.5")), sheet(line("2.5", facts={"note": "a"})), with_facts=True)
    assert same_price(discounted, sheet(line("0.000003125", per=1), times("0.80")), with_facts=True)


def test_amounts_are_compared_for_one_unit() -> None:
    assert same_amount(line("2.5"), line("0.0025", per=1000))
    assert not same_amount(line("2.5"), line("2.5", per=1000))
    assert same_amount(times("2"), times("2", per=1000))
    assert not same_amount(line("0"), line(None, kind="dynamic"))
    assert same_amount(line(None, kind="dynamic"), line(None, kind="dynamic"))
    assert not same_amount(None, None)
