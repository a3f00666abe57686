"""Reports combinations of service tier, cache lifetime and prompt length that have no price of their own."""

from decimal import Decimal
from typing import Any

from catalog.prices import Line
from pricing.engine.combinations import unpriced_combinations

FLEX = {"dim": "service_tier", "op": "eq", "value": "flex"}
HOUR = {"dim": "cache_ttl", "op": "eq", "value": "1h"}
LONG = {"dim": "prompt_tokens", "op": "gt", "value": 200_000}
LONGER = {"dim": "prompt_tokens", "op": "gt", "value": 400_000}


def line(meter: str, *conditions: dict[str, Any]) -> Line:
    return Line(meter, Decimal(1), 1_000_000, "token", conditions=conditions)


def test_the_line_that_applies_is_named() -> None:
    tier = "the service tier flex has no price of its own for long prompts: the price of"
    assert unpriced_combinations([line("input"), line("input", FLEX), line("input", LONG)]) == [
        f"{tier} the length applies"
    ]
    assert unpriced_combinations([line("input"), line("input", LONG), line("input", FLEX)]) == [
        f"{tier} the service tier applies"
    ]


def test_a_lifetime_without_a_price_for_long_prompts_is_reported() -> None:
    lines = [line("input.cache_write", LONG), line("input.cache_write", HOUR)]
    subject = "a cache write with a lifetime of 1h has no price of its own for long prompts"
    assert unpriced_combinations(lines) == [f"{subject}: the price of the lifetime applies"]


def test_a_complete_sheet_is_not_reported() -> None:
    lines = [line("input"), line("input", FLEX), line("input", LONG), line("input", LONG, FLEX)]
    assert unpriced_combinations(lines) == []
    assert unpriced_combinations([*lines, line("input", LONGER)]) != []
    # No meter has both conditions.
    assert unpriced_combinations([line("input", FLEX), line("output", LONG)]) == []


def test_a_sentence_is_given_once_for_all_meters() -> None:
    lines = [line(meter, condition) for meter in ("input", "output") for condition in (FLEX, LONG)]
    assert len(unpriced_combinations(lines)) == 1
