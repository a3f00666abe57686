"""Meters, units, and arithmetic without rounding. Imports no models.

A price is an amount in a currency for a number of units of what a meter counts. Ratios such as new-api's model_ratio
are computed from prices when they are requested.
"""

from collections.abc import Iterable
from decimal import Decimal, Inexact, localcontext

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from catalog.exact import PRECISION, digits, multiply, plain
from catalog.prices import MILLION
from catalog.vocabulary import METERS, currency_fault

METER = RegexValidator(
    rf"^(?:{'|'.join(name.replace('.', '[.]') for name in METERS)}|x[.][a-z0-9_]+[.][A-Za-z0-9_.-]+)$",
    "This is not a valid meter. Use one of the list, or x.<source>.<name> for another one.",
)


def is_meter(name: str) -> bool:
    try:
        METER(name)
    except ValidationError:
        return False
    return True


UNITS = (
    "token",
    "character",
    "image",
    "megapixel",
    "pixel",
    "second",
    "minute",
    "hour",
    "page",
    "query",
    "request",
    "session",
    "message",
    "credit",
    "gb_day",
    "token_hour",
    "step",
    "text_unit",
    "DBU",
)
# Unit of time -> its seconds. Quantities in these units are converted into each other; no other units are.
SECONDS = {"second": 1, "minute": 60, "hour": 3600}

# More dollars than this for a million tokens, or for one of anything else, are a mistake.
HIGHEST = Decimal(10_000)
# A dollar is fewer than this many of any other currency.
MOST_PER_DOLLAR = 100_000
# Less than this for one unit is a mistake too: the cheapest real token costs 0.00000000013.
LOWEST = Decimal("1e-15")
# A factor of prices beyond these is a mistake, and the product of some of them could not be computed.
SMALLEST_FACTOR, LARGEST_FACTOR = Decimal("0.000001"), Decimal(1_000_000)
# A discount or a rule with a larger factor is a mistake.
LARGEST_MULTIPLIER = 1000
# More units than this are a mistake: of a price, free or at least charged.
MOST_UNITS = 10**15


def validate_currency(code: str) -> None:
    """Validator of fields."""
    if fault := currency_fault(code):
        raise ValidationError(fault)


def is_convertible(unit: str, other: str) -> bool:
    """Whether a quantity in one unit is exactly known in the other."""
    return unit == other or (unit in SECONDS and other in SECONDS)


def per_million(amount: Decimal, per: int) -> Decimal:
    """An amount for `per` units as an amount for a million; exact when `per` is a power of ten, as in all sources."""
    if per == MILLION:
        return amount
    with localcontext() as context:
        context.prec = PRECISION
        return plain(amount * MILLION / per)


def highest_amount(currency: str) -> Decimal:
    """The most that a million tokens, or one of anything else, can cost in a currency; "" is an unknown one."""
    return HIGHEST if currency == "USD" else HIGHEST * MOST_PER_DOLLAR


def amount_fault(amount: Decimal, per: int, unit: str, *, currency: str) -> str:
    """Why the amount cannot be a price, as the end of a sentence; empty if it can be one."""
    is_of_tokens, highest = unit == "token", highest_amount(currency)
    if amount > highest * per / (MILLION if is_of_tokens else 1):
        written = f"${digits(highest)}" if currency == "USD" else f"{digits(highest)} {currency}".rstrip()
        return f"more than {written} {'per million tokens' if is_of_tokens else 'per unit'}"
    if 0 < amount < LOWEST * per:
        return f"less than ${digits(LOWEST)} per unit"
    return ""


def excess_of(amount: Decimal, per: int, unit: str, *, currency: str) -> str:
    """The error message for an amount that cannot be a price; empty for any other."""
    if amount <= 0 or not amount_fault(amount, per, unit, currency=currency):
        return ""
    if amount < LOWEST * per:
        return f"The amount must be 0, or at least {digits(LOWEST)} for one unit."
    of = "a million tokens" if unit == "token" else "one unit"
    return f"The amount must not be more than {highest_amount(currency)} for {of}."


def is_factor(number: Decimal) -> bool:
    """Whether the number can be a factor of prices: 0, or between the smallest and the largest one."""
    return number == 0 or SMALLEST_FACTOR <= number <= LARGEST_FACTOR


def cost(quantity: Decimal, amount: Decimal, per: int, *factors: Decimal) -> Decimal:
    """The cost of a quantity: exact, or rounded to 40 digits if division by `per` has no exact decimal result."""
    return _divide(multiply(quantity, amount, *factors), Decimal(per))


def convert(amount: Decimal, *, rate: Decimal, into: Decimal) -> Decimal:
    """An amount in another currency, rounded like a cost; both rates are units of a currency for one US dollar."""
    return _divide(multiply(amount, into), rate)


def _divide(product: Decimal, divisor: Decimal) -> Decimal:
    with localcontext() as context:
        context.prec = PRECISION
        context.clear_flags()
        quotient = product / divisor
        if not context.flags[Inexact]:
            return plain(quotient)
        context.prec = 40
        return plain(product / divisor)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    with localcontext() as context:
        context.prec = PRECISION
        return plain(sum(amounts, Decimal(0)))
