"""Amounts of money and what they are paid for: $2.50 per million tokens, $0.04 per image.

Prices are written as the active display says, see display.py.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, localcontext

from django.utils.translation import gettext as _

from catalog.exact import digits, multiply
from catalog.prices import MILLION, Line
from pricing.engine.formatting import display
from pricing.engine.formatting.labels import period, state, unit, units
from pricing.engine.money import cost, per_million

SIGNS = {"USD": "$", "CNY": "¥", "EUR": "€", "GBP": "£"}
# More digits than this are left by floating-point arithmetic of a source or by a division.
SHORT_DIGITS = 12
# In front of a converted amount.
CONVERTED = "\N{ALMOST EQUAL TO}\N{NO-BREAK SPACE}"
# Units whose prices are shown per million, or per thousand: the price of one would be mostly zeros.
BY_THE_MILLION = frozenset({"token", "token_hour", "character", "pixel"})


def money(amount: Decimal, currency: str = "USD") -> str:
    """$2.50, $0.0377, ¥46.00, 12.00 SEK: every digit of the amount, and at least two decimals; ≈ $6.30 if converted."""
    shown, shown_currency = display.active().shown(amount, currency)
    if shown_currency == currency:
        return _written(amount, currency)
    return f"{CONVERTED if shown else ''}{_written(display.short(shown), shown_currency)}"


def _written(amount: Decimal, currency: str) -> str:
    whole, _point, decimals = digits(amount).partition(".")
    text = f"{int(whole):,}.{decimals.ljust(2, '0')}"
    sign = SIGNS.get(currency)
    return f"{sign}{text}" if sign else f"{text} {currency}"


def short_money(amount: Decimal, currency: str = "USD") -> str:
    """The amount as customers see it."""
    is_converted = display.active().shown(amount, currency)[1] != currency
    return money(amount if is_converted else rounded(amount), currency)


def limit(amount: Decimal) -> str:
    """A number of dollars per million tokens, as the limit of a filter: $1.00, $0.001, ¥7.20."""
    active = display.active()
    shown, currency = active.shown(amount * active.per / MILLION, "USD")
    return _written(shown if currency == "USD" else display.short(shown), currency)


def rounded(amount: Decimal) -> Decimal:
    """The amount without the digits that a division or floating-point arithmetic leaves behind."""
    with localcontext() as context:
        context.prec = SHORT_DIGITS
        return +amount


def number(amount: int | Decimal) -> str:
    """200,000"""
    return f"{int(amount):,}" if amount == int(amount) else digits(Decimal(amount))


def price(line: Line, currency: str) -> str:
    """The amount of a line for what `per` says, with every digit."""
    return money(shown_amount(line), currency)


def short_price(line: Line, currency: str) -> str:
    """The amount of a line for what `per` says, as customers see it."""
    return short_money(shown_amount(line), currency)


def shown_amount(line: Line) -> Decimal:
    """The amount per million or thousand units if prices are shown so, else for as many units as the source counts."""
    amount = line.amount or Decimal(0)
    if line.unit not in BY_THE_MILLION:
        return amount
    of_million = per_million(amount, line.per)
    return of_million if display.active().per == MILLION else cost(Decimal(display.active().per), of_million, MILLION)


def measure(name: str, count: int) -> str:
    """What so many units are called behind "per": million tokens, image, 1,000 requests."""
    if count == 1:
        return unit(name)
    if count == MILLION and name == "token":
        return _("million tokens")
    if count == display.THOUSAND and name == "token":
        return _("1,000 tokens")
    if count == MILLION:
        return _("million %(units)s") % {"units": units(name)}
    return _("%(number)s %(units)s") % {"number": number(count), "units": units(name)}


def per(line: Line) -> str:
    """per million tokens, per image, per 1,000 requests"""
    return per_units(line.unit, shown_per(line))


def per_units(name: str, count: int) -> str:
    return _("per %(measure)s") % {"measure": measure(name, count)}


def per_tokens() -> str:
    """per million tokens, or per 1,000 tokens: what the prices of tokens are shown for."""
    return per_units("token", display.active().per)


def with_measure(text: str, line: Line) -> str:
    """A price with its unit: $2.50 per million tokens."""
    return _("%(price)s per %(measure)s") % {"price": text, "measure": measure(line.unit, shown_per(line))}


def price_per(line: Line, currency: str) -> str:
    """$2.50 per million tokens, with every digit."""
    return with_measure(price(line, currency), line)


def short_price_per(line: Line, currency: str) -> str:
    """$2.50 per million tokens, as customers see it."""
    return with_measure(short_price(line, currency), line)


def line_amount(line: Line, currency: str) -> str:
    """What a line of any kind says, with every digit: a price, a factor, free units, a minimum or a state."""
    if line.kind == "absolute" and line.is_money:
        return price_per(line, currency)
    if line.amount is None:
        return state(line.kind)
    count = {"number": number(line.amount), "units": units(line.unit)}
    if line.kind == "absolute":
        return _("%(number)s, not a price") % count
    if line.kind == "multiplier":
        return _("times %(factor)s") % {"factor": count["number"]}
    if line.kind == "allowance":
        return _("%(number)s %(units)s free %(period)s") % (count | {"period": period(line.period)})
    return _("at least %(number)s %(units)s") % count


def in_one_measure(lines: Sequence[Line | None]) -> list[Line | None]:
    """The same prices, each for as many units as the one of them that counts most, where that is exact."""
    most = max((line.per for line in lines if line), default=1)
    return [_for_units(line, most) for line in lines]


def _for_units(line: Line | None, count: int) -> Line | None:
    if line is None or line.amount is None or count % line.per:
        return line
    return replace(line, amount=multiply(line.amount, Decimal(count // line.per)), per=count)


def shown_per(line: Line) -> int:
    return display.active().per if line.unit in BY_THE_MILLION else line.per
