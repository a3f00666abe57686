"""Limits how often a key may send requests, and how often an address may send wrong keys.

A rate of 60/minute means: never more than 60 in any 60 seconds. With REDIS_URL it is counted in Redis, exactly and for
all machines together; without it, in this process, by a clock that nobody can set. If Redis is down or hangs, only the
first request waits (for REDIS_TIMEOUT), and this process counts until Redis is back.
"""

import datetime as dt
import ipaddress
import logging
import math
import re
import threading
import time
from array import array
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import cast

import limits
from django.conf import settings
from django.core.exceptions import ValidationError
from limits.storage import Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from limits.util import WindowStats

from catalog import caches
from tokens.metric_counters import REDIS_FAILURES

logger = logging.getLogger("modelbook.throttling")

# Seconds. A healthy Redis never takes longer, and a client does not notice it if Redis is down.
REDIS_TIMEOUT = 0.1
# Between several rates in one text.
SEPARATORS = re.compile(r"[,;|]")
# Redis does not read larger numbers exactly, and the end of a longer period may have no date.
MAX_AMOUNT = 1_000_000_000
MAX_PERIOD = 366 * 86_400  # seconds
# Seconds without requests to Redis after a failure; then one request tries it again.
REDIS_PAUSE = 5.0
# Seconds between two removals of the windows that this process no longer needs.
SWEEP_EVERY = 60.0


@dataclass(frozen=True)
class Quota:
    """What is left of a rate after a request; at `resets_at` the oldest counted request expires."""

    allowed: bool
    limit: int
    remaining: int
    resets_at: dt.datetime

    def seconds(self, *, at: dt.datetime) -> int:
        """Whole seconds until `resets_at`, rounded up, at least one."""
        return max(math.ceil((self.resets_at - at).total_seconds()), 1)


@lru_cache(maxsize=1024)
def parse_rates(text: str) -> tuple[limits.RateLimitItem, ...]:
    """`60/minute`, `5/second`, `100 per 2 hours`, or several as `2/second; 1000/hour`, the shortest period first.

    ValueError for anything else.
    """
    return tuple(sorted(limits.parse_many(text), key=lambda item: item.get_expiry()))


def strictest(rates: Iterable[str]) -> str:
    """The rates that no other one implies, as one text (often one per second and one per hour); empty without rates."""
    texts = [part.strip() for rate in filter(None, rates) for part in SEPARATORS.split(rate)]
    # Rates that are equal but written differently are counted once.
    text_by_item = {item: text for text in texts for item in parse_rates(text)}
    for item in list(text_by_item):
        if any(_implies(other, item) for other in text_by_item if other != item):
            del text_by_item[item]
    return "; ".join(text_by_item[item] for item in sorted(text_by_item, key=lambda item: item.get_expiry()))


def _implies(one: limits.RateLimitItem, other: limits.RateLimitItem) -> bool:
    """Whether a client within the one rate is always within the other, so that the other need not be counted."""
    return one.amount * math.ceil(other.get_expiry() / one.get_expiry()) <= other.amount


def validate_rate(text: str) -> None:
    """Validator of model fields."""
    try:
        rates = parse_rates(text)
    except ValueError:
        raise ValidationError(
            "This is not a valid rate. Write a number and a period, e.g. 60/minute, or several: 2/second; 1000/hour."
        ) from None
    for rate in rates:
        if not 1 <= rate.amount <= MAX_AMOUNT:
            raise ValidationError(f"The number of requests must be between 1 and {MAX_AMOUNT:,}.")
        if rate.get_expiry() > MAX_PERIOD:
            raise ValidationError("The period of a rate must not be longer than a year.")


@dataclass(slots=True)
class Window:
    """The requests of one key in the last `period` seconds: eight bytes each, the oldest first."""

    period: float
    times: "array[float]" = field(default_factory=lambda: array("d"))
    # The first time that has not expired; those before it are removed when they are the larger part.
    first: int = 0

    def count(self, now: float) -> int:
        """The number of requests that have not expired."""
        while self.first < len(self.times) and self.times[self.first] <= now - self.period:
            self.first += 1
        if self.first > len(self.times) // 2:
            del self.times[: self.first]
            self.first = 0
        return len(self.times) - self.first


