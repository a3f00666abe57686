"""Stores daily totals of usage, of any length: first all of them are checked and added up, then they are written.

The sums are in a temporary file of SQLite, not in memory, and are written in transactions of well under a second each:
other writers wait no longer. A report replaces what the same source of the reporter reported for the name and day, so a
report that was interrupted is sent again. Counts are stored under the reported name, so that neither an alias replaces
its model nor an unknown model is lost.
"""

import datetime as dt
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connections, router, transaction
from django.utils import timezone

from catalog.db import revision
from catalog.progress import track
from pricing.models import UsageCount
from pricing.usage.names import Forwards, find_models
from pricing.usage.quantities import UsageError
from tokens.keys import contains_key
from tokens.timestamps import YEARS

# The most requests or tokens of one model in a day; more is a mistake.
LARGEST_COUNT = 10**15
# Counts of one transaction, which takes about a tenth of a second.
BATCH = 5_000
# The part of that time for which other writers of SQLite get a chance: they poll, and would otherwise wait for the end.
PAUSE = 0.25
# Unknown names that are listed; more are counted.
MOST_UNKNOWN = 10_000

FIELDS = ("model", "day", "requests", "tokens", "source")
LONGEST_SOURCE = 64


class Total(NamedTuple):
    """The sums of what a reporter counts under a name on a day; the day as in 2026-01-31."""

    name: str
    model: int | None
    day: str
    source: str
    requests: int
    tokens: int


@dataclass(frozen=True)
class Report:
    """The usage of one model on one day, as one source of a reporter counts it."""

    model: str
    day: dt.date
    requests: int
    tokens: int = 0
    source: str = ""


@dataclass(frozen=True)
class Recorded:
    """The number of reports about models in the catalog, and the names that are not in it, sorted."""

    taken: int
    unknown: Sequence[str]


def check_report(values: Mapping[str, Any], *, source: str = "") -> Report:
    """The report with these values; UsageError if one is not valid. `source` is that of reports without their own."""
    if unknown := sorted(values.keys() - set(FIELDS)):
        raise UsageError(f"A report has no field {unknown[0][:80]!r}. The fields are {', '.join(FIELDS)}.")
    model, day = values.get("model"), values.get("day")
    if not isinstance(model, str) or not 0 < len(model) <= 255:
        raise UsageError("model must be the id of a model.")
    if contains_key(model):
        raise UsageError("model must be the id of a model, not a key.")
    try:
        date = dt.date.fromisoformat(day) if isinstance(day, str) else None
    except ValueError:
        date = None
    if date is None or len(str(day)) != len("2026-01-31") or date.year not in YEARS:
        raise UsageError(f"The day of {model[:80]} must be a date such as 2026-01-31.")
    counts = {name: values.get(name, 0) for name in ("requests", "tokens")}
    for name, value in counts.items():
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_COUNT:
            raise UsageError(f"The {name} of {model[:80]} must be a whole number, 0 or more.")
    return Report(model, date, counts["requests"], counts["tokens"], check_source(values.get("source", source)))


def check_source(source: object) -> str:
    """The source, which may be empty; UsageError if it is not valid."""
    if (
        not isinstance(source, str)
        or len(source) > LONGEST_SOURCE
        or not (source.isprintable() and source == source.strip())
    ):
        raise UsageError(f"source must be a name of at most {LONGEST_SOURCE} characters, e.g. that of a worker.")
    if source == UsageCount.EVENTS:
        raise UsageError(f"source must not be {UsageCount.EVENTS}, which stands for the sums of single events.")
    if contains_key(source):
        raise UsageError("source must be a name, not a key.")
    return source


def record_usage(reports: Iterable[Report], *, reporter: str, today: dt.date, dry_run: bool = False) -> Recorded:
    """Stores the counts, replacing what the same source of the reporter reported for that name and day.

    UsageError, before anything is stored, if a report is not valid.
    """
    with closing(Sums()) as sums:
        recorded = sums.add_all(reports, today=today)
        if not dry_run:
            for batch in sums.batches():
                start = time.monotonic()
                write(batch, reporter=reporter, today=today)
                if len(batch) == BATCH and connections[router.db_for_write(UsageCount)].vendor == "sqlite":
                    time.sleep((time.monotonic() - start) * PAUSE)
    return recorded


def write(totals: Sequence[Total], *, reporter: str, today: dt.date) -> None:
    """Writes these totals in one transaction, replacing those of the same sources."""
    _write(
        totals,
        reporter=reporter,
        today=today,
        values="model_id = excluded.model_id, requests = excluded.requests, tokens = excluded.tokens",
        condition="WHERE stored.requests <> excluded.requests OR stored.tokens <> excluded.tokens "
        "OR COALESCE(stored.model_id, 0) <> COALESCE(excluded.model_id, 0)",
    )


