"""When a price counts: conditions on the request and on the clock, as pure rules. Imports no models.

A condition is {"dim": …, "op": …, "value": …}. Numbers are compared (gt, gte, lt, lte), names are compared without
regard to case (eq, ne, in), `time` is a set of weekly windows and `request_match` asks for fields of the request's body
and headers. What a request does not say is: no for a yes-or-no question, the standard service tier, and else nothing
that any condition could hold for.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from catalog.prices import Condition

Facts = Mapping[str, Any]

STANDARD_TIER = "standard"
# What a request means that says nothing, or says it in another vendor's word.
STANDARD_TIERS = frozenset({"", "auto", "default", STANDARD_TIER})
COMPARISONS = {
    "gt": lambda fact, value: fact > value,
    "gte": lambda fact, value: fact >= value,
    "lt": lambda fact, value: fact < value,
    "lte": lambda fact, value: fact <= value,
}
OPS = frozenset({*COMPARISONS, "eq", "ne", "in"})
# A set of windows is only ever asked whether the moment is in it, a match only whether it is one, and a length of what.
OPS_OF: Mapping[str, frozenset[str]] = {
    "time": frozenset({"in", "eq"}),
    "request_match": frozenset({"eq"}),
    "prompt_tokens": frozenset(COMPARISONS),
}
SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
EVERY_DAY = tuple(range(1, 8))


class ConditionError(ValueError):
    """A condition that cannot be told; the message is one sentence for whoever wrote it."""


def all_hold(conditions: Sequence[Condition], facts: Facts, *, at: dt.datetime) -> bool:
    """Whether every condition holds for a request with these facts at that moment."""
    return all(holds(condition, facts, at=at) for condition in conditions)


def holds(condition: Condition, facts: Facts, *, at: dt.datetime) -> bool:
    dim, op, value = condition["dim"], condition["op"], condition["value"]
    if dim in OPS_OF and op not in OPS_OF[dim]:
        return False
    if dim == "time":
        return is_within(value, at=at)
    if dim == "request_match":
        return _matches(value, facts)
    fact = facts.get(dim)
    if dim == "service_tier" and str(fact or "").casefold() in STANDARD_TIERS:
        fact, value = STANDARD_TIER, _standard(value)
    if fact is None and isinstance(value, bool):
        fact = False
    if op == "ne":
        return fact is not None and not _equal(fact, value)
    if op == "eq":
        return _equal(fact, value)
    if op == "in":
        return isinstance(value, list | tuple) and any(_equal(fact, each) for each in value)
    return op in COMPARISONS and _is_number(fact) and _is_number(value) and COMPARISONS[op](fact, value)


def is_within(value: Mapping[str, Any], *, at: dt.datetime) -> bool:
    """Whether a moment is in one of the windows: {"tz", "windows": [{"hours": ["22:00-06:00"], "weekdays": [1]}]}.

    A span includes its start and excludes its end; one that ends before it starts goes over midnight, and one that ends
    where it starts is the whole day. The weekday (1 is Monday) is the moment's own, in `weekday_tz` if there is one.
    """
    local = at.astimezone(zone(value.get("tz") or "UTC"))
    weekday = at.astimezone(zone(value.get("weekday_tz") or value.get("tz") or "UTC")).isoweekday()
    minute = local.hour * 60 + local.minute
    return any(
        weekday in window.get("weekdays", EVERY_DAY) and any(covers(span, minute) for span in window["hours"])
        for window in value["windows"]
    )


def covers(span: str, minute: int) -> bool:
    """Whether a minute of the day lies in a span of hours."""
    start, end = minutes_of(span)
    if start == end:
        return True
    return start <= minute < end if start < end else minute >= start or minute < end


def minutes_of(span: str) -> tuple[int, int]:
    """The first minute of the day in a span and the first one after it; 24:00 is 0:00."""
    match = SPAN.fullmatch(span)
    if match is None:
        raise ConditionError(f"{span!r} is no span of hours such as 22:00-06:00.")
    hours, minutes, end_hours, end_minutes = map(int, match.groups())
    return (hours * 60 + minutes) % 1440, (end_hours * 60 + end_minutes) % 1440


@cache
def zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ConditionError(f"{name!r} is no time zone such as Asia/Shanghai.") from None


def check_conditions(conditions: Any) -> None:
    """ConditionError for what no request could be judged by."""
    if not isinstance(conditions, list | tuple):
        raise ConditionError("Conditions are a list, e.g. [].")
    for condition in conditions:
        if not isinstance(condition, dict) or not {"dim", "op", "value"} <= condition.keys():
            raise ConditionError("A condition has a dim, an op and a value.")
        _check_condition(condition["dim"], condition["op"], condition["value"])


def _check_condition(dim: Any, op: Any, value: Any) -> None:
    if not isinstance(dim, str) or not isinstance(op, str):
        raise ConditionError("The dim and the op of a condition are text.")
    if op not in OPS:
        raise ConditionError(f"{op!r} is no comparison: use {', '.join(sorted(OPS))}.")
    if op not in (allowed := OPS_OF.get(dim, OPS)):
        raise ConditionError(f"{dim} is asked for with {' or '.join(sorted(allowed))}.")
    if op in COMPARISONS and not _is_number(value):
        raise ConditionError(f"{dim} is compared with a number.")
    if dim == "time":
        _check_windows(value)
    elif dim == "request_match" and not _is_match(value):
        raise ConditionError('request_match has a value such as {"body": {"speed": "fast"}}.')
    elif op == "in" and not _is_list(value):
        raise ConditionError(f"{dim} is looked for in a list of values, and never in an empty one.")


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value)


def _is_match(value: Any) -> bool:
    """Whether it asks for anything: what asks for nothing would always hold."""
    if not isinstance(value, dict):
        return False
    parts = [value.get(name, {}) for name in ("body", "headers")]
    return any(parts) and all(isinstance(part, dict) for part in parts)


def _check_windows(value: Any) -> None:
    windows = value.get("windows") if isinstance(value, dict) else None
    if not isinstance(windows, list) or not windows:
        raise ConditionError('time has a value such as {"tz": "UTC", "windows": [{"hours": ["22:00-06:00"]}]}.')
    for name in ("tz", "weekday_tz"):
        zone(str(value.get(name) or "UTC"))
    for window in windows:
        if not isinstance(window, dict) or not isinstance(window.get("hours"), list) or not window["hours"]:
            raise ConditionError("A window has a list of hours, and never an empty one.")
        for span in window["hours"]:
            minutes_of(str(span))
        days = window.get("weekdays", EVERY_DAY)
        if not isinstance(days, list | tuple) or not days or not all(day in EVERY_DAY for day in days):
            raise ConditionError("Weekdays are numbers from 1 (Monday) to 7.")


def _matches(value: Mapping[str, Any], facts: Facts) -> bool:
    """Whether the request's body and headers have all the fields that are asked for."""
    body, headers = facts.get("body") or {}, facts.get("headers") or {}
    named = {str(name).casefold(): text for name, text in headers.items()}
    return all(_equal(_at_path(body, path), wanted) for path, wanted in value.get("body", {}).items()) and all(
        _equal(named.get(name.casefold()), wanted) for name, wanted in value.get("headers", {}).items()
    )


def _at_path(body: Any, path: str) -> Any:
    for name in path.split("."):
        body = body.get(name) if isinstance(body, Mapping) else None
    return body


def _standard(value: Any) -> Any:
    return STANDARD_TIER if isinstance(value, str) and value.casefold() in STANDARD_TIERS else value


def _equal(fact: Any, value: Any) -> bool:
    if isinstance(fact, str) and isinstance(value, str):
        return fact.casefold() == value.casefold()
    # True == 1 in Python, and a price for one image is none for a request with sound.
    return isinstance(fact, bool) == isinstance(value, bool) and bool(fact == value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
