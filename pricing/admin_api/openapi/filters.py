"""The schemas of filters, by what they accept."""

from typing import Any

import django_filters

Schema = dict[str, Any]
# Lookup of a filter -> which rows it selects.
LOOKUPS = {
    "in": "Only rows whose {field} is one of these, separated by commas.",
    "icontains": "Only rows whose {field} contains this text; case does not matter.",
    "contains": "Only rows whose {field} contains this.",
    "isnull": "true: only rows without {field}; false: only rows with one.",
    "gt": "Only rows whose {field} is above this.",
    "gte": "Only rows whose {field} is this or above.",
    "lt": "Only rows whose {field} is below this.",
    "lte": "Only rows whose {field} is this or below.",
}
# Class of a filter -> its schema; the first one that fits.
TYPES: tuple[tuple[Any, Schema], ...] = (
    (django_filters.BaseCSVFilter, {"type": "string"}),
    (django_filters.NumberFilter, {"type": "number"}),
    (django_filters.IsoDateTimeFilter, {"type": "string", "format": "date-time"}),
    (django_filters.DateFilter, {"type": "string", "format": "date"}),
)


def schema_of(made: Any) -> Schema:
    """What a filter accepts."""
    choices = [str(value) for value, _ in made.extra.get("choices", ())]
    if choices == ["true", "false"]:
        return {"type": "boolean"}
    if choices:
        return {"type": "string", "enum": choices}
    return next((schema for kind, schema in TYPES if isinstance(made, kind)), {"type": "string"})


def describe(name: str, made: Any) -> str:
    """What a filter selects: its own text, or what its name says, e.g. name__icontains."""
    if own := made.extra.get("help_text"):
        return str(own)
    field, _, lookup = name.rpartition("__")
    if lookup in LOOKUPS and field:
        return LOOKUPS[lookup].format(field=field.replace("__", " ").replace("_", " "))
    return f"Only rows with this {name.replace('__', ' ').replace('_', ' ')}."