def add(totals: Sequence[Total], *, reporter: str, today: dt.date) -> None:
    """Adds these totals to those of the same sources, in one transaction.

    UsageError if one is too large. A count that waits for a model keeps waiting, with the events of its name.
    """
    for total in totals:
        _refuse_large(total.name, total.day, total.requests, total.tokens)
    model = "CASE WHEN stored.model_id IS NULL THEN NULL ELSE excluded.model_id END"
    values = "requests = stored.requests + excluded.requests, tokens = stored.tokens + excluded.tokens"
    _write(totals, reporter=reporter, today=today, values=f"model_id = {model}, {values}", condition="")


def _refuse_large(name: str, day: str, *counts: int) -> None:
    """UsageError for counts that are a mistake."""
    if max(counts) > LARGEST_COUNT:
        raise UsageError(f"The counts of {name[:80]} on {day} are too large.")


def _write(totals: Sequence[Total], *, reporter: str, today: dt.date, values: str, condition: str) -> None:
    """Inserts or updates the counts; raises the counter of popularity if the order of models may change."""
    connection = connections[router.db_for_write(UsageCount)]
    table = connection.ops.quote_name(UsageCount._meta.db_table)
    with transaction.atomic(), connection.cursor() as cursor:
        revision.hold()
        cursor.executemany(
            f"INSERT INTO {table} AS stored (name, model_id, day, reporter, source, requests, tokens) "  # noqa: S608
            "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (name, day, reporter, source) "
            f"DO UPDATE SET {values} {condition}",
            [(t.name, t.model, t.day, reporter, t.source, t.requests, t.tokens) for t in totals],
        )
        changed = cursor.rowcount
        first, after = popular_days(today)
        if changed and settings.POPULAR_COUNT > 0:
            about = {total.model for total in totals if total.model is not None and first <= total.day < after}
            if about:
                revision.bump(revision.POPULARITY, about=about)


def popular_days(today: dt.date) -> tuple[str, str]:
    """The first day whose usage determines which models are popular, and the day after the last one."""
    # Midnight may have passed since the import started.
    after = max(today, timezone.now().date())
    return (today - dt.timedelta(days=settings.POPULAR_DAYS)).isoformat(), after.isoformat()


@dataclass
class Sums:
    """The sums of reports by name, day and source, in a file that SQLite deletes when it is closed."""

    # An empty name is that of a temporary file.
    file: sqlite3.Connection = field(default_factory=lambda: sqlite3.connect("", isolation_level=None))
    models: Mapping[str, int] = field(default_factory=dict)
    forwards: Forwards = field(default_factory=lambda: Forwards({}))

    def __post_init__(self) -> None:
        self.file.execute("PRAGMA journal_mode = OFF")
        self.file.execute("PRAGMA cache_size = -16384")
        self.file.execute(
            "CREATE TABLE sums (day TEXT, name TEXT, source TEXT, requests INTEGER, tokens INTEGER, reports INTEGER, "
            "PRIMARY KEY (day, name, source)) WITHOUT ROWID"
        )
        self.file.execute("BEGIN")

    def close(self) -> None:
        self.file.close()

    def add_all(self, reports: Iterable[Report], *, today: dt.date) -> Recorded:
        """Adds all reports up; UsageError if a day is in the future, or a sum is too large."""
        rows: list[tuple[str, str, str, int, int]] = []
        for report in reports:
            if report.day > today:
                raise UsageError(f"The day {report.day} is in the future.")
            rows.append((report.day.isoformat(), report.model, report.source, report.requests, report.tokens))
            if len(rows) == BATCH:
                self._add(rows)
                rows.clear()
        self._add(rows)
        excess = "SELECT name, day, requests, tokens FROM sums WHERE requests > ? OR tokens > ? LIMIT 1"
        for row in self.file.execute(excess, (LARGEST_COUNT, LARGEST_COUNT)):
            _refuse_large(*row)
        reports_of = dict(self.file.execute("SELECT name, SUM(reports) FROM sums GROUP BY name"))
        self.models, self.forwards = find_models(reports_of.keys()), Forwards.read()
        unknown = sorted(reports_of.keys() - self.models.keys())
        return Recorded(sum(reports_of[name] for name in self.models), unknown[:MOST_UNKNOWN])

    def _add(self, rows: Sequence[tuple[str, str, str, int, int]]) -> None:
        """Adds days, names, sources, requests and tokens."""
        self.file.executemany(
            "INSERT INTO sums VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET requests = requests + "
            "excluded.requests, tokens = tokens + excluded.tokens, reports = reports + 1",
            rows,
        )

    def _model(self, name: str, day: str) -> int | None:
        key = self.models.get(name)
        return None if key is None else self.forwards.model_on(key, dt.date.fromisoformat(day))

    def batches(self) -> Iterator[list[Total]]:
        """The sums in the order of days, so that few batches are about days that matter today."""
        (number,) = self.file.execute("SELECT COUNT(*) FROM sums").fetchone()
        rows = self.file.execute("SELECT name, day, source, requests, tokens FROM sums ORDER BY day, name, source")
        for _ in track(range(-(-number // BATCH)), "Storing usage counts"):
            yield [
                Total(name, self._model(name, day), day, source, requests, tokens)
                for name, day, source, requests, tokens in rows.fetchmany(BATCH)
            ]
