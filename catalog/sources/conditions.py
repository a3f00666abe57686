"""Conditions of prices as text that people write, `prompt_tokens>200000;service_tier=batch`, and back, exactly.

Conditions that this form cannot express (lists, time windows) are written as JSON.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from catalog.exact import NUMBER, digits, read_json, read_number, write_json
from catalog.prices import Condition
from catalog.sources.rows import SourceError, is_number

# Prices of writing to a cache that lives for an hour, and of requests sent in a batch.
ONE_HOUR: Condition = {"dim": "cache_ttl", "op": "eq", "value": "1h"}
BATCH: Condition = {"dim": "service_tier", "op": "eq", "value": "batch"}

SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "=", "ne": "!="}
OPERATORS = {sign: op for op, sign in SIGNS.items()}
# With the forms in full width of a Chinese keyboard.
CONDITION = re.compile(r"\s*([a-z_]+)\s*([<>!\uff1c\uff1e\uff01][=\uff1d]|[<=>\uff1c-\uff1e])\s*(.*?)\s*", re.DOTALL)
ORDINARY = str.maketrans("\uff1c\uff1d\uff1e\uff01", "<=>!")
SEPARATOR = re.compile("[;\uff1b]")
WORD = re.compile(r"[\w.:*/+-]+")
CONSTANTS = {"true": True, "false": False}


def utc_hours(start: re.Match[str], end: re.Match[str]) -> Condition:
    """The condition that it is between two times in UTC; both matches have the groups hour and minute."""
    hours = f"{start[1]}:{start[2]}-{end[1]}:{end[2]}"
    return {"dim": "time", "op": "in", "value": {"tz": "UTC", "windows": [{"hours": [hours]}]}}


def write_conditions(conditions: Sequence[Condition]) -> str:
    """The conditions as text; an empty string if there are none."""
    parts = [_write(condition) for condition in conditions]
    simple = [part for part in parts if part is not None]
    return ";".join(simple) if len(simple) == len(parts) else write_json(list(conditions)).decode()


def _write(condition: Condition) -> str | None:
    if set(condition) != {"dim", "op", "value"} or condition["op"] not in SIGNS:
        return None
    value = condition["value"]
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, int) or (isinstance(value, Decimal) and _as_number(digits(value)) == value):
        text = digits(Decimal(value))
    elif isinstance(value, str) and WORD.fullmatch(value) and not NUMBER.fullmatch(value) and value not in CONSTANTS:
        text = value
    elif isinstance(value, str) and not SEPARATOR.search(value):
        text = write_json(value).decode()
    else:
        return None
    rule = f"{condition['dim']}{SIGNS[condition['op']]}{text}"
    return rule if _read(rule) == condition else None


def read_conditions(text: str) -> tuple[Condition, ...]:
    """The conditions in the text; SourceError or InexactError if the text is invalid."""
    text = text.strip()
    if not text.startswith("["):
        return tuple(_read(part) for part in SEPARATOR.split(text) if part.strip())
    listed = read_json(text)
    entries = listed if isinstance(listed, list) else [None]
    if not all(isinstance(entry, dict) and {"dim", "op", "value"} <= set(entry) for entry in entries):
        raise SourceError("A list of conditions has an entry without dim, op and value.")
    return tuple(entries)


def _read(text: str) -> Condition:
    match = CONDITION.fullmatch(text)
    if match is None or not match[3]:
        raise SourceError(f"{text[:80]!r} is not a valid condition: write prompt_tokens>200000 or service_tier=batch.")
    return {"dim": match[1], "op": OPERATORS[match[2].translate(ORDINARY)], "value": _value(match[3])}


def _value(text: str) -> Any:
    if text.startswith('"'):
        return read_json(text)
    if text in CONSTANTS:
        return CONSTANTS[text]
    return _as_number(text) if NUMBER.fullmatch(text) else text


def _as_number(text: str) -> int | Decimal:
    number = read_number(text)
    return int(number) if is_number(number) and number == number.to_integral_value() else number
