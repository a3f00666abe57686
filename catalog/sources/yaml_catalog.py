"""The whole catalog as YAML, as `export_catalog yaml` writes it and people edit it.

Every scalar is read as text: YAML's own types would turn 1e-06 into a string, `no` into False and 12:30 into a number.
Anchors, aliases and tags are refused: a few lines of them can expand to gigabytes.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from django.core.exceptions import ValidationError

from catalog.exact import InexactError, plain, read_json, read_number
from catalog.names.typed_lists import split_names
from catalog.parameters import validate_parameters
from catalog.prices import KINDS, WITHOUT_AMOUNT, Line, Sheet
from catalog.sources.codex_profiles import validate_profile
from catalog.sources.conditions import read_conditions, write_conditions
from catalog.sources.limits import MOST_EVENTS, MOST_LINES
from catalog.sources.records import Document, Record, Structure
from catalog.sources.rows import LARGEST_COUNT, SourceError, refuse_more

FORMAT = "modelbook/1"
DEEPEST = 16
LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

TEXTS = ("display_name", "description", "series", "icon", "version")
NAMES = (
    "tags", "input_modalities", "output_modalities", "capabilities", "reasoning_levels", "supported_endpoint_types",
    "public_endpoint_types",
)  # fmt: skip
CODEX_TEXTS = ("instructions", "default_reasoning_level", "patch_tool", "default_verbosity")
COUNTS = ("context_length", "max_input_tokens", "max_output_tokens")
# What the catalog stores; lists leave out what their clients cannot read.
LARGEST_STORED = 2**63 - 1
DATES = ("released_on", "deprecated_on", "retires_on")
FLAGS_OF_MODELS = ("in_price_list", "listed", "forwards_to_successor")
FLAGS = {"true": True, "false": False}
NULLS = ("null", "~", "")
ROLES = ("list", "sell", "cost")
# A key that is not read would be a condition, a date or an amount that is missing from the price.
OF_PRICE = ("currency", "facts", "lines")
OF_LINE = ("kind", "meter", "amount", "per", "unit", "when", "facts")

Entry = Mapping[str, Any]


def read(content: bytes) -> Document:
    """The catalog in the file; SourceError or InexactError if it is invalid."""
    body = load(content)
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise SourceError(f"The document is not a catalog: start it with the line `format: {FORMAT}`.")
    try:
        return _document(body)
    except (SourceError, InexactError):
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SourceError(f"The catalog is invalid: {type(error).__name__} {str(error)[:80]}.") from None


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


def _document(body: Entry) -> Document:
    models = [_checked(entry, "name") for entry in _list(body, "models")]
    vendors = {_text(entry, "slug"): entry for entry in _list(body, "vendors")}
    names = {slug: _text(entry, "name") for slug, entry in vendors.items()}
    prices: dict[str, dict[str, Sheet]] = {}
    for entry in models:
        for role, price in _mapping(entry.get("prices") or {}, "prices").items():
            if role not in ROLES:
                raise SourceError(f"{entry['name'][:80]} has the price {role[:40]!r}: use one of {', '.join(ROLES)}.")
            prices.setdefault(role, {})[entry["name"]] = _prices(price, entry["name"], role)
    return Document(
        records=tuple(_record(entry, names) for entry in models),
        structure=_structure(body, models, vendors, prices),
    )


def _record(entry: Entry, vendors: Mapping[str, str]) -> Record:
    fields: dict[str, Any] = {name: _text(entry, name) for name in TEXTS if name in entry}
    fields |= {name: _names(entry, name) for name in NAMES if name in entry}
    fields |= {name: _count(entry[name], most=LARGEST_STORED) for name in COUNTS if name in entry}
    fields |= {name: _day(entry, name) for name in DATES if name in entry}
    if "default_parameters" in entry:
        fields["default_parameters"] = _parameters(_text(entry, "default_parameters"))
    vendor = _text(entry, "vendor") if "vendor" in entry else None
    if vendor is not None and vendor not in vendors:
        raise SourceError(f"{entry['name'][:80]}: the vendor {vendor[:40]!r} is not in the list of vendors.")
    name = None if vendor is None else vendors[vendor]
    return Record(entry["name"], vendor=name, is_vendor_certain=True, **fields)


def _parameters(text: str) -> Any:
    values = read_json(text)
    try:
        validate_parameters(values)
    except ValidationError as error:
        raise SourceError(f"default_parameters: {' '.join(error.messages)}") from None
    return values


def _structure(
    body: Entry, models: list[Entry], vendors: Mapping[str, Entry], prices: Mapping[str, Mapping[str, Sheet]]
) -> Structure:
    groups = {_text(entry, "slug"): entry for entry in _list(body, "groups")}
    channels = {_text(entry, "slug"): entry for entry in _list(body, "channels")}
    return Structure(
        vendors={
            slug: _fields(entry, texts=("name", "icon", "description"), names=("aliases",))
            for slug, entry in vendors.items()
        },
        endpoint_types={
            _text(entry, "name"): {name: _text(entry, name) for name in ("path", "method")}
            | _fields(entry, texts=("label",))
            for entry in _list(body, "endpoint_types")
        },
        groups={
            slug: _fields(
                entry,
                texts=("label", "description", "rate_limit", "budget_currency", "budget_period"),
                flags=("is_public",),
            )
            | _position(entry, "auto_position")
            | _budget(entry, "budget_amount")
            for slug, entry in groups.items()
        },
        channels={
            slug: _fields(entry, texts=("name", "base_url", "note"), flags=("enabled",), counts=("priority", "weight"))
            for slug, entry in channels.items()
        },
        reach={slug: _names(entry, "channels") for slug, entry in groups.items() if "channels" in entry},
        models={
            entry["name"]: _fields(entry, texts=("status", "vendor", "successor"), flags=FLAGS_OF_MODELS)
            | _start(entry)
            for entry in models
        },
        aliases={
            _text(entry, "name"): _fields(entry, texts=("model",), flags=("listed",))
            for entry in _list(body, "aliases")
        },
        releases={(_text(entry, "group"), _text(entry, "model")): _start(entry) for entry in _list(body, "releases")},
        codex_profiles={_text(entry, "model"): _codex_profile(entry) for entry in _list(body, "codex_profiles")},
        offers={
            (slug, _text(offer, "model")): _fields(offer, texts=("upstream_name",), flags=("enabled",))
            for slug, entry in channels.items()
            for offer in _list(entry, "offers")
        },
        rates={slug: {"ratio": _amount(entry["rate"])} for slug, entry in groups.items() if "rate" in entry},
        popular={_text(entry, "model"): _fields(entry, counts=("position",)) for entry in _list(body, "popular")},
        prices=prices,
    )


def _codex_profile(entry: Entry) -> dict[str, Any]:
    """All fields of a profile, because they are only valid together: an absent one is empty."""
    texts = {name: _text(entry, name) if name in entry else "" for name in CODEX_TEXTS}
    levels = [{key: _text(level, key) for key in level} for level in _list(entry, "reasoning_levels")]
    try:
        validate_profile({**texts, "reasoning_levels": levels})
    except ValidationError as error:
        raise SourceError(f"{_text(entry, 'model')[:80]}, Codex profile: {' '.join(error.messages)}") from None
    is_parallel = "parallel_tool_calls" not in entry or _flag(entry, "parallel_tool_calls")
    return {**texts, "reasoning_levels": levels, "parallel_tool_calls": is_parallel}


def _prices(price: Any, name: str, role: str) -> Sheet:
    try:
        entry = _mapping(price, "the price")
        _refuse_unknown(entry, OF_PRICE)
        lines = tuple(_price_line(line) for line in _list(entry, "lines"))
        _refuse_duplicates(lines)
        return Sheet(_text(entry, "currency"), lines, facts=_facts(entry))
    except (SourceError, InexactError) as error:
        raise SourceError(f"{name[:80]}, {role} price: {error}") from None


def _refuse_unknown(entry: Entry, known: tuple[str, ...]) -> None:
    for key in entry:
        if key not in known:
            raise SourceError(f"the key {key[:40]!r} is unknown: use {', '.join(known)}.")


def _facts(entry: Entry) -> dict[str, Any]:
    facts = read_json(_text(entry, "facts")) if "facts" in entry else {}
    if not isinstance(facts, dict):
        raise SourceError("facts is not a JSON object.")
    return facts


def _refuse_duplicates(lines: Iterable[Line]) -> None:
    subjects = Counter(line.subject for line in lines)
    duplicate = next((line for line in lines if line.subject is not None and subjects[line.subject] > 1), None)
    if duplicate is not None:
        when = write_conditions(duplicate.conditions)
        raise SourceError(
            f"There are two prices for {duplicate.meter[:64]} per {duplicate.unit[:32]}{when and ' if ' + when[:80]}: "
            "keep one of them."
        )


def _price_line(line: Entry) -> Line:
    _refuse_unknown(line, OF_LINE)
    for key in line:
        _text(line, key)
    kind = line.get("kind", "absolute")
    if kind not in KINDS:
        raise SourceError(f"{str(kind)[:40]!r} is not a valid kind of price: use one of {', '.join(KINDS)}.")
    if ("amount" in line) == (kind in WITHOUT_AMOUNT):
        needed = "has no amount: remove it" if "amount" in line else "needs an amount"
        raise SourceError(f"A price of the kind {kind} {needed} ({line.get('meter', '') or 'all meters'}).")
    return Line(
        line.get("meter", ""),
        _amount(line["amount"]) if "amount" in line else None,
        _count(line.get("per", "1"), least=1),
        line.get("unit", ""),
        kind=kind,
        conditions=read_conditions(line.get("when", "")),
        facts=_facts(line),
    )


def _fields(
    entry: Entry,
    *,
    texts: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
    flags: tuple[str, ...] = (),
    counts: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The fields that the entry has, each as its type."""
    fields: dict[str, Any] = {name: _text(entry, name) for name in texts if name in entry}
    fields |= {name: list(_names(entry, name)) for name in names if name in entry}
    fields |= {name: _flag(entry, name) for name in flags if name in entry}
    return fields | {name: _count(entry[name], least=None) for name in counts if name in entry}


