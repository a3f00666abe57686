"""Fetches due sources, plans their imports, and leaves them to review or applies them, as each source's policy says."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import DatabaseError, transaction
from django.utils import timezone

from catalog.db.locking import one_at_a_time
from catalog.error_messages import InputError, refused
from catalog.imports.fetching import Fetched, FetchError, fetch, without_secrets
from catalog.models import ImportRun, Source
from catalog.progress import announce
from pricing.impact.impact import ACCEPT_LOSS
from pricing.imports.events import emit_failed
from pricing.imports.guards import ALLOW_REMOVALS, LossError
from pricing.imports.options import Options
from pricing.imports.pipeline import apply_import, store_snapshot, store_validators
from pricing.imports.plan import ImportPlan
from pricing.imports.review import apply_run, save_plan

WORDS = {
    ImportRun.Status.APPLIED: "applied",
    ImportRun.Status.PLANNED: "waits for review",
    ImportRun.Status.STOPPED: "waits for review: a guard stopped it",
}


@dataclass(frozen=True)
class FetchOutcome:
    """The result of fetching one source."""

    source: Source
    outcome: str
    run: ImportRun | None = None
    error: str = ""

    def __str__(self) -> str:
        return f"{self.source.slug}: {self.error or self.outcome}" + (f" ({self.run})" if self.run else "")

    def as_json(self) -> dict[str, object]:
        run = self.run.pk if self.run else None
        return {"source": self.source.slug, "outcome": self.outcome, "run": run, "error": self.error}


def fetch_due(
    *, slug: str = "", dry_run: bool = False, may_go_on: Callable[[], bool] = lambda: True
) -> Iterator[FetchOutcome]:
    """Fetches and imports every due source, or that one, one after the other; other processes wait for that.

    InputError if there is no such source.
    """
    with one_at_a_time("sync_sources"):
        # Selected under the lock: another machine may just have fetched them.
        for source in _chosen(slug):
            if not may_go_on():
                return
            yield FetchOutcome(source, "due") if dry_run else fetch_and_plan(source, at=timezone.now())


def _chosen(slug: str) -> list[Source]:
    if not slug:
        return Source.objects.due(at=timezone.now())
    source = Source.objects.filter(slug=slug).first()
    if source is None or not source.url:
        raise InputError(f"There is no source {slug!r} with an address. The admin lists them under Sources.")
    return [source]


def fetch_and_plan(source: Source, *, at: dt.datetime) -> FetchOutcome:
    """Fetches and imports one source. An error is stored on the source and returned, never raised."""
    try:
        word, run = _fetch_and_plan(source, at=at)
    except (FetchError, InputError) as error:
        outcome = FetchOutcome(source, "failed", error=str(error))
    except DatabaseError as error:
        outcome = FetchOutcome(source, "failed", error=refused(error))
    except Exception as error:  # noqa: BLE001
        # One source must not stop the others, now or at the next round.
        outcome = FetchOutcome(source, "failed", error=f"This is a bug ({type(error).__name__}). Please report it.")
    else:
        outcome = FetchOutcome(source, word, run)
    with transaction.atomic():
        Source.objects.filter(pk=source.pk).update(checked_at=at, error=outcome.error[:512])
        # A source that stays unreachable is one failure, not one at each attempt.
        if outcome.error and outcome.error[:512] != source.error:
            emit_failed(source, outcome.error)
    return outcome


def _fetch_and_plan(source: Source, *, at: dt.datetime) -> tuple[str, ImportRun | None]:
    options = Options.of_source(source)
    announce(f"Fetching {without_secrets(source.url)}")
    validators = {"etag": source.etag, "last_modified": source.last_modified} if source.last_fetched else {}
    response = fetch(source.url, **validators)
    if not isinstance(response, Fetched) or hashlib.sha256(response.content).hexdigest() == source.last_sha256:
        return "unchanged", None
    origin = without_secrets(source.url)
    run = None
    if source.policy == Source.Policy.APPLY_SAFE:
        _, run = apply_import(response.content, options, at=at, origin=origin, only_if=is_safe)
    if run is None:
        plan, run = save_plan(response.content, options, at=at, origin=origin)
        if run is not None and source.policy == Source.Policy.APPLY_SAFE:
            run = _apply_safe_models(plan, run, at=at)
    snapshot = run.snapshot if run else store_snapshot(source, response.content, origin=origin)
    store_validators(source, snapshot, response, url=source.url)
    return "nothing to do" if run is None else WORDS[ImportRun.Status(run.status)], run


def _apply_safe_models(plan: ImportPlan, run: ImportRun, *, at: dt.datetime) -> ImportRun:
    """Applies what is not suspicious, unless the source or keys lose models; returns the run that waits, if any."""
    safe = [name for name in plan.touched if name not in plan.suspicious]
    if not safe or any(guard.option in (ALLOW_REMOVALS, ACCEPT_LOSS) for guard in plan.guards):
        return run
    try:
        return apply_run(run, at=at, seen=plan.fingerprint, chosen=safe, beside=True)[1] or run
    except LossError:
        # The part takes models from keys that the whole plan does not take.
        return run


def is_safe(plan: ImportPlan) -> bool:
    """Whether it needs no review: no guard stops it, and nothing in it is suspicious."""
    return not plan.guards and not plan.suspicious
