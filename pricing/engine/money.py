"""What money is here: meters, units, and arithmetic that loses no digit. Imports no models.

A price is an amount per a number of units of what a meter counts, in a currency. Ratios (new-api's model_ratio and
its kin) are renderings of prices, made when asked.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal, Inexact, localcontext
from types import MappingProxyType

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from catalog.exact import PRECISION, plain
from catalog.exact import multiply as multiply
from catalog.exact import ratio as ratio
from catalog.exact import unfold as unfold
from catalog.prices import MILLION

# Meter -> what it counts. A source's figure that fits none is kept as x.<source>.<its own name>.
METERS: Mapping[str, str] = MappingProxyType(
    {
        "input": "prompt tokens",
        "output": "completion tokens",
        "input.cache_read": "prompt tokens read from a cache",
        "input.cache_write": "prompt tokens written to a cache",
        "output.reasoning": "reasoning tokens",
        "output.citation": "citation tokens",
        "input.text": "text in",
        "output.text": "text out",
        "input.image": "images in",
        "output.image": "images out",
        "input.audio": "audio in",
        "output.audio": "audio out",
        "input.video": "video in",
        "output.video": "video out",
        "input.audio.cache_read": "audio in, read from a cache",
        "input.audio.cache_write": "audio in, written to a cache",
        "input.image.cache_read": "images in, read from a cache",
        "input.image.cache_write": "images in, written to a cache",
        "request": "requests",
        "web_search": "web searches",
        "file_search": "file searches",
        "maps": "map look-ups",
        "code_session": "code interpreter sessions",
        "ocr": "pages read",
        "ocr.annotation": "pages annotated",
        "moderation": "moderation",
        "guardrail": "guardrail checks",
        "finetune": "training",
        "cache_storage": "kept cache",
        "storage": "kept files",
        "capacity": "reserved capacity",
    }
)
METER = RegexValidator(
    rf"^(?:{'|'.join(name.replace('.', '[.]') for name in METERS)}|x[.][a-z0-9_]+[.][A-Za-z0-9_.-]+)$",
    "Not a meter: use one of the list, or x.<source>.<name> for a figure that fits none.",
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
    "DBU",
)
CURRENCY = RegexValidator(r"^[A-Z]{3}$", "Three capital letters, e.g. USD.")

# More than this for a million tokens, or for one of anything else, is a mistake.
HIGHEST = Decimal(10_000)


def per_million(amount: Decimal, per: int) -> Decimal:
    """An amount for `per` units as an amount for a million; exact when `per` is a power of ten, as in all sources."""
    if per == MILLION:
        return amount
    with localcontext() as context:
        context.prec = PRECISION
        return plain(amount * MILLION / per)


def is_excessive(amount: Decimal, per: int, unit: str) -> bool:
    """Whether it is more than anybody charges for a million tokens, or for one of anything else."""
    return (multiply(amount, Decimal(MILLION)) if unit == "token" else amount) / per > HIGHEST


def excess_of(amount: Decimal, per: int, unit: str) -> str:
    """What is wrong with such an amount, for whoever types it; empty where nothing is."""
    if not is_excessive(amount, per, unit):
        return ""
    return f"More than {HIGHEST} for {'a million tokens' if unit == 'token' else 'one'} is a mistake."


def cost(quantity: Decimal, amount: Decimal, per: int, *factors: Decimal) -> Decimal:
    """What a quantity comes to: exact, or with 40 digits where `per` is such that no decimal is exact."""
    product = multiply(quantity, amount, *factors)
    with localcontext() as context:
        context.prec = PRECISION
        context.clear_flags()
        quotient = product / per
        if not context.flags[Inexact]:
            return plain(quotient)
        context.prec = 40
        return plain(product / per)


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    with localcontext() as context:
        context.prec = PRECISION
        return plain(sum(amounts, Decimal(0)))
