"""Removes what is old and needed by nothing, in transactions that are short enough for other writers to wait.

Histories, price sheets, usage counts, spending and keys are never removed: they say who changed what, what was charged
and which source wrote a value. Single calls are removed, and their sums stay. A removal that was interrupted is
completed by the next one.
"""

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import models, transaction
from django.db.models import F, Sum
from django.db.models.functions import Length

from catalog.db import revision
from catalog.db.bulk import KEYS, batches
from catalog.db.locking import one_at_a_time
from catalog.models import DocumentExtract, ImportRun, NameList, Pruning, Snapshot
from catalog.progress import track
from pricing.models import StoredResponse, UsageEvent
from pricing.retention.needed import find_unneeded
from pricing.usage.events import OLDEST
from tokens.models import Delivery, Event

# Rows of one transaction, which takes about a tenth of a second; small rows without references take less time.
ROWS_AT_ONCE = 100
EVENTS_AT_ONCE = 2_000
# A notice is sent once because its event is stored, and the first one of a retirement is 30 days before it.
KEEP_EVENTS = dt.timedelta(days=60)
# A pause after each, in seconds: a writer that waits for SQLite's lock asks for it about every tenth of a second.
PAUSE = 0.12
HOURS_BETWEEN = 24
# The responses of the management API are repeated for one day, see pricing/admin_api/idempotency.py.
ONE_DAY = dt.timedelta(days=1)

Status = ImportRun.Status


@dataclass
class Removed:
    """How much of one kind was removed: rows, and the bytes of their contents."""

    kind: str
    rows: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class _Kind:
    """Rows of one kind to remove."""

    name: str
    table: type[models.Model]
    # The columns whose contents are removed.
    columns: tuple[str, ...]
    keys: Sequence[Any]
    # Removes a batch, inside a transaction; rows that are needed again stay.
    remove: Callable[[Sequence[Any]], object]
    # Rows of one transaction; None: ROWS_AT_ONCE.
    at_once: int | None = None

    def measure(self) -> Removed:
        measured = Removed(self.name, len(self.keys))
        for keys in batches(self.keys, KEYS):
            lengths = {column: Sum(Length(column)) for column in self.columns}
            sums = self.table._default_manager.filter(pk__in=keys).aggregate(**lengths)
            measured.bytes += sum(value or 0 for value in sums.values())
        return measured


def prune(*, at: dt.datetime, keep: dt.timedelta, actor: str, dry_run: bool = False) -> list[Removed]:
    """Removes what is older than `keep`; returns what was removed, or would be in a dry run.

    `actor`: who removes it, for the record.
    """
    keep_from = at - keep
    if dry_run:
        return [kind.measure() for kind in _kinds(at=at, keep_from=keep_from)]
    removed: list[Removed] = []
    with one_at_a_time("prune"):
        record = Pruning.objects.create(at=at, keep_from=keep_from, actor=actor[:128])
        for kind in _kinds(at=at, keep_from=keep_from):
            measured = kind.measure()
            for keys in track(batches(kind.keys, kind.at_once or ROWS_AT_ONCE), f"Removing {kind.name}"):
                with transaction.atomic():
                    revision.hold()
                    kind.remove(keys)
                time.sleep(PAUSE)
            removed.append(measured)
            record.removed = {part.kind: {"rows": part.rows, "bytes": part.bytes} for part in removed if part.rows}
            record.save(update_fields=["removed"])
    return removed


def prune_on_schedule(*, at: dt.datetime) -> list[Removed] | None:
    """Removes once a day what is older than PRUNE_KEEP_DAYS; None if it is not due, or if the setting is 0."""
    since = at - dt.timedelta(hours=HOURS_BETWEEN)
    if not settings.PRUNE_KEEP_DAYS or Pruning.objects.filter(at__gt=since).exists():
        return None
    return prune(at=at, keep=dt.timedelta(days=settings.PRUNE_KEEP_DAYS), actor="sync_sources, on schedule")


def as_json(removed: Sequence[Removed]) -> list[dict[str, Any]]:
    return [asdict(part) for part in removed]