def _flag(entry: Entry, key: str) -> bool:
    if _text(entry, key) not in FLAGS:
        raise SourceError(f"{key} is neither true nor false: {entry[key][:40]!r}.")
    return FLAGS[entry[key]]


def _day(entry: Entry, key: str) -> dt.date:
    try:
        return dt.date.fromisoformat(_text(entry, key))
    except ValueError:
        raise SourceError(f"{key} is not a date such as 2026-12-31: {entry[key][:40]!r}.") from None


def _start(entry: Entry) -> dict[str, Any]:
    """The moment at which a model starts; null: at once."""
    if "starts_at" not in entry:
        return {}
    text = _text(entry, "starts_at")
    if text in NULLS:
        return {"starts_at": None}
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise SourceError(f"starts_at is not a time with a zone such as 2026-12-31T08:00:00Z: {text[:40]!r}.")
    return {"starts_at": moment.astimezone(dt.UTC)}


def _position(entry: Entry, name: str) -> dict[str, Any]:
    """A position in an order, from 1; null removes the row from the order."""
    if name not in entry:
        return {}
    return {name: None if entry[name] in NULLS else _count(entry[name], least=1)}


def _budget(entry: Entry, name: str) -> dict[str, Any]:
    """An amount; null removes the budget."""
    if name not in entry:
        return {}
    return {name: None if entry[name] in NULLS else _amount(entry[name])}


