"""Equal prices have equal keys and amounts, however a source writes them."""

from decimal import Decimal

import pytest

from catalog.prices import MILLION, Condition, Line, Sheet
from pricing.verification.figures import FigureKey, figures_of, is_charged_alike, same_figure


def tier(op: str, value: int) -> Condition:
    return {"dim": "prompt_tokens", "op": op, "value": value}


def key_of(line: Line, currency: str = "USD") -> FigureKey:
    (key,) = figures_of(Sheet(currency, (line,)))
    return key


def line(meter: str = "input", amount: str = "2.5", *conditions: Condition, unit: str = "token") -> Line:
    return Line(meter, Decimal(amount), MILLION if unit == "token" else 1, unit, conditions=conditions)


@pytest.mark.parametrize(
    "other",
    [tier("gte", 200_001), tier("gte", 200_000), tier("gt", 200_000)],
)
def test_a_tier_is_the_same_in_each_notation(other: Condition) -> None:
    first, second = line("input", "5", tier("gt", 200_000)), line("input", "5", other)

    assert key_of(first) == key_of(second)


def test_a_condition_is_the_same_in_each_notation() -> None:
    first = line("input", "1", {"dim": "service_tier", "op": "eq", "value": "batch"})
    second = line("input", "1", {"dim": "service_tier", "op": "in", "value": ["Batch"]})

    assert key_of(first) == key_of(second)


def test_the_end_of_a_tier_is_where_the_next_one_starts() -> None:
    bounded = line("input", "5", tier("gt", 128_000), tier("lte", 256_000))

    assert key_of(bounded) == key_of(line("input", "5", tier("gt", 128_000)))
    assert key_of(line("input", "5", tier("lte", 128_000))) == key_of(line())


def test_other_tiers_are_other_figures() -> None:
    assert key_of(line("input", "5", tier("gt", 128_000))) != key_of(line())


def test_an_amount_per_token_equals_the_amount_per_million() -> None:
    assert same_figure(line(), Line("input", Decimal("0.0000025"), 1, "token"))


def test_minutes_and_hours_are_compared_in_seconds() -> None:
    minute, hour = line("input.audio", "0.006", unit="minute"), line("input.audio", "0.36", unit="hour")

    assert key_of(minute) == key_of(hour)
    assert same_figure(minute, hour)
    assert not same_figure(minute, line("input.audio", "0.006", unit="hour"))


def test_a_source_need_not_name_the_medium_of_characters_and_seconds() -> None:
    assert key_of(line("input", "0.00002", unit="character")) == key_of(line("input.text", "15", unit="character"))
    assert key_of(line("input", "1", unit="minute")) == key_of(line("input.audio", "1", unit="second"))
    assert key_of(line("input")) != key_of(line("input.text"))


def test_a_cache_write_without_a_lifetime_lasts_five_minutes() -> None:
    short = line("input.cache_write", "3", {"dim": "cache_ttl", "op": "eq", "value": "5m"})
    long = line("input.cache_write", "6", {"dim": "cache_ttl", "op": "eq", "value": "1h"})

    assert key_of(short) == key_of(line("input.cache_write", "3"))
    assert key_of(long) != key_of(short)


def test_another_currency_or_unit_is_another_figure() -> None:
    assert key_of(line(), "CNY") != key_of(line())
    assert key_of(line("image", unit="image")) != key_of(line("image", unit="token"))


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

    assert is_charged_alike(figures, key_of(reasoning), reasoning)
    assert not is_charged_alike(figures, key_of(dear), dear)


def test_a_figure_that_the_unconditional_price_charges_is_not_missing() -> None:
    figures = figures_of(Sheet("USD", (line("web_search", "0.01", unit="query"),)))
    low: Condition = {"dim": "search_context", "op": "eq", "value": "low"}
    same, dear = (line("web_search", amount, low, unit="query") for amount in ("0.01", "0.02"))

    assert is_charged_alike(figures, key_of(same), same)
    assert not is_charged_alike(figures, key_of(dear), dear)


def test_a_price_by_hours_is_another_tariff_than_one_for_all_hours() -> None:
    night: Condition = {"dim": "time", "op": "in", "value": {"tz": "UTC", "windows": [{"hours": ["00:00-06:00"]}]}}
    by_hours = Sheet("USD", (line("input", "0.3"), line("input", "0.15", night), line("output", "1")))

    shared = figures_of(by_hours).keys() & figures_of(Sheet("USD", (line("input", "0.14"), line("output", "1")))).keys()

    assert [key.meter for key in shared] == ["output"]
    assert [key.is_at_other_hours for key in figures_of(by_hours)] == [True, False, False]


def test_a_figure_of_zero_is_not_missing() -> None:
    free = line("web_search", "0", unit="query")

    assert is_charged_alike({}, key_of(free), free)
