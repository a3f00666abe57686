"""The choices of the calculator's form: what the conditions of a price ask of a request and of the hour."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from catalog.exact import write_json
from catalog.prices import STANDARD_TIERS, Condition, Sheet
from pricing.engine.conditions import COMPARISONS, Facts, is_within
from pricing.engine.formatting import labels
from pricing.engine.formatting.conditions import condition as in_words
from pricing.engine.formatting.conditions import windows
from pricing.engine.headline import headline
from pricing.engine.scenarios import request_with, window_edges

# Dimensions with a field of their own kind: the length of the prompt and the lifetime of a cache are in the usage.
OWN_KINDS = frozenset({"prompt_tokens", "cache_ttl", "time", "request_match"})
UNITS: Mapping[str, str] = {"prompt_tokens": "token", "duration": "second"}
# A moment of the week in the form: the weekday (1 is Monday) and the time of day, in UTC.
MOMENT = re.compile(r"([1-7])-([01]\d|2[0-3]):([0-5]\d)")
NONE = "\N{EN DASH}"


@dataclass(frozen=True)
class Choice:
    """A condition as a field: `options` are (value, label, facts of a request), none for a number."""

    name: str
    label: str
    options: tuple[tuple[str, str, Facts], ...] = ()
    unit: str = ""
    # The answer in a form that nobody has filled in.
    usual: str = ""
    # For hours: what the windows say, to find the option of any moment.
    hours: tuple[Condition, ...] = ()
    week: dt.datetime | None = field(default=None, repr=False)

    @property
    def dim(self) -> str:
        return self.name.removeprefix("f.")

    def value_of(self, answer: str) -> str:
        """The option that an answer stands for: any moment stands for the hours that it is in."""
        if self.week is None:
            return answer
        moment = moment_of(answer, week=self.week)
        if moment is None:
            return answer
        held = _held(self.hours, moment)
        return next(
            value for value, _label, _facts in self.options if held == _held(self.hours, _of_week(value, self.week))
        )


def choices_of(sheet: Sheet, *, counts_prompt: bool, day: dt.date) -> Iterator[Choice]:
    """A choice for each dimension of the conditions of a sheet."""
    conditions = [condition for line in sheet.lines for condition in line.conditions]
    for dim in dict.fromkeys(condition["dim"] for condition in conditions):
        of_dim = [condition for condition in conditions if condition["dim"] == dim]
        if dim == "time":
            yield _hours(of_dim, _usual(sheet, dim), day=day)
        elif dim == "request_match":
            yield from _matches(of_dim, _usual(sheet, dim))
        elif dim == "prompt_tokens" and not counts_prompt:
            yield Choice("f.prompt_tokens", _("Prompt"), unit=labels.field_unit("token"))
        elif dim not in OWN_KINDS:
            yield _of_values(sheet, dim, of_dim)


def _of_values(sheet: Sheet, dim: str, conditions: Sequence[Condition]) -> Choice:
    name, label = f"f.{dim}", labels.capitalized(labels.word(dim))
    if any(condition["op"] in COMPARISONS for condition in conditions):
        unit = labels.field_unit(UNITS[dim]) if dim in UNITS else ""
        return Choice(name, label, unit=unit, usual=_usual_value(_usual(sheet, dim)))
    values: list[Any] = []
    for condition in conditions:
        listed = condition["value"] if isinstance(condition["value"], list | tuple) else [condition["value"]]
        # A request that says nothing is one without sound.
        values += [False, True] if isinstance(listed[0], bool) else listed
    by_text = {str(value): value for value in values}
    usual = _usual_value(_usual(sheet, dim))
    options: list[tuple[str, str, Facts]] = [
        (text, labels.capitalized(labels.value(value)), {dim: value}) for text, value in by_text.items()
    ]
    if dim == "service_tier":
        options = [option for option in options if option[0].casefold() not in STANDARD_TIERS]
        options.insert(0, ("", labels.capitalized(labels.value("standard")), {}))
        usual = "" if usual.casefold() in STANDARD_TIERS else usual
    elif "False" in by_text:
        usual = usual or "False"
    else:
        options.insert(0, ("", NONE, {}))
    return Choice(name, label, tuple(options), usual=usual)


def _usual(sheet: Sheet, dim: str) -> Condition | None:
    """The condition of the headline, which has one only if nothing is paid without conditions."""
    return next((condition for condition in headline(sheet).conditions if condition["dim"] == dim), None)


def _usual_value(condition: Condition | None) -> str:
    """A value for which the condition holds."""
    if condition is None:
        return ""
    value, op = condition["value"], condition["op"]
    if op in COMPARISONS:
        return str(value + {"gt": 1, "lt": -1}.get(op, 0))
    return "" if op == "ne" else str(value[0] if isinstance(value, list | tuple) else value)


def _hours(conditions: Sequence[Condition], usual: Condition | None, *, day: dt.date) -> Choice:
    """A choice for each set of windows that are open at the same time, and the hours outside all windows."""
    week = dt.datetime.combine(day - dt.timedelta(day.isoweekday() - 1), dt.time(), tzinfo=dt.UTC)
    distinct = tuple({write_json(condition["value"], sort_keys=True): condition for condition in conditions}.values())
    moments: dict[tuple[bool, ...], dt.datetime] = {}
    for moment in (week, *window_edges(distinct, at=week)):
        if moment < week + dt.timedelta(7):
            moments.setdefault(_held(distinct, moment), moment)
    options: list[tuple[str, str, Facts]] = []
    # The hours of no window come first: most requests are sent then.
    for held, moment in sorted(moments.items(), key=lambda item: sum(item[0])):
        open_windows = [condition for condition, is_open in zip(distinct, held, strict=True) if is_open]
        words = labels.join_clauses(windows(condition["value"]) for condition in open_windows)
        options.append((f"{moment.isoweekday()}-{moment:%H:%M}", words or _("Other hours"), {}))
    priced = (value for value, _label, _facts in options if usual and _held([usual], _of_week(value, week))[0])
    return Choice("f.time", _("Hours"), tuple(options), usual=next(priced, options[0][0]), hours=distinct, week=week)


def _held(conditions: Sequence[Condition], moment: dt.datetime) -> tuple[bool, ...]:
    return tuple(is_within(condition["value"], at=moment) for condition in conditions)


def moment_of(answer: str, *, week: dt.datetime) -> dt.datetime | None:
    """The moment of an answer in a week that starts on a Monday; None if it is not one."""
    return _of_week(answer, week) if MOMENT.fullmatch(answer) else None


def _of_week(value: str, week: dt.datetime) -> dt.datetime:
    weekday, _dash, time = value.partition("-")
    hour, _colon, minute = time.partition(":")
    return week + dt.timedelta(days=int(weekday) - 1, hours=int(hour), minutes=int(minute))


def _matches(conditions: Sequence[Condition], usual: Condition | None) -> Iterator[Choice]:
    """A choice for each set of fields of a request that conditions compare together: yes or no if it has one value."""
    by_fields: dict[tuple[str, ...], dict[str, tuple[str, Facts]]] = {}
    for one in conditions:
        match = one["value"]
        fields = {**match.get("body", {}), **match.get("headers", {})}
        value = ",".join(map(_text, fields.values()))
        words = labels.capitalized(in_words(one))
        by_fields.setdefault(tuple(fields), {})[value] = (words, request_with([match]))
    for names, options in by_fields.items():
        request = request_with([usual["value"]]) if usual else None
        chosen = next((value for value, (_words, facts) in options.items() if facts == request), "")
        name = f"f.request_match:{','.join(names)}"
        if len(options) == 1:
            ((value, (words, facts)),) = options.items()
            answers = [("", labels.value(False), {}), (value, labels.value(True), facts)]
            yield Choice(name, words, tuple(answers), usual=chosen)
        else:
            listed = ((value, words, facts) for value, (words, facts) in options.items())
            yield Choice(name, _("Request"), (("", NONE, {}), *listed), usual=chosen)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else write_json(value).decode()
