"""Warnings about prices that are possible but unusual."""

from decimal import Decimal

import pytest

from catalog.prices import Line, Sheet
from pricing.engine.sanity_checks import price_warnings


def sheet(currency: str = "USD", **amounts: str) -> Sheet:
    return Sheet(currency, tuple(Line(meter, Decimal(amount), 1_000_000, "token") for meter, amount in amounts.items()))


@pytest.mark.parametrize(
    ("priced", "warnings"),
    [
        (sheet(input="150", output="600"), []),
        (sheet(input="1000", output="1000"), []),
        (
            sheet(input="500", output="2000"),
            ["output ($2,000.00 per million tokens) costs more than $1,000.00"],
        ),
        (
            sheet(input="3200", output="9710"),
            [
                "input ($3,200.00 per million tokens) costs more than $1,000.00",
                "output ($9,710.00 per million tokens) costs more than $1,000.00",
            ],
        ),
        (sheet("JPY", input="2000", output="8000"), []),
    ],
)
def test_a_price_in_the_wrong_unit_is_reported(priced: Sheet, warnings: list[str]) -> None:
    assert list(price_warnings(priced, is_new=True)) == warnings
