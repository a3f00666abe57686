"""Limits on processor time that hold on a slow or busy machine, too, and growth instead of seconds."""

import json
import time
from collections.abc import Callable

# What `piece_of_work` takes on an idle core of the machine that the limits were chosen on.
IDLE_SECONDS = 0.025
ROWS = [{"id": f"model-{number}", "price": number / 7, "tags": ["a", "b"]} for number in range(10_000)]


def is_too_slow(seconds: float, limit: float) -> bool:
    """Whether so much processor time is more than the limit allows, at twice the pace of the machine right now.

    Threads of one core, and what other processes do to its cache, can double the time of the same instructions.
    """
    return seconds > limit and seconds > 2 * limit * max(1, piece_of_work() / IDLE_SECONDS)


def piece_of_work() -> float:
    began = time.process_time()
    rows = json.loads(json.dumps(ROWS))
    sorted(rows, key=lambda row: str(row["id"]))
    return time.process_time() - began


def growth(work: Callable[[int], object], size: int) -> float:
    """How many times longer work of four times the size takes: 4 if it grows evenly, 16 if by the square."""
    return fastest(work, 4 * size) / fastest(work, size)


def fastest(work: Callable[[int], object], size: int) -> float:
    """Processor seconds of the fastest of some runs, which other processes have disturbed least."""
    times = []
    for _ in range(5):
        began = time.thread_time()
        work(size)
        times.append(time.thread_time() - began)
    return max(min(times), 1e-6)
