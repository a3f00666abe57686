"""When models start: before its start, a model does not exist for callers, and has no price.

A release states when a model starts for one group, in place of the model's own start. Lists, the group that pays,
prices and explanations ask this module for the rule. `in_reach` in tokens/access/visibility.py states it once more as a
query, and tokens/access/cursor_memory.py for rows of the history; tests compare them.
"""

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import BigIntegerField, Value

from catalog import caches
from catalog.db.revision import Counters
from catalog.db.snapshot import in_snapshot
from catalog.models import AIModel
from tokens.models import ModelRelease

# A longer list of keys is filtered in memory.
MAX_KEYS = 1000

NO_START = dt.datetime.min.replace(tzinfo=dt.UTC)
# None: at once.
Start = dt.datetime | None


def is_reached(start: Start, *, at: dt.datetime) -> bool:
    """Whether a start is not after a moment."""
    return start is None or start <= at


@dataclass(frozen=True)
class ModelStarts:
    """The starts of one model: its own, and those of groups with a release."""

    own: Start = None
    by_group: Mapping[int, Start] = field(default_factory=dict)

    def of(self, group: int) -> Start:
        return self.by_group.get(group, self.own)


AT_ONCE = ModelStarts()


class Starts:
    """The starts of some models, or of all; a model without a row starts at once for every group."""

    def __init__(self, by_model: Mapping[int, ModelStarts]) -> None:
        self.by_model = by_model
        moments = {moment for starts in by_model.values() for moment in (starts.own, *starts.by_group.values())}
        # Every moment at which a model starts for a group, past and ahead, in order.
        self.moments = tuple(sorted(moment for moment in moments if moment is not None))

    def of(self, model: int, group: int) -> Start:
        return self.by_model.get(model, AT_ONCE).of(group)

    def has_started(self, model: int, group: int, *, at: dt.datetime) -> bool:
        return is_reached(self.of(model, group), at=at)

    def last(self, at: dt.datetime) -> dt.datetime | None:
        """The last start up to a moment: until the next one, the same models have started."""
        position = bisect_right(self.moments, at)
        return self.moments[position - 1] if position else None

    def next(self, at: dt.datetime) -> dt.datetime | None:
        """The next start after a moment."""
        position = bisect_right(self.moments, at)
        return self.moments[position] if position < len(self.moments) else None


def read_starts(models: Collection[int] | None = None) -> Starts:
    """The starts of these models or of all, in one query."""
    own, releases = AIModel.objects.filter(starts_at__isnull=False), ModelRelease.objects.all()
    if models is not None and len(models) <= MAX_KEYS:
        own, releases = own.filter(pk__in=models), releases.filter(model__in=models)
    nobody = Value(None, output_field=BigIntegerField())
    rows = own.values_list("pk", nobody, "starts_at").union(
        releases.values_list("model", "group", "starts_at"), all=True
    )
    own_starts: dict[int, Start] = {}
    by_group: defaultdict[int, dict[int, Start]] = defaultdict(dict)
    for model, group, starts_at in rows:
        if group is None:
            own_starts[model] = starts_at
        else:
            by_group[model][group] = starts_at
    keys = own_starts.keys() | by_group.keys()
    return Starts({key: ModelStarts(own_starts.get(key), by_group.get(key, {})) for key in keys})


class StartsCache:
    """The starts of all models at the last values of the counter `models`; safe between threads."""

    def __init__(self) -> None:
        self._starts: caches.Recent[int, Starts] = caches.Recent()

    def read(self, counters: Counters | None = None) -> Starts:
        """The starts at these counters, which the caller has read in its snapshot or transaction, or those of now."""
        if counters is None or not (in_snapshot(connection) or connection.in_atomic_block):
            return read_starts()
        starts = self._starts.get(counters.models)
        if starts is None:
            starts = read_starts()
            self._starts.store(counters.models, starts)
        return starts

    def clear(self) -> None:
        self._starts.clear()


STARTS = caches.register(StartsCache())
