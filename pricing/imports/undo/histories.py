"""What a change did to the rows of a table, according to their history: an import run, a request, or one save."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from django.db import models
from simple_history.utils import get_history_model_for_model

from catalog.db.bulk import KEYS, batches
from catalog.models import ImportRun

# Key of a row, the row without the change, and the row as the change left it.
Values = tuple[int, Mapping[str, Any], Mapping[str, Any]]


class ChangeHistory:
    """What a change did to the rows of one table; `written`: the history rows that it wrote."""

    run: ImportRun | None = None
    # The import runs whose values are not restored.
    undone_runs: Sequence[int] = ()

    def __init__(self, table: type[models.Model], written: models.Q) -> None:
        self.table = table
        self.model: Any = get_history_model_for_model(table)
        rows = self.model.objects.filter(written).order_by("history_id")
        self.written: dict[int, tuple[int, str]] = {
            number: (key, kind) for number, key, kind in rows.values_list("history_id", "id", "history_type")
        }
        created, deleted = ({key for key, kind in self.written.values() if kind == sign} for sign in "+-")
        # What it created and deleted itself needs no undoing, unless it had only replaced the row.
        self.created = sorted(created - deleted)
        self.deleted = sorted(deleted - created)
        touched = dict.fromkeys(key for key, _ in self.written.values())
        self.changed = [key for key in touched if key not in created and key not in deleted]

    @cached_property
    def last(self) -> dict[int, int]:
        """Key of a row -> the last history row that the change wrote of it."""
        return {key: number for number, (key, _) in self.written.items()}

    @cached_property
    def applied_at(self) -> dt.datetime | None:
        """When the change was made."""
        last: dt.datetime | None = self.model.objects.filter(pk__in=self.last.values()).aggregate(
            at=models.Max("history_date")
        )["at"]
        return last

    def is_own(self, row: Mapping[str, Any]) -> bool:
        return row["history_id"] in self.written

    def is_undone(self, row: Mapping[str, Any]) -> bool:
        """Whether the change that wrote this history row was rolled back, so that its values do not return."""
        return False

    def edited_since(self) -> set[int]:
        """The rows that it created and that have other values now."""
        return {key for key, _ in self.compare_created()}

    def compare_created(self) -> Iterable[tuple[int, list[str]]]:
        """Key and columns of the rows that it created and that have other values now."""
        columns = [column.attname for column in self.model.tracked_fields if not is_automatic(column)]
        for keys in batches(self.created, KEYS):
            numbers = [self.last[key] for key in keys]
            after = {row["id"]: row for row in self.model.objects.filter(pk__in=numbers).values("id", *columns)}
            for row in self.table._default_manager.filter(pk__in=keys).order_by("pk"):
                if moved := [name for name in columns if getattr(row, name) != after[row.pk][name]]:
                    yield row.pk, moved

    def created_by_undone_runs(self) -> set[int]:
        """The rows that it created, and that will not be there without it."""
        return set(self.created)

    def ends(self) -> Iterable[tuple[int, dt.datetime | None, dt.datetime | None]]:
        """Key of a row that it ended, with the end before and after."""
        for key, before, after in self.before_and_after():
            if before["ends_at"] != after["ends_at"]:
                yield key, before["ends_at"], after["ends_at"]

    def before_and_after(self) -> Iterable[Values]:
        """The rows that it changed or deleted, with their values before and after.

        Changes that were rolled back do not return: a field gets the value that somebody else wrote last.
        A row whose older history was pruned is left out, because its earlier values are unknown.
        """
        columns = [column.attname for column in self.model.tracked_fields]
        for keys in batches([*self.changed, *self.deleted], KEYS):
            rows = self.model.objects.filter(id__in=keys).order_by("id", "history_id")
            last: dict[int, Any] = {}
            intended: dict[int, dict[str, Any]] = {}
            before: dict[int, dict[str, Any]] = defaultdict(dict)
            after: dict[int, Any] = {}
            for row in rows.values("id", "history_id", "history_type", "run_id", *columns).iterator():
                key, is_own = row["id"], self.is_own(row)
                if earlier := last.get(key):
                    moved = [name for name in columns if row[name] != earlier[name]]
                    if is_own:
                        before[key] |= {name: intended[key][name] for name in moved}
                        after[key] = row
                    elif not self.is_undone(row):
                        intended[key] |= {name: row[name] for name in moved}
                else:
                    intended[key] = dict(row)
                    if is_own and row["history_type"] == "-":
                        after[key] = row
                last[key] = row
            yield from ((key, after[key] | before[key], after[key]) for key in keys if key in after)

    def relations(self) -> Iterable[tuple[Any, dict[int, tuple[set[int], set[int]]]]]:
        """Each many-to-many relation with history -> key of a row -> the related keys before and after the change.

        Those of deleted rows have no `after`: their last history row has no relations.
        """
        first: dict[int, int] = {}
        for number, (key, _) in self.written.items():
            first.setdefault(key, number)
        keys = [*self.created, *self.changed, *self.deleted]
        for relation in getattr(self.model, "_history_m2m_fields", ()):
            numbers = {key: (self._before(key, first[key]), self.last[key]) for key in keys}
            copies = related_keys(self.model, relation, [number for pair in numbers.values() for number in pair])
            yield relation, {key: (copies[before], copies[after]) for key, (before, after) in numbers.items()}

    def _before(self, key: int, number: int) -> int:
        """The history row of the same row before this one; 0 without one."""
        earlier = self.model.objects.filter(id=key, history_id__lt=number).order_by("-history_id")
        return int(earlier.values_list("history_id", flat=True).first() or 0)


class RunHistory(ChangeHistory):
    """What an import run did to the rows of one table, and which of these rows were changed since."""

    run: ImportRun

    def __init__(self, table: type[models.Model], run: ImportRun) -> None:
        super().__init__(table, models.Q(run=run))
        self.run = run
        # A rollback inserts no deleted rows: an import deletes only announced prices, which its report has.
        created = [key for key, kind in self.written.values() if kind == "+"]
        self.created = sorted(dict.fromkeys(created))
        self.changed = [
            key for key in dict.fromkeys(k for k, kind in self.written.values() if kind == "~") if key not in {*created}
        ]
        self.deleted = []

    def is_own(self, row: Mapping[str, Any]) -> bool:
        return bool(row["run_id"] == self.run.pk)

    def is_undone(self, row: Mapping[str, Any]) -> bool:
        return row["run_id"] in self.undone_runs

    @cached_property
    def applied_at(self) -> dt.datetime | None:
        return self.run.applied_at

    @cached_property
    def undone_runs(self) -> Sequence[int]:  # type: ignore[override]
        """This run and those that were rolled back before: their values are not restored."""
        rolled_back = ImportRun.objects.filter(status=ImportRun.Status.ROLLED_BACK).values_list("pk", flat=True)
        return [self.run.pk, *rolled_back]

    def edited_since(self) -> set[int]:
        """The rows that it created and that somebody or another import has changed since."""
        runs, edited = self.undone_runs, set[int]()
        for keys in batches(self.created, KEYS):
            others = self.model.objects.filter(id__in=keys).exclude(run__in=runs)
            edited.update(others.values_list("id", flat=True))
        return edited

    def created_by_undone_runs(self) -> set[int]:
        """The rows that this run or a run that was rolled back created."""
        rows = self.model.objects.filter(history_type="+", run__in=self.undone_runs)
        return set(rows.values_list("id", flat=True))

    def ends(self) -> Iterable[tuple[int, dt.datetime | None, dt.datetime | None]]:
        """The ends that the run stored for its rollback."""
        for key, before, after in (self.run.report.get("undo") or {}).get("ends", ()):
            yield key, as_moment(before), as_moment(after)


def related_keys(history: Any, relation: Any, numbers: Sequence[int]) -> dict[int, set[int]]:
    """Key of a history row -> the keys of the rows that it was related to."""
    copies = getattr(history, relation.name).model
    found: dict[int, set[int]] = defaultdict(set)
    for batch in batches(numbers, KEYS):
        rows = models.QuerySet[Any](copies).filter(history__in=batch)
        for number, key in rows.values_list("history_id", f"{relation.m2m_reverse_field_name()}_id"):
            found[number].add(key)
    return found


def is_automatic(column: Any) -> bool:
    """Whether the software sets the column at each save."""
    return bool(column.primary_key or getattr(column, "auto_now", False) or getattr(column, "auto_now_add", False))


def as_moment(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)


def rows_of(table: type[models.Model], keys: Sequence[int]) -> list[Any]:
    return [row for part in batches(keys, KEYS) for row in table._default_manager.filter(pk__in=part).order_by("pk")]
