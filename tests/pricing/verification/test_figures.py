"""Equal prices have equal keys and amounts, however a source writes them."""

from decimal import Decimal

import pytest

from catalog.prices import MILLION, Condition, Line, Sheet
from pricing.verification.figures import figures_of, is_charged_alike, key_of, same_figure


def tier(op: str, value: int) -> Condition:
    return {"dim": "prompt_tokens", "op": op, "value": value}


def line(meter: str = "input", amount: str = "2.5", *conditions: Condition, unit: str = "token") -> Line:
    return Line(meter, Decimal(amount), MILLION if unit == "token" else 1, unit, conditions=conditions)


@pytest.mark.parametrize(
    "other",
    [tier("gte", 200_001), tier("gte", 200_000), tier("gt", 200_000)],
)
def test_a_tier_is_the_same_in_each_notation(other: Condition) -> None:
    first, second = line("input", "5", tier("gt", 200_000)), line("input", "5", other)

    assert key_of(first, "USD") == key_of(second, "USD")


def test_the_end_of_a_tier_is_where_the_next_one_starts() -> None:
    bounded = line("input", "5", tier("gt", 128_000), tier("lte", 256_000))

    assert key_of(bounded, "USD") == key_of(line("input", "5", tier("gt", 128_000)), "USD")
    assert key_of(line("input", "5", tier("lte", 128_000)), "USD") == key_of(line(), "USD")


def test_other_tiers_are_other_figures() -> None:
    assert key_of(line("input", "5", tier("gt", 128_000)), "USD") != key_of(line(), "USD")


def test_an_amount_per_token_equals_the_amount_per_million() -> None:
    assert same_figure(line(), Line("input", Decimal("0.0000025"), 1, "token"))


def test_minutes_and_hours_are_compared_in_seconds() -> None:
    minute, hour = line("input.audio", "0.006", unit="minute"), line("input.audio", "0.36", unit="hour")

    assert key_of(minute, "USD") == key_of(hour, "USD")
    assert same_figure(minute, hour)
    assert not same_figure(minute, line("input.audio", "0.006", unit="hour"))


def test_a_cache_write_without_a_lifetime_lasts_five_minutes() -> None:
    short = line("input.cache_write", "3", {"dim": "cache_ttl", "op": "eq", "value": "5m"})
    long = line("input.cache_write", "6", {"dim": "cache_ttl", "op": "eq", "value": "1h"})

    assert key_of(short, "USD") == key_of(line("input.cache_write", "3"), "USD")
    assert key_of(long, "USD") != key_of(short, "USD")


def test_another_currency_or_unit_is_another_figure() -> None:
    assert key_of(line(), "CNY") != key_of(line(), "USD")
    assert key_of(line("image", unit="image"), "USD") != key_of(line("image", unit="token"), "USD")


def test_a_line_without_a_unit_or_an_amount_states_no_figure() -> None:
    sheet = Sheet("USD", (Line("x.litellm.fee", Decimal("1.1")), Line("output", None, kind="dynamic"), line()))

    assert [line.meter for line in figures_of(sheet).values()] == ["input"]


def test_a_discount_is_multiplied_in() -> None:
    sheet = Sheet("USD", (line(), Line("", Decimal("0.8"), kind="multiplier")))

    (figure,) = figures_of(sheet).values()

    assert figure.amount == 2


def test_a_figure_that_the_fallback_charges_is_not_missing() -> None:
    figures = figures_of(Sheet("USD", (line("output", "10"),)))
    reasoning, dear = line("output.reasoning", "10"), line("output.reasoning", "12")

    assert is_charged_alike(figures, key_of(reasoning, "USD"), reasoning)
    assert not is_charged_alike(figures, key_of(dear, "USD"), dear)


def test_a_figure_of_zero_is_not_missing() -> None:
    free = line("web_search", "0", unit="query")

    assert is_charged_alike({}, key_of(free, "USD"), free)
