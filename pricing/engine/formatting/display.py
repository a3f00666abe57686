"""How prices are displayed: in which currency, and for how many tokens. Like a language, it is active for a block.

Amounts stay what they are: only the formatter converts them, when it writes them. Outside such a block every price is
in its own currency and per million tokens. Imports no models.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal

from catalog.prices import MILLION
from pricing.engine.money import convert

DOLLAR = "USD"
THOUSAND = 1000
# The digits of a converted amount: a rate is seldom known better.
CONVERTED_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Rate:
    """Units of a currency for one US dollar, the first day of the rate, and who published it."""

    currency: str
    per_usd: Decimal
    as_of: dt.date
    source: str = ""


@dataclass(frozen=True, slots=True)
class Display:
    """The chosen currency, "" for each price in its own, with the known rates; and how many tokens a price is for."""

    currency: str = ""
    per: int = MILLION
    rates: tuple[Rate, ...] = ()

    def shown(self, amount: Decimal, currency: str) -> tuple[Decimal, str]:
        """The amount in the chosen currency; in its own if that is not known, or if it is the chosen one."""
        source, target = self._per_usd(currency), self._per_usd(self.currency)
        if currency == self.currency or source is None or target is None:
            return amount, currency
        return convert(amount, rate=source, into=target), self.currency

    def used_rates(self) -> tuple[Rate, ...]:
        """The rates that a conversion to the chosen currency depends on."""
        if not self.currency:
            return ()
        return tuple(rate for rate in self.rates if self.currency in (DOLLAR, rate.currency))

    def _per_usd(self, currency: str) -> Decimal | None:
        if currency == DOLLAR:
            return Decimal(1)
        return next((rate.per_usd for rate in self.rates if rate.currency == currency), None)


AS_PUBLISHED = Display()
_active: ContextVar[Display] = ContextVar("display", default=AS_PUBLISHED)


def active() -> Display:
    return _active.get()


@contextmanager
def showing(display: Display) -> Iterator[None]:
    """Displays all prices so in the block, in this thread."""
    token = _active.set(display)
    try:
        yield
    finally:
        _active.reset(token)


def short(amount: Decimal) -> Decimal:
    """A converted amount with four significant digits, or to the hundredth if that is more."""
    place = min(-2, amount.adjusted() - CONVERTED_DIGITS + 1)
    return amount.quantize(Decimal(1).scaleb(place)) if amount else Decimal(0)
