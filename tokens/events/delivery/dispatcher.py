"""Sends what is due: one thread reads and records, and one thread per message waits for its receiver.

So a slow receiver holds up no other one. Each webhook has few messages on the way at once, and one that answered too
late has one.
"""

import datetime as dt
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from django.core.exceptions import ValidationError
from django.db import Error, connection
from django.utils import timezone

from catalog.db.history import actor_scope
from catalog.error_messages import count, reason
from tokens.events.delivery.queue import Batch, due_batches, record_outcome
from tokens.events.delivery.sending import Outcome, send_message
from tokens.models import Webhook

# Messages on the way at once, in all and for one webhook.
MOST_AT_ONCE = 32
MOST_OF_ONE = 4
# How often the database is asked for what is due, in seconds.
POLL = 1.0
# How long messages on the way may take when the process ends, in seconds; after that, they are sent again later.
GRACE = 3.0
LONGEST_PAUSE = 10.0
ACTOR = "run_worker"

Report = Callable[[str], None]


class Dispatcher:
    """Sends deliveries until it is stopped. Those on the way are in memory alone: after a crash they are sent again."""

    def __init__(self, report: Report, *, clock: Callable[[], dt.datetime] = timezone.now) -> None:
        self._report = report
        self._clock = clock
        self._finished: queue.SimpleQueue[tuple[Batch, Outcome]] = queue.SimpleQueue()
        # Finished and not recorded, because the database did not answer.
        self._unrecorded: list[tuple[Batch, Outcome]] = []
        # Keys of deliveries on the way, and how many messages that are for each webhook.
        self._sending: set[int] = set()
        self._by_webhook: Counter[int] = Counter()
        # Webhooks that get one message at a time, because people read them, and that one is on the way.
        self._people: set[int] = set()
        # Webhooks whose last answer came too late.
        self._slow: set[int] = set()
        self.failures = 0

    def run(self, stop: threading.Event, *, begin_turn: Callable[[], bool] = lambda: True) -> None:
        """Works until `stop`. A database that fails is tried again.

        `begin_turn` is called about once a second and returns whether messages may be sent.
        """
        pause = 0.0
        with actor_scope(ACTOR):
            while not stop.is_set():
                try:
                    self.record_finished()
                    if begin_turn():
                        self.start_due()
                    pause = 0.0
                except Error as error:
                    pause = min(pause * 2 or POLL, LONGEST_PAUSE)
                    self._report(
                        f"The database cannot be used: {reason(error).rstrip('.')}. Next try in {pause:.0f} s."
                    )
                    close_connection()
                    stop.wait(pause)
                except Exception as error:  # noqa: BLE001
                    # A thread that ends would deliver nothing any more.
                    self._report(_bug(error))
                    stop.wait(LONGEST_PAUSE)
                self.wait(POLL)
            self._finish()

    def run_once(self, stop: threading.Event) -> None:
        """Sends what is due now, and waits for it; ends early at `stop`."""
        began = self._clock()
        with actor_scope(ACTOR):
            while not stop.is_set() and (self.start_due(until=began) or self._sending):
                self.wait(POLL)
                self.record_finished()
            self._finish()

    def start_due(self, *, until: dt.datetime | None = None) -> int:
        """Starts what is due, within the limits; returns the number of messages."""
        at, started = until or self._clock(), 0
        while (free := MOST_AT_ONCE - self._by_webhook.total()) > 0:
            busy = {key for key, number in self._by_webhook.items() if number >= self._most_of(key)}
            before = started
            for batch in due_batches(at=at, sending=self._sending, busy=busy | self._people, most=free):
                if self._by_webhook[batch.webhook.pk] < self._most_of(batch.webhook.pk):
                    self._start(batch)
                    started += 1
            if started == before:
                break
        return started

    def record_finished(self) -> None:
        """Stores what came of the messages that are not on the way any more."""
        with suppress(queue.Empty):
            while True:
                self._unrecorded.append(self._finished.get_nowait())
        while self._unrecorded:
            batch, outcome = self._unrecorded[0]
            try:
                line = record_outcome(batch, outcome, at=self._clock())
            except Error:
                # It is stored when the database answers again.
                raise
            except Exception as error:  # noqa: BLE001
                # It stays marked as being on the way, so that it is not sent again and again.
                self._unrecorded.pop(0)
                self._report(f"{batch}: {_bug(error)}")
                continue
            self._unrecorded.pop(0)
            self._forget(batch, outcome)
            self._report(line)

    def wait(self, seconds: float) -> None:
        """Waits until a message has an outcome, or so long."""
        with suppress(queue.Empty):
            self._unrecorded.append(self._finished.get(timeout=seconds))

    def _start(self, batch: Batch) -> None:
        key, at = batch.webhook.pk, self._clock()
        self._sending.update(delivery.pk for delivery in batch.deliveries)
        self._by_webhook[key] += 1
        if batch.webhook.kind != Webhook.Kind.WEBHOOK:
            self._people.add(key)
        try:
            message = batch.message(at=at)
        except Exception as error:  # noqa: BLE001
            text = error.messages[0] if isinstance(error, ValidationError) else _bug(error)
            self._finished.put((batch, Outcome(text)))
            return

        def send() -> None:
            self._finished.put((batch, send_message(message, at=at)))

        # It does not keep the process from ending.
        threading.Thread(target=send, name="delivery", daemon=True).start()

    def _forget(self, batch: Batch, outcome: Outcome) -> None:
        key = batch.webhook.pk
        self._sending.difference_update(delivery.pk for delivery in batch.deliveries)
        self._people.discard(key)
        self._by_webhook[key] -= 1
        if not self._by_webhook[key]:
            del self._by_webhook[key]
        (self._slow.add if outcome.is_slow else self._slow.discard)(key)
        self.failures += bool(outcome.error)

    def _most_of(self, webhook: int) -> int:
        return 1 if webhook in self._slow else MOST_OF_ONE

    def _finish(self) -> None:
        """Records what ends soon; the rest is sent again by the next process, with the same ids."""
        until = time.monotonic() + GRACE
        with suppress(Error):
            self.record_finished()
            while self._sending and (left := until - time.monotonic()) > 0:
                self.wait(left)
                self.record_finished()
        if self._sending:
            self._report(
                f"{count(len(self._sending), 'delivery', 'deliveries')} on the way: sent again after the next start."
            )


def _bug(error: Exception) -> str:
    """The text of an unexpected error may contain anything, also secrets."""
    return f"This is a bug ({type(error).__name__}). Please report it."


def close_connection() -> None:
    """Closes a connection that may be broken, so that the next statement opens another one."""
    with suppress(Error):
        connection.close()
