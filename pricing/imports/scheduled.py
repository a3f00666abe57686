"""Fetching sources regularly: each due one is fetched, planned, and left to review or applied as its policy allows."""

import datetime as dt
import hashlib
from dataclasses import dataclass

from django.db import DatabaseError

from catalog.error_messages import InputError, refused
from catalog.imports.fetching import Fetched, FetchError, fetch, without_secrets
from catalog.models import ImportRun, Source
from catalog.progress import announce
from pricing.imports.pipeline import apply_import, store_snapshot, store_validators
from pricing.imports.plan import ImportPlan, Options
from pricing.imports.review import save_plan

WORDS = {
    ImportRun.Status.APPLIED: "applied",
    ImportRun.Status.PLANNED: "waits for review",
    ImportRun.Status.STOPPED: "waits for review: a guard stopped it",
}


@dataclass(frozen=True)
class FetchOutcome:
    """What came of asking one source."""

    source: Source
    outcome: str
    run: ImportRun | None = None
    error: str = ""

    def __str__(self) -> str:
        return f"{self.source.slug}: {self.error or self.outcome}" + (f" ({self.run})" if self.run else "")

    def as_json(self) -> dict[str, object]:
        run = self.run.pk if self.run else None
        return {"source": self.source.slug, "outcome": self.outcome, "run": run, "error": self.error}


def visit(source: Source, *, at: dt.datetime) -> FetchOutcome:
    """Asks one source and does what follows; an error is noted on the source and told, never raised."""
    try:
        outcome, run = _visit(source, at=at)
    except (FetchError, InputError) as error:
        done = FetchOutcome(source, "failed", error=str(error))
    except DatabaseError as error:
        done = FetchOutcome(source, "failed", error=refused(error))
    except Exception as error:  # noqa: BLE001
        # The other sources are still to be asked, today and tomorrow.
        done = FetchOutcome(
            source, "failed", error=f"A fault of this program ({type(error).__name__}); please report it."
        )
    else:
        done = FetchOutcome(source, outcome, run)
    Source.objects.filter(pk=source.pk).update(checked_at=at, error=done.error[:512])
    return done


def _visit(source: Source, *, at: dt.datetime) -> tuple[str, ImportRun | None]:
    options = Options.of_source(source)
    known = source.last_fetched
    announce(f"Fetching {without_secrets(source.url)}")
    answer = fetch(source.url, etag=source.etag, last_modified=source.last_modified) if known else fetch(source.url)
    if not isinstance(answer, Fetched) or hashlib.sha256(answer.content).hexdigest() == source.last_sha256:
        return "unchanged", None
    origin = without_secrets(source.url)
    run = None
    if source.policy == Source.Policy.APPLY_SAFE:
        _, run = apply_import(answer.content, options, at=at, origin=origin, only_if=is_safe)
    if run is None:
        _, run = save_plan(answer.content, options, at=at, origin=origin)
    snapshot = run.snapshot if run else store_snapshot(source, answer.content, origin=origin)
    store_validators(source, snapshot, answer, url=source.url)
    return "nothing to do" if run is None else WORDS[ImportRun.Status(run.status)], run


def is_safe(plan: ImportPlan) -> bool:
    """Whether nobody needs to look at it: no guard stops it, and nothing in it is suspicious."""
    return not plan.guards and not plan.suspicious
