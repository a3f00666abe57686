"""What an import run did to the rows of a table, according to their history."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from django.db import models
from simple_history.utils import get_history_model_for_model

from catalog.db.bulk import KEYS, batches
from catalog.models import ImportRun


class RunHistory:
    """What a run did to the rows of one table, and which of these rows were changed since."""

    def __init__(self, table: type[models.Model], run: ImportRun) -> None:
        self.table, self.run = table, run
        self.model: Any = get_history_model_for_model(table)
        of_run = self.model.objects.filter(run=run)
        self.created = list(of_run.filter(history_type="+").order_by("id").values_list("id", flat=True))
        created = set(self.created)
        changed = of_run.filter(history_type="~").order_by("history_id").values_list("id", flat=True)
        self.changed = [key for key in dict.fromkeys(changed) if key not in created]

    @cached_property
    def undone_runs(self) -> list[int]:
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

    def before_and_after(self) -> Iterable[tuple[int, Mapping[str, Any], Mapping[str, Any]]]:
        """Key, the row without the run's changes, and the row as the run left it, for the rows that it changed.

        Changes of runs that were rolled back do not return: a field gets the value that somebody else wrote last.
        A row whose older history was pruned is left out, because its earlier values are unknown.
        """
        columns = [column.attname for column in self.model.tracked_fields]
        rolled_back = set(self.undone_runs) - {self.run.pk}
        for keys in batches(self.changed, KEYS):
            rows = self.model.objects.filter(id__in=keys).order_by("id", "history_id")
            last: dict[int, Any] = {}
            intended: dict[int, dict[str, Any]] = {}
            before: dict[int, dict[str, Any]] = defaultdict(dict)
            after: dict[int, Any] = {}
            for row in rows.values("id", "run_id", *columns).iterator():
                key, writer = row["id"], row["run_id"]
                if earlier := last.get(key):
                    moved = [name for name in columns if row[name] != earlier[name]]
                    if writer == self.run.pk:
                        before[key] |= {name: intended[key][name] for name in moved}
                        after[key] = row
                    elif writer not in rolled_back:
                        intended[key] |= {name: row[name] for name in moved}
                else:
                    intended[key] = dict(row)
                last[key] = row
            yield from ((key, after[key] | before[key], after[key]) for key in keys if key in after)


def rows_of(table: type[models.Model], keys: Sequence[int]) -> list[Any]:
    return [row for part in batches(keys, KEYS) for row in table._default_manager.filter(pk__in=part).order_by("pk")]
