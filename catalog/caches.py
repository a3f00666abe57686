"""The registry of caches that live in this process and depend on stored data or settings, and a small cache of states.

Each is correct without it: its keys contain the revision, or its entries expire. `clear_all` is for code that replaces
the data under a running process, such as a test that rolls back. Imports no models.
"""

import functools
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, ParamSpec, Protocol, TypeVar, cast


class Clearable(Protocol):
    """A cache that can be emptied."""

    def clear(self) -> None: ...


Cache = TypeVar("Cache", bound=Clearable)
K = TypeVar("K")
V = TypeVar("V")
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

# Weak: a cache ends with its owner. Threads may register while another one clears.
_objects: "weakref.WeakSet[Clearable]" = weakref.WeakSet()
_functions: dict[Callable[..., object], Callable[[], None]] = {}
_lock = threading.Lock()


def register(cache: Cache) -> Cache:
    """Registers an object; returns it."""
    with _lock:
        _objects.add(cache)
    return cache


class Recent(Generic[K, V]):
    """What was read of the last few states of the catalog, by their version or counter; safe between threads.

    So a request whose snapshot is older than that of others still finds the values of its own state.
    """

    SIZE = 4

    def __init__(self) -> None:
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        with self._lock:
            return self._values.get(key)

    def newest(self) -> tuple[K, V] | None:
        """The key and value that were stored last."""
        with self._lock:
            return next(reversed(self._values.items()), None)

    def store(self, key: K, value: V) -> None:
        with self._lock:
            self._values[key] = value
            while len(self._values) > self.SIZE:
                self._values.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._values.clear()


def process_cache(*, maxsize: int | None) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result]]:
    """`functools.lru_cache`, registered."""

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
        cached = functools.lru_cache(maxsize)(function)
        _functions[cached] = cached.cache_clear
        # Its stub forgets the arguments' types.
        return cast("Callable[Arguments, Result]", cached)

    return decorate


def is_registered(cache: object) -> bool:
    """Whether `clear_all` empties this object or function."""
    return any(registered is cache for registered in (*_functions, *_objects))


def clear_all() -> None:
    """Empties every registered cache of this process."""
    with _lock:
        caches = [*_objects]
    for cache in caches:
        cache.clear()
    for clear in _functions.values():
        clear()
