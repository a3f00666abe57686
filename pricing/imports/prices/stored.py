"""The prices of one role that are stored: current, scheduled, and those that a current one covers."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from django.db.models import Q

from catalog.db.bulk import KEYS, batches
from catalog.prices import Line, Sheet
from pricing.models import PriceSheet
from pricing.published.prices import written_lines


class Row(NamedTuple):
    """The columns of a stored sheet without its price."""

    key: int
    starts_at: dt.datetime
    ends_at: dt.datetime | None
    run: int | None


@dataclass(frozen=True, eq=False)
class StoredSheet:
    """A stored price that has not ended."""

    key: int
    starts_at: dt.datetime
    ends_at: dt.datetime | None
    # None for the price of a person.
    run: int | None
    sheet: Sheet

    @property
    def runs(self) -> set[int | None]:
        """The runs that stated its lines; None for a person."""
        return {line.run or self.run for line in self.sheet.lines}

    @property
    def lines(self) -> list[Line]:
        """Its lines, each with the run that stated it."""
        return [line if line.run or self.run is None else replace(line, run=self.run) for line in self.sheet.lines]

    @property
    def attributed(self) -> Sheet:
        """Its price, each line with the run that stated it."""
        return replace(self.sheet, lines=tuple(self.lines))


def stored_sheets(role: str, *, at: dt.datetime, dated: Collection[str]) -> dict[str, list[StoredSheet]]:
    """Model id -> its sheets that have not ended, the oldest first.

    Only the current price is read where neither the stored prices nor the source have dates; `dated` are the models
    for which the source has some.
    """
    rows = PriceSheet.objects.filter(Q(ends_at=None) | Q(ends_at__gt=at), role=role).order_by("starts_at", "pk")
    columns = rows.values_list("model__name", "pk", "starts_at", "ends_at", "run")
    by_model: dict[str, list[Row]] = {}
    for name, key, starts_at, ends_at, run in columns.iterator(chunk_size=5000):
        by_model.setdefault(name, []).append(Row(key, starts_at, ends_at, run))
    for name, sheets in by_model.items():
        if name not in dated and all(sheet.ends_at is None and sheet.starts_at <= at for sheet in sheets):
            by_model[name] = sheets[-1:]
    prices = _prices([sheet.key for sheets in by_model.values() for sheet in sheets])
    return {name: [StoredSheet(*row, prices[row.key]) for row in sheets] for name, sheets in by_model.items()}


def _prices(keys: Sequence[int]) -> dict[int, Sheet]:
    lines = written_lines(keys)
    return {
        key: Sheet(currency, tuple(lines.get(key, ())), facts=facts)
        for batch in batches(keys, KEYS)
        for key, currency, facts in PriceSheet.objects.filter(pk__in=batch).values_list("pk", "currency", "facts")
    }
