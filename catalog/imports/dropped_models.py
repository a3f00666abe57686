"""Which models a source no longer lists, and since when: stored on the source until it lists them again.

Runs cannot show it: a document that only lacks some models changes nothing and creates no run.
"""

import datetime as dt
from collections.abc import Collection

from django.db import transaction

from catalog.models import AIModel, ImportRun, ModelAlias, Source


def record_dropped_models(slug: str, *, missing: Collection[str], listed: Collection[str], at: dt.datetime) -> None:
    """Stores which models the source listed before and lists no longer; `missing` and `listed` are the source's ids."""
    with transaction.atomic():
        source = Source.objects.select_for_update().filter(slug=slug).first()
        if source is None or not (missing or source.missing):
            return
        stored = set(AIModel.objects.values_list("name", flat=True))
        models = dict(ModelAlias.objects.values_list("name", "model__name")) | {name: name for name in stored}
        current = {models.get(name) for name in listed}
        dropped = {models[name] for name in missing if name in models} - current
        since = {name: day for name, day in source.missing.items() if name in stored and name not in current}
        since |= {name: at.date().isoformat() for name in sorted(dropped) if name not in since}
        if since != source.missing:
            # Without history: nobody decided it.
            Source.objects.filter(pk=source.pk).update(missing=since)


def forget_dropped_models(run: ImportRun) -> None:
    """Removes the marks that a run made, when it is rolled back."""
    if run.applied_at is None:
        return
    models = dict(ModelAlias.objects.values_list("name", "model__name"))
    dropped = {models.get(name, name) for name in run.report.get("missing") or ()}
    day = run.applied_at.date().isoformat()
    missing = {name: since for name, since in run.source.missing.items() if name not in dropped or since != day}
    Source.objects.filter(pk=run.source_id).update(missing=missing)


def dropped_models() -> dict[str, list[tuple[str, str]]]:
    """Model id -> the name of each source that no longer lists it, and the first day (UTC)."""
    dropped: dict[str, list[tuple[str, str]]] = {}
    for name, missing in Source.objects.exclude(missing={}).order_by("name", "pk").values_list("name", "missing"):
        for model, since in missing.items():
            dropped.setdefault(model, []).append((name, since))
    return dropped


def describe_sources(sources: Collection[tuple[str, str]]) -> str:
    """The sources that dropped one model, in words."""
    return ", ".join(f"not listed by {name} since {since}" for name, since in sources)
