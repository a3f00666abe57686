"""What is learned while answering and written later: when a key was last used, and digests under a newer pepper.

No request waits for these writes: they are gathered in memory and written together, a few times a minute, so each token
is written at most once a minute. A process that ends writes what it has; what a killed one had gathered is lost, which
makes a time of last use older.
"""

import atexit
import datetime as dt
import logging
import threading
from dataclasses import dataclass, field

from django.conf import settings
from django.db import Error, close_old_connections, models, transaction
from django.db.models import F, Q

from tokens.models import RetiredKey, Token

logger = logging.getLogger("modelbook.usage")

GRAIN = dt.timedelta(minutes=1)
# How long a process that ends waits for a database that does not answer, in seconds.
LAST_WAIT = 5.0


@dataclass
class Usage:
    """Gathers under a lock; `flush` writes and forgets."""

    last_used: dict[int, dt.datetime] = field(default_factory=dict)
    new_digests: dict[int, tuple[str, str, int]] = field(default_factory=dict)
    refused: dict[int, list[dt.datetime]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._writer: threading.Thread | None = None
        self._stop = threading.Event()

    def note_use(self, token: int, *, last_used_at: dt.datetime | None, at: dt.datetime) -> None:
        """A key of this token opened the door."""
        if last_used_at is None or at - last_used_at >= GRAIN:
            with self._lock:
                self.last_used[token] = at
            self._start()

    def note_digest(self, token: int, *, old: str, new: str, pepper: int) -> None:
        """The token's key under the newest pepper, seen because its holder just sent the key."""
        with self._lock:
            self.new_digests[token] = (old, new, pepper)
        self._start()

    def note_refused(self, retired_key: int, *, at: dt.datetime) -> None:
        """A key that a rotation replaced was used after its grace: somebody still has it."""
        with self._lock:
            self.refused.setdefault(retired_key, []).append(at)
        self._start()

    def flush(self) -> None:
        """Writes what was gathered; on failure it is dropped, for the next use tells it again."""
        with self._lock:
            last_used, self.last_used = self.last_used, {}
            new_digests, self.new_digests = self.new_digests, {}
            refused, self.refused = self.refused, {}
        if not (last_used or new_digests or refused):
            return
        # Plain querysets: none of this changes what anybody sees, so no counter is raised.
        tokens: models.QuerySet[Token] = models.QuerySet(Token)
        retired: models.QuerySet[RetiredKey] = models.QuerySet(RetiredKey)
        with transaction.atomic():
            for token, at in sorted(last_used.items()):
                # Another process may have written it within the minute.
                stale = Q(last_used_at=None) | Q(last_used_at__lte=at - GRAIN)
                tokens.filter(stale, pk=token).update(last_used_at=at)
            for token, (old, new, pepper) in sorted(new_digests.items()):
                # A rotation may have given it another key meanwhile, which the old one must not take the place of.
                tokens.filter(pk=token, digest=old).update(digest=new, pepper=pepper)
            for key, times in sorted(refused.items()):
                retired.filter(pk=key).update(refused_uses=F("refused_uses") + len(times), refused_at=max(times))

    def _start(self) -> None:
        """The writer starts with the first thing to write: in the process that serves, not in the one that forks."""
        if self._writer is None and settings.USAGE_WRITE_SECONDS:
            with self._lock:
                if self._writer is None:
                    self._writer = threading.Thread(target=self._write_for_ever, name="usage", daemon=True)
                    self._writer.start()
                    atexit.register(self._end, self._writer)

    def _end(self, writer: threading.Thread) -> None:
        """Lets the writer write once more; a process that ends kills such threads in the middle of what they do."""
        self._stop.set()
        writer.join(LAST_WAIT)

    def _write_for_ever(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._stop.wait(settings.USAGE_WRITE_SECONDS)
            try:
                self.flush()
            except Error as error:
                logger.warning("The times of last use could not be written: %s", type(error).__name__)
            finally:
                close_old_connections()


USAGE = Usage()
