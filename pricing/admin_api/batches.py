"""What a batch needs to know of the stored rows, read once."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from django.db import models

from catalog.db.bulk import KEYS, batches
from catalog.models.names import NAMED, Names


@dataclass
class Batch:
    """The keys of its rows, in their order (empty: without one), and the stored rows with these keys."""

    table: type[models.Model]
    keys: Sequence[str]
    stored: dict[str, Any]
    names: Names | None

    @classmethod
    def read(cls, table: type[models.Model], visible: Any, column: str, keys: Sequence[str]) -> "Batch":
        """`visible` are the rows that the operator may see, `column` has their keys."""
        stored = dict[str, Any]()
        for some in batches([key for key in dict.fromkeys(keys) if key], KEYS):
            for row in visible.filter(**{f"{column}__in": some}):
                stored[str(reduce(getattr, column.split("__"), row))] = row
        return cls(table, keys, stored, Names(table) if table in NAMED else None)

    def first_with_key_of(self, index: int) -> int:
        """The first row with the key of this one; itself for a row without a key."""
        return self.keys.index(self.keys[index]) if self.keys[index] else index

    def stored_at(self, index: int) -> Any:
        """The stored row that the row with this index changes; None: it creates one."""
        return self.stored.get(self.keys[index])

    def names_of(self, row: models.Model | None) -> list[str]:
        """The names of a stored row; none of one that is created."""
        return [getattr(row, column) for column in NAMED.get(self.table, ()) if row is not None]

    def add_names(self, row: models.Model, before: Sequence[str]) -> None:
        """Notes the names of a row for those that follow; `before` are its earlier ones."""
        names = self.names_of(row)
        if self.names is None or names == before:
            return
        if before:
            # It has given a name away.
            self.names = Names(self.table)
            return
        for name in names:
            self.names.add(str(row._meta.verbose_name), name, row.pk)
