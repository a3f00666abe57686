"""How many made-up cases a test draws: few in the normal run, many in the full one (`python -m tests --full`)."""

import os

FULL = bool(os.environ.get("FULL_TESTS"))


def size(normal: int, *, full: int) -> int:
    return full if FULL else normal
