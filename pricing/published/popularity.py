"""Popular models: first those that operators pinned, then those with the most requests in the last days.

Usage is counted by whole days (UTC) up to yesterday. A report about today changes no list before tomorrow, so frequent
reports do not invalidate caches.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from catalog.db import revision
from catalog.db.bulk import BATCH
from catalog.models import AIModel, ModelAlias
from catalog.models.aimodel import wildcards_of
from pricing.models import PopularModel, UsageCount
from tokens.timestamps import YEARS

# The most requests or tokens of one model in a day; more is a mistake.
LARGEST_COUNT = 10**15


class UsageError(ValueError):
    """A report that is not valid; the message is one sentence for the sender."""


@dataclass(frozen=True)
class Report:
    """The usage of one model on one day."""

    model: str
    day: dt.date
    requests: int
    tokens: int = 0


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


def check_report(model: object, day: object, requests: object, tokens: object) -> Report:
    """A report of these values; UsageError if they are not valid."""
    if not isinstance(model, str) or not 0 < len(model) <= 255:
        raise UsageError("model must be the id of a model.")
    try:
        date = dt.date.fromisoformat(day) if isinstance(day, str) else None
    except ValueError:
        date = None
    if date is None or len(str(day)) != len("2026-01-31") or date.year not in YEARS:
        raise UsageError(f"The day of {model[:80]} must be a date such as 2026-01-31.")
    counts = {"requests": requests, "tokens": tokens}
    for name, value in counts.items():
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_COUNT:
            raise UsageError(f"The {name} of {model[:80]} must be a whole number, 0 or more.")
    return Report(model, date, int(str(requests)), int(str(tokens)))


def record_usage(reports: Iterable[Report], *, reporter: str, today: dt.date, dry_run: bool = False) -> list[str]:
    """Stores the counts, replacing what the same reporter reported for that day; returns the unknown names."""
    listed = list(reports)
    keys = _keys_by_name({report.model for report in listed})
    rows: dict[tuple[int, dt.date], UsageCount] = {}
    for report in listed:
        if report.day > today:
            raise UsageError(f"The day {report.day} is in the future.")
        if report.model not in keys:
            continue
        place = keys[report.model], report.day
        row = rows.setdefault(place, UsageCount(model_id=place[0], day=place[1], reporter=reporter))
        # A model may be reported under its name and its aliases.
        row.requests += report.requests
        row.tokens += report.tokens
        if max(row.requests, row.tokens) > LARGEST_COUNT:
            raise UsageError(f"The counts of {report.model[:80]} on {report.day} are too large.")
    unknown = sorted({report.model for report in listed} - keys.keys())
    if dry_run:
        return unknown
    with transaction.atomic():
        if any(day < today for _, day in rows):
            revision.bump(revision.POPULARITY, about={model for model, _ in rows})
        UsageCount.objects.bulk_create(
            rows.values(),
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["model", "day", "reporter"],
            update_fields=["requests", "tokens"],
        )
    return unknown


def _keys_by_name(names: set[str]) -> Mapping[str, int]:
    """Name or alias -> the model's key; a name wins over an alias, and an alias over a wildcard model."""
    aliases = ModelAlias.objects.values_list("name", "model")
    models = AIModel.objects.values_list("name", "pk")
    known: dict[str, int] = dict([*aliases, *models])
    candidates = {name: next(filter(known.__contains__, (name, *wildcards_of(name))), "") for name in names}
    return {name: known[candidate] for name, candidate in candidates.items() if candidate}
