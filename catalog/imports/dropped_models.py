"""Which models a source no longer lists, and since when: noted on the source, and gone when they come back.

It cannot be read off the runs: a document that is the last one without some models changes nothing, so it makes no run.
"""

import datetime as dt
from collections.abc import Collection

from django.db import transaction

from catalog.models import AIModel, ModelAlias, Source


def record_dropped_models(slug: str, *, missing: Collection[str], listed: Collection[str], at: dt.datetime) -> None:
    """Notes what a document of the source had before and lacks now; both are ids that the source itself uses."""
    with transaction.atomic():
        source = Source.objects.select_for_update().filter(slug=slug).first()
        if source is None or not (missing or source.missing):
            return
        stored = set(AIModel.objects.values_list("name", flat=True))
        meant = dict(ModelAlias.objects.values_list("name", "model__name")) | {name: name for name in stored}
        here = {meant.get(name) for name in listed}
        gone = {meant[name] for name in missing if name in meant} - here
        noted = {name: since for name, since in source.missing.items() if name in stored and name not in here}
        noted |= {name: at.date().isoformat() for name in sorted(gone) if name not in noted}
        if noted != source.missing:
            # Past the history: that is no decision of anybody's.
            Source.objects.filter(pk=source.pk).update(missing=noted)


def dropped_models() -> dict[str, list[tuple[str, str]]]:
    """Model id -> the names of the sources that no longer list it, each with the day (UTC) since when."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name, missing in Source.objects.exclude(missing={}).order_by("name", "pk").values_list("name", "missing"):
        for model, since in missing.items():
            found.setdefault(model, []).append((name, since))
    return found


def describe_sources(sources: Collection[tuple[str, str]]) -> str:
    """The same of one model, for people."""
    return ", ".join(f"not listed by {name} since {since}" for name, since in sources)
