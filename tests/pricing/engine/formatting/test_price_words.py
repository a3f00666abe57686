"""A whole price in a few words."""

from decimal import Decimal

import pytest

from catalog.prices import Line
from pricing.engine.formatting.price_words import exact_headline
from tests.pricing.engine.formatting.test_lines import sheet, token_line


def test_a_headline_in_a_line_includes_the_discount_of_its_sheet() -> None:
    prices = [token_line("input", "2"), token_line("output", "10")]

    assert exact_headline(sheet(*prices, Line("", Decimal("0.5"), kind="multiplier"))) == "$1.00 / $5.00"
    assert exact_headline(sheet(*prices, Line("", Decimal(0), kind="multiplier"))) == "$0.00 / $0.00"


def test_a_headline_in_a_line() -> None:
    free = [token_line("input", "0"), token_line("output", "0")]

    assert exact_headline(sheet(token_line("output", "10"), token_line("input", "2.5"))) == "$2.50 / $10.00"
    assert exact_headline(sheet(*free)) == "$0.00 / $0.00"
    assert exact_headline(sheet(*free, Line("request", Decimal("0.01"), 1, "request"))) == "$0.01 per request"
    assert exact_headline(sheet(token_line("input", "2"), Line("ocr", Decimal(1), 1, "page"))) == (
        "e.g. $2.00 per million tokens + $1.00 per page"
    )
    assert exact_headline(sheet(Line("", None, kind="included"))) == "included in a plan"


@pytest.mark.parametrize(
    ("meter", "unit", "text"),
    [
        ("request", "request", "$1.00 / $2.50 + $0.0025 per request"),
        ("output.image", "image", "$1.00 / $2.50 + $0.0025 per image"),
        ("web_search", "query", "$1.00 / $2.50"),
        ("output.audio", "second", "$1.00 / $2.50"),
    ],
)
def test_a_headline_in_a_line_has_the_fees_of_each_call(meter: str, unit: str, text: str) -> None:
    half = Line("", Decimal("0.5"), kind="multiplier")
    prices = [token_line("input", "2"), token_line("output", "5"), Line(meter, Decimal("0.005"), 1, unit), half]

    assert exact_headline(sheet(*prices)) == text
