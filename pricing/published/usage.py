"""Stores reports of usage, of any length: first all of them are checked and added up, then they are written.

The sums are in a temporary file of SQLite, not in memory, and are written in transactions of well under a second each:
other writers wait no longer. A report replaces what the same reporter reported for the model and day, so a report that
was interrupted is sent again.
"""

import datetime as dt
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from django.conf import settings
from django.db import connections, router, transaction
from django.utils import timezone

from catalog.db import revision
from catalog.models import AIModel, ModelAlias
from catalog.models.aimodel import wildcards_of
from catalog.progress import track
from pricing.models import UsageCount
from tokens.timestamps import YEARS

# The most requests or tokens of one model in a day; more is a mistake.
LARGEST_COUNT = 10**15
# Counts of one transaction, which takes about a tenth of a second.
BATCH = 5_000
# The part of that time for which other writers of SQLite get a chance: they poll, and would otherwise wait for the end.
PAUSE = 0.25
# Unknown names that are listed; more are counted.
MOST_UNKNOWN = 10_000

# The sums of a model on a day: its key, the day as in 2026-01-31, requests, tokens.
Sum = tuple[int, str, int, int]


class UsageError(ValueError):
    """A report that is not valid; the message is one sentence for the sender."""


@dataclass(frozen=True)
class Report:
    """The usage of one model on one day."""

    model: str
    day: dt.date
    requests: int
    tokens: int = 0


@dataclass(frozen=True)
class Recorded:
    """The number of reports about models in the catalog, and the names that are not in it, sorted."""

    taken: int
    unknown: Sequence[str]


def check_report(model: object, day: object, requests: object, tokens: object) -> Report:
    """A report of these values; UsageError if they are not valid."""
    if not isinstance(model, str) or not 0 < len(model) <= 255:
        raise UsageError("model must be the id of a model.")
    try:
        date = dt.date.fromisoformat(day) if isinstance(day, str) else None
    except ValueError:
        date = None
    if date is None or len(str(day)) != len("2026-01-31") or date.year not in YEARS:
        raise UsageError(f"The day of {model[:80]} must be a date such as 2026-01-31.")
    counts = {"requests": requests, "tokens": tokens}
    for name, value in counts.items():
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_COUNT:
            raise UsageError(f"The {name} of {model[:80]} must be a whole number, 0 or more.")
    return Report(model, date, int(str(requests)), int(str(tokens)))


def record_usage(reports: Iterable[Report], *, reporter: str, today: dt.date, dry_run: bool = False) -> Recorded:
    """Stores the counts, replacing what the same reporter reported for that model and day.

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


def write(sums: Sequence[Sum], *, reporter: str, today: dt.date) -> None:
    """Writes these sums in one transaction; raises the counter of popularity if the order of models may change."""
    connection = connections[router.db_for_write(UsageCount)]
    table = connection.ops.quote_name(UsageCount._meta.db_table)
    with transaction.atomic(), connection.cursor() as cursor:
        revision.hold()
        cursor.executemany(
            f"INSERT INTO {table} AS stored (model_id, day, reporter, requests, tokens) "  # noqa: S608
            "VALUES (%s, %s, %s, %s, %s) ON CONFLICT (model_id, day, reporter) DO UPDATE "
            "SET requests = excluded.requests, tokens = excluded.tokens "
            "WHERE stored.requests <> excluded.requests OR stored.tokens <> excluded.tokens",
            [(model, day, reporter, requests, tokens) for model, day, requests, tokens in sums],
        )
        changed = cursor.rowcount
        first, after = popular_days(today)
        if changed and settings.POPULAR_COUNT > 0:
            about = {model for model, day, _, _ in sums if first <= day < after}
            if about:
                revision.bump(revision.POPULARITY, about=about)


def popular_days(today: dt.date) -> tuple[str, str]:
    """The first day whose usage determines which models are popular, and the day after the last one."""
    # Midnight may have passed since the import started.
    after = max(today, timezone.now().date())
    return (today - dt.timedelta(days=settings.POPULAR_DAYS)).isoformat(), after.isoformat()


class Sums:
    """The sums of reports by model and day, in a file that SQLite deletes when it is closed."""

    def __init__(self) -> None:
        # An empty name is that of a temporary file.
        self.file = sqlite3.connect("", isolation_level=None)
        self.file.execute("PRAGMA journal_mode = OFF")
        self.file.execute("PRAGMA cache_size = -16384")
        self.file.execute(
            "CREATE TABLE sums (day TEXT, model INTEGER, requests INTEGER, tokens INTEGER, PRIMARY KEY (day, model)) "
            "WITHOUT ROWID"
        )
        self.file.execute("BEGIN")

    def close(self) -> None:
        self.file.close()

    def add_all(self, reports: Iterable[Report], *, today: dt.date) -> Recorded:
        """Adds all reports up; UsageError if a day is in the future, or a sum is too large."""
        keys, unknown, taken = Keys(), set[str](), 0
        rows: list[tuple[str, int, int, int]] = []
        for report in reports:
            if report.day > today:
                raise UsageError(f"The day {report.day} is in the future.")
            key = keys.of(report.model)
            if key is not None:
                taken += 1
                rows.append((report.day.isoformat(), key, report.requests, report.tokens))
            elif len(unknown) < MOST_UNKNOWN:
                unknown.add(report.model)
            if len(rows) == BATCH:
                self._add(rows)
                rows.clear()
        self._add(rows)
        excess = "SELECT model, day FROM sums WHERE requests > ? OR tokens > ? LIMIT 1"
        for model, day in self.file.execute(excess, (LARGEST_COUNT, LARGEST_COUNT)):
            raise UsageError(f"The counts of {keys.name(model)[:80]} on {day} are too large.")
        return Recorded(taken, sorted(unknown))

    def _add(self, rows: Sequence[tuple[str, int, int, int]]) -> None:
        """Adds days, models, requests and tokens. A model may be reported under its name and its aliases."""
        self.file.executemany(
            "INSERT INTO sums VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE "
            "SET requests = requests + excluded.requests, tokens = tokens + excluded.tokens",
            rows,
        )

    def batches(self) -> Iterator[list[Sum]]:
        """The sums in the order of days, so that few batches are about days that matter today."""
        (number,) = self.file.execute("SELECT COUNT(*) FROM sums").fetchone()
        rows = self.file.execute("SELECT model, day, requests, tokens FROM sums ORDER BY day, model")
        for _ in track(range(-(-number // BATCH)), "Storing usage counts"):
            yield rows.fetchmany(BATCH)


class Keys:
    """Names, aliases and the ids that wildcard models stand for -> keys of models."""

    def __init__(self) -> None:
        aliases = ModelAlias.objects.values_list("name", "model")
        # A name wins over an alias, and an alias over a wildcard model.
        self.known: Mapping[str, int] = dict([*aliases, *AIModel.objects.values_list("name", "pk")])
        self.has_wildcards = any(name.endswith("*") for name in self.known)

    def of(self, name: str) -> int | None:
        """The key of the model with that name; None if there is none."""
        if name in self.known or not self.has_wildcards:
            return self.known.get(name)
        return next((self.known[wildcard] for wildcard in wildcards_of(name) if wildcard in self.known), None)

    def name(self, key: int) -> str:
        return next(name for name, model in self.known.items() if model == key)