class MemoryWindows:
    """Moving windows in this process, in the form of `limits`.

    They use the monotonic clock: if the machine's clock is set back by an hour, no key is refused for that hour.
    """

    def __init__(self) -> None:
        self._windows: dict[tuple[str, int, int], Window] = {}
        self._sweep_at = time.monotonic() + SWEEP_EVERY
        self._lock = threading.Lock()

    def hit(self, item: limits.RateLimitItem, key: str) -> bool:
        """Counts one request if there is room."""
        now = time.monotonic()
        with self._lock:
            self._sweep(now)
            window = self._windows.setdefault(_window_key(item, key), Window(item.get_expiry()))
            if window.count(now) >= item.amount:
                return False
            window.times.append(now)
            return True

    def test(self, item: limits.RateLimitItem, key: str) -> bool:
        """Whether there is room for one request."""
        return self.get_window_stats(item, key).remaining > 0

    def get_window_stats(self, item: limits.RateLimitItem, key: str) -> WindowStats:
        """What is left, and when (in seconds since the epoch) the oldest request expires."""
        now, wall_clock = time.monotonic(), time.time()
        with self._lock:
            window = self._windows.get(_window_key(item, key))
            count = window.count(now) if window else 0
            oldest = window.times[window.first] if window and count else now
        return WindowStats(wall_clock + oldest + item.get_expiry() - now, item.amount - count)

    def _sweep(self, now: float) -> None:
        if now >= self._sweep_at:
            self._sweep_at = now + SWEEP_EVERY
            self._windows = {key: window for key, window in self._windows.items() if window.count(now)}


def _window_key(item: limits.RateLimitItem, key: str) -> tuple[str, int, int]:
    return key, item.amount, item.get_expiry()


Windows = MemoryWindows | MovingWindowRateLimiter


class Limiter:
    """Counts hits per key; never raises, and waits for Redis no longer than REDIS_TIMEOUT."""

    def __init__(self, redis_url: str = "") -> None:
        self._local = MemoryWindows()
        self._shared = _shared(redis_url) if redis_url else None
        self._resume_at = 0.0
        self._lock = threading.Lock()

    def hit(self, rate: str, key: str) -> Quota:
        """Counts one request of this key if its rate allows it; returns the quota with the least left."""
        items = parse_rates(rate)
        if self._shared is not None and self._may_try_redis():
            try:
                quota = _count(self._shared, items, key)
            except Exception as error:  # noqa: BLE001 (requests continue after any error of Redis)
                self._resume_at = time.monotonic() + REDIS_PAUSE
                REDIS_FAILURES.inc()
                logger.warning("Redis is not available, this process counts rates: %s", type(error).__name__)
            else:
                self._resume_at = 0.0
                return quota
        return _count(self._local, items, key)

    @property
    def is_shared(self) -> bool:
        """Whether all processes count together."""
        return self._shared is not None

    def peek(self, rate: str, key: str) -> Quota:
        """What the next hit would return, without counting one."""
        items = parse_rates(rate)
        windows: Windows = self._local
        if self._shared is not None and self._may_try_redis():
            windows = self._shared
        try:
            return _quota(windows, items, key, allowed=_has_room(windows, items, key))
        except Exception:  # noqa: BLE001 (as for hits)
            self._resume_at = time.monotonic() + REDIS_PAUSE
            REDIS_FAILURES.inc()
            return _quota(self._local, items, key, allowed=_has_room(self._local, items, key))

    def spent(self, rate: str, key: str) -> Quota | None:
        """The quota if the next hit would be refused, else None; as counted in this process, without counting a hit."""
        items = parse_rates(rate)
        return None if _has_room(self._local, items, key) else _quota(self._local, items, key, allowed=False)

    def _may_try_redis(self) -> bool:
        """True while Redis works; after a failure, for one request every REDIS_PAUSE seconds."""
        with self._lock:
            now = time.monotonic()
            if now < self._resume_at:
                return False
            if self._resume_at:
                # Other threads do not wait while this one tries.
                self._resume_at = now + REDIS_PAUSE
            return True


def _count(limiter: Windows, items: Sequence[limits.RateLimitItem], key: str) -> Quota:
    shortest, *longer = items
    # A request that a longer period refuses must not count in the shortest one, or the next retry is refused there too.
    allowed = _has_room(limiter, longer, key) and limiter.hit(shortest, key)
    # Every hit is atomic, so no period allows too many requests, even if other threads count at the same time.
    allowed = allowed and all(limiter.hit(item, key) for item in longer)
    return _quota(limiter, items, key, allowed=allowed)


