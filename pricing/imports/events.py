"""Events of imports: one waits for a review, a guard stops one, and a source fails."""

from catalog.models import ImportRun, Source
from tokens.event_types import shapes
from tokens.events.outbox import emit


def emit_waiting(run: ImportRun) -> None:
    """Stores that a run waits for a review, or that a guard has stopped it; call it in the transaction of the run."""
    waiting: shapes.ImportWaiting = {"source": run.source.slug, "run": run.pk, "counts": run.counts}
    if run.status == ImportRun.Status.STOPPED:
        stopped: shapes.ImportStopped = {**waiting, "guards": list(run.report.get("guards", []))}
        emit("import.stopped", stopped)
    else:
        emit("import.waiting", waiting)


def emit_failed(source: Source, error: str) -> None:
    """Stores that a source could not be fetched or imported."""
    data: shapes.ImportFailed = {"source": source.slug, "run": None, "error": error}
    emit("import.failed", data)
