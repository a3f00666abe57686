"""JSON schemas of the TypedDicts that the code sends and reads.

A field has the type of its value. `Annotated` adds a description and more keywords of the schema, as in
`Annotated[int, "Tokens.", {"minimum": 0}]`. The docstring of a TypedDict is its description.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

Schema = dict[str, Any]
TYPES: Mapping[Any, str] = {str: "string", int: "integer", Decimal: "number", bool: "boolean", NoneType: "null"}


def schemas_of(*shapes: type, **shapes_by_name: type) -> dict[str, Schema]:
    """Name -> schema, by the classes' own names unless others are given; a class that contains another refers to it."""
    shapes_by_name = {shape.__name__: shape for shape in shapes} | shapes_by_name
    names = {shape: name for name, shape in shapes_by_name.items()}
    return {name: _object(shape, names) for name, shape in shapes_by_name.items()}


def _object(shape: Any, names: Mapping[type, str]) -> Schema:
    fields = get_type_hints(shape, include_extras=True)
    required = [name for name in fields if name in shape.__required_keys__]
    schema: Schema = {"type": "object", "properties": {name: _schema(field, names) for name, field in fields.items()}}
    optional = {"description": shape.__doc__, "required": required}
    return schema | {name: value for name, value in optional.items() if value}


def _schema(field: Any, names: Mapping[type, str]) -> Schema:
    """The schema of a field's type; a TypedDict that is not among the names is described in place."""
    arguments = get_args(field)
    origin = get_origin(field)
    if origin is Annotated:
        schema = _schema(arguments[0], names)
        for note in arguments[1:]:
            schema |= {"description": note} if isinstance(note, str) else note
        return schema
    if origin is NotRequired:
        return _schema(arguments[0], names)
    if origin in (Union, UnionType):
        return _or_null(_schema(arguments[0], names))
    if origin is Literal:
        one, *more = arguments
        if isinstance(one, bool):
            # openapi-python-client writes invalid Python for a constant that may be missing.
            return {"type": "boolean", "enum": [one, *more]}
        return {"type": TYPES[type(one)], "enum": [one, *more]} if more else {"const": one}
    if origin in (list, Sequence):
        return {"type": "array", "items": _schema(arguments[0], names)}
    if origin in (dict, Mapping):
        values = _schema(arguments[1], names)
        return {"type": "object"} | ({"additionalProperties": values} if values else {})
    if is_typeddict(field):
        return {"$ref": f"#/components/schemas/{names[field]}"} if field in names else _object(field, names)
    # Without a format, generated clients for Go, Java and C# read 32 bits.
    return {} if field is Any else {"type": TYPES[field]} | ({"format": "int64"} if field is int else {})


def _or_null(schema: Schema) -> Schema:
    if "type" not in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    schema["type"] = [schema["type"], "null"]
    return schema | ({"enum": [*schema["enum"], None]} if "enum" in schema else {})