def _has_room(limiter: Windows, items: Iterable[limits.RateLimitItem], key: str) -> bool:
    return all(limiter.test(item, key) for item in items)


def _quota(limiter: Windows, items: Iterable[limits.RateLimitItem], key: str, *, allowed: bool) -> Quota:
    """The quota of the rate with the least left; if several are equal, of the one that resets last."""
    stats = ((limiter.get_window_stats(item, key), item) for item in items)
    window, item = min(stats, key=lambda pair: (pair[0].remaining, -pair[0].reset_time))
    return Quota(allowed, item.amount, window.remaining, dt.datetime.fromtimestamp(window.reset_time, tz=dt.UTC))


def _shared(url: str) -> MovingWindowRateLimiter | None:
    """A limiter in Redis; None if it cannot be set up, in which case no request is refused either."""
    try:
        storage = storage_from_string(url, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=REDIS_TIMEOUT)
        return MovingWindowRateLimiter(cast("Storage", storage))
    except Exception as error:  # noqa: BLE001 (a wrong address or a missing package)
        logger.error("REDIS_URL cannot be used, so each process counts rates on its own: %s", type(error).__name__)  # noqa: TRY400 (its text may hold the password)
        return None


def limiter() -> Limiter:
    """This process's limiter; the first threads wait until one of them has created it."""
    with _limiter_lock:
        return _create_limiter()


_limiter_lock = threading.Lock()


@caches.process_cache(maxsize=1)
def _create_limiter() -> Limiter:
    return Limiter(settings.REDIS_URL)


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """The network of one caller: an IPv6 line has 2**64 addresses, which count as one caller."""
    try:
        caller = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if caller.version == 4 or caller.ipv4_mapped:
        return address
    return str(ipaddress.ip_network((caller, 64), strict=False))


class Failures:
    """Counts wrong keys by address in this process, so that guessing causes no query."""

    def __init__(self) -> None:
        self._limiter = Limiter()

    def clear(self) -> None:
        self._limiter = Limiter()

    def spent(self, address: str) -> Quota | None:
        """The quota if this address has sent too many wrong keys, else None."""
        return self._limiter.spent(self._rate, network_of(address)) if settings.FAILED_KEYS_PER_MINUTE else None

    def count(self, address: str, *, keys: int) -> None:
        """Counts a request with that many wrong keys; each of them is a guess."""
        for _ in range(keys if settings.FAILED_KEYS_PER_MINUTE else 0):
            self._limiter.hit(self._rate, network_of(address))

    @property
    def _rate(self) -> str:
        return f"{settings.FAILED_KEYS_PER_MINUTE}/minute"


class Visits:
    """Counts the requests of visitors by address in this process."""

    def __init__(self) -> None:
        self._limiter = Limiter()

    def clear(self) -> None:
        self._limiter = Limiter()

    def refuse(self, address: str) -> Quota | None:
        """Counts a request; the quota if this address has sent too many, else None."""
        if not settings.VISITORS_PER_MINUTE:
            return None
        quota = self._limiter.hit(f"{settings.VISITORS_PER_MINUTE}/minute", network_of(address))
        return None if quota.allowed else quota


class KnownDigests:
    """Digests of keys that were valid recently: a guesser behind the same address does not lock them out."""

    def __init__(self, size: int = 20_000) -> None:
        self._digests: OrderedDict[str, None] = OrderedDict()
        self._size = size
        self._lock = threading.Lock()

    def has(self, digest: str) -> bool:
        return digest in self._digests

    def clear(self) -> None:
        with self._lock:
            self._digests.clear()

    def add(self, digest: str) -> None:
        with self._lock:
            self._digests[digest] = None
            self._digests.move_to_end(digest)
            if len(self._digests) > self._size:
                self._digests.popitem(last=False)


FAILURES = caches.register(Failures())
# At public addresses, where clients also send keys of other services: those failures must not lock anybody out of the
# lists, but guessing there is limited too.
VISITOR_FAILURES = caches.register(Failures())
VISITS = caches.register(Visits())
KNOWN_DIGESTS = caches.register(KnownDigests())
