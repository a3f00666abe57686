"""Where patterns get the prices that they compare: the one place in which the permissions of keys depend on prices.

Prices are above tokens, so `pricing` registers its functions when Django starts.
"""

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from catalog.db.revision import Counters
from tokens.patterns.prices import Prices
from tokens.scope import Scope


class ReadPrices(Protocol):
    """Reads what models cost the holder of a key in these groups: the first group that reaches a model pays.

    `models` are the keys of the models to read; None: all. `counters` are those of the caller's snapshot, if it has
    read them.
    """

    def __call__(
        self, groups: tuple[int, ...], *, at: dt.datetime, counters: Counters | None, models: Collection[int] | None
    ) -> Prices: ...


# The moments, past and ahead, at which the price of one of these models changes without a write.
ReadMoments = Callable[[Collection[int]], Sequence[dt.datetime]]


@dataclass
class PriceBook:
    """What `pricing` has registered."""

    read_prices: ReadPrices | None = None
    read_moments: ReadMoments | None = None


BOOK = PriceBook()


def register(*, read_prices: ReadPrices, read_moments: ReadMoments) -> None:
    BOOK.read_prices, BOOK.read_moments = read_prices, read_moments


def with_prices(
    scope: Scope, *, at: dt.datetime, counters: Counters | None = None, models: Collection[int] | None = None
) -> Scope:
    """The scope with the prices of a moment; the same scope, without any work, if no pattern compares prices."""
    if not scope.asks_for_prices:
        return scope
    if BOOK.read_prices is None:
        raise RuntimeError("No app has registered the prices of models.")
    return replace(scope, prices=BOOK.read_prices(scope.groups, at=at, counters=counters, models=models))


def price_moments(scope: Scope, models: Collection[int], *, until: dt.datetime) -> Sequence[dt.datetime]:
    """When the prices of these models changed, up to a moment; none if no pattern of the scope compares prices."""
    if not scope.asks_for_prices or BOOK.read_moments is None:
        return ()
    return [moment for moment in BOOK.read_moments(models) if moment <= until]
