"""The moments at which published prices change without a write, because a date is reached."""

import datetime as dt
from bisect import bisect_right
from collections.abc import Collection
from itertools import chain
from typing import Any

from django.db.models import Model, Q, QuerySet

from catalog import caches
from catalog.db import changes, revision
from catalog.db.changes import Version
from catalog.db.revision import Counters
from catalog.models import AIModel
from pricing.models import CurrencyRate, DiscountRule, GroupRate, PriceSheet
from tokens.access.starts import read_starts
from tokens.models import ModelRelease

# The counters of the changes that a published price can depend on.
COUNTERS = (revision.MODELS, revision.PRICES)
PUBLIC_ROLES = (PriceSheet.Role.SELL, PriceSheet.Role.LIST)

Moments = tuple[dt.datetime, ...]


class BoundaryCache:
    """The moments of the last revisions, in order; a new revision adds those of the models that were changed.

    A moment whose sheet was deleted may remain until everything is read again. It only separates two stored bodies with
    equal bytes. Safe between threads.
    """

    def __init__(self) -> None:
        self._moments: caches.Recent[Version, Moments] = caches.Recent()

    def moments(self, version: Version) -> Moments:
        """The moments at this version, which the caller has read before."""
        known = self._moments.get(version)
        if known is not None:
            return known
        latest, moments = self._moments.newest() or (Version(0, 0), ())
        changed = changes.models_changed(since=latest, until=version, counters=COUNTERS)
        if changed is None:
            known = moments_of(None)
        else:
            known = tuple(sorted({*moments, *moments_of(changed)})) if changed else moments
        self._moments.store(version, known)
        return known

    def clear(self) -> None:
        self._moments.clear()


BOUNDARIES = caches.register(BoundaryCache())


def moments_of(models: Collection[int] | None) -> Moments:
    """Every moment at which the price of one of these models changes without a write; None: of any model.

    Sheets and discounts start and end at a moment, and models and group rates start at one. Models are deprecated and
    retire, and currency rates take effect, on a day.
    """
    sheets, rows = PriceSheet.objects.filter(role__in=PUBLIC_ROLES), AIModel.objects.all()
    if models is not None:
        sheets, rows = sheets.filter(model__in=models), rows.filter(pk__in=models)
    moments, days = _values(sheets, "starts_at", "ends_at"), _values(rows, "deprecated_on", "retires_on")
    moments |= {*read_starts(models).moments}
    if models is None:
        moments |= _values(DiscountRule.objects.all(), "starts_at", "ends_at")
        moments |= _values(GroupRate.objects.all(), "starts_at")
        days |= _values(CurrencyRate.objects.all(), "as_of")
    return tuple(sorted({*moments, *map(_midnight, days)}))


def _values(rows: QuerySet[Any], *columns: str) -> set[Any]:
    """The different values of the columns, except NULL."""
    found = rows.order_by().values_list(*columns).distinct()
    return {value for values in found for value in values if value is not None}


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)


def parts_of_prices(counters: Counters) -> tuple[int, int, int]:
    """The counters that lists of prices depend on."""
    return counters.models, counters.prices, counters.popularity


def last_price_boundary(version: Version, *, at: dt.datetime) -> dt.datetime | None:
    """The last moment up to `at` at which the list changed without a write; it stays the same until the next one."""
    boundaries = BOUNDARIES.moments(version)
    position = bisect_right(boundaries, at)
    return boundaries[position - 1] if position else None


def published_until(version: Version, *, at: dt.datetime) -> dt.datetime:
    """Until when the list stays the same without a write: the next such moment, or the end of the day (UTC)."""
    boundaries = BOUNDARIES.moments(version)
    position = bisect_right(boundaries, at)
    return min([_midnight(at.date() + dt.timedelta(days=1)), *boundaries[position : position + 1]])


def models_changed_by_time(first: dt.datetime | None, second: dt.datetime | None) -> frozenset[int] | None:
    """The keys of the models whose prices or lifecycle differ at two boundaries, whichever is earlier.

    None: those of all models may differ.
    """
    if first == second:
        return frozenset()
    if first is None or second is None:
        return None
    after, until = sorted((first, second))

    def is_between(column: str) -> Q:
        return Q(**{f"{column}__gt": after, f"{column}__lte": until})

    def is_day_between(column: str) -> Q:
        return Q(**{f"{column}__gt": after.date(), f"{column}__lte": until.date()})

    of_all: tuple[tuple[type[Model], Q], ...] = (
        (DiscountRule, is_between("starts_at") | is_between("ends_at")),
        (GroupRate, is_between("starts_at")),
        (CurrencyRate, is_day_between("as_of")),
    )
    if any(table._default_manager.filter(condition).exists() for table, condition in of_all):
        return None
    sheets = PriceSheet.objects.filter(is_between("starts_at") | is_between("ends_at"), role__in=PUBLIC_ROLES)
    models = AIModel.objects.filter(
        is_day_between("deprecated_on") | is_day_between("retires_on") | is_between("starts_at")
    )
    releases = ModelRelease.objects.filter(is_between("starts_at"))
    changed = (sheets.values_list("model", flat=True), models.values_list("pk", flat=True))
    return frozenset(chain(*changed, releases.values_list("model", flat=True)))
