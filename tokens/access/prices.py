"""Where patterns and filters get the prices that they compare: the one place in which lists of models depend on prices.

Prices are above tokens, so `pricing` registers its functions when Django starts.
"""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

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


# How popular a model is: the most popular one has the least rank. It does not depend on other models.
Rank = tuple[Any, ...]
# That of a model that is neither pinned nor was used; it is larger than all others.
UNRANKED: Rank = (2,)


class ReadPopularity(Protocol):
    """Model key -> its rank, of the models that are pinned or were used, on a day; others have none."""

    def __call__(self, *, on: dt.date, counters: Counters) -> Mapping[int, Rank]: ...


@dataclass
class PriceBook:
    """What `pricing` has registered."""

    read_prices: ReadPrices | None = None
    read_moments: ReadMoments | None = None
    read_popularity: ReadPopularity | None = None


BOOK = PriceBook()


def register(*, read_prices: ReadPrices, read_moments: ReadMoments, read_popularity: ReadPopularity) -> None:
    BOOK.read_prices, BOOK.read_moments, BOOK.read_popularity = read_prices, read_moments, read_popularity


def with_prices(
    scope: Scope, *, at: dt.datetime, counters: Counters | None = None, models: Collection[int] | None = None
) -> Scope:
    """The scope with the prices of a moment; the same scope, without any work, if no pattern compares prices."""
    if not scope.asks_for_prices:
        return scope
    return replace(scope, prices=prices_of(scope, at=at, counters=counters, models=models))


def prices_of(
    scope: Scope, *, at: dt.datetime, counters: Counters | None = None, models: Collection[int] | None = None
) -> Prices:
    """What these models, or all, cost the holder of a key with this scope at a moment."""
    if BOOK.read_prices is None:
        raise RuntimeError("No app has registered the prices of models.")
    return BOOK.read_prices(scope.groups, at=at, counters=counters, models=models)


def popularity(*, on: dt.date, counters: Counters) -> Mapping[int, Rank]:
    """Model key -> its rank among the popular models of a day; nothing if no app has registered any."""
    return {} if BOOK.read_popularity is None else BOOK.read_popularity(on=on, counters=counters)


def price_moments(scope: Scope, models: Collection[int], *, until: dt.datetime) -> Sequence[dt.datetime]:
    """When the prices of these models changed, up to a moment; none if no pattern of the scope compares prices."""
    if not scope.asks_for_prices or BOOK.read_moments is None:
        return ()
    return [moment for moment in BOOK.read_moments(models) if moment <= until]