def _checked(entry: Any, key: str) -> Entry:
    _text(entry, key)
    return dict(entry)


def _mapping(value: Any, name: str) -> Entry:
    if not isinstance(value, dict):
        raise SourceError(f"{name} is not a mapping of keys to values.")
    return value


def _list(entry: Entry, key: str) -> list[Entry]:
    listed = entry.get(key) or []
    if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
        raise SourceError(f"{key} is not a list of entries.")
    return listed


def _text(entry: Entry, key: str) -> str:
    if key not in entry:
        raise SourceError(f"An entry has no {key}.")
    value = entry[key]
    if not isinstance(value, str) or "\x00" in value:
        raise SourceError(f"{key} is not text.")
    return value


def _names(entry: Entry, key: str) -> tuple[str, ...]:
    listed = entry[key] or []
    if isinstance(listed, str) and listed not in NULLS:
        return tuple(split_names(listed))
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        raise SourceError(f"{key} is not a list of names.")
    return tuple(listed)


def _count(text: Any, *, least: int | None = 0, most: int = LARGEST_COUNT) -> int:
    if not isinstance(text, str):
        raise SourceError("A number is not a plain value.")
    number = read_number(text)
    if number != int(number) or (least is not None and number < least) or abs(number) > most:
        raise SourceError(f"{text[:40]!r} is not a valid whole number.")
    return int(number)


def _amount(text: Any) -> Any:
    if not isinstance(text, str):
        raise SourceError("An amount is not a plain value.")
    amount = plain(read_number(text.strip()))
    if amount < 0:
        raise SourceError(f"{text[:40]!r} is negative: use an amount of 0 or more.")
    return amount
