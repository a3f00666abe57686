"""The published prices that patterns of keys such as `price:input<=5` and `free`, and filters of lists, compare.

Each is the price for one group, at the group's rate, as a quote charges it. Those of all models are stored per group,
and a change reads only the changed models again.
"""

import datetime as dt
from collections import ChainMap, defaultdict
from collections.abc import Collection, Iterable, Mapping, MutableMapping
from decimal import Decimal
from functools import partial
from typing import cast

from catalog import caches
from catalog.db import revision
from catalog.db.bulk import batches
from catalog.db.revision import Counters, version_of
from catalog.db.snapshot import may_store
from catalog.exact import in_dollars
from catalog.models import AIModel
from catalog.prices import Sheet
from pricing.engine.ceilings import highest_amounts
from pricing.engine.headline import comparable_price
from pricing.published.audience import apply_group_rate
from pricing.published.boundaries import published_until
from pricing.published.group_rates import group_rates, groups_of_models
from pricing.published.prices import Factors, published_sheets
from pricing.published.rendered import PriceState, RenderedModels
from tokens.access.visibility import in_reach, shown_columns
from tokens.models import TokenGroup
from tokens.patterns.prices import UNKNOWN, Price, Prices
from tokens.scope import Scope

# So many models and their sheets are in memory at once beside the prices.
BATCH = 500
# The prices of all groups together, with about half a kilobyte each.
MOST_PRICES = 200_000

STORED = caches.register(RenderedModels(MOST_PRICES))


def read_prices(
    groups: tuple[int, ...],
    *,
    at: dt.datetime,
    counters: Counters | None = None,
    models: Collection[int] | None = None,
) -> Prices:
    """What models cost the holder of a key in these groups at a moment, see tokens/access/prices.py."""
    if not may_store():
        # What this transaction has written may be rolled back.
        return Prices(object(), at, partial(_read, groups, at=at, models=models))
    counters = counters or revision.read()
    state = PriceState.of(version_of(counters), at=at)
    # A few models are read alone, unless a list has read all of them already.
    is_stored = models is None or all(STORED.peek(group, state) is not None for group in groups)
    load = partial(_read_stored, groups, state, at=at) if is_stored else partial(_read, groups, at=at, models=models)
    return Prices(
        key=(counters.models, counters.prices, state.boundary),
        until=published_until(state.version, at=at),
        load=load,
    )


def price_of(sheet: Sheet | None) -> Price:
    """The price of a model by its published sheet, at the rate of its group."""
    if sheet is None or sheet.state not in ("priced", "free"):
        return UNKNOWN
    if sheet.state == "free":
        return Price(is_free=True, comparable=Decimal(0))
    if sheet.currency != "USD" and sheet.per_usd is None:
        return UNKNOWN
    highest = highest_amounts(sheet)
    if sheet.per_usd is not None:
        # Last, because the result may have to be rounded.
        per_usd = sheet.per_usd
        highest = {meter: amount and in_dollars(amount, per_usd) for meter, amount in highest.items()}
    return Price(highest=highest, unknown_side=sheet.unknown_side, comparable=comparable_price(sheet.folded()))


def _read_stored(groups: tuple[int, ...], state: PriceState, *, at: dt.datetime) -> Mapping[int, Price]:
    """Model key -> its price, of all models that the groups reach."""

    def of_group(group: int) -> MutableMapping[int, Price]:
        # Nothing writes to it.
        return cast("MutableMapping[int, Price]", STORED.get(group, state, partial(_read_group, group, at=at)))

    # The first group that reaches a model decides.
    return ChainMap(*map(of_group, groups))


def _read_group(group: int, keys: Collection[int] | None, *, at: dt.datetime) -> Mapping[int, Price]:
    reached = in_reach(Scope(groups=(group,)), at=at)
    found = list(TokenGroup.objects.filter(pk=group))
    factors = Factors.read(at=at)
    prices: dict[int, Price] = {}
    listed = reached.values_list("pk", flat=True) if keys is None else keys
    for batch in batches(sorted(listed), BATCH):
        models = list(shown_columns(reached.filter(pk__in=batch)))
        prices |= {key: price for one in found for key, price in _prices(one, models, factors, at=at).items()}
    return prices


def _read(groups: tuple[int, ...], *, at: dt.datetime, models: Collection[int] | None) -> Mapping[int, Price]:
    """Model key -> its price, of these models or of all; not stored."""
    in_order = [by_key[key] for by_key in [TokenGroup.objects.in_bulk(groups)] for key in groups if key in by_key]
    reached = in_reach(Scope(groups=groups), at=at)
    rows = list(shown_columns(reached if models is None else reached.filter(pk__in=models)))
    slugs = groups_of_models(in_order, rows, at=at)
    by_group: defaultdict[str, list[AIModel]] = defaultdict(list)
    for row in rows:
        if row.pk in slugs:
            by_group[slugs[row.pk][0]].append(row)
    factors = Factors.read(at=at)
    prices: dict[int, Price] = {}
    for group in in_order:
        prices |= _prices(group, by_group.get(group.slug, ()), factors, at=at)
    return prices


def _prices(group: TokenGroup, models: Iterable[AIModel], factors: Factors, *, at: dt.datetime) -> Mapping[int, Price]:
    rows = list(models)
    if not rows:
        return {}
    sheets = published_sheets(rows, at=at, groups={group.slug}, factors=factors)
    rate = group_rates([group], at=at)[group.slug]
    paid = {key: apply_group_rate(sheet, group.slug, rate) for key, sheet in sheets.items()}
    return {row.pk: price_of(paid.get(row.pk)) for row in rows}
