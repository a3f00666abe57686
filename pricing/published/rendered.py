"""What is rendered of each model, from one state of the prices to the next: only changed models are rendered again.

A list of thousands of models is rendered once; after that, a changed price costs the reading and rendering of one
model and the joining of the others. The states are never changed, so that threads share them.
"""

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, cast

from catalog import caches
from catalog.db import changes
from catalog.db.changes import Version
from pricing.published.boundaries import COUNTERS, last_price_boundary, models_changed_by_time

# More changed models are rendered with all others: their rows are found faster without a list of keys.
MOST_CHANGED = 500
# The last states of each kind: a request whose snapshot is older than that of others finds its own.
REMEMBERED = 2
# The models of all kinds together, with about a kilobyte each. The kind that was used last stays, however large it is.
MOST_MODELS = 100_000

V = TypeVar("V")
# Renders the models with these keys, or all: model key -> the value, without models that the list does not contain.
Render = Callable[[Collection[int] | None], Mapping[int, V]]


@dataclass(frozen=True)
class PriceState:
    """Published prices are equal in equal states: the version of the catalog, and the last boundary."""

    version: Version
    boundary: dt.datetime | None

    @classmethod
    def of(cls, version: Version, *, at: dt.datetime) -> "PriceState":
        return cls(version, last_price_boundary(version, at=at))

    def models_changed(self, since: "PriceState") -> frozenset[int] | None:
        """The keys of the models that may differ from those of another state, some also deleted ones; None: all."""
        by_time = models_changed_by_time(since.boundary, self.boundary)
        written: frozenset[int] | None = frozenset()
        if self.version != since.version:
            written = changes.models_changed(since=since.version, until=self.version, counters=COUNTERS)
        if by_time is None or written is None or len(by_time | written) > MOST_CHANGED:
            return None
        return by_time | written


@dataclass(eq=False)
class Kind(Generic[V]):
    """The last states of one kind of values, and the lock of the thread that makes the next one."""

    states: "OrderedDict[PriceState, Mapping[int, V]]" = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    # How many models its last state has; the states before share most values with it. Other threads read it.
    size: int = 0


class RenderedModels:
    """Kind -> model key -> what is rendered of it, in the last states; safe between threads.

    A kind must name everything that the values depend on beside the state.
    """

    def __init__(self, most_models: int = MOST_MODELS) -> None:
        self.most_models = most_models
        self._kinds: OrderedDict[Hashable, Kind[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, kind: Hashable, state: PriceState, render: Render[V]) -> Mapping[int, V]:
        """The values of all models in this state, which must be the one that `render` reads or an earlier one."""
        with self._lock:
            entry = cast("Kind[V]", self._kinds.setdefault(kind, Kind()))
            self._kinds.move_to_end(kind)
        with entry.lock:
            values = entry.states.get(state)
            if values is None:
                values = self._next(entry, state, render)
                entry.states[state] = values
                entry.size = len(values)
                while len(entry.states) > REMEMBERED:
                    entry.states.popitem(last=False)
        self._evict()
        return values

    def peek(self, kind: Hashable, state: PriceState) -> Mapping[int, Any] | None:
        """The values of this state, if they are stored."""
        entry = self._kinds.get(kind)
        return None if entry is None else entry.states.get(state)

    def clear(self) -> None:
        with self._lock:
            self._kinds.clear()

    def _next(self, entry: Kind[V], state: PriceState, render: Render[V]) -> Mapping[int, V]:
        last, values = next(reversed(entry.states.items()), (None, {}))
        changed = None if last is None else state.models_changed(last)
        if changed is None:
            # Not beside the new values: that would be twice the memory.
            values = {}
            entry.states.clear()
            return render(None)
        rendered = render(changed) if changed else {}
        # Changed values take the places of those before, so that a sorted list is nearly sorted.
        values = dict(values)
        for key in changed:
            if key in rendered:
                values[key] = rendered[key]
            else:
                values.pop(key, None)
        return values

    def _evict(self) -> None:
        with self._lock:
            while len(self._kinds) > 1 and sum(entry.size for entry in self._kinds.values()) > self.most_models:
                self._kinds.popitem(last=False)


RENDERED_MODELS = caches.register(RenderedModels())
