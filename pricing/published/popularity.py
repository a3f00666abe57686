"""Popular models: first those that operators pinned, then those with the most requests in the last days.

Usage is counted by whole days (UTC) up to yesterday. A report about today changes no list before tomorrow, so frequent
reports do not invalidate caches.
"""

import datetime as dt
from collections.abc import Iterable

from django.conf import settings
from django.db.models import Sum

from catalog.models import AIModel
from pricing.models import PopularModel, UsageCount


def popular_models(models: Iterable[AIModel], *, on: dt.date) -> list[str]:
    """The names of the popular models among these, most popular first."""
    visible = {model.pk: model.name for model in models}
    pinned = list(PopularModel.objects.order_by("position", "pk").values_list("model", flat=True))
    ranked = [key for key in dict.fromkeys([*pinned, *_measured(on=on)]) if key in visible]
    number = max(settings.POPULAR_COUNT, sum(key in visible for key in pinned))
    return [visible[key] for key in ranked[:number]]


def _measured(*, on: dt.date) -> list[int]:
    """Keys of the models that were used in the days before `on`, most requests first."""
    if settings.POPULAR_COUNT <= 0:
        return []
    window = UsageCount.objects.filter(day__gte=on - dt.timedelta(days=settings.POPULAR_DAYS), day__lt=on)
    sums = window.values("model").annotate(requests_sum=Sum("requests"), tokens_sum=Sum("tokens"))
    return [row["model"] for row in sums.order_by("-requests_sum", "-tokens_sum", "model__name") if row["requests_sum"]]
