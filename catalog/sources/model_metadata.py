"""The facts that forks of new-api attach to a model as JSON, in `metadata`: {"maxOutputTokens": 8192, …}.

The programs do not define the keys, so each is accepted in every usual spelling. Imports no models.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from catalog.exact import InexactError, read_json
from catalog.sources.records import Record
from catalog.sources.rows import Row

# Folded key -> field of a record, and how a row reads it.
FIELDS: Mapping[str, tuple[str, str]] = {
    "displayname": ("display_name", "text"),
    **dict.fromkeys(("contextlength", "contextwindow", "contexttokens", "context"), ("context_length", "count")),
    **dict.fromkeys(("maxinputtokens", "inputtokenlimit"), ("max_input_tokens", "count")),
    **dict.fromkeys(
        ("maxoutputtokens", "maxtokens", "maxcompletiontokens", "outputtokenlimit"), ("max_output_tokens", "count")
    ),
    "inputmodalities": ("input_modalities", "names"),
    "outputmodalities": ("output_modalities", "names"),
    "capabilities": ("capabilities", "names"),
    **dict.fromkeys(("releasedate", "releasedat", "releasedon"), ("released_on", "date")),
}
# Folded key of a switch -> the capability that it states.
SWITCHES: Mapping[str, str] = {
    **dict.fromkeys(("reasoning", "thinking"), "reasoning"),
    "vision": "vision",
    **dict.fromkeys(("tools", "toolcalls", "toolcalling", "functioncalling", "functioncalls"), "tools"),
    **dict.fromkeys(("structuredoutput", "structuredoutputs"), "structured_outputs"),
    **dict.fromkeys(("promptcaching", "promptcache"), "prompt_caching"),
    "websearch": "web_search",
    "computeruse": "computer_use",
}
# isReasoning, supports_vision, hasTools.
PREFIX = re.compile(r"^(?:is|supports?|has|can)(?:[_-]|(?=[A-Z]))")


def parse(value: Any) -> Mapping[str, Any] | None:
    """The object in a column or field, which may be JSON text; None if it is another value. An empty text is {}."""
    if isinstance(value, str):
        try:
            value = read_json(value) if value.strip() else {}
        except InexactError:
            return None
    return value if isinstance(value, dict) else None


def complete(record: Record, row: Row) -> Record:
    """The record with the facts of the row's `metadata` that it does not have itself; unknown keys are unmapped."""
    value = row.take("metadata")
    if value is None:
        return record
    values = parse(value)
    if values is None:
        row.report("metadata is not a JSON object and was left out")
        return record
    facts = dict(_facts(values, row))
    own = {name: fact for name, fact in facts.items() if fact is not None and getattr(record, name) is None}
    return replace(
        record, **own, unmapped=(*record.unmapped, *(f"metadata.{key[:64]}" for key in unknown_keys(values)))
    )


def unknown_keys(values: Mapping[str, Any]) -> list[str]:
    """The keys that state no fact that a catalog has."""
    return [key for key in values if not _is_known(key, values[key])]


def _facts(values: Mapping[str, Any], row: Row) -> Iterator[tuple[str, Any]]:
    """Field and value of each fact; of several keys for one field the first one counts."""
    seen: set[str] = set()
    capabilities: list[str] = []
    for key in values:
        part = Row({key: values[key]})
        if not _is_known(key, values[key]):
            continue
        if (field := FIELDS.get(_folded(key))) and field[0] not in seen:
            name, kind = field
            seen.add(name)
            if name == "capabilities":
                capabilities += part.names(key) or ()
            else:
                text = partial(part.text, longest=255)
                readers: Mapping[str, Callable[[str], Any]] = {
                    "text": text, "count": part.count, "names": part.names, "date": part.date,
                }  # fmt: skip
                yield name, readers[kind](key)
        elif values[key] is True and _switch(key) in SWITCHES:
            capabilities.append(SWITCHES[_switch(key)])
        row.findings += [f"metadata: {finding}" for finding in part.findings]
    if isinstance(modalities := values.get("modalities"), dict):
        part = Row(modalities)
        for side in ("input", "output"):
            if f"{side}_modalities" not in seen:
                yield f"{side}_modalities", part.names(side)
        row.findings += [f"metadata: modalities: {finding}" for finding in part.findings]
    yield "capabilities", tuple(dict.fromkeys(capabilities)) or None


def _is_known(key: str, value: Any) -> bool:
    return (
        _folded(key) in FIELDS
        or (_switch(key) in SWITCHES and isinstance(value, bool))
        or (key == "modalities" and isinstance(value, dict) and value.keys() <= {"input", "output"})
    )


def _folded(key: str) -> str:
    return re.sub(r"[^a-z0-9]", "", key.casefold())


def _switch(key: str) -> str:
    return _folded(PREFIX.sub("", key))
