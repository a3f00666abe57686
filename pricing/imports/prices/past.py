"""Past list prices of an import: they fill the time before the first stored sheet."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

from django.db import models

from catalog.imports.context import PlanContext
from catalog.models import AIModel
from catalog.sources.records import Document
from pricing.imports.prices.plan import PricePlan
from pricing.imports.prices.validity import why_invalid, without_unjudged_lines
from pricing.models import PriceSheet


def plan_past(plan: PricePlan, document: Document, context: PlanContext) -> None:
    """Adds the prices before the first stored one to the plan."""
    at = context.at
    records = [record for record in document.records if record.past]
    starts = _first_starts(record.name for record in records) if records else {}
    for record in records:
        released_on, first = starts.get(record.name, (None, None))
        day = released_on or record.released_on
        released = None if day is None else dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
        for past in record.past:
            start, end = past.starts_at or released, min(past.ends_at or at, first or at, at)
            if start is None or start >= end:
                continue
            sheet = without_unjudged_lines(past, record.name, context.findings)
            if problem := why_invalid(sheet):
                context.findings.add(f"{problem}; a past price was left out", record.name)
                continue
            # Without the moment of the import the plan is still the same a minute later.
            dated = replace(sheet, starts_at=start, ends_at=end if end < at else None)
            plan.past.setdefault(record.name, []).append(dated)


def _first_starts(names: Iterable[str]) -> dict[str, tuple[dt.date | None, dt.datetime | None]]:
    """Model id -> the day of its release, and when its first list price takes effect."""
    first = models.Min("sheets__starts_at", filter=models.Q(sheets__role=PriceSheet.Role.LIST))
    rows = AIModel.objects.filter(name__in=list(names)).annotate(first=first)
    return {name: (day, start) for name, day, start in rows.values_list("name", "released_on", "first")}
