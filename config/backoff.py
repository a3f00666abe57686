"""How long psycopg's connection pool waits between two attempts to connect."""

from psycopg_pool.base import AttemptWithBackoff

# Seconds. After a restart of the server, all idle connections fail their check, and the first request waits for a pause
# after each: with psycopg's own first pause of a second it would fail although the server is available again.
FIRST_PAUSE = 0.01
# psycopg doubles the pause without end: after an outage, the pool would wait as long again before it tries to connect.
LONGEST_PAUSE = 1.0

_update_delay = AttemptWithBackoff.update_delay


def limit_pauses() -> None:
    """Makes every pool of this process wait at most LONGEST_PAUSE."""
    AttemptWithBackoff.INITIAL_DELAY = FIRST_PAUSE
    AttemptWithBackoff.update_delay = _update_limited_delay  # type: ignore[assignment, method-assign]


def _update_limited_delay(attempt: AttemptWithBackoff, now: float) -> None:
    _update_delay(attempt, now)
    attempt.delay = min(attempt.delay, LONGEST_PAUSE)
