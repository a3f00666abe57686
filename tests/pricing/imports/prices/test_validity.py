"""Each price of a source that cannot be stored is named in one sentence."""

from decimal import Decimal

import pytest

from catalog.prices import Line, Sheet
from pricing.imports.prices.validity import why_invalid


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (Line("input", Decimal(1), 1_000_000, "token"), None),
        (Line("", Decimal("0.5"), kind="multiplier"), None),
        (
            Line("inptu", Decimal(1), 1, "token"),
            "'inptu' is not a valid meter: use e.g. input, output or input.cache_read",
        ),
        (Line("", Decimal(1), 1, "token", "minimum"), "a line of the kind minimum has no meter"),
        (Line("input", Decimal(1), 1, "banana"), "input has the unknown unit banana"),
    ],
)
def test_the_line_and_what_is_wrong_with_it_are_named(line: Line, message: str | None) -> None:
    assert why_invalid(Sheet("USD", (line,))) == message
