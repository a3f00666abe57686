"""Conditions in words: prompt above 200,000 tokens, service tier batch, Mon-Fri 09:00-12:00 (Asia/Shanghai)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

from catalog.exact import write_json
from pricing.engine.formatting.amounts import number
from pricing.engine.formatting.labels import flag, join, join_clauses, value, with_detail, word

WEEKDAYS = (
    gettext_noop("Mon"),
    gettext_noop("Tue"),
    gettext_noop("Wed"),
    gettext_noop("Thu"),
    gettext_noop("Fri"),
    gettext_noop("Sat"),
    gettext_noop("Sun"),
)
BOUNDS = {"gt": ">", "gte": "≥", "lt": "<", "lte": "≤"}
PROMPT_BOUNDS = {
    "gt": gettext_noop("prompt above %(number)s tokens"),
    "gte": gettext_noop("prompt of %(number)s tokens or more"),
    "lt": gettext_noop("prompt below %(number)s tokens"),
    "lte": gettext_noop("prompt up to %(number)s tokens"),
}
# Time zones with a name in other languages.
ZONES = frozenset(
    {
        "Asia/Shanghai",
        "Asia/Hong_Kong",
        "Asia/Singapore",
        "Asia/Tokyo",
        "America/Los_Angeles",
        "America/New_York",
        "Europe/London",
    }
)
# Field of a request and its value -> what they ask for.
REQUESTS = {("speed", "fast"): gettext_noop("fast mode")}
# Spans of hours that are the whole day.
WHOLE_DAY = frozenset({"00:00-00:00", "00:00-24:00"})


def conditions(values: Any) -> str:
    """When a line applies; empty for always. Values that are not conditions are shown unchanged."""
    listed = values if isinstance(values, list | tuple) else [values]
    return join_clauses(dict.fromkeys(condition(part) if _is_condition(part) else _raw(part) for part in listed))


def condition(content: Mapping[str, Any]) -> str:
    dim, op, of = str(content["dim"]), content["op"], content["value"]
    try:
        return _condition(dim, op, of)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError):
        # No rule can evaluate it, but a plan still shows it to an operator.
        return f"{word(dim)} {op} {_raw(of)}"


def _condition(dim: str, op: str, of: Any) -> str:
    if dim == "time":
        return windows(of)
    if dim == "request_match":
        return _request(of.get("body", {}), of.get("headers", {}))
    if op in BOUNDS:
        if dim == "prompt_tokens":
            return _(PROMPT_BOUNDS[op]) % {"number": number(of)}
        return f"{word(dim)} {BOUNDS[op]} {_quantity(dim, of)}"
    if isinstance(of, bool):
        return flag(dim, is_on=of is (op == "eq"))
    texts = {"what": word(dim), "value": _quantity(dim, of)}
    return (_("%(what)s other than %(value)s") if op == "ne" else _("%(what)s %(value)s")) % texts


def _request(body: Mapping[str, Any], headers: Mapping[str, Any]) -> str:
    """The fields of a request, after the name of what they ask for where it has one: fast mode (speed = fast)."""
    names = [_(REQUESTS[field]) for field in body.items() if isinstance(field[1], str) and field in REQUESTS]
    # The header only permits what the body asks for.
    fields = body if names else {**body, **headers}
    text = join(f"{name} = {_raw(content)}" for name, content in fields.items())
    return with_detail(join(names), text) if names else text


def windows(content: Mapping[str, Any]) -> str:
    """Mon-Fri 09:00-12:00, 14:00-18:00 (Asia/Shanghai)"""
    spans = [_window(weekdays(window.get("weekdays", ())), window["hours"]) for window in content["windows"]]
    return with_detail(pgettext("between parts", "; ").join(spans), zone(str(content.get("tz") or "UTC")))


def _window(days: str, spans: Sequence[str]) -> str:
    if days and WHOLE_DAY.issuperset(spans):
        return _("%(days)s all day") % {"days": days}
    return " ".join(filter(None, [days, join(map(hours, spans))]))


def hours(span: str) -> str:
    """22:00-06:00; 10:00-24:00 for 10:00-00:00"""
    if span in WHOLE_DAY:
        return _("all day")
    first, _dash, last = span.partition("-")
    end = "24:00" if last == "00:00" else last
    return pgettext("from time to time", "%(first)s-%(last)s") % {"first": first, "last": end} if last else span


def zone(name: str) -> str:
    """A time zone as people read it."""
    return pgettext("time zone", name) if name in ZONES else name


def weekdays(numbers: Sequence[int]) -> str:
    """1,2,3,4,5 as Mon-Fri; nothing for every day."""
    days = sorted(set(numbers))
    if not days or len(days) == len(WEEKDAYS):
        return ""
    if len(days) > 2 and days == list(range(days[0], days[-1] + 1)):
        return pgettext("from day to day", "%(first)s-%(last)s") % {
            "first": _(WEEKDAYS[days[0] - 1]), "last": _(WEEKDAYS[days[-1] - 1]),
        }  # fmt: skip
    return join(_(WEEKDAYS[day - 1]) for day in days)


def _quantity(dim: str, of: Any) -> str:
    """A value, with its unit where the dimension has one."""
    is_number = not isinstance(of, str | bool | list | tuple | Mapping)
    text = number(of) if is_number else value(of)
    if dim.startswith("duration") and text.replace(".", "").isdecimal():
        return _("%(number)s s") % {"number": text}
    return text


def _is_condition(content: Any) -> bool:
    return isinstance(content, Mapping) and {"dim", "op", "value"} <= content.keys()


def _raw(content: Any) -> str:
    return content if isinstance(content, str) else write_json(content).decode()
