"""Popular models: first those that operators pinned, then those with the most requests in the last days.

Usage is counted by whole days (UTC) up to yesterday. A report about today changes no list before tomorrow, so frequent
reports do not invalidate caches.
"""

import datetime as dt
from collections.abc import Collection, Iterable

from django.conf import settings
from django.db.models import Sum

from catalog.caches import process_cache
from catalog.db.revision import Counters
from pricing.models import PopularModel, UsageCount


def popular_models(visible: Collection[int], *, on: dt.date, counters: Counters) -> list[int]:
    """The keys of the popular models among these, most popular first."""
    shown = [key for key in _pinned() if key in visible]
    if len(shown) >= settings.POPULAR_COUNT:
        return shown
    used = _most_used(counters.models, counters.popularity, on=on, days=settings.POPULAR_DAYS)
    ranked = [key for key in dict.fromkeys([*shown, *used]) if key in visible]
    return ranked[: settings.POPULAR_COUNT]


def popularity(*, on: dt.date, counters: Counters) -> dict[int, int]:
    """Model key -> its place among all models that are pinned or were used, also those that no reader sees.

    A model that is hidden changes the order of no others. The first ones that a reader sees are the `popular_models`.
    """
    used: tuple[int, ...] = ()
    if settings.POPULAR_COUNT > 0:
        used = _most_used(counters.models, counters.popularity, on=on, days=settings.POPULAR_DAYS)
    return {key: place for place, key in enumerate(dict.fromkeys([*_pinned(), *used]))}


def _pinned() -> Iterable[int]:
    return PopularModel.objects.order_by("position", "pk").values_list("model", flat=True)


# A changed price does not change it, and summing a month of thousands of models takes longer than one list.
@process_cache(maxsize=2)
def _most_used(_models: int, _popularity: int, *, on: dt.date, days: int) -> tuple[int, ...]:
    """The keys of the models that were used in the days before `on`, most requests first."""
    window = UsageCount.objects.filter(model__isnull=False, day__gte=on - dt.timedelta(days=days), day__lt=on)
    sums = window.values("model").annotate(requests_sum=Sum("requests"), tokens_sum=Sum("tokens"))
    ordered = sums.order_by("-requests_sum", "-tokens_sum", "model__name")
    return tuple(row["model"] for row in ordered if row["requests_sum"])
