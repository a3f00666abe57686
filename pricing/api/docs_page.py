"""The documentation of the API: the OpenAPI document, and a page made of it that asks no other server for anything."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from catalog.caches import process_cache
from catalog.exact import write_json
from pricing.api.openapi import document
from tokens.http.bodies import BODIES, Body, respond
from tokens.http.content_policy import DOCS, with_policy
from tokens.openapi import Document
from tokens.openapi.shapes import Schema

BACKTICKS = re.compile(r"`([^`]+)`")
CACHED = "public, max-age=300"


@dataclass(frozen=True)
class Answer:
    """What an address may answer with."""

    status: str
    description: str
    shapes: list[str]
    headers: list[str]


@dataclass(frozen=True)
class Address:
    """One address, as the page shows it."""

    path: str
    verb: str
    operation: Schema
    parameters: list[Schema]
    takes: list[str]
    answers: list[Answer] = field(default_factory=list)


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    response = respond(request, written(), cache_control=CACHED)
    response["Access-Control-Allow-Origin"] = "*"
    return response


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    host = f"{request.scheme}://{request.get_host()}"
    body = BODIES.get_or_render(
        ("docs", host), lambda: render_to_string("pricing/docs.html", contents() | {"host": host}).encode()
    )
    response = respond(request, body, cache_control=CACHED)
    if response.status_code == HTTPStatus.OK:
        response["Content-Type"] = "text/html; charset=utf-8"
    return with_policy(response, DOCS)


@process_cache(maxsize=1)
def written() -> Body:
    return Body.of(write_json(document()))


@process_cache(maxsize=1)
def contents() -> dict[str, Any]:
    """What the page shows."""
    whole = marked(document())
    return {"info": whole["info"], "tags": list(by_tag(whole)), "keys": keys(whole), "shapes": shapes(whole)}


def marked(part: Any) -> Any:
    """The document with its descriptions as HTML: what stands between backticks is code."""
    if isinstance(part, list):
        return [marked(entry) for entry in part]
    if not isinstance(part, dict):
        return part
    return {
        name: mark_safe(BACKTICKS.sub(r"<code>\1</code>", escape(value)))  # noqa: S308
        if name == "description" and isinstance(value, str)
        else marked(value)
        for name, value in part.items()
    }


def by_tag(whole: Document) -> Iterable[tuple[Schema, list[Address]]]:
    """The addresses under their headings, in the document's order."""
    for tag in whole["tags"]:
        found = [
            _address(path, verb, operation, whole)
            for path, item in whole["paths"].items()
            for verb, operation in item.items()
            if tag["name"] in operation["tags"]
        ]
        yield tag, found


def keys(whole: Document) -> list[Schema]:
    return [{"where": name, **scheme} for name, scheme in whole["components"]["securitySchemes"].items()]


def shapes(whole: Document) -> list[Schema]:
    """The schemas as tables: a name, what it is, its properties and an example."""
    return [
        {
            "name": name,
            "description": schema.get("description", ""),
            "properties": list(_properties(schema)),
            "example": _pretty(schema["examples"][0]) if "examples" in schema else "",
        }
        for name, schema in whole["components"]["schemas"].items()
    ]


def _address(path: str, verb: str, operation: Schema, whole: Document) -> Address:
    parameters = [_found(parameter, whole) for parameter in operation.get("parameters", [])]
    answers = [_answer(status, answer) for status, answer in operation["responses"].items()]
    takes = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return Address(path, verb.upper(), operation, parameters, _names(takes), answers)


def _answer(status: str, answer: Schema) -> Answer:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return Answer(status, answer["description"], _names(schema), list(answer.get("headers", ())))


def _found(reference: Mapping[str, Any], whole: Document) -> Schema:
    """What a reference points at; a part that is no reference is itself."""
    if "$ref" not in reference:
        return dict(reference)
    found: Any = whole
    for part in reference["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def _properties(schema: Schema, prefix: str = "") -> Iterable[Schema]:
    """The properties of an object, and of the objects within it, as dotted names."""
    required = schema.get("required", [])
    for name, part in schema.get("properties", {}).items():
        yield {
            "name": prefix + name,
            "type": kind(part),
            "shapes": _names(part) or _names(part.get("items", {})),
            "always": name in required,
            "description": part.get("description", "") or part.get("additionalProperties", {}).get("description", ""),
            "values": [str(_said(value)) for value in part.get("enum", [])],
        }
        inner = part.get("items", {}) if part.get("type") == "array" else part
        yield from _properties(inner, f"{prefix}{name}{'[]' if inner is not part else ''}.")


def kind(schema: Schema) -> str:
    """What a value is, in a word or two."""
    if "const" in schema:
        return f"always {_said(schema['const'])}"
    if "$ref" in schema or "anyOf" in schema:
        return ""
    if schema.get("type") == "array":
        return f"list of {kind(schema['items']) or ''}".strip()
    types = schema.get("type", "any")
    words = types if isinstance(types, list) else [types]
    return " or ".join(str(schema.get("format", word)) if word == "string" else word for word in words)


def _names(schema: Schema) -> list[str]:
    references = [schema, *schema.get("anyOf", [])]
    found = [reference["$ref"].split("/")[3] for reference in references if "$ref" in reference]
    return list(dict.fromkeys(found))


def _said(value: Any) -> str:
    return write_json(value).decode() if not isinstance(value, str) else value


def _pretty(example: Any) -> str:
    return msgspec.json.format(write_json(example), indent=2).decode()
