"""Since when it is known that a model retires and what replaces it, from the history of models."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.db.bulk import KEYS, batches
from catalog.models import AIModel

COLUMNS = ("deprecated_on", "retires_on", "successor_id")
FIELDS = ("status", "in_price_list", *COLUMNS)


@dataclass
class Announcements:
    """When the current values of a model were stored, and how often they have changed since it was created."""

    # Since when it has been published and in the price list for the first time.
    published_at: dt.datetime | None = None
    # The same for the last time: what changed while it was a draft is announced then.
    published_since: dt.datetime | None = None
    known_at: dict[str, dt.datetime] = field(default_factory=dict)
    revisions: dict[str, int] = field(default_factory=dict)
    _values: dict[str, Any] = field(default_factory=dict)

    def read(self, at: dt.datetime, values: Mapping[str, Any]) -> None:
        """Takes the values of a history row, or those that are stored now."""
        is_published = values["status"] == AIModel.Status.PUBLISHED and values["in_price_list"]
        if is_published:
            self.published_at = self.published_at or at
            self.published_since = self.published_since or at
        else:
            self.published_since = None
        for name in COLUMNS:
            if name not in self._values or self._values[name] != values[name]:
                self.revisions[name] = self.revisions.get(name, -1) + 1
                self.known_at[name], self._values[name] = at, values[name]


def read_announcements(models: Iterable[AIModel]) -> dict[int, Announcements]:
    """Model key -> its announcements."""
    by_key = {model.pk: model for model in models}
    found, last = {key: Announcements() for key in by_key}, dict[int, dt.datetime]()
    for batch in batches(list(by_key), KEYS):
        rows = AIModel.history.filter(id__in=batch, history_type__in="+~").order_by("history_id")
        for row in rows.values("id", "history_date", *FIELDS).iterator(chunk_size=5000):
            found[row["id"]].read(row["history_date"], row)
            last[row["id"]] = row["history_date"]
    for key, model in by_key.items():
        # What was written without history counts as written with the last row that has one.
        found[key].read(last.get(key, model.created_at), {name: getattr(model, name) for name in FIELDS})
    return found
