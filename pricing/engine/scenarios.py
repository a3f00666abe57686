"""Scenarios: the requests and moments that price lines distinguish, the simplest first. Imports no models."""

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

# If there are more combinations than this, only those that a line names are examined.
MAX_SCENARIOS = 256
# A service tier, resolution or region that no line names.
ANOTHER = "any other"


@dataclass(frozen=True)
class Scenario:
    """One kind of request at one moment."""

    facts: Facts
    at: dt.datetime


def list_scenarios(lines: Sequence[Line], *, meter: str, groups: Iterable[str], at: dt.datetime) -> list[Scenario]:
    """A scenario for every combination of conditions that can hold, with one group of those with equal prices.

    Hours and weekdays are examined for one week from `at` on.
    """
    conditions: defaultdict[str, list[Condition]] = defaultdict(list)
    for line in lines:
        for condition in line.conditions:
            dim, op = condition["dim"], condition["op"]
            if op in OPS_OF.get(dim, OPS) and condition not in conditions[dim]:
                conditions[dim].append(condition)
    options = {dim: _options(dim, of_dim, meter=meter, at=at) for dim, of_dim in conditions.items()}
    options["group"] = [Scenario({"group": group}, at) for group in groups]
    axes = {dim: _distinct(scenarios, conditions.get(dim, ())) for dim, scenarios in options.items()}
    if prod(map(len, axes.values())) <= MAX_SCENARIOS:
        return [_combine(choice, at=at) for choice in product(*axes.values())]
    return [_combine(choice, at=at) for line in lines for choice in _choices_of(line, axes)]


def _options(dim: str, conditions: Sequence[Condition], *, meter: str, at: dt.datetime) -> list[Scenario]:
    """The values of a dimension that these conditions distinguish; a request without the dimension comes first."""
    if dim == "time":
        return [Scenario({}, moment) for moment in (at, *window_edges(conditions, at=at))]
    if dim == "request_match":
        matches = [condition["value"] for condition in conditions]
        return [Scenario(request_with(chosen), at) for chosen in ((), *((match,) for match in matches), matches)]
    if dim == "prompt_tokens":
        lengths = {value for value in _values(conditions) if isinstance(value, int | Decimal) and value > 1}
        return [Scenario({dim: length}, at) for length in (1, *sorted(lengths))]
    first = {dim: USUAL_LIFETIME} if dim == "cache_ttl" and meter.endswith("cache_write") else {}
    return [Scenario(facts, at) for facts in (first, *({dim: value} for value in _values(conditions)))]


def _values(conditions: Iterable[Condition]) -> Iterator[Any]:
    """The values of the conditions, and for each one that does not satisfy it."""
    for condition in conditions:
        listed = condition["value"]
        for value in listed if isinstance(listed, list | tuple) else (listed,):
            yield value
            if isinstance(value, bool):
                yield not value
            elif isinstance(value, int | Decimal):
                yield from (value - 1, value + 1) if condition["op"] in COMPARISONS else (value + 1,)
            else:
                yield ANOTHER


def request_with(matches: Iterable[Mapping[str, Any]]) -> Facts:
    """A request with the fields of all these matches."""
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


def window_edges(conditions: Iterable[Condition], *, at: dt.datetime) -> list[dt.datetime]:
    """The moments of the week after `at` at which a window opens or closes."""
    moments = set()
    for condition in conditions:
        value = condition["value"]
        clock = zone(value.get("tz") or "UTC")
        days = zone(value.get("weekday_tz") or value.get("tz") or "UTC")
        minutes = {minute for window in value["windows"] for span in window["hours"] for minute in minutes_of(span)}
        for day in range(8):
            moments.add(_moment(at.astimezone(days).date() + dt.timedelta(day), 0, days))
            date = at.astimezone(clock).date() + dt.timedelta(day)
            moments.update(_moment(date, minute, clock) for minute in minutes)
    return sorted(moment for moment in moments if moment > at)


def _moment(date: dt.date, minute: int, clock: dt.tzinfo) -> dt.datetime:
    return dt.datetime.combine(date, dt.time(minute // 60, minute % 60), tzinfo=clock).astimezone(dt.UTC)


def _distinct(scenarios: Iterable[Scenario], conditions: Iterable[Condition]) -> list[Scenario]:
    """The first of the scenarios in which the same conditions hold."""
    listed = list(conditions)
    first: dict[tuple[bool, ...], Scenario] = {}
    for scenario in scenarios:
        first.setdefault(tuple(holds(condition, scenario.facts, at=scenario.at) for condition in listed), scenario)
    return list(first.values())


def _combine(choice: Iterable[Scenario], *, at: dt.datetime) -> Scenario:
    facts: dict[str, Any] = {}
    moment = at
    for scenario in choice:
        facts |= scenario.facts
        moment = scenario.at if scenario.at != at else moment
    return Scenario(facts, moment)


def _choices_of(line: Line, axes: Mapping[str, Sequence[Scenario]]) -> Iterator[list[Scenario]]:
    """For each group, the simplest choice for which all conditions of a line hold, if there is one."""
    for group in axes["group"]:
        choice = []
        for dim, scenarios in {**axes, "group": [group]}.items():
            own = [condition for condition in line.conditions if condition["dim"] == dim]
            choice += [scenario for scenario in scenarios if all_hold(own, scenario.facts, at=scenario.at)][:1]
        if len(choice) == len(axes):
            yield choice
