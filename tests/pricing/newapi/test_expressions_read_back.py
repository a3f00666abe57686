"""A written billing expression is read back: canonical lines are identical, any others charge the same."""

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from catalog.prices import Line, Sheet
from catalog.sources.expressions import read_expression
from pricing.engine.quoting import Use, boundaries, quote
from pricing.newapi.expressions import expression
from pricing.newapi.ratios import figures, price_fields
from tests.pricing.newapi.test_expressions import FACTORS, LINES, METERS, MOMENTS, TIMES, drawn, line, sheet, when
from tests.sizes import size

CANONICAL_METERS = ("input", "output", "input.cache_read", "input.image", "input.audio", "output.audio")
FLEX = when("service_tier", "eq", "flex")
FAST = when("request_match", "eq", {"body": {"speed": "fast"}, "headers": {"X-Beta": 'a\\"b'}})
NIGHT = when("time", "in", {"tz": "Asia/Shanghai", "windows": [{"hours": ["22:00-06:00"]}]})
HIGH = st.decimals(min_value=200, max_value=300, places=4)
LOW = st.decimals(min_value=0, max_value=100, places=4)
# A shorter expression than this is always read back.
PROGRAM = 1500
COMPARISONS = st.tuples(st.sampled_from(["gt", "gte", "lt", "lte"]), st.integers(2, 300_000))


def read_back(prices: Sheet) -> Sheet:
    billing = expression(prices)
    assert billing is not None
    read = read_expression(billing.text)
    assert read is not None, billing.text
    return Sheet("USD", read)


def by_meter(prices: Sheet) -> Mapping[str, Sequence[Any]]:
    prices_by_meter: dict[str, list[Any]] = {}
    for price_line in prices.lines:
        prices_by_meter.setdefault(price_line.meter, []).append(
            (price_line.kind, price_line.amount, price_line.conditions)
        )
    return prices_by_meter


def charged(prices: Sheet, tokens: Mapping[str, int], facts: Mapping[str, Any], at: dt.datetime) -> Decimal:
    usage = {METERS[name]: Use(Decimal(number)) for name, number in tokens.items()}
    return sum((charge.amount or Decimal(0) for charge in quote(prices, usage, facts, at=at).charges), Decimal(0))


def assert_same_charge(prices: Sheet, tokens: Mapping[str, int], facts: Mapping[str, Any], at: dt.datetime) -> None:
    billing = expression(prices)
    assert billing is not None
    direct = charged(Sheet("USD", billing.lines), tokens, facts, at)
    again = charged(read_back(prices), tokens, facts, at)
    # A coefficient has the digits that a double keeps.
    assert abs(direct - again) <= abs(direct) * Decimal("1e-15"), (billing.text, tokens, facts, at)


@st.composite
def tiers(
    draw: st.DrawFn, meter: str, bounds: Sequence[int], amounts: st.SearchStrategy[Decimal], *conditions: Any
) -> Any:
    """A different price for each length of the prompt."""
    lines: list[Line] = []
    for bound in (0, *bounds):
        amount = draw(amounts)
        assume(not lines or lines[-1].amount != amount)
        at_length = [when("prompt_tokens", "gt", bound)] if bound else []
        lines.append(line(meter, str(amount), *conditions, *at_length))
    return lines


@st.composite
def canonical_sheets(draw: st.DrawFn) -> Sheet:
    """Prices by length, and others under one condition."""
    bounds = sorted(draw(st.sets(st.integers(1, 300_000), max_size=3)))
    condition = draw(st.sampled_from([None, FLEX, FAST, NIGHT]))
    lines: list[Line] = []
    for meter in {"input", *draw(st.sets(st.sampled_from(CANONICAL_METERS)))}:
        lines += draw(tiers(meter, bounds, LOW))
        lines += draw(tiers(meter, bounds, HIGH, condition)) if condition else []
    return sheet(*lines)


@settings(max_examples=size(60, full=300), deadline=None)
@given(canonical_sheets())
def test_canonical_lines_are_identical_after_reading(prices: Sheet) -> None:
    billing = expression(prices)
    assert billing is not None
    # One factor for all prices comes back as a factor.
    assume(") * (" not in billing.text)
    assert by_meter(read_back(prices)) == by_meter(prices)


@settings(max_examples=size(60, full=300), deadline=None)
@given(st.lists(COMPARISONS, max_size=3), st.integers())
def test_every_boundary_is_charged_the_same(comparisons: list[tuple[str, int]], seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    lines = [line("input", "1"), line("output", "2")]
    for op, number in comparisons:
        meter, amount = chance.choice(["input", "output", "input.cache_read"]), str(chance.randrange(100))
        lines.append(line(meter, amount, when("prompt_tokens", op, number)))
    prices = sheet(*lines)
    for bound in boundaries(prices.lines):
        for length in (bound - 1, bound, bound + 1):
            cached = min(length, chance.randrange(3))
            assert_same_charge(prices, {"p": length - cached, "cr": cached, "c": 7}, {}, MOMENTS[0])


@settings(max_examples=size(60, full=300), deadline=None)
@given(
    st.lists(LINES, max_size=8),
    st.lists(FACTORS, max_size=2),
    st.lists(TIMES, max_size=1),
    st.sampled_from([{}, {"service_tier": "flex"}, {"service_tier": "priority", "body": {"speed": "fast"}}]),
    st.integers(),
)
def test_every_written_expression_is_read_and_charged_the_same(
    lines: list[Line], factors: list[Line], times: list[Any], facts: dict[str, Any], seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    timed = [line("output", "3", condition) for condition in times]
    prices = sheet(line("input", "1"), line("output", "2"), *lines, *timed, *factors)
    billing = expression(prices)
    if billing is None:
        return
    if len(billing.text) >= PROGRAM and read_expression(billing.text) is None:
        # More than the reader works through: the row has the very lines beside it.
        assert price_fields(prices, "acme-x")["prices"] == figures(prices)
        return
    for tokens in drawn(prices, 3, chance):
        assert_same_charge(prices, tokens, facts, chance.choice(MOMENTS))


@given(st.lists(st.tuples(st.sampled_from([(), ("5m",), ("1h",)]), st.integers(1, 9)), min_size=1, max_size=3))
def test_a_cache_of_any_lifetime_is_charged_the_same(writes: list[tuple[tuple[str, ...], int]]) -> None:
    conditions = {lifetime: [when("cache_ttl", "eq", duration) for duration in lifetime] for lifetime, _ in writes}
    prices = sheet(
        line("input", "3"),
        *(line("input.cache_write", str(amount), *conditions[lifetime]) for lifetime, amount in writes),
    )
    for name in ("cc", "cc1h"):
        assert_same_charge(prices, {name: 1000}, {}, MOMENTS[0])


@pytest.mark.parametrize("factor", ["0.5", "1.1", "0.333333333333333"])
def test_a_factor_is_read_as_a_factor(factor: str) -> None:
    prices = sheet(line("input", "2"), line("output", "8"), line("", factor, FLEX, kind="multiplier"))
    assert by_meter(read_back(prices)) == by_meter(prices)
