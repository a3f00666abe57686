"""The worker itself: one process at a time has the lock and works, and the others wait for it."""

import datetime as dt
import threading
import time
from collections.abc import Callable

from django.db import Error
from django.utils import timezone

from catalog.db.locking import ProcessLock
from catalog.error_messages import first_line
from pricing.models import WorkerState
from pricing.worker.jobs import Schedule, has_passed
from tokens.events.delivery.dispatcher import Dispatcher

LOCK = "run_worker"
# How often a process that waits tries to take the lock, and one that works asks whether it still has it, in seconds.
LOCK_SECONDS = 2.0
# How often the worker says in the database that it works.
BEAT = dt.timedelta(seconds=10)
# What may still be done after the end was asked for, in seconds.
GRACE = 5.0
LONGEST_PAUSE = 10.0

Report = Callable[[str], None]


class Worker:
    """Works while it has the lock, and takes it again after it was lost: nothing but `stop` ends it."""

    def __init__(
        self, report: Report, *, schedule: Schedule | None = None, dispatcher: Dispatcher | None = None
    ) -> None:
        self._report = report
        self._schedule = schedule or Schedule(report)
        self._dispatcher = dispatcher or Dispatcher(report)
        self._lock = ProcessLock(LOCK)
        self._stop = threading.Event()
        self._has_lock = threading.Event()
        self._threads: list[threading.Thread] = []
        self._last_beat: dt.datetime | None = None

    def stop(self) -> None:
        """Lets `run` return within a few seconds."""
        self._stop.set()

    def run(self) -> None:
        """Works, or waits for the process that works, until `stop`."""
        waits_for, pause = "", 0.0
        try:
            while not self._stop.is_set():
                try:
                    holder = self._lock.take()
                except Error as error:
                    pause = min(pause * 2 or LOCK_SECONDS, LONGEST_PAUSE)
                    self._report(
                        f"The database cannot be used: {first_line(error).rstrip('.')}. Next try in {pause:.0f} s."
                    )
                    self._lock.release()
                    self._stop.wait(pause)
                    continue
                pause = 0.0
                if holder is None:
                    self._work()
                elif holder != waits_for:
                    self._report(f"Waiting: {holder} works.")
                waits_for = holder or ""
                self._stop.wait(LOCK_SECONDS)
        finally:
            self._end()

    def run_once(self) -> bool:
        """Does what is due, and returns whether all of it succeeded. If another process works, it does what is due."""
        holder = self._lock.take()
        if holder is not None:
            self._report(f"{holder} works already, and does what is due.")
            return True
        try:
            WorkerState.start(self._lock.holder, at=timezone.now())
            # Jobs first: they store events, which are delivered then.
            succeeded = self._schedule.run_due(at=timezone.now(), may_go_on=lambda: not self._stop.is_set())
            self._dispatcher.run_once(self._stop)
        finally:
            self._lock.release()
        return succeeded and not self._dispatcher.failures

    def _work(self) -> None:
        """Lets the threads work until the lock is lost or the end is asked for."""
        self._last_beat = None
        self._has_lock.set()
        self._report(f"Working as {self._lock.holder}.")
        if not self._threads:
            # They do not keep the process from ending: what is unfinished then is rolled back, or sent again.
            for name, work in (("deliveries", self._deliver), ("jobs", self._do_jobs)):
                self._threads.append(threading.Thread(target=work, name=name, daemon=True))
                self._threads[-1].start()
        while not self._stop.wait(LOCK_SECONDS):
            if not self._lock.is_held():
                self._has_lock.clear()
                self._report("The lock is lost, because the database closed the connection.")
                return

    def _deliver(self) -> None:
        self._dispatcher.run(self._stop, begin_turn=self._beat)

    def _do_jobs(self) -> None:
        self._schedule.run(self._stop, may_start=self._has_lock.is_set)

    def _beat(self) -> bool:
        """Whether this process may work; says in the database now and then that it does."""
        if not self._has_lock.is_set():
            return False
        at = timezone.now()
        if self._last_beat is None:
            WorkerState.start(self._lock.holder, at=at)
        elif has_passed(BEAT, since=self._last_beat, at=at):
            WorkerState.objects.update(seen_at=at)
        else:
            return True
        self._last_beat = at
        return True

    def _end(self) -> None:
        self._stop.set()
        until = time.monotonic() + GRACE
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0))
        self._lock.release()