def _kinds(*, at: dt.datetime, keep_from: dt.datetime) -> list[_Kind]:
    """What to remove, in this order: an import is marked before anything that its rollback needs is gone."""
    found = find_unneeded(keep_from=keep_from)

    def old(table: type[models.Model], **conditions: Any) -> list[Any]:
        return list(table._default_manager.filter(**conditions).order_by("pk").values_list("pk", flat=True))

    def deletion(
        name: str, table: type[models.Model], keys: Sequence[Any], columns: tuple[str, ...], **conditions: Any
    ) -> _Kind:
        def delete(batch: Sequence[Any]) -> None:
            table._default_manager.filter(pk__in=batch, **conditions).delete()

        return _Kind(name, table, columns, keys, delete)

    # An event goes with its deliveries, and a webhook that still waits for it gets it.
    pending = Delivery.objects.pending().values("event")
    sent = Event.objects.filter(at__lt=min(keep_from, at - KEEP_EVENTS)).exclude(pk__in=pending)
    sent_keys = list(sent.order_by("pk").values_list("pk", flat=True))
    # The id of an event that may still arrive again must be known, or it would count twice.
    events = old(UsageEvent, at__lt=min(keep_from, at - OLDEST - dt.timedelta(days=1)))
    attempt = ("user_agent", "http_accept", "path_info")
    return [
        _Kind("reports of imports", ImportRun, ("report",), found.reports, lambda keys: _reduce_runs(keys, at=at)),
        deletion("discarded imports", ImportRun, found.discarded_runs, ("report", "options"), status=Status.DISCARDED),
        _Kind("documents", Snapshot, ("packed",), found.documents, lambda keys: _remove_bytes(keys, at=at)),
        _Kind("unused documents", Snapshot, ("packed",), found.unused_documents, _delete_documents),
        _Kind("name lists", NameList, ("packed",), found.name_lists, _delete_name_lists),
        replace(deletion("usage events", UsageEvent, events, ("usage", "request")), at_once=EVENTS_AT_ONCE),
        deletion("stored responses", StoredResponse, old(StoredResponse, created_at__lt=at - ONE_DAY), ("body",)),
        replace(deletion("events", Event, sent_keys, ("data",)), at_once=EVENTS_AT_ONCE),
        deletion("expired sessions", Session, old(Session, expire_date__lt=at), ("session_data",)),
        *(
            deletion(name, table, old(table, attempt_time__lt=keep_from), attempt)
            for name, table in (
                ("login attempts", AccessAttempt),
                ("failed logins", AccessFailureLog),
                ("logins", AccessLog),
            )
        ),
    ]


def _reduce_runs(keys: Sequence[int], *, at: dt.datetime) -> None:
    """Reduces the reports to their counts."""
    runs = ImportRun.objects.filter(pk__in=keys, pruned_at=None, status__in=[Status.APPLIED, Status.ROLLED_BACK])
    for run in runs.only("pk", "report"):
        reduced = ImportRun(report={"counts": run.counts})
        ImportRun.objects.filter(pk=run.pk).update(report=reduced.report, names=None, pruned_at=at)


def _remove_bytes(keys: Sequence[int], *, at: dt.datetime) -> None:
    for chosen in _still_unneeded(keys):
        removed = list(chosen.exclude(runs__created_at__gte=at).values_list("pk", flat=True))
        Snapshot.objects.filter(pk__in=removed).update(packed=None, base=None)
        # What pages read of a document goes with it.
        DocumentExtract.objects.filter(snapshot__in=removed).delete()


def _delete_documents(keys: Sequence[int]) -> None:
    for chosen in _still_unneeded(keys):
        chosen.filter(runs=None).delete()


def _delete_name_lists(keys: Sequence[int]) -> None:
    unused = NameList.objects.filter(pk__in=keys, runs=None)
    unused.exclude(base=None).delete()
    unused.filter(differences=None).delete()


def _still_unneeded(keys: Sequence[int]) -> "Iterator[models.QuerySet[Snapshot]]":
    """Those of these documents that no request needs since they were chosen: differences, then what has none left."""
    chosen = Snapshot.objects.filter(pk__in=keys).exclude(sha256=F("source__last_sha256"))
    yield chosen.exclude(base=None)
    yield chosen.filter(base=None, differences=None)
