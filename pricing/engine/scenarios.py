"""The requests and moments that price lines tell apart: one of each kind, plainest first. Imports no models."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from math import prod
from typing import Any

from catalog.prices import Condition, Line
from pricing.engine.conditions import COMPARISONS, OPS, OPS_OF, Facts, all_hold, holds, minutes_of, zone
from pricing.engine.quoting import USUAL_LIFETIME

# Of more combinations than this, only those are looked at that a line names itself.
MAX_CASES = 256
# A service tier, a resolution or a region that no line names.
ANOTHER = "any other"


@dataclass(frozen=True)
class Case:
    """One kind of request at one moment."""

    facts: Facts
    at: dt.datetime


def cases(lines: Sequence[Line], *, meter: str, groups: Iterable[str], at: dt.datetime) -> list[Case]:
    """A case for every way in which the lines' conditions can hold together; of groups alike, the one named first.

    Hours and weekdays are looked at as far as a week goes, from `at` on.
    """
    asked: defaultdict[str, list[Condition]] = defaultdict(list)
    for line in lines:
        for condition in line.conditions:
            dim, op = condition["dim"], condition["op"]
            if op in OPS_OF.get(dim, OPS) and condition not in asked[dim]:
                asked[dim].append(condition)
    options = {dim: _options(dim, named, meter=meter, at=at) for dim, named in asked.items()}
    options["group"] = [Case({"group": group}, at) for group in groups]
    axes = {dim: _told_apart(found, asked.get(dim, ())) for dim, found in options.items()}
    if prod(map(len, axes.values())) <= MAX_CASES:
        return [_together(chosen, at=at) for chosen in product(*axes.values())]
    return [_together(chosen, at=at) for line in lines for chosen in _named_by(line, axes)]


def _options(dim: str, asked: Sequence[Condition], *, meter: str, at: dt.datetime) -> list[Case]:
    """What a request can say of a dimension, as far as these conditions tell it apart; saying nothing comes first."""
    if dim == "time":
        return [Case({}, moment) for moment in (at, *_edges(asked, at=at))]
    if dim == "request_match":
        matches = [condition["value"] for condition in asked]
        return [Case(_request(chosen), at) for chosen in ((), *((match,) for match in matches), matches)]
    if dim == "prompt_tokens":
        lengths = {value for value in _values(asked) if isinstance(value, int | Decimal) and value > 1}
        return [Case({dim: length}, at) for length in (1, *sorted(lengths))]
    first = {dim: USUAL_LIFETIME} if dim == "cache_ttl" and meter.endswith("cache_write") else {}
    return [Case(facts, at) for facts in (first, *({dim: value} for value in _values(asked)))]


def _values(asked: Iterable[Condition]) -> Iterator[Any]:
    for condition in asked:
        listed = condition["value"]
        for value in listed if isinstance(listed, list | tuple) else (listed,):
            yield value
            if isinstance(value, bool):
                yield not value
            elif isinstance(value, int | Decimal):
                yield from (value - 1, value + 1) if condition["op"] in COMPARISONS else (value + 1,)
            else:
                yield ANOTHER


def _request(matches: Iterable[Mapping[str, Any]]) -> Facts:
    """A request that has the fields of all these matches."""
    body: dict[str, Any] = {}
    headers: dict[str, Any] = {}
    for match in matches:
        headers |= match.get("headers", {})
        for path, value in match.get("body", {}).items():
            *parents, last = path.split(".")
            inner = body
            for name in parents:
                if not isinstance(inner.get(name), dict):
                    inner[name] = {}
                inner = inner[name]
            inner[last] = value
    return {"body": body, "headers": headers}


def _edges(asked: Iterable[Condition], *, at: dt.datetime) -> list[dt.datetime]:
    """The moments of a week at which a window opens or closes."""
    found = set()
    for condition in asked:
        value = condition["value"]
        clock = zone(value.get("tz") or "UTC")
        days = zone(value.get("weekday_tz") or value.get("tz") or "UTC")
        edges = {minute for window in value["windows"] for span in window["hours"] for minute in minutes_of(span)}
        for day in range(8):
            found.add(_moment(at.astimezone(days).date() + dt.timedelta(day), 0, days))
            date = at.astimezone(clock).date() + dt.timedelta(day)
            found.update(_moment(date, minute, clock) for minute in edges)
    return sorted(moment for moment in found if moment > at)


def _moment(date: dt.date, minute: int, clock: dt.tzinfo) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(minute // 60, minute % 60), tzinfo=clock).astimezone(dt.UTC)


def _told_apart(options: Iterable[Case], asked: Iterable[Condition]) -> list[Case]:
    """The first of those for which the same conditions hold."""
    named = list(asked)
    found: dict[tuple[bool, ...], Case] = {}
    for option in options:
        found.setdefault(tuple(holds(each, option.facts, at=option.at) for each in named), option)
    return list(found.values())


def _together(chosen: Iterable[Case], *, at: dt.datetime) -> Case:
    facts: dict[str, Any] = {}
    moment = at
    for option in chosen:
        facts |= option.facts
        moment = option.at if option.at != at else moment
    return Case(facts, moment)


def _named_by(line: Line, axes: Mapping[str, Sequence[Case]]) -> Iterator[list[Case]]:
    """The plainest choice for which all of a line's conditions hold, if there is one, for each group."""
    for group in axes["group"]:
        chosen = []
        for dim, options in {**axes, "group": [group]}.items():
            own = [condition for condition in line.conditions if condition["dim"] == dim]
            chosen += [option for option in options if all_hold(own, option.facts, at=option.at)][:1]
        if len(chosen) == len(axes):
            yield chosen
