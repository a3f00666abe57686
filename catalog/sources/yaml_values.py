"""Reads YAML as dicts, lists and strings, and their values as numbers, dates and lists, for the catalog as YAML.

Every scalar is read as text: YAML's own types would turn 1e-06 into a string, `no` into False and 12:30 into a number.
Anchors, aliases and tags are refused: a few lines of them can expand to gigabytes.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import yaml

from catalog.exact import plain, read_number
from catalog.names.typed_lists import split_names
from catalog.sources.limits import MOST_EVENTS, MOST_LINES
from catalog.sources.rows import LARGEST_COUNT, SourceError, refuse_more

DEEPEST = 16
LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
FLAGS = {"true": True, "false": False}
NULLS = ("null", "~", "")

Entry = Mapping[str, Any]


def load(content: bytes) -> Any:
    """The YAML document as dicts, lists and strings."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"The document is not UTF-8 text (byte {error.start}).") from None
    refuse_more(content.count(b"\n") + content.count(b"\r"), MOST_LINES, of="lines")
    try:
        return _Builder().build(yaml.parse(text, Loader=LOADER))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SourceError(
            f"The document is not YAML: {getattr(error, 'problem', None) or 'it ends too early'}{where}."
        ) from None


class _Builder:
    """Builds values from parser events, without recursion: no nesting can exhaust the stack."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.keys: list[str | None] = []
        self.root: Any = None
        self.documents = 0

    def build(self, events: Any) -> Any:
        for number, event in enumerate(events):
            refuse_more(number, MOST_EVENTS, of="values")
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
                raise SourceError(f"Line {event.start_mark.line + 1} has an anchor or alias: write the value itself.")
            if getattr(event, "tag", None) not in (None, "!"):
                raise SourceError(f"Line {event.start_mark.line + 1} has a tag: remove it.")
            self._take(event)
        return self.root

    def _take(self, event: Any) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1:
                    raise SourceError("The file has more than one YAML document: keep one.")
            case yaml.MappingStartEvent():
                self._open({}, event)
            case yaml.SequenceStartEvent():
                self._open([], event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self.stack.pop()
                self.keys.pop()
            case yaml.ScalarEvent():
                self._add(event.value, event)

    def _open(self, value: Any, event: Any) -> None:
        self._add(value, event)
        self.stack.append(value)
        self.keys.append(None)
        if len(self.stack) > DEEPEST:
            raise SourceError(f"Line {event.start_mark.line + 1} is nested too deeply.")

    def _add(self, value: Any, event: Any) -> None:
        if self.stack:
            refuse_more(len(self.stack[-1]))
        if not self.stack:
            self.root = value
        elif isinstance(self.stack[-1], list):
            self.stack[-1].append(value)
        elif self.keys[-1] is None:
            if not isinstance(value, str) or value in self.stack[-1]:
                raise SourceError(f"Line {event.start_mark.line + 1} has a key that is not text or that appears twice.")
            self.keys[-1] = value
        else:
            self.stack[-1][self.keys[-1]] = value
            self.keys[-1] = None


class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes every value in full, without anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def write(value: Any) -> bytes:
    """A value as YAML; a text has no line breaks that its value does not have."""
    return str(yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=2**31 - 1)).encode()


def read_fields(
    entry: Entry,
    *,
    texts: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
    flags: tuple[str, ...] = (),
    counts: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The fields that the entry has, each as its type."""
    fields: dict[str, Any] = {name: read_text(entry, name) for name in texts if name in entry}
    fields |= {name: list(read_names(entry, name)) for name in names if name in entry}
    fields |= {name: read_flag(entry, name) for name in flags if name in entry}
    return fields | {name: read_count(entry[name], least=None) for name in counts if name in entry}


def read_flag(entry: Entry, key: str) -> bool:
    if read_text(entry, key) not in FLAGS:
        raise SourceError(f"{key} is neither true nor false: {entry[key][:40]!r}.")
    return FLAGS[entry[key]]


def read_day(entry: Entry, key: str) -> dt.date:
    try:
        return dt.date.fromisoformat(read_text(entry, key))
    except ValueError:
        raise SourceError(f"{key} is not a date such as 2026-12-31: {entry[key][:40]!r}.") from None


def read_moment(text: str) -> dt.datetime:
    """A moment in UTC."""
    try:
        moment = dt.datetime.fromisoformat(text)
        in_utc = moment.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise SourceError(f"This is not a time with a zone such as 2026-12-31T08:00:00Z: {text[:40]!r}.")
    return in_utc


def read_optional(entry: Entry, key: str, read: Callable[[str], Any]) -> dict[str, Any]:
    """The field that the entry has, read from its text; null removes the value."""
    if key not in entry:
        return {}
    text = read_text(entry, key)
    return {key: None if text in NULLS else read(text)}


def read_mapping(value: Any, name: str) -> Entry:
    if not isinstance(value, dict):
        raise SourceError(f"{name} is not a mapping of keys to values.")
    return value


def read_list(entry: Entry, key: str) -> list[Entry]:
    listed = entry.get(key) or []
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise SourceError(f"{key} is not a list of entries.")
    return listed


def read_text(entry: Entry, key: str) -> str:
    if key not in entry:
        raise SourceError(f"An entry has no {key}.")
    value = entry[key]
    if not isinstance(value, str) or "\x00" in value:
        raise SourceError(f"{key} is not text.")
    return value


def read_names(entry: Entry, key: str) -> tuple[str, ...]:
    listed = entry[key] or []
    if isinstance(listed, str) and listed not in NULLS:
        return tuple(split_names(listed))
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise SourceError(f"{key} is not a list of names.")
    return tuple(listed)


def read_count(text: Any, *, least: int | None = 0, most: int = LARGEST_COUNT) -> int:
    if not isinstance(text, str):
        raise SourceError("A number is not a plain value.")
    number = read_number(text)
    if number != int(number) or (least is not None and number < least) or abs(number) > most:
        raise SourceError(f"{text[:40]!r} is not a valid whole number.")
    return int(number)


def read_amount(text: Any) -> Any:
    if not isinstance(text, str):
        raise SourceError("An amount is not a plain value.")
    amount = plain(read_number(text.strip()))
    if amount < 0:
        raise SourceError(f"{text[:40]!r} is negative: use an amount of 0 or more.")
    return amount
