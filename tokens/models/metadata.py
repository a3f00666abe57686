"""What callers of the management API store with a token, e.g. a customer number; holders of keys never see it."""

import functools
import operator
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet, TextField, Value
from django.db.models.functions import Concat, StrIndex, Substr
from django.db.models.lookups import GreaterThan

from catalog.db.fields import ExactJSONField
from catalog.exact import InexactError, plain, read_json, refuse_inexact, write_json
from tokens import keys

# 50 entries, names and texts of this length are what Stripe allows.
MOST_ENTRIES = 50
LONGEST_TEXT = 500
MOST_BYTES = 8192
NAME = re.compile(r"[A-Za-z0-9_.-]{1,40}")


class MetadataField(ExactJSONField):
    """An object without nested ones: name -> text, number, true, false or null."""

    description = "Metadata"
    # An empty form field means {}, not NULL.
    empty_values = ()

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return {} if value is None else value

    def clean(self, value: Any, model_instance: Any) -> Any:
        entries = super().clean(value, model_instance)
        # So that a number equals itself however it is written: 42.0 is 42.
        return {name: plain(entry) if isinstance(entry, Decimal) else entry for name, entry in entries.items()}

    def validate(self, value: Any, model_instance: Any) -> None:
        validate_metadata(value)


def validate_metadata(value: Any) -> None:
    """ValidationError if this is not valid metadata."""
    if not isinstance(value, dict):
        raise ValidationError('This is not a JSON object: write e.g. {"customer": 42}.', code="invalid")
    if faults := list(_faults(value)):
        raise ValidationError(faults)


def _faults(entries: dict[str, Any]) -> Iterator[str]:
    if len(entries) > MOST_ENTRIES:
        yield f"This has {len(entries)} entries. The most is {MOST_ENTRIES}."
    for name, entry in entries.items():
        if not NAME.fullmatch(name):
            yield f"{name[:40]!r} is not a valid name: use 1 to 40 letters, digits, dots, dashes and underscores."
        elif fault := _fault_of(entry):
            yield f"{name}: {fault}"
    try:
        refuse_inexact(entries)
        if len(write_json(entries)) > MOST_BYTES:
            yield f"This has more than {MOST_BYTES} bytes."
        # Texts with a NUL or half a surrogate pair cannot be stored.
        read_json(write_json(entries))
    except (InexactError, UnicodeError) as error:
        yield str(error) if isinstance(error, InexactError) else "A text has half of a surrogate pair."


def _fault_of(entry: Any) -> str:
    match entry:
        case str() if len(entry) > LONGEST_TEXT:
            return f"the text has more than {LONGEST_TEXT} characters."
        case str() if keys.contains_key(entry):
            return "the text contains an API key, which must not be stored."
        case None | bool() | str() | int() | float() | Decimal():
            return ""
    return "this is neither a text nor a number, true, false or null."


def with_metadata(rows: QuerySet[Any], name: str, text: str) -> QuerySet[Any]:
    """Those of the rows whose metadata has this entry: a text, or the number, true, false or null that it writes.

    It searches the stored JSON, which has one form: quotation marks in texts are escaped, so a text never contains an
    entry. JSON functions of SQLite would round numbers.
    """
    entries = Concat(Value(","), Substr("metadata", 2), Value(","), output_field=TextField())
    places = [
        StrIndex(entries, Value(f",{write_json({name: value}).decode()[1:-1]}{end}"))
        for value in _meanings(text)
        for end in (",", "}")
    ]
    return rows.filter(functools.reduce(operator.or_, (Q(GreaterThan(place, 0)) for place in places)))


def _meanings(text: str) -> Iterator[Any]:
    yield text
    try:
        value = read_json(text)
    except InexactError:
        return
    if isinstance(value, Decimal):
        yield plain(value)
    elif value is None or isinstance(value, bool | int):
        yield value
