"""How often a key may ask, and how often an address may be wrong.

A rate of 60/minute means: never more than 60 in any 60 seconds. Where REDIS_URL is set it is counted in Redis, exactly
and for all machines together, and in this process otherwise. A Redis that is down or hangs costs a request nothing but
the first moment: counting goes on in this process until it is back.
"""

import datetime as dt
import ipaddress
import logging
import math
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import cast

import limits
from django.conf import settings
from django.core.exceptions import ValidationError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter

from tokens.counters import REDIS_FAILURES

logger = logging.getLogger("modelbook.throttling")

# Longer than Redis ever takes when it is well, and not noticed when it is not.
REDIS_TIMEOUT = 0.1
# How several rates are written in one text.
SEPARATORS = re.compile(r"[,;|]")
# Redis reads no larger numbers in full, and the moment that a longer period ends has no date.
MOST = 1_000_000_000
LONGEST = 366 * 86_400  # seconds
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
def parse_rates(text: str) -> tuple[limits.RateLimitItem, ...]:
    """`60/minute`, `5/second`, `100 per 2 hours`, or several as `2/second; 1000/hour`; ValueError for anything else.

    The one of the shortest period comes first.
    """
    return tuple(sorted(limits.parse_many(text), key=lambda item: item.get_expiry()))


def strictest(rates: Iterable[str]) -> str:
    """The rates among these that limit, as one text: a burst and an hour may both; empty where none does."""
    written = [part.strip() for rate in filter(None, rates) for part in SEPARATORS.split(rate)]
    # One for each rate: of those that say the same in other words, only one is to be counted.
    kept = {item: text for text in written for item in parse_rates(text)}
    for item in list(kept):
        if any(_implies(other, item) for other in kept if other != item):
            del kept[item]
    return "; ".join(kept[item] for item in sorted(kept, key=lambda item: item.get_expiry()))


def _implies(one: limits.RateLimitItem, other: limits.RateLimitItem) -> bool:
    """Whether whoever keeps to the one keeps to the other too, so that it need not be counted."""
    return one.amount * math.ceil(other.get_expiry() / one.get_expiry()) <= other.amount


def validate_rate(text: str) -> None:
    """For model fields."""
    try:
        rates = parse_rates(text)
    except ValueError:
        raise ValidationError("Write a number and a period, e.g. 60/minute, or several: 2/second; 1000/hour.") from None
    for rate in rates:
        if not 1 <= rate.amount <= MOST:
            raise ValidationError(f"A rate lets at least one request through, and at most {MOST:,} in its period.")
        if rate.get_expiry() > LONGEST:
            raise ValidationError("The period of a rate is a year at most.")


class Limiter:
    """Counts hits per key; never raises and never waits for a Redis that does not answer."""

    def __init__(self, redis_url: str = "") -> None:
        self._local = MovingWindowRateLimiter(MemoryStorage())
        self._shared = _shared(redis_url) if redis_url else None
        self._resume_at = 0.0
        self._lock = threading.Lock()

    def hit(self, rate: str, key: str) -> Quota:
        """Counts one request of this key, if its rate allows it, and tells what is left of what is nearest its end."""
        items = parse_rates(rate)
        if self._shared is not None and self._is_turn_of_redis():
            try:
                quota = _count(self._shared, items, key)
            except Exception as error:  # noqa: BLE001 (whatever is wrong with Redis, requests go on)
                self._resume_at = time.monotonic() + REDIS_PAUSE
                REDIS_FAILURES.inc()
                logger.warning("Redis does not count rates, this process does: %s", type(error).__name__)
            else:
                self._resume_at = 0.0
                return quota
        return _count(self._local, items, key)

    def spent(self, rate: str, key: str) -> Quota | None:
        """The quota, if the next hit would be refused; counted in this process, and counts nothing."""
        items = parse_rates(rate)
        return None if _has_room(self._local, items, key) else _quota(self._local, items, key, allowed=False)

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


def _count(limiter: MovingWindowRateLimiter, items: Sequence[limits.RateLimitItem], key: str) -> Quota:
    shortest, *longer = items
    # What a longer period refuses must not use up the shorter one: who came back in time would be refused again.
    allowed = _has_room(limiter, longer, key) and limiter.hit(shortest, key)
    # Each is counted by itself, so none ever lets more through, whatever others count meanwhile.
    allowed = allowed and all(limiter.hit(item, key) for item in longer)
    return _quota(limiter, items, key, allowed=allowed)


def _has_room(limiter: MovingWindowRateLimiter, items: Iterable[limits.RateLimitItem], key: str) -> bool:
    return all(limiter.test(item, key) for item in items)


def _quota(
    limiter: MovingWindowRateLimiter, items: Iterable[limits.RateLimitItem], key: str, *, allowed: bool
) -> Quota:
    """Of the rate with the least left, and of several that have as little, the one that stays so the longest."""
    stats = ((limiter.get_window_stats(item, key), item) for item in items)
    found, item = min(stats, key=lambda pair: (pair[0].remaining, -pair[0].reset_time))
    return Quota(allowed, item.amount, found.remaining, dt.datetime.fromtimestamp(found.reset_time, tz=dt.UTC))


def _shared(url: str) -> MovingWindowRateLimiter | None:
    """Counting in Redis; None where that cannot even be set up, which must not refuse a request either."""
    try:
        storage = storage_from_string(url, socket_timeout=REDIS_TIMEOUT, socket_connect_timeout=REDIS_TIMEOUT)
        return MovingWindowRateLimiter(cast("Storage", storage))
    except Exception as error:  # noqa: BLE001 (a wrong address, a package that is missing: all the same here)
        logger.error("REDIS_URL cannot be used, each process counts rates by itself: %s", type(error).__name__)  # noqa: TRY400 (its text may hold the password)
        return None


def limiter() -> Limiter:
    """This process's limiter. The first threads to ask wait for one to make it: half of it would be of no use."""
    with _making:
        return _made()


_making = threading.Lock()


@cache
def _made() -> Limiter:
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

    def count(self, address: str, *, keys: int) -> None:
        """Counts a request with so many wrong keys; each is a guess."""
        for _ in range(keys if settings.FAILED_KEYS_PER_MINUTE else 0):
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
# At addresses that are open to everybody, where clients send keys of other services along: that is no reason to refuse
# anybody elsewhere, but nobody may guess there without end either.
VISITORS = Failures()
KNOWN = Known()
