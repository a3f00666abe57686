"""A name is charged by its own row, else by the pattern that it fits; the last of two rows with one name counts."""

from decimal import Decimal
from typing import Any

import pytest

from pricing.gateways.reading.price_table import PriceRow, PriceTable, fits


def row(model: str, price: int) -> PriceRow:
    return PriceRow(model, is_per_call=False, vendor=1, input=Decimal(price), output=Decimal(price), ratios={})


def price_of(name: str, *rows: PriceRow, **options: Any) -> Decimal | None:
    found = PriceTable(rows, **options).row_for(name)
    return found.input if found else None


@pytest.mark.parametrize(
    ("name", "price"),
    [("gpt-4", 1), ("gpt-4-turbo", 2), ("gpt-4o", 3), ("gpt-", 3), ("GPT-4", None), ("o1-gpt-4", None)],
)
def test_the_own_row_comes_before_the_longest_pattern(name: str, price: int | None) -> None:
    assert price_of(name, row("gpt-*", 3), row("gpt-4-*", 2), row("gpt-4", 1)) == price


def test_the_last_row_of_a_name_counts() -> None:
    assert price_of("gpt-4", row("gpt-4", 1), row("gpt-4", 2)) == 2


def test_a_table_without_case_prefers_the_exact_name() -> None:
    rows = row("GPT-4", 1), row("gpt-4", 2), row("o1-*", 3)

    assert price_of("gpt-4", *rows, ignores_case=True) == 2
    assert price_of("Gpt-4", *rows, ignores_case=True) == 1
    assert price_of("O1-mini", *rows, ignores_case=True) == 3
    assert price_of("O1-mini", *rows) is None


def test_patterns_that_overlap_are_known() -> None:
    table = PriceTable([row("gpt-*", 3), row("gpt-4-*", 2), row("gpt-4-x", 1)])

    assert table.rivals("gpt-4-turbo") == ("gpt-*", "gpt-4-*")
    assert table.rivals("gpt-4-x") == ()


def test_only_a_final_star_is_a_pattern() -> None:
    assert fits("x-1", "x-*")
    assert fits("anything", "*")
    assert fits("x-y-*", "x-*")
    assert not fits("x-1-y", "x-*-y")
    assert not fits("x-*", "x-1")
