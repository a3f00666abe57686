"""Calls that start a job: where the result is asked for, and how long it is not ready. Imports no models."""

from collections.abc import Mapping
from dataclasses import dataclass

from pricing.pages.code_examples.endpoints import PATHS, Target

SECONDS = 10


@dataclass(frozen=True)
class Job:
    """Where the answer has the id and the status. The address of the result is the root, `before`, the id, `after`."""

    id: tuple[str, ...]
    status: tuple[str, ...]
    # Statuses of a job that is not done. Any other one ends the wait, so that no example waits forever.
    waiting: tuple[str, ...]
    before: str
    after: str = ""


JOBS: Mapping[str, Job] = {
    "video": Job(("id",), ("status",), ("queued", "in_progress"), "/videos/"),
    "unified-video": Job(
        ("id",), ("status",), ("pending", "queued", "processing", "in_progress", "video_generating"), "/video/query?id="
    ),
    "ali-video": Job(("output", "task_id"), ("output", "task_status"), ("PENDING", "RUNNING"), "/tasks/"),
    "volc-video": Job(("id",), ("status",), ("queued", "running"), "/contents/generations/tasks/"),
    "minimax-video": Job(
        ("task_id",), ("status",), ("Preparing", "Queueing", "Processing"), "/query/video_generation?task_id="
    ),
    "kling": Job(("data", "task_id"), ("data", "task_status"), ("submitted", "processing"), "/videos/text2video/"),
    "midjourney": Job(("result",), ("status",), ("NOT_START", "SUBMITTED", "IN_PROGRESS"), "/task/", "/fetch"),
    "suno": Job(("data",), ("data", "status"), ("NOT_START", "SUBMITTED", "QUEUED", "IN_PROGRESS"), "/fetch/"),
}


def job_of(target: Target) -> Job | None:
    """The job that the call starts; None if it starts none, or if it is not known where its result is."""
    return JOBS.get(target.kind) if target.root and target.kind in PATHS else None
