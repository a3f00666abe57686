"""Who wrote the current value of a field, according to its history: a person, or the source of an import."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from catalog.db.bulk import KEYS, batches
from catalog.models import AIModel, ImportRun, ModelAlias
from catalog.source_trust import BY_HAND, PERSON, Writer

Author = TypeVar("Author")
# The run of a value that a person wrote.
NO_RUN = 0


@dataclass
class _Trace(Generic[Author]):
    """A value that is followed back through the history; `ended` if an older row has another value."""

    value: Any
    by: Author
    ended: bool = False


def run_writers() -> dict[int, Writer]:
    """Run -> its source, without runs that were rolled back: their values count as never written.

    Values that a person adopted from a source are protected from other sources like a person's own.
    """
    runs = ImportRun.objects.exclude(status=ImportRun.Status.ROLLED_BACK).select_related("source")
    rows = runs.only("options", "source__slug", "source__name", "source__trust")
    return {run.pk: _writer(run) for run in rows}


def _writer(run: ImportRun) -> Writer:
    writer = run.source.as_writer(run.options.get("providers") or ())
    return replace(writer, trust=BY_HAND) if run.options.get("adopted") else writer


def field_writers(fields: Mapping[int, Collection[str]]) -> dict[int, dict[str, Writer]]:
    """Model key -> field -> who wrote its current value; a person if the history does not show it."""
    return _authors(fields, run_writers(), PERSON)


def field_runs(fields: Mapping[int, Collection[str]]) -> dict[int, dict[str, int]]:
    """Model key -> field -> the run that wrote its current value; NO_RUN for a person."""
    runs = ImportRun.objects.exclude(status=ImportRun.Status.ROLLED_BACK).values_list("pk", flat=True)
    return _authors(fields, {run: run for run in runs}, NO_RUN)


def _authors(
    fields: Mapping[int, Collection[str]], authors: Mapping[int, Author], person: Author
) -> dict[int, dict[str, Author]]:
    """Model key -> field -> the author of its current value; `authors` are those of runs."""
    columns = sorted({_column(name) for names in fields.values() for name in names})
    traces: dict[int, dict[str, _Trace[Author]]] = {}
    for keys in batches(list(fields), KEYS):
        rows = AIModel.history.filter(id__in=keys).order_by("id", "-history_id").values("id", "run_id", *columns)
        for row in rows.iterator():
            by = person if row["run_id"] is None else authors.get(row["run_id"])
            if by is not None:
                _look_back(traces.setdefault(row["id"], {}), fields[row["id"]], row, by)
    return {key: {name: trace.by for name, trace in fields.items()} for key, fields in traces.items()}


def alias_writers(names: Collection[str]) -> dict[str, Writer]:
    """Alias -> who assigned it to its current model."""
    writers = run_writers()
    rows = ModelAlias.history.filter(name__in=names).order_by("-history_id").values_list("name", "model", "run_id")
    traces: dict[str, _Trace[Writer]] = {}
    for name, model, run in rows:
        by = PERSON if run is None else writers.get(run)
        if by is not None:
            traces.setdefault(name, _Trace(model, by))
            if traces[name].value != model:
                traces[name].ended = True
            elif not traces[name].ended:
                traces[name].by = by
    return {name: trace.by for name, trace in traces.items()}


def _look_back(traces: dict[str, _Trace[Author]], names: Collection[str], row: Mapping[str, Any], by: Author) -> None:
    """One step into the past: the writer of a value is the first one of an unbroken series of rows that have it."""
    for name in names:
        value, trace = row[_column(name)], traces.get(name)
        if trace is None:
            traces[name] = _Trace(value, by)
        elif not trace.ended and trace.value == value:
            trace.by = by
        else:
            trace.ended = True


def _column(name: str) -> str:
    return f"{name}_id" if name in ("vendor", "successor") else name
