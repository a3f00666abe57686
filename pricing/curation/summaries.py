"""A stored sheet in a line of text, every digit of it, for the admin's lists."""

from dataclasses import replace

from catalog.prices import Line, Sheet, only_money
from pricing.engine.formatting import lines
from pricing.engine.formatting.price_words import exact_headline
from pricing.models import PriceLine, PriceSheet


def summary(sheet: PriceSheet) -> str:
    """Input $2.50 per million tokens · Output $10.00 per million tokens · 8 more"""
    return lines.summary(sheet_value(sheet))


def in_and_out(sheet: PriceSheet) -> str:
    """$2.50 / $10.00 per million tokens, where these are the headline; else the headline. Needs the sheet's model."""
    return exact_headline(replace(sheet_value(sheet), charged_sides=sheet.model.charged_sides))


def sheet_value(sheet: PriceSheet) -> Sheet:
    """The stored sheet and its lines as a value, without figures that are not money."""
    return Sheet(sheet.currency, only_money(list(map(line_value, sheet.lines.all()))), facts=sheet.facts)


def line_value(line: PriceLine) -> Line:
    """The stored line as a value."""
    return Line(line.meter, line.amount, line.per, line.unit, line.kind, tuple(line.conditions), line.facts)
