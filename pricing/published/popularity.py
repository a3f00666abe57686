"""Popular models: first those that operators pinned, then those with the most requests in the last days.

Usage is counted by whole days (UTC) up to yesterday. A report about today changes no list before tomorrow, so frequent
reports do not invalidate caches.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from operator import itemgetter

from django.conf import settings
from django.db.models import Sum

from catalog.caches import process_cache
from catalog.db.revision import Counters
from pricing.models import PopularModel, UsageCount
from tokens.access.prices import Rank


def popular_models(visible: Collection[int], *, on: dt.date, counters: Counters) -> list[int]:
    """The keys of the popular models among these, most popular first."""
    shown = [key for key in _pinned() if key in visible]
    if len(shown) >= settings.POPULAR_COUNT:
        return shown
    used = _most_used(counters.models, counters.popularity, on=on, days=settings.POPULAR_DAYS)
    ranked = [key for key in dict.fromkeys([*shown, *used]) if key in visible]
    return ranked[: settings.POPULAR_COUNT]


def popularity(*, on: dt.date, counters: Counters) -> dict[int, Rank]:
    """Model key -> its rank, of all models that are pinned or were used, also of those that no reader sees.

    It is a fact of the model alone: one that is hidden or deleted changes the ranks of no others. The first ones that a
    reader sees are the `popular_models`.
    """
    used: Mapping[int, Rank] = {}
    if settings.POPULAR_COUNT > 0:
        used = _most_used(counters.models, counters.popularity, on=on, days=settings.POPULAR_DAYS)
    pinned = PopularModel.objects.values_list("model", "position", "pk")
    return {**used, **{model: (0, position, key) for model, position, key in pinned}}


def _pinned() -> Iterable[int]:
    return PopularModel.objects.order_by("position", "pk").values_list("model", flat=True)


# A changed price does not change it, and summing a month of thousands of models takes longer than one list.
@process_cache(maxsize=2)
def _most_used(_models: int, _popularity: int, *, on: dt.date, days: int) -> Mapping[int, Rank]:
    """The keys and ranks of the models that were used in the days before `on`, most requests first."""
    window = UsageCount.objects.filter(model__isnull=False, day__gte=on - dt.timedelta(days=days), day__lt=on)
    sums = window.values("model").annotate(requests_sum=Sum("requests"), tokens_sum=Sum("tokens"))
    rows = sums.values_list("model", "model__name", "requests_sum", "tokens_sum")
    ranks = {model: (1, -requests, -(tokens or 0), name) for model, name, requests, tokens in rows if requests}
    return dict(sorted(ranks.items(), key=itemgetter(1)))
