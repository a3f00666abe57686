"""Since when it is known that a model retires and what replaces it, from the history of models."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.db.bulk import KEYS, batches
from catalog.models import AIModel

COLUMNS = ("deprecated_on", "retires_on", "successor_id")


@dataclass
class Announcements:
    """When the current values of a model were stored, and how often they have changed since it was created."""

    published_at: dt.datetime | None = None
    known_at: dict[str, dt.datetime] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    _values: dict[str, Any] = field(default_factory=dict)

    def read(self, at: dt.datetime, values: Mapping[str, Any]) -> None:
        """Takes the values of a history row, or those that are stored now."""
        if self.published_at is None and values["status"] == AIModel.Status.PUBLISHED:
            self.published_at = at
        for name in COLUMNS:
            if name not in self._values or self._values[name] != values[name]:
                self.revisions[name] = self.revisions.get(name, -1) + 1
                self.known_at[name], self._values[name] = at, values[name]

    @property
    def modified_at(self) -> dt.datetime:
        """The last change of one of the values."""
        return max(self.known_at.values())


def read_announcements(models: Iterable[AIModel]) -> dict[int, Announcements]:
    """Model key -> its announcements."""
    by_key = {model.pk: model for model in models}
    found = {key: Announcements() for key in by_key}
    for batch in batches(list(by_key), KEYS):
        rows = AIModel.history.filter(id__in=batch, history_type__in="+~").order_by("history_id")
        for row in rows.values("id", "history_date", "status", *COLUMNS).iterator(chunk_size=5000):
            found[row["id"]].read(row["history_date"], row)
    for key, model in by_key.items():
        # Rows that were written without history, and those whose history is no longer stored.
        at = model.updated_at if found[key].known_at else model.created_at
        found[key].read(at, {name: getattr(model, name) for name in ("status", *COLUMNS)})
    return found
