"""The schemas of the OpenAPI document as tables, and the names of the schemas that a part of it refers to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from catalog.exact import write_json
from pricing.docs.text import as_html
from pricing.docs.translation import CHOICE
from tokens.openapi import Document
from tokens.openapi.shapes import Schema

REFERENCE = "#/components/schemas/"


@dataclass(frozen=True)
class Property:
    """A property of a schema, under its dotted name."""

    name: str
    type: str
    schemas: tuple[str, ...]
    is_required: bool
    description: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A schema. One that has the properties of another one, `like`, does not repeat them."""

    name: str
    description: str
    properties: tuple[Property, ...]
    example: str
    like: str


def tables(whole: Document, names: Iterable[str]) -> list[Table]:
    """The schemas of these names, in the document's order."""
    schemas, wanted = whole["components"]["schemas"], set(names)
    return [_table(name, schema, schemas) for name, schema in schemas.items() if name in wanted]


def reachable(whole: Document, part: Any) -> set[str]:
    """The names of the schemas that this part of the document refers to, also through others."""
    found: set[str] = set()
    parts = [part]
    while parts:
        part = parts.pop()
        if isinstance(part, list):
            parts += part
        elif isinstance(part, dict):
            if isinstance(reference := part.get("$ref"), str) and reference not in found:
                found.add(reference)
                parts.append(resolve(part, whole))
            parts += part.values()
    return {reference.removeprefix(REFERENCE) for reference in found if reference.startswith(REFERENCE)}


def resolve(reference: Mapping[str, Any], whole: Document) -> Schema:
    """The target of a reference; a part without a reference is returned unchanged."""
    target: Any = reference
    if "$ref" in reference:
        target = whole
        for part in reference["$ref"].removeprefix("#/").split("/"):
            target = target[part]
    return dict(target)


def names_of(schema: Schema) -> tuple[str, ...]:
    """The names of the schemas that this one refers to."""
    references = [schema, *schema.get("anyOf", ())]
    names = [reference["$ref"].removeprefix(REFERENCE) for reference in references if "$ref" in reference]
    return tuple(dict.fromkeys(names))


def kind_of(schema: Schema) -> str:
    """The type of a value in a few words."""
    only = [schema["const"]] if "const" in schema else schema.get("enum", [])
    if len(only) == 1:
        return _("always %(value)s") % {"value": text_of(only[0])}
    if "$ref" in schema or "anyOf" in schema:
        return ""
    if schema.get("type") == "array":
        return _("list of %(kind)s") % {"kind": kind_of(schema["items"])} if kind_of(schema["items"]) else _("list")
    types = schema.get("type", "any")
    words = types if isinstance(types, list) else [types]
    return " | ".join(str(schema.get("format", word)) if word == "string" else word for word in words)


def values_of(schema: Schema) -> tuple[str, ...]:
    """The values to choose from, unless the type or the description lists them."""
    values = schema.get("enum", ())
    is_listed = any(map(CHOICE.fullmatch, schema.get("description", "").split("\n")))
    return () if len(values) < 2 or is_listed else tuple(text_of(value) for value in values)


def text_of(value: Any) -> str:
    return write_json(value).decode() if not isinstance(value, str) else value


def _table(name: str, schema: Schema, schemas: Mapping[str, Schema]) -> Table:
    like = _like(name, schemas)
    return Table(
        name=name,
        description=as_html(schema.get("description", "")),
        properties=() if like else tuple(_properties(schema)),
        example=_pretty(schema["examples"][0]) if "examples" in schema else "",
        like=like,
    )


def _like(name: str, schemas: Mapping[str, Schema]) -> str:
    """The schema with the same properties: PatchedModelRequest has those of ModelRequest, all optional."""
    other = name.removeprefix("Patched") if name.startswith("Patched") else name.removesuffix("Fields")
    return other if other != name and other in schemas else ""


def _properties(schema: Schema, prefix: str = "") -> Iterable[Property]:
    """The properties of an object, of its parts and of the objects within it."""
    for part in schema.get("allOf", ()):
        if "$ref" not in part:
            yield from _properties(part, prefix)
    required = schema.get("required", [])
    for name, part in schema.get("properties", {}).items():
        yield Property(
            name=prefix + name,
            type=kind_of(part),
            schemas=names_of(part) or names_of(part.get("items", {})),
            is_required=name in required,
            description=as_html(part.get("description", "") or _inner_description(part)),
            values=values_of(part),
        )
        inner = part.get("items", {}) if part.get("type") == "array" else part
        yield from _properties(inner, f"{prefix}{name}{'[]' if inner is not part else ''}.")


def _inner_description(part: Schema) -> str:
    """The description of the values of a map or a list."""
    inner = [part.get(name, {}) for name in ("additionalProperties", "items")]
    return next((str(each["description"]) for each in inner if isinstance(each, dict) and "description" in each), "")


def _pretty(example: Any) -> str:
    return msgspec.json.format(write_json(example), indent=2).decode()
