"""The documentation of the API: the OpenAPI document, and a page rendered from it without external resources."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from catalog.caches import process_cache
from catalog.exact import write_json
from pricing.docs.document import document
from tokens.http.bodies import VISITOR_BODIES, Body, respond
from tokens.http.content_policy import DOCS, with_policy
from tokens.http.negotiation import asks_for_html, own_address
from tokens.openapi import Document
from tokens.openapi.shapes import Schema
from tokens.operators.problems import ROOT

BACKTICKS = re.compile(r"`([^`]+)`")
CACHED = "public, max-age=300"


@dataclass(frozen=True)
class Answer:
    """A possible response of an address."""

    status: str
    description: str
    shapes: list[str]
    headers: list[str]


@dataclass(frozen=True)
class Address:
    """One address on the page."""

    path: str
    verb: str
    operation: Schema
    parameters: list[Schema]
    takes: list[str]
    answers: list[Answer] = field(default_factory=list)


@csrf_exempt
@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    response = respond(request, openapi_body(), cache_control=CACHED)
    response["Access-Control-Allow-Origin"] = "*"
    return response


@csrf_exempt
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """The page; for programs, the document that it shows."""
    if not asks_for_html(request):
        response = openapi(request)
        patch_vary_headers(response, ["Accept"])
        return response
    host = own_address(request)
    body = VISITOR_BODIES.get_or_render(
        ("docs", host), lambda: render_to_string("pricing/docs.html", contents() | {"host": host}).encode()
    )
    response = respond(request, body, cache_control=CACHED)
    if response.status_code == HTTPStatus.OK:
        response["Content-Type"] = "text/html; charset=utf-8"
    patch_vary_headers(response, ["Accept"])
    return with_policy(response, DOCS)


@process_cache(maxsize=1)
def openapi_body() -> Body:
    return Body.of(write_json(document()))


@process_cache(maxsize=1)
def contents() -> dict[str, Any]:
    """The template's variables."""
    rendered = with_html(document())
    return {
        "info": rendered["info"],
        "tags": [(tag, addresses) for tag, addresses in by_tag(rendered) if not is_managed(addresses)],
        "managed": [(tag, addresses) for tag, addresses in by_tag(rendered) if is_managed(addresses)],
        "keys": keys(rendered),
        "shapes": shapes(rendered),
    }


def with_html(part: Any) -> Any:
    """The document with its descriptions as HTML: text between backticks is code. Those of examples are data."""
    if isinstance(part, list):
        return [with_html(entry) for entry in part]
    if not isinstance(part, dict):
        return part
    return {
        name: mark_safe(BACKTICKS.sub(r"<code>\1</code>", escape(value)))  # noqa: S308
        if name in ("description", "summary") and isinstance(value, str)
        else (value if name == "examples" else with_html(value))
        for name, value in part.items()
    }


def by_tag(whole: Document) -> Iterable[tuple[Schema, list[Address]]]:
    """The addresses under their headings, in the document's order."""
    for tag in whole["tags"]:
        addresses = [
            _address(path, verb, operation, whole)
            for path, item in whole["paths"].items()
            for verb, operation in item.items()
            if tag["name"] in operation["tags"]
        ]
        yield tag, addresses


def is_managed(addresses: Iterable[Address]) -> bool:
    """Whether these are addresses of the management API."""
    return any(address.path.startswith(f"{ROOT}/") for address in addresses)


def keys(whole: Document) -> list[Schema]:
    return [{"where": name, **scheme} for name, scheme in whole["components"]["securitySchemes"].items()]


def shapes(whole: Document) -> list[Schema]:
    """The schemas as tables: name, description, properties and an example."""
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
    parameters = [_resolve(parameter, whole) for parameter in operation.get("parameters", [])]
    answers = [_answer(status, _resolve(answer, whole)) for status, answer in operation["responses"].items()]
    return Address(path, verb.upper(), operation, parameters, _names(_body(operation.get("requestBody", {}))), answers)


def _answer(status: str, answer: Schema) -> Answer:
    return Answer(status, answer["description"], _names(_body(answer)), list(answer.get("headers", ())))


def _body(part: Schema) -> Schema:
    """The schema of a body in JSON; that of a list's rows. Empty for other bodies."""
    contents = [content for kind, content in part.get("content", {}).items() if kind.endswith("json")]
    schema: Schema = contents[0].get("schema", {}) if contents else {}
    return dict(schema.get("items", schema))


def _resolve(reference: Mapping[str, Any], whole: Document) -> Schema:
    """The target of a reference; a part without a reference is returned unchanged."""
    if "$ref" not in reference:
        return dict(reference)
    target: Any = whole
    for part in reference["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return dict(target)


def _properties(schema: Schema, prefix: str = "") -> Iterable[Schema]:
    """The properties of an object, of its parts and of the objects within it, as dotted names."""
    for part in schema.get("allOf", ()):
        if "$ref" not in part:
            yield from _properties(part, prefix)
    required = schema.get("required", [])
    for name, part in schema.get("properties", {}).items():
        yield {
            "name": prefix + name,
            "type": kind(part),
            "shapes": _names(part) or _names(part.get("items", {})),
            "always": name in required,
            "description": part.get("description", "") or part.get("additionalProperties", {}).get("description", ""),
            "values": [str(_text_of(value)) for value in part.get("enum", [])],
        }
        inner = part.get("items", {}) if part.get("type") == "array" else part
        yield from _properties(inner, f"{prefix}{name}{'[]' if inner is not part else ''}.")


def kind(schema: Schema) -> str:
    """The type of a value in a few words."""
    only = [schema["const"]] if "const" in schema else schema.get("enum", [])
    if len(only) == 1:
        return f"always {_text_of(only[0])}"
    if "$ref" in schema or "anyOf" in schema:
        return ""
    if schema.get("type") == "array":
        return f"list of {kind(schema['items']) or ''}".strip()
    types = schema.get("type", "any")
    words = types if isinstance(types, list) else [types]
    return " or ".join(str(schema.get("format", word)) if word == "string" else word for word in words)


def _names(schema: Schema) -> list[str]:
    """The names of the schemas that this one refers to."""
    references = [schema, *schema.get("anyOf", [])]
    names = [reference["$ref"].split("/")[3] for reference in references if "$ref" in reference]
    return list(dict.fromkeys(names))


def _text_of(value: Any) -> str:
    return write_json(value).decode() if not isinstance(value, str) else value


def _pretty(example: Any) -> str:
    return msgspec.json.format(write_json(example), indent=2).decode()
