"""What the worker does now and then, one after the other, beside deliveries."""

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import Error
from django.utils import timezone

from catalog.db.history import actor_scope
from catalog.error_messages import count, reason
from catalog.models import Source
from pricing.imports.scheduled import fetch_due
from pricing.models import WorkerState
from pricing.retention.pruning import prune_on_schedule
from pricing.usage.unknown import assign_known
from pricing.verification.books import store_missing_extracts
from pricing.worker.notices import emit_due, emit_findings
from tokens.events.delivery.dispatcher import close_connection
from tokens.events.outbox import subscriptions

ACTOR = "run_worker"
# How often is looked what is due.
ONE_DAY = dt.timedelta(days=1)
TICK = dt.timedelta(seconds=15)

Report = Callable[[str], None]
MayGoOn = Callable[[], bool]


def has_passed(pause: dt.timedelta, *, since: dt.datetime | None, at: dt.datetime) -> bool:
    """Whether so much time has passed; also if the clock was set back, because nothing may wait until then."""
    return since is None or not since <= at < since + pause


@dataclass(frozen=True)
class Job:
    """Something that is done again and again; `work` returns whether all of it succeeded."""

    name: str
    every: dt.timedelta
    work: Callable[[Report, MayGoOn], bool]


def fetch_sources(report: Report, may_go_on: MayGoOn) -> bool:
    """Fetches the due sources, each with its own lines."""
    if not Source.objects.due(at=timezone.now()):
        return True
    succeeded = True
    for outcome in fetch_due(may_go_on=may_go_on):
        report(f"source {outcome}")
        succeeded = succeeded and not outcome.error
    return succeeded


def read_books(report: Report, _may_go_on: MayGoOn) -> bool:
    """Stores what documents of price books state for pages, if their imports did not."""
    if number := store_missing_extracts(at=timezone.now()):
        report(f"price books: {count(number, 'document')} read")
    return True


def assign_usage(report: Report, _may_go_on: MayGoOn) -> bool:
    """Assigns reported usage of unknown models to those that have come into the catalog since."""
    assigned = assign_known(on=timezone.now().date())
    if assigned.requests:
        report(f"usage of models that were unknown: {count(assigned.requests, 'call')} assigned")
    return True


def remove_old(report: Report, _may_go_on: MayGoOn) -> bool:
    """Removes old data once a day, if PRUNE_KEEP_DAYS says so."""
    removed = prune_on_schedule(at=timezone.now())
    if removed is not None:
        report(f"old data: {count(sum(part.rows for part in removed), 'row')} removed")
    return True


def send_notices(report: Report, _may_go_on: MayGoOn) -> bool:
    """Stores the events that are due by the calendar."""
    if number := emit_due(at=timezone.now()):
        report(f"notices: {count(number, 'event')}")
    return True


def check_health(report: Report, _may_go_on: MayGoOn) -> bool:
    """Stores once a day what the health checks find and had not found before, if a webhook takes it."""
    now, state = timezone.now(), WorkerState.load()
    is_due = state is None or has_passed(ONE_DAY, since=state.checked_at, at=now)
    if not is_due or not subscriptions("health.found"):
        return True
    number = emit_findings(at=now)
    WorkerState.objects.update(checked_at=now)
    if number:
        report(f"health checks: {count(number, 'event')}")
    return True


JOBS: Sequence[Job] = (
    Job("sources", dt.timedelta(minutes=1), fetch_sources),
    Job("price books", dt.timedelta(minutes=1), read_books),
    Job("notices", dt.timedelta(minutes=1), send_notices),
    Job("health checks", dt.timedelta(hours=1), check_health),
    Job("usage", dt.timedelta(hours=1), assign_usage),
    Job("old data", dt.timedelta(hours=1), remove_old),
)


class Schedule:
    """When each job was last done by this process."""

    def __init__(self, report: Report, jobs: Sequence[Job] = JOBS) -> None:
        self._report = report
        self._jobs = jobs
        self._done_at: dict[str, dt.datetime] = {}

    def run(self, stop: threading.Event, *, may_start: MayGoOn) -> None:
        """Does what is due until `stop`."""
        while not stop.is_set():
            if may_start():
                self.run_due(at=timezone.now(), may_go_on=lambda: may_start() and not stop.is_set())
            stop.wait(TICK.total_seconds())

    def run_due(self, *, at: dt.datetime, may_go_on: MayGoOn) -> bool:
        """Whether everything that was due succeeded; one job that fails does not stop the others."""
        succeeded = True
        for job in self._jobs:
            if may_go_on() and has_passed(job.every, since=self._done_at.get(job.name), at=at):
                succeeded = self._run(job, may_go_on) and succeeded
                self._done_at[job.name] = at
        return succeeded

    def _run(self, job: Job, may_go_on: MayGoOn) -> bool:
        try:
            with actor_scope(ACTOR):
                return job.work(self._report, may_go_on)
        except Error as error:
            self._report(f"{job.name}: the database cannot be used: {reason(error)}")
            close_connection()
        except Exception as error:  # noqa: BLE001
            # The text of an unexpected error may contain anything.
            self._report(f"{job.name}: this is a bug ({type(error).__name__}). Please report it.")
        return False
