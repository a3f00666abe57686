"""The whole catalog as YAML, as `export_catalog yaml` writes it and people edit it.

A file has the sections that it lists; an absent one says nothing. A field that no section has is refused: it would be a
value that is silently missing from the catalog.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.core.exceptions import ValidationError

from catalog.exact import InexactError, read_json
from catalog.names.groups import normal_group_name
from catalog.parameters import validate_parameters
from catalog.prices import KINDS, WITHOUT_AMOUNT, Line, Sheet
from catalog.sources.codex_profiles import validate_profile
from catalog.sources.conditions import read_conditions, write_conditions
from catalog.sources.records import Document, Record, Structure
from catalog.sources.rows import SourceError
from catalog.sources.yaml_values import (
    NULLS,
    Entry,
    load,
    read_amount,
    read_count,
    read_day,
    read_fields,
    read_flag,
    read_list,
    read_mapping,
    read_moment,
    read_names,
    read_optional,
    read_text,
)
from catalog.vocabulary import CUTOFF

FORMAT = "modelbook/1"

TEXTS = ("display_name", "description", "series", "icon", "version", "knowledge_cutoff")
VENDOR_TEXTS = ("name", "chinese_name", "icon", "description")
NAMES = (
    "tags", "input_modalities", "output_modalities", "capabilities", "reasoning_levels", "supported_endpoint_types",
    "public_endpoint_types",
)  # fmt: skip
CODEX_TEXTS = ("instructions", "default_reasoning_level", "patch_tool", "default_verbosity")
COUNTS = ("context_length", "max_input_tokens", "max_output_tokens")
# What the catalog stores; lists leave out what their clients cannot read.
LARGEST_STORED = 2**63 - 1
DATES = ("released_on", "deprecated_on", "retires_on")
# Facts that are true, false or, without an entry, unknown.
KNOWN_FLAGS = ("open_weights",)
FLAGS_OF_MODELS = ("in_price_list", "listed", "forwards_to_successor")
ROLES = ("list", "sell", "cost")
# A key that is not read would be a condition, a date or an amount that is missing from the price.
OF_PRICE = ("currency", "facts", "lines")
OF_LINE = ("kind", "meter", "amount", "per", "unit", "when", "facts")
OF_OFFER = ("model", "enabled", "upstream_name")
BUDGET = ("budget_amount", "budget_currency", "budget_period")


@dataclass(frozen=True)
class Section:
    """A list of the file: what one of its entries is, the fields that name it, and the fields that it may have."""

    noun: str
    key: tuple[str, ...]
    fields: tuple[str, ...]
    # How much of a name errors show: somebody may enter a whole key in place of its id.
    shown: int = 80

    def name_of(self, entry: Entry) -> tuple[str, ...]:
        """The fields that name the entry; SourceError if it has none or an unknown field."""
        key = tuple(_normal(name, read_text(entry, name), self) for name in self.key)
        for field in entry:
            if field not in self.key and field not in self.fields:
                known = ", ".join((*self.key, *self.fields))
                raise SourceError(f"{self.titled(key)}: the field {field[:40]!r} is unknown: use {known}.")
        return key

    def titled(self, key: Iterable[str]) -> str:
        return f"{self.noun} {' '.join(key)[: self.shown]}"


OF_GROUP = (
    "label", "description", "is_public", "auto_position", "rate_limit", *BUDGET, "rate", "channels",
)  # fmt: skip
OF_MODEL = (
    "status", *FLAGS_OF_MODELS, "starts_at", "vendor", *TEXTS, *NAMES, *COUNTS, *DATES, *KNOWN_FLAGS,
    "default_parameters", "successor", "prices",
)  # fmt: skip
OF_TOKEN = (
    "name", "enabled", "groups", "uses_auto_groups", "first_group", "allow", "deny", "starts_at", "expires_at",
    "networks", "rate_limit", *BUDGET, "is_over_budget", "note", "metadata",
)  # fmt: skip
OF_PROFILE = (*CODEX_TEXTS, "parallel_tool_calls", "reasoning_levels")
OF_CHANNEL = ("name", "enabled", "base_url", "priority", "weight", "note", "offers")


def _normal(field: str, text: str, section: Section) -> str:
    """The name in the form in which it is stored."""
    return normal_group_name(text) if field == "group" or section.noun == "group" else text


SECTIONS: Mapping[str, Section] = MappingProxyType(
    {
        "vendors": Section("vendor", ("slug",), ("name", "chinese_name", "aliases", "icon", "description")),
        "endpoint_types": Section("endpoint type", ("name",), ("path", "method", "label")),
        "groups": Section("group", ("slug",), OF_GROUP),
        "channels": Section("channel", ("slug",), OF_CHANNEL),
        "models": Section("model", ("name",), OF_MODEL),
        "aliases": Section("alias", ("name",), ("model", "listed")),
        "releases": Section("release", ("group", "model"), ("starts_at",)),
        "codex_profiles": Section("Codex profile", ("model",), OF_PROFILE),
        "popular": Section("popular model", ("model",), ("position",)),
        "tokens": Section("token", ("key_id",), OF_TOKEN, shown=12),
        "roles": Section("role", ("name",), ("permissions",)),
    }
)


def read(content: bytes) -> Document:
    """The catalog in the file; SourceError or InexactError if it is invalid."""
    body = read_body(content)
    try:
        return _document(body)
    except (SourceError, InexactError):
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SourceError(f"The catalog is invalid: {type(error).__name__} {str(error)[:80]}.") from None


def read_body(content: bytes) -> dict[str, Any]:
    """The sections of the file as lists of entries, with `format`; their values are not checked."""
    body = load(content)
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise SourceError(f"The document is not a catalog: start it with the line `format: {FORMAT}`.")
    for name in body:
        if name != "format" and name not in SECTIONS:
            raise SourceError(f"The section {name[:40]!r} is unknown: use {', '.join(SECTIONS)}.")
        # A section without entries removes them all with --prune, so nobody may mean it by accident.
        if name != "format" and not isinstance(body[name], list):
            raise SourceError(f"The section {name!r} is not a list: write `{name}: []` for one without entries.")
    return body


class _Sections:
    """The entries of each section by their names."""

    def __init__(self, body: Entry) -> None:
        self.present = frozenset(body) - {"format"}
        self.entries = {name: _by_name(body, name) for name in SECTIONS}

    def each(self, name: str, read: Callable[[Entry], Any] = dict) -> Iterator[tuple[Any, Any]]:
        """The name of each entry, a tuple if several fields name it, and what `read` makes of it.

        An error of an entry names it.
        """
        section = SECTIONS[name]
        for key, entry in self.entries[name].items():
            with _naming(section.titled(key), " ".join(key)):
                value = read(entry)
            yield (key if len(key) > 1 else key[0]), value


def _by_name(body: Entry, name: str) -> dict[tuple[str, ...], Entry]:
    section, entries = SECTIONS[name], dict[tuple[str, ...], Entry]()
    for entry in read_list(body, name):
        key = section.name_of(entry)
        if key in entries:
            raise SourceError(f"{section.titled(key)} appears twice: keep one of them.")
        entries[key] = entry
    return entries


@contextmanager
def _naming(entry: str, name: str) -> Iterator[None]:
    """Puts the entry before errors about its values that do not start with it or its name."""
    try:
        yield
    except (SourceError, InexactError) as error:
        text = str(error)
        is_named = text.startswith(tuple(start[:80] + end for start in (entry, name) for end in ": ,"))
        raise SourceError(text if is_named else f"{entry}: {text}") from None


def _document(body: Entry) -> Document:
    sections = _Sections(body)
    names = dict(sections.each("vendors", lambda entry: read_text(entry, "name")))
    prices: dict[str, dict[str, Sheet]] = {}
    for name, entry in sections.each("models"):
        for role, price in read_mapping(entry.get("prices") or {}, "prices").items():
            if role not in ROLES:
                raise SourceError(f"{name[:80]} has the price {role[:40]!r}: use one of {', '.join(ROLES)}.")
            prices.setdefault(role, {})[name] = _prices(price, name, role)
    records = tuple(record for _, record in sections.each("models", lambda entry: _record(entry, names)))
    return Document(records=records, structure=_structure(sections, prices))


def _record(entry: Entry, vendors: Mapping[str, str]) -> Record:
    fields: dict[str, Any] = {name: read_text(entry, name) for name in TEXTS if name in entry}
    fields |= {name: read_names(entry, name) for name in NAMES if name in entry}
    fields |= {name: read_count(entry[name], most=LARGEST_STORED) for name in COUNTS if name in entry}
    fields |= {name: read_day(entry, name) for name in DATES if name in entry}
    fields |= {name: read_flag(entry, name) for name in KNOWN_FLAGS if name in entry}
    if (cutoff := fields.get("knowledge_cutoff")) and not re.fullmatch(CUTOFF, cutoff):
        raise SourceError(f"knowledge_cutoff is not a year, month or day such as 2026-01: {cutoff[:40]!r}.")
    if "default_parameters" in entry:
        fields["default_parameters"] = _parameters(read_text(entry, "default_parameters"))
    vendor = read_text(entry, "vendor") if "vendor" in entry else None
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


def _structure(sections: _Sections, prices: Mapping[str, Mapping[str, Sheet]]) -> Structure:
    each = sections.each
    groups, channels = dict(each("groups")), dict(each("channels"))
    return Structure(
        vendors=dict(each("vendors", lambda entry: read_fields(entry, texts=VENDOR_TEXTS, names=("aliases",)))),
        endpoint_types=dict(each("endpoint_types", _endpoint_type)),
        groups=dict(each("groups", _group)),
        channels=dict(each("channels", _channel)),
        reach={
            slug: names
            for slug, names in each("groups", lambda entry: read_names({"channels": None, **entry}, "channels"))
            if "channels" in groups[slug]
        },
        models=dict(each("models", _model)),
        aliases=dict(each("aliases", lambda entry: read_fields(entry, texts=("model",), flags=("listed",)))),
        releases=dict(each("releases", _start)),
        codex_profiles=dict(each("codex_profiles", _codex_profile)),
        offers={(slug, model): offer for slug, offers in each("channels", _offers) for model, offer in offers.items()},
        rates={
            slug: {"ratio": rate}
            for slug, rate in each("groups", lambda entry: read_amount(entry["rate"]) if "rate" in entry else None)
            if rate is not None
        },
        popular=dict(each("popular", lambda entry: read_fields(entry, counts=("position",)))),
        tokens=dict(each("tokens", _token)),
        roles=dict(each("roles", lambda entry: {"permissions": sorted(read_names(entry, "permissions"))})),
        prices=prices,
        sections=sections.present,
        offering=frozenset(slug for slug, entry in channels.items() if "offers" in entry),
    )


def _endpoint_type(entry: Entry) -> dict[str, Any]:
    return {field: read_text(entry, field) for field in ("path", "method")} | read_fields(entry, texts=("label",))


def _channel(entry: Entry) -> dict[str, Any]:
    texts, counts = ("name", "base_url", "note"), ("priority", "weight")
    return read_fields(entry, texts=texts, flags=("enabled",), counts=counts)


def _model(entry: Entry) -> dict[str, Any]:
    return read_fields(entry, texts=("status", "vendor", "successor"), flags=FLAGS_OF_MODELS) | _start(entry)


def _start(entry: Entry) -> dict[str, Any]:
    return read_optional(entry, "starts_at", read_moment)


def _group(entry: Entry) -> dict[str, Any]:
    fields = read_fields(
        entry, texts=("label", "description", "rate_limit", "budget_currency", "budget_period"), flags=("is_public",)
    )
    position = read_optional(entry, "auto_position", lambda text: read_count(text, least=1))
    return fields | position | read_optional(entry, "budget_amount", read_amount)


def _offers(channel: Entry) -> dict[str, Any]:
    section, offers = Section("offer", ("model",), OF_OFFER[1:]), dict[str, Any]()
    for offer in read_list(channel, "offers"):
        (model,) = section.name_of(offer)
        if model in offers:
            raise SourceError(f"channel {channel['slug'][:64]} offers {model[:80]} twice: keep one of the offers.")
        with _naming(section.titled((model,)), model):
            offers[model] = read_fields(offer, texts=("upstream_name",), flags=("enabled",))
    return offers


def _token(entry: Entry) -> dict[str, Any]:
    """The terms of a token; `allow: null` allows all models, and an empty list none."""
    fields = read_fields(
        entry,
        texts=("name", "rate_limit", "budget_currency", "budget_period", "note"),
        names=("deny", "networks"),
        flags=("enabled", "uses_auto_groups", "is_over_budget"),
    )
    if "metadata" in entry:
        fields["metadata"] = read_json(read_text(entry, "metadata"))
    if "groups" in entry:
        fields["groups"] = sorted(map(normal_group_name, read_names(entry, "groups")))
    if "allow" in entry:
        allow = entry["allow"]
        fields["allow"] = None if isinstance(allow, str) and allow in NULLS else list(read_names(entry, "allow"))
    for name, read_value in (
        ("first_group", normal_group_name), ("starts_at", read_moment), ("expires_at", read_moment),
        ("budget_amount", read_amount),
    ):  # fmt: skip
        fields |= read_optional(entry, name, read_value)
    return fields


def _codex_profile(entry: Entry) -> dict[str, Any]:
    """All fields of a profile, because they are only valid together: an absent one is empty."""
    texts = {name: read_text(entry, name) if name in entry else "" for name in CODEX_TEXTS}
    levels = [{key: read_text(level, key) for key in level} for level in read_list(entry, "reasoning_levels")]
    try:
        validate_profile({**texts, "reasoning_levels": levels})
    except ValidationError as error:
        raise SourceError(f"{read_text(entry, 'model')[:80]}, Codex profile: {' '.join(error.messages)}") from None
    is_parallel = "parallel_tool_calls" not in entry or read_flag(entry, "parallel_tool_calls")
    return {**texts, "reasoning_levels": levels, "parallel_tool_calls": is_parallel}


def _prices(price: Any, name: str, role: str) -> Sheet:
    try:
        entry = read_mapping(price, "the price")
        _refuse_unknown(entry, OF_PRICE)
        lines = tuple(_price_line(line) for line in read_list(entry, "lines"))
        _refuse_duplicates(lines)
        return Sheet(read_text(entry, "currency"), lines, facts=_facts(entry))
    except (SourceError, InexactError) as error:
        raise SourceError(f"{name[:80]}, {role} price: {error}") from None


def _refuse_unknown(entry: Entry, known: tuple[str, ...]) -> None:
    for key in entry:
        if key not in known:
            raise SourceError(f"the key {key[:40]!r} is unknown: use {', '.join(known)}.")


def _facts(entry: Entry) -> dict[str, Any]:
    facts = read_json(read_text(entry, "facts")) if "facts" in entry else {}
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
        read_text(line, key)
    kind = line.get("kind", "absolute")
    if kind not in KINDS:
        raise SourceError(f"{str(kind)[:40]!r} is not a valid kind of price: use one of {', '.join(KINDS)}.")
    if ("amount" in line) == (kind in WITHOUT_AMOUNT):
        needed = "has no amount: remove it" if "amount" in line else "needs an amount"
        raise SourceError(f"A price of the kind {kind} {needed} ({line.get('meter', '') or 'all meters'}).")
    return Line(
        line.get("meter", ""),
        read_amount(line["amount"]) if "amount" in line else None,
        read_count(line.get("per", "1"), least=1),
        line.get("unit", ""),
        kind=kind,
        conditions=read_conditions(line.get("when", "")),
        facts=_facts(line),
    )
