"""When a price applies: conditions on the request and on the time. Imports no models.

A condition is {"dim": …, "op": …, "value": …}. Numbers are compared (gt, gte, lt, lte), names are compared without
regard to case (eq, ne, in) except for groups, `time` is a set of weekly windows, `request_match` compares fields of the
request's body and headers. A value that a request does not state is false for a yes-or-no condition and the standard
service tier for `service_tier`; any other condition on it does not hold.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from catalog.names.groups import normal_group_name
from catalog.prices import STANDARD_TIER, STANDARD_TIERS, Condition

Facts = Mapping[str, Any]

# The dimension of the length of the prompt, which determines the tier.
LENGTH = "prompt_tokens"

COMPARISONS = {
    "gt": lambda fact, value: fact > value,
    "gte": lambda fact, value: fact >= value,
    "lt": lambda fact, value: fact < value,
    "lte": lambda fact, value: fact <= value,
}
OPS = frozenset({*COMPARISONS, "eq", "ne", "in"})
# The operators of dimensions that do not allow all of them.
OPS_OF: Mapping[str, frozenset[str]] = {
    "time": frozenset({"in", "eq"}),
    "request_match": frozenset({"eq"}),
    LENGTH: frozenset(COMPARISONS),
}
SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")
EVERY_DAY = tuple(range(1, 8))
EPOCH = dt.datetime.fromtimestamp(0, tz=dt.UTC)


class ConditionError(ValueError):
    """A condition that is not valid; the message is one sentence for its author."""


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
    are_equal = _are_same_group if dim == "group" else _equal
    if op == "ne":
        return fact is not None and not are_equal(fact, value)
    if op == "eq":
        return are_equal(fact, value)
    if op == "in":
        return isinstance(value, list | tuple) and any(are_equal(fact, member) for member in value)
    return op in COMPARISONS and _is_number(fact) and _is_number(value) and COMPARISONS[op](fact, value)


def are_exclusive(one: Condition, other: Condition) -> bool:
    """Whether no request meets both conditions; False where that is not certain, such as for two hours of the day."""
    dim = one["dim"]
    if dim != other["dim"] or dim in ("time", "request_match"):
        return False
    values = _values_to_try(one, other)
    # The moment matters only for a time.
    return bool(values) and not any(
        holds(one, {dim: value}, at=EPOCH) and holds(other, {dim: value}, at=EPOCH) for value in values
    )


def _values_to_try(one: Condition, other: Condition) -> Sequence[Any]:
    """If any value meets both conditions, one of these does; none if that is not known."""
    for condition in (one, other):
        if condition["op"] == "eq":
            return [condition["value"]]
        if condition["op"] == "in" and _is_list(condition["value"]):
            return [*condition["value"]]
    if not {one["op"], other["op"]} <= COMPARISONS.keys():
        return []
    low, high = sorted([Decimal(one["value"]), Decimal(other["value"])])
    return [low - 1, low, (low + high) / 2, high, high + 1]


def is_within(value: Mapping[str, Any], *, at: dt.datetime) -> bool:
    """Whether a moment is in one of the windows: {"tz", "windows": [{"hours": ["22:00-06:00"], "weekdays": [1]}]}.

    A span includes its start and excludes its end. A span that ends before it starts crosses midnight; a span that ends
    where it starts is the whole day. The weekday (1 is Monday) is that of the moment in `weekday_tz`, else in `tz`.
    """
    local = at.astimezone(zone(value.get("tz") or "UTC"))
    weekday = at.astimezone(zone(value.get("weekday_tz") or value.get("tz") or "UTC")).isoweekday()
    minute = local.hour * 60 + local.minute
    return any(
        weekday in window.get("weekdays", EVERY_DAY) and any(covers(span, minute) for span in window["hours"])
        for window in value["windows"]
    )


def covers(span: str, minute: int) -> bool:
    """Whether a span of hours contains a minute of the day."""
    start, end = minutes_of(span)
    if start == end:
        return True
    return start <= minute < end if start < end else minute >= start or minute < end


def minutes_of(span: str) -> tuple[int, int]:
    """The first minute of a span and the first one after it, as minutes of the day; 24:00 is 0."""
    match = SPAN.fullmatch(span)
    if match is None:
        raise ConditionError(f"{span!r} is not a valid span of hours such as 22:00-06:00.")
    hours, minutes, end_hours, end_minutes = map(int, match.groups())
    return (hours * 60 + minutes) % 1440, (end_hours * 60 + end_minutes) % 1440


@cache
def zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ConditionError(f"{name!r} is not a valid time zone such as Asia/Shanghai.") from None


def check_conditions(conditions: Any) -> None:
    """ConditionError if the conditions are not valid, so that they could not be compared with a request."""
    if not isinstance(conditions, list | tuple):
        raise ConditionError("Conditions must be a list, e.g. [].")
    for condition in conditions:
        if not isinstance(condition, dict) or not {"dim", "op", "value"} <= condition.keys():
            raise ConditionError("A condition must have a dim, an op and a value.")
        _check_condition(condition["dim"], condition["op"], condition["value"])


def _check_condition(dim: Any, op: Any, value: Any) -> None:
    if not isinstance(dim, str) or not isinstance(op, str):
        raise ConditionError("The dim and the op of a condition must be text.")
    if op not in OPS:
        raise ConditionError(f"{op!r} is not a valid op. Use one of {', '.join(sorted(OPS))}.")
    if op not in (allowed := OPS_OF.get(dim, OPS)):
        raise ConditionError(f"{dim} does not allow the op {op!r}. Use {' or '.join(sorted(allowed))}.")
    if op in COMPARISONS and not _is_number(value):
        raise ConditionError(f"The value of {dim} must be a number.")
    if dim == "time":
        _check_windows(value)
    elif dim == "request_match" and not _is_match(value):
        raise ConditionError('The value of request_match must be such as {"body": {"speed": "fast"}}.')
    elif op == "in" and not _is_list(value):
        raise ConditionError(f"The value of {dim} must be a list with at least one value.")


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value)


def _is_match(value: Any) -> bool:
    """Whether the match has at least one field; without fields it would always hold."""
    if not isinstance(value, dict):
        return False
    parts = [value.get(name, {}) for name in ("body", "headers")]
    return any(parts) and all(isinstance(part, dict) for part in parts)


def _check_windows(value: Any) -> None:
    windows = value.get("windows") if isinstance(value, dict) else None
    if not isinstance(windows, list) or not windows:
        raise ConditionError('The value of time must be such as {"windows": [{"hours": ["22:00-06:00"]}]}.')
    for name in ("tz", "weekday_tz"):
        zone(str(value.get(name) or "UTC"))
    for window in windows:
        if not isinstance(window, dict) or not isinstance(window.get("hours"), list) or not window["hours"]:
            raise ConditionError("A window must have a list of hours with at least one span.")
        for span in window["hours"]:
            minutes_of(str(span))
        days = window.get("weekdays", EVERY_DAY)
        if not isinstance(days, list | tuple) or not days or not all(day in EVERY_DAY for day in days):
            raise ConditionError("Weekdays must be numbers from 1 (Monday) to 7 (Sunday).")


def _matches(value: Mapping[str, Any], facts: Facts) -> bool:
    """Whether the request's body and headers have all fields of the match."""
    body, headers = facts.get("body") or {}, facts.get("headers") or {}
    named = {str(name).casefold(): text for name, text in headers.items()}
    return all(_equal(_at_path(body, path), expected) for path, expected in value.get("body", {}).items()) and all(
        _equal(named.get(name.casefold()), expected) for name, expected in value.get("headers", {}).items()
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
    # True == 1 in Python, but a condition on 1 image must not hold for a request with sound.
    return isinstance(fact, bool) == isinstance(value, bool) and bool(fact == value)


def _are_same_group(fact: Any, value: Any) -> bool:
    return isinstance(fact, str) and isinstance(value, str) and normal_group_name(fact) == normal_group_name(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
