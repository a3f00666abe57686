"""What entries of the audit trail have changed: old and new values by field, read for many entries at once."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import models
from django.db.models import Max, OuterRef, Subquery
from simple_history.utils import get_history_model_for_model

from catalog.db.audit import recorded_models
from catalog.db.history import AUTOMATIC
from catalog.exact import digits, write_json
from catalog.models import AuditEntry

# Columns that the software sets.
UNSAID = {*AUTOMATIC, "id", "author", "author_name"}


class ValueChange(NamedTuple):
    """One field with its old and new value, as text."""

    field: str
    old: str
    new: str


def changes_of(entries: Iterable[AuditEntry]) -> dict[int, list[ValueChange]]:
    """Key of an entry -> its changes. A new row has those of its values that say something, a deleted one has none."""
    found: dict[int, list[ValueChange]] = {}
    by_kind: dict[str, list[AuditEntry]] = defaultdict(list)
    for entry in entries:
        if entry.history is None:
            found[entry.pk] = [ValueChange(name, _text(old), _text(new)) for name, (old, new) in entry.changes.items()]
        else:
            by_kind[entry.kind].append(entry)
    tables = {model._meta.label_lower: model for model in recorded_models()}
    for kind, of_kind in by_kind.items():
        if kind in tables:
            found |= _compare(tables[kind], of_kind)
    return found


def _compare(model: type[models.Model], entries: Sequence[AuditEntry]) -> dict[int, list[ValueChange]]:
    history: Any = get_history_model_for_model(model)
    rows = models.QuerySet[Any](history)
    earlier = rows.filter(id=OuterRef("id"), history_id__lt=OuterRef("history_id")).order_by()
    newest = Subquery(earlier.values("id").annotate(newest=Max("history_id")).values("newest"))
    keys = [entry.history for entry in entries]
    new = {row.history_id: row for row in rows.filter(history_id__in=keys).annotate(earlier=newest)}
    old = rows.in_bulk([row.earlier for row in new.values() if row.earlier])
    related = _related(history, [*new, *old])
    names = _Names()
    pairs = []
    for entry in entries:
        after = new.get(entry.history)
        if after is None or after.history_type == "-":
            continue
        pairs.append((entry.pk, old.get(after.earlier), after))
    fields = [field for field in history.tracked_fields if field.name not in UNSAID]
    for _, before, after in pairs:
        for field in fields:
            names.add(field, [getattr(row, field.attname) for row in (before, after) if row is not None])
    names.read()
    return {
        key: [*_columns(fields, before, after, names), *_relations(related, before, after)]
        for key, before, after in pairs
    }


def _columns(fields: Sequence[Any], before: Any, after: Any, names: "_Names") -> Iterable[ValueChange]:
    for field in fields:
        new = getattr(after, field.attname)
        old = getattr(before, field.attname) if before is not None else None
        is_said = old != new if before is not None else new not in (None, "", [], {}, False)
        if is_said:
            shown = [names.text(field, value) for value in (old, new)]
            yield ValueChange(str(field.verbose_name), "" if before is None else shown[0], shown[1])


class _Names:
    """The names of rows that foreign keys refer to."""

    def __init__(self) -> None:
        self.keys: dict[Any, set[Any]] = defaultdict(set)
        self.names: dict[Any, Mapping[Any, Any]] = {}

    def add(self, field: Any, values: Collection[Any]) -> None:
        if field.is_relation:
            self.keys[field.related_model].update(value for value in values if value is not None)

    def read(self) -> None:
        self.names = {model: models.QuerySet[Any](model).in_bulk(keys) for model, keys in self.keys.items()}

    def text(self, field: Any, value: Any) -> str:
        if field.is_relation and value is not None:
            row = self.names.get(field.related_model, {}).get(value)
            return f"deleted (key {value})" if row is None else str(row)
        if isinstance(field, models.URLField) and value:
            # The query of an address may contain a key.
            address, query, _ = value.partition("?")
            return f"{address}?…" if query else address
        return _text(value)


def _related(history: Any, keys: Collection[int]) -> dict[str, dict[int, list[str]]]:
    """Name of a relation -> key of a history row -> the names of the rows that it was related to."""
    found: dict[str, dict[int, list[str]]] = {}
    for relation in getattr(history, "_history_m2m_fields", ()):
        copies, other = getattr(history, relation.name).model, relation.m2m_reverse_field_name()
        pairs = list(models.QuerySet[Any](copies).filter(history__in=keys).values_list("history_id", other))
        names = models.QuerySet[Any](relation.related_model).in_bulk({key for _, key in pairs})
        by_row: dict[int, list[str]] = defaultdict(list)
        for row, key in pairs:
            by_row[row].append(str(names.get(key, f"deleted (key {key})")))
        found[str(relation.verbose_name)] = {row: sorted(texts) for row, texts in by_row.items()}
    return found


def _relations(related: Mapping[str, Mapping[int, list[str]]], before: Any, after: Any) -> Iterable[ValueChange]:
    for name, by_row in related.items():
        old = by_row.get(before.history_id, []) if before is not None else []
        new = by_row.get(after.history_id, [])
        if old != new:
            yield ValueChange(name, ", ".join(old), ", ".join(new))


def _text(value: Any) -> str:
    match value:
        case dt.datetime():
            return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
        case list() if all(isinstance(part, str) for part in value):
            return ", ".join(value)
        case list() | dict():
            return write_json(value).decode()
    return plain_text(value)


def plain_text(value: Any) -> str:
    """A value as people read it, if it is neither a moment nor a list: nothing, yes or no, a number, a text."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return digits(value)
    return str(value)
