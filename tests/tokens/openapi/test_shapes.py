"""A TypedDict becomes a schema: types, descriptions, constraints, what may be left out, and references."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest

from tokens.openapi.shapes import schemas_of


class Inner(TypedDict):
    """An inner object."""

    id: int


class Counts(TypedDict):
    """Whole numbers."""

    any: int
    short: Annotated[int | None, {"maximum": 9, "format": "int32"}]


class Outer(TypedDict):
    """An outer object."""

    name: Annotated[str, "The name.", {"minLength": 1}]
    note: NotRequired[str]
    inner: Annotated[list[Inner], "Some."]
    ratios: Mapping[str, Decimal]


class Fields(TypedDict):
    """One field of each kind."""

    text_or_null: str | None
    always: Literal[True]
    one_of: Literal["a", "b"]
    one_of_or_null: Literal["a", "b"] | None
    items: Sequence[bool]
    anything: dict[str, Any]
    nothing: None
    inner_or_null: Inner | None


def test_a_class_is_an_object_with_its_docstring_and_what_is_always_there() -> None:
    schema = schemas_of(Outer, Inner)["Outer"]

    assert schema["type"] == "object"
    assert schema["description"] == "An outer object."
    assert schema["required"] == ["name", "inner", "ratios"]
    assert schema["properties"] == {
        "name": {"type": "string", "description": "The name.", "minLength": 1},
        "note": {"type": "string"},
        "inner": {"type": "array", "items": {"$ref": "#/components/schemas/Inner"}, "description": "Some."},
        "ratios": {"type": "object", "additionalProperties": {"type": "number"}},
    }


@pytest.mark.parametrize(
    ("field", "schema"),
    [
        ("text_or_null", {"type": ["string", "null"]}),
        ("always", {"type": "boolean", "enum": [True]}),
        ("one_of", {"type": "string", "enum": ["a", "b"]}),
        ("one_of_or_null", {"type": ["string", "null"], "enum": ["a", "b", None]}),
        ("items", {"type": "array", "items": {"type": "boolean"}}),
        ("anything", {"type": "object"}),
        ("nothing", {"type": "null"}),
        ("inner_or_null", {"anyOf": [{"$ref": "#/components/schemas/Inner"}, {"type": "null"}]}),
    ],
)
def test_each_type_has_its_schema(field: str, schema: dict[str, Any]) -> None:
    assert schemas_of(Fields, Inner)["Fields"]["properties"][field] == schema


def test_a_whole_number_has_64_bits_if_nothing_else_is_stated() -> None:
    """Generated clients for Go and Java read 32 bits otherwise."""
    assert schemas_of(Counts)["Counts"]["properties"] == {
        "any": {"type": "integer", "format": "int64"},
        "short": {"type": ["integer", "null"], "maximum": 9, "format": "int32"},
    }


def test_a_class_without_a_name_of_its_own_is_described_in_place() -> None:
    items = schemas_of(Outer)["Outer"]["properties"]["inner"]["items"]

    assert items == {
        "type": "object",
        "properties": {"id": {"type": "integer", "format": "int64"}},
        "description": "An inner object.",
        "required": ["id"],
    }


def test_a_class_can_have_another_name_in_the_document() -> None:
    schemas = schemas_of(Outer, Renamed=Inner)

    assert set(schemas) == {"Outer", "Renamed"}
    assert schemas["Outer"]["properties"]["inner"]["items"] == {"$ref": "#/components/schemas/Renamed"}
