"""What the models of the list cost visitors of a group: of a few for their rows, of all for orders and filters."""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from typing import TypeVar

from catalog import caches
from catalog.db.revision import version_of
from catalog.imports.gc_pause import pause_gc
from catalog.prices import Line, Sheet
from pricing.engine.headline import CACHED_INPUT, billing_type, comparable_price, input_and_output, token_prices
from pricing.engine.money import per_million
from pricing.pages.listing.search import Figures
from pricing.pages.visitor import PublicGroups, Visitor
from pricing.published.audience import apply_group_rate
from pricing.published.prices import Factors, Priced, published_sheets
from pricing.published.rendered import PriceState, RenderedModels

# The figures of the models of all groups together, with a few hundred bytes each.
MOST_FIGURES = 100_000

V = TypeVar("V")

STORED = caches.register(RenderedModels(MOST_FIGURES))


def prices(models: Iterable[Priced], public: PublicGroups, visitor: Visitor) -> dict[int, Sheet]:
    """Model key -> the price for the chosen group, with rates and discounts multiplied in."""
    rate, factors = public.rates().at(visitor.at), Factors.read(at=visitor.at)
    return _of_group(models, public.slug, rate, at=visitor.at, factors=factors)


def figures_of_all(models: Mapping[int, Priced], visitor: Visitor) -> Mapping[int, Figures]:
    """Model key -> what searches and orders compare, of all models that the visitor sees; stored."""

    @pause_gc()
    def render(keys: Collection[int] | None) -> Mapping[int, Figures]:
        wanted = models.values() if keys is None else [models[key] for key in keys if key in models]
        return each(figures_of, prices(wanted, visitor.public, visitor))

    state = PriceState.of(version_of(visitor.counters), at=visitor.at)
    return STORED.get(visitor.group, state, render)


def figures_of(sheet: Sheet) -> Figures:
    """The figures of a folded sheet."""
    billing = billing_type(sheet)
    if sheet.state == "free":
        return Figures(Decimal(0), Decimal(0), Decimal(0), billing)
    dollars = sheet.in_dollars() if sheet.state == "priced" else None
    if dollars is None:
        return Figures(billing=billing)
    tokens = input_and_output(dollars)
    # Rows show no price of cached input beside one that is not of tokens.
    cached = token_prices(dollars).get(CACHED_INPUT) if tokens else None
    return Figures(comparable_price(sheet), _of_million(tokens.get("output")), _of_million(cached), billing)


def _of_million(line: Line | None) -> Decimal | None:
    return per_million(line.amount or Decimal(0), line.per) if line else None


def _of_group(
    models: Iterable[Priced], group: str, rate: Decimal, *, at: dt.datetime, factors: Factors
) -> dict[int, Sheet]:
    published = published_sheets(models, at=at, groups={group}, factors=factors)
    return each(lambda sheet: apply_group_rate(sheet, group, rate).folded(), published)


def each(function: Callable[[Sheet], V], sheets: Mapping[int, Sheet]) -> dict[int, V]:
    """Model key -> the result for its sheet, called once for models that share one."""
    distinct = {id(sheet): sheet for sheet in sheets.values()}
    results = {key: function(sheet) for key, sheet in distinct.items()}
    return {key: results[id(sheet)] for key, sheet in sheets.items()}
