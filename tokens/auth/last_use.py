"""Writes that requests cause and do not wait for: when a key was last used and refused, and newer digests.

They are collected in memory and written together every USAGE_WRITE_SECONDS, each key at most once a minute. A process
writes what it has collected when it exits. If it is killed, they are lost, and a time of last use stays older.
"""

import atexit
import datetime as dt
import logging
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from django.conf import settings
from django.db import Error, IntegrityError, close_old_connections, models, transaction
from django.db.models import F, Q

from catalog import caches
from tokens.events.token_events import emit_refusals
from tokens.models import AdminKey, LastRefusal, Pepper, RetiredKey, Token, WrongPepperError

logger = logging.getLogger("modelbook.usage")

# How exact a stored time of last use is.
RESOLUTION = dt.timedelta(minutes=1)
# How long a process that exits waits for a database that does not answer, in seconds.
EXIT_TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused request; the columns of LastRefusal."""

    at: dt.datetime
    key_id: str
    address: str
    status: int
    code: str
    model: str
    path: str
    request_id: str


# The tables of current keys, in the order in which their rows are locked.
KEYS: tuple[type[Token | AdminKey], ...] = (Token, AdminKey)
# The place of a table in KEYS, and a primary key.
Holder = tuple[int, int]


@dataclass(eq=False)
class LastUseWriter:
    """Collects under a lock; `flush` writes everything collected."""

    last_used: dict[Holder, dt.datetime] = field(default_factory=dict)
    # Old digest, new digest, pepper.
    new_digests: dict[Holder, tuple[str, str, int]] = field(default_factory=dict)
    # Retired key -> when it was refused.
    refused: dict[int, list[dt.datetime]] = field(default_factory=dict)
    # Token -> its last refusal.
    refusals: dict[int, Refusal] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    def note_use(
        self, row: int, *, last_used_at: dt.datetime | None, at: dt.datetime, table: type[Token | AdminKey] = Token
    ) -> None:
        """A key of this row was valid; `last_used_at` is the stored time, None if the caller does not know it."""
        if last_used_at is None or at - last_used_at >= RESOLUTION:
            with self._lock:
                self.last_used[KEYS.index(table), row] = at
            self._start()

    def note_digest(self, row: int, *, old: str, new: str, pepper: int, table: type[Token | AdminKey] = Token) -> None:
        """The digest of the row's key under the newest pepper, computed because the client just sent the key."""
        with self._lock:
            self.new_digests[KEYS.index(table), row] = (old, new, pepper)
        self._start()

    def note_refused(self, retired_key: int, *, at: dt.datetime) -> None:
        """A retired key was used after its grace period: somebody still has it."""
        with self._lock:
            self.refused.setdefault(retired_key, []).append(at)
        self._start()

    def note_refusal(self, token: int, refusal: Refusal) -> None:
        """A request with a key of this token was refused; only its last refusal is written."""
        with self._lock:
            self.refusals[token] = refusal
        self._start()

    def clear(self) -> None:
        """Drops everything collected."""
        with self._lock:
            self.last_used, self.new_digests, self.refused, self.refusals = {}, {}, {}, {}

    def flush(self) -> None:
        """Writes everything collected; if that fails it is dropped, and the next use collects it again."""
        with self._lock:
            last_used, self.last_used = self.last_used, {}
            new_digests, self.new_digests = self.new_digests, {}
            refused, self.refused = self.refused, {}
            refusals, self.refusals = self.refusals, {}
        if not (last_used or new_digests or refused or refusals):
            return
        # Plain querysets: none of this changes what anybody sees, so no counter is raised.
        tables: list[models.QuerySet[Any]] = [models.QuerySet(table) for table in KEYS]
        retired: models.QuerySet[RetiredKey] = models.QuerySet(RetiredKey)
        with transaction.atomic():
            for (table, row), at in sorted(last_used.items()):
                # Another process may have written it within the minute.
                stale = Q(last_used_at=None) | Q(last_used_at__lte=at - RESOLUTION)
                tables[table].filter(stale, pk=row).update(last_used_at=at)
        # Each transaction locks tokens in the order of their keys, as pricing/models/budgets.py does.
        with transaction.atomic():
            if new_digests and not _is_pepper_right():
                new_digests = {}
            for (table, row), (old, new, pepper) in sorted(new_digests.items()):
                # A rotation may have given it another key in the meantime, which the old one must not replace.
                tables[table].filter(pk=row, digest=old).update(digest=new, pepper=pepper)
            for key, times in sorted(refused.items()):
                retired.filter(pk=key).update(refused_uses=F("refused_uses") + len(times), refused_at=max(times))
        # Last, and one by one: a token that is deleted at this moment must not prevent the other writes.
        for token, refusal in sorted(refusals.items(), key=lambda pair: pair[0]):
            with suppress(IntegrityError), transaction.atomic():
                LastRefusal.objects.store(token, **asdict(refusal))
        if refusals:
            emit_refusals(refusals)

    def _start(self) -> None:
        """Starts the thread with the first thing to write: in the process that serves, not in the one that forks."""
        if self._thread is None and settings.USAGE_WRITE_SECONDS:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="usage", daemon=True)
                    self._thread.start()
                    atexit.register(self._finish, self._thread)

    def _finish(self, thread: threading.Thread) -> None:
        """Lets the thread flush once more: a process that exits kills daemon threads in the middle of a write."""
        self._stop.set()
        thread.join(EXIT_TIMEOUT)

    def _run(self) -> None:
        is_stopped = False
        while not is_stopped:
            is_stopped = self._stop.wait(settings.USAGE_WRITE_SECONDS)
            try:
                self.flush()
            except Error as error:
                logger.warning("The times of last use could not be written: %s", type(error).__name__)
            finally:
                close_old_connections()


def _is_pepper_right() -> bool:
    """Whether digests can move to the newest pepper; under a wrong secret, the keys would be lost with it."""
    try:
        Pepper.objects.remember(max(settings.TOKEN_PEPPERS))
    except WrongPepperError as error:
        logger.warning("Keys stay under their pepper. %s", error)
        return False
    return True


LAST_USE = caches.register(LastUseWriter())
