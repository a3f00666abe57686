"""How often a key may ask, and how often an address may be wrong.

A rate of 60/minute means: never more than 60 in any 60 seconds. Where REDIS_URL is set it is counted in Redis, exactly
and for all machines together, and in this process otherwise. A Redis that is down or hangs costs a request nothing but
the first moment: counting goes on in this process until it is back.
"""

import datetime as dt
import ipaddress
import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import cast

import limits
from django.conf import settings
from django.core.exceptions import ValidationError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from tokens.instruments import REDIS_FAILURES

logger = logging.getLogger("modelbook.throttling")

# Longer than Redis ever takes when it is well, and not noticed when it is not.
REDIS_TIMEOUT = 0.1
# After a failure Redis is left alone this long (seconds); then one request tries it again.
REDIS_PAUSE = 5.0


@dataclass(frozen=True)
class Quota:
    """What is left of a rate after a request; at `resets_at` the oldest request counted is forgotten."""

    allowed: bool
    limit: int
    remaining: int
    resets_at: dt.datetime

    def seconds(self, *, at: dt.datetime) -> int:
        """Whole seconds until `resets_at`, rounded up, at least one."""
        return max(math.ceil((self.resets_at - at).total_seconds()), 1)


@lru_cache(maxsize=1024)
def parse_rate(text: str) -> limits.RateLimitItem:
    """`60/minute`, `5/second`, `1000/hour`, `100 per 2 hours`; ValueError for anything else."""
    return limits.parse(text)


def strictest(rates: Iterable[str]) -> str:
    """The rate among these that allows the least per second; empty where none limits."""
    return min(
        filter(None, rates), key=lambda rate: parse_rate(rate).amount / parse_rate(rate).get_expiry(), default=""
    )


def validate_rate(text: str) -> None:
    """For model fields."""
    try:
        parse_rate(text)
    except ValueError:
        raise ValidationError("Write a number and a period, e.g. 60/minute or 1000/hour.") from None


class Limiter:
    """Counts hits per key; never raises and never waits for a Redis that does not answer."""

    def __init__(self, redis_url: str = "") -> None:
        self._local = MovingWindowRateLimiter(MemoryStorage())
        self._shared = MovingWindowRateLimiter(_redis(redis_url)) if redis_url else None
        self._resume_at = 0.0
        self._lock = threading.Lock()

    def hit(self, rate: str, key: str) -> Quota:
        """Counts one request of this key, if its rate allows it, and tells what is left."""
        item = parse_rate(rate)
        if self._shared is not None and self._is_turn_of_redis():
            try:
                quota = _count(self._shared, item, key)
            except Exception as error:  # noqa: BLE001 (whatever is wrong with Redis, requests go on)
                self._resume_at = time.monotonic() + REDIS_PAUSE
                REDIS_FAILURES.inc()
                logger.warning("Redis does not count rates, this process does: %s", type(error).__name__)
            else:
                self._resume_at = 0.0
                return quota
        return _count(self._local, item, key)

    def spent(self, rate: str, key: str) -> Quota | None:
        """The quota, if the next hit would be refused; counted in this process, and counts nothing."""
        item = parse_rate(rate)
        return None if self._local.test(item, key) else _quota(self._local, item, key, allowed=False)

    def _is_turn_of_redis(self) -> bool:
        """True while Redis is well; after a failure, for one request every few seconds that finds out."""
        with self._lock:
            now = time.monotonic()
            if now < self._resume_at:
                return False
            if self._resume_at:
                # Whoever comes while this one waits for an answer does not wait too.
                self._resume_at = now + REDIS_PAUSE
            return True


def _count(limiter: MovingWindowRateLimiter, item: limits.RateLimitItem, key: str) -> Quota:
    return _quota(limiter, item, key, allowed=limiter.hit(item, key))


def _quota(limiter: MovingWindowRateLimiter, item: limits.RateLimitItem, key: str, *, allowed: bool) -> Quota:
    stats = limiter.get_window_stats(item, key)
    return Quota(allowed, item.amount, stats.remaining, dt.datetime.fromtimestamp(stats.reset_time, tz=dt.UTC))


def _redis(url: str) -> Storage:
    storage = storage_from_string(url, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=REDIS_TIMEOUT)
    return cast("Storage", storage)


@cache
def limiter() -> Limiter:
    """This process's limiter."""
    return Limiter(settings.REDIS_URL)


def whose(address: str) -> str:
    """The network that one caller has: an IPv6 line comes with 2**64 addresses, and each is not another guesser."""
    try:
        caller = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if caller.version == 4 or caller.ipv4_mapped:
        return address
    return str(ipaddress.ip_network((caller, 64), strict=False))


class Failures:
    """Wrong keys by address, counted in this process: guessing costs us no query."""

    def __init__(self) -> None:
        self._limiter = Limiter()

    def spent(self, address: str) -> Quota | None:
        """The quota, if this address has sent too many wrong keys."""
        return self._limiter.spent(self._rate, whose(address)) if settings.FAILED_KEYS_PER_MINUTE else None

    def count(self, address: str) -> None:
        if settings.FAILED_KEYS_PER_MINUTE:
            self._limiter.hit(self._rate, whose(address))

    @property
    def _rate(self) -> str:
        return f"{settings.FAILED_KEYS_PER_MINUTE}/minute"


class Known:
    """The digests of keys that were good lately: a guesser behind the same address does not lock them out."""

    def __init__(self, size: int = 20_000) -> None:
        self._digests: OrderedDict[str, None] = OrderedDict()
        self._size = size
        self._lock = threading.Lock()

    def has(self, digest: str) -> bool:
        return digest in self._digests

    def add(self, digest: str) -> None:
        with self._lock:
            self._digests[digest] = None
            self._digests.move_to_end(digest)
            if len(self._digests) > self._size:
                self._digests.popitem(last=False)


FAILURES = Failures()
KNOWN = Known()
