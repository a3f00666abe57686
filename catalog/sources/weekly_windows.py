"""Converts conditions on the time in billing expressions into the weekly windows of a price's condition."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from catalog.sources.expression_language import AllOf, AnyOf, Comparison, Condition, Node, UnreadableError

DAY = 24 * 60


def windows(condition: Condition) -> Mapping[str, Any]:
    """The windows in which the condition holds, with equal days together.

    It is evaluated at every minute at which it may change, so its form does not matter. UnreadableError if it never
    holds or uses several time zones.
    """
    comparisons = list(_comparisons(condition))
    zone, weekday_zone = _zone(comparisons, "hour", "minute"), _zone(comparisons, "weekday")
    edges = {edge for comparison in comparisons for edge in _edges(comparison)}
    starts = sorted({0, *(edge for edge in edges if 0 < edge < DAY)})
    days: dict[tuple[bool, ...], list[int]] = {}
    for day in range(1, 8):
        days.setdefault(tuple(_holds(condition, day, start) for start in starts), []).append(day)
    weekly = [_window(starts, is_open, equal_days) for is_open, equal_days in days.items() if any(is_open)]
    if not weekly:
        raise UnreadableError
    value: dict[str, Any] = {"tz": zone or weekday_zone or "UTC", "windows": weekly}
    return {**value, "weekday_tz": weekday_zone} if zone and weekday_zone and weekday_zone != zone else value


def _comparisons(node: Node) -> Iterator[Comparison]:
    if isinstance(node, AllOf | AnyOf):
        for part in node.parts:
            yield from _comparisons(part)
    elif isinstance(node, Comparison):
        yield node


def _zone(comparisons: Iterable[Comparison], *whats: str) -> str:
    """The only time zone in these comparisons; an empty string if they have none."""
    zones = {comparison.zone for comparison in comparisons if comparison.what in whats}
    if len(zones) > 1:
        raise UnreadableError
    for name in zones:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise UnreadableError from None
    return zones.pop() if zones else ""


def _edges(comparison: Comparison) -> Iterable[int]:
    """The minutes of a day at which the comparison may change."""
    minutes = {"hour": 60, "minute": 1}.get(comparison.what)
    # A number after the end of the day changes nothing within it.
    number = min(int(comparison.number), DAY)
    return () if minutes is None else (number * minutes, (number + 1) * minutes)


def _holds(node: Node, day: int, minute: int) -> bool:
    """Whether it holds on a day (1 is Monday) at a minute; in expressions Sunday is 0."""
    match node:
        case AllOf(parts):
            return all(_holds(part, day, minute) for part in parts)
        case AnyOf(parts):
            return any(_holds(part, day, minute) for part in parts)
        case Comparison(what):
            return node.holds({"weekday": day % 7, "hour": minute // 60, "minute": minute}[what])
    raise UnreadableError


def _window(starts: Sequence[int], is_open: Sequence[bool], days: Sequence[int]) -> dict[str, Any]:
    spans: list[tuple[int, int]] = []
    for start, end, is_in in zip(starts, [*starts[1:], DAY], is_open, strict=True):
        if is_in and spans and spans[-1][1] == start:
            spans[-1] = (spans[-1][0], end)
        elif is_in:
            spans.append((start, end))
    if len(days) == 7 and len(spans) > 1 and spans[0][0] == 0 and spans[-1][1] == DAY:
        # If all days are equal, a night is one span across midnight.
        spans = [*spans[1:-1], (spans[-1][0], spans[0][1])]
    window: dict[str, Any] = {"hours": [f"{_time(start)}-{_time(end)}" for start, end in spans]}
    return window if len(days) == 7 else {**window, "weekdays": list(days)}


def _time(minute: int) -> str:
    return f"{minute // 60 % 24:02}:{minute % 60:02}"
