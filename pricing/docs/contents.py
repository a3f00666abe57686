"""What the pages of the documentation show: the OpenAPI document as operations with code examples, and schemas."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.utils import translation
from django.utils.text import slugify

from pricing.admin_api.openapi.part import ABOUT
from pricing.docs.document import document
from pricing.docs.examples.code import code_of
from pricing.docs.examples.requests import request_of
from pricing.docs.schemas import kind_of, names_of, reachable, resolve, tables, values_of
from pricing.docs.text import as_html
from pricing.docs.translation import heading, in_chinese, translate_document
from tokens.openapi import Document
from tokens.openapi.shapes import Schema
from tokens.operators.problems import ROOT

# Name of a shared parameter -> its prefix: operations of the management API refer to the list of shared parameters.
SHARED = "#/components/parameters/admin-"
ADMIN_SCHEME = "admin-key"


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation: its place is path, query or header."""

    name: str
    place: str
    type: str
    is_required: bool
    description: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Success:
    """A response with a status below 400."""

    status: str
    description: str
    schemas: tuple[str, ...]
    headers: tuple[str, ...]


@dataclass(frozen=True)
class Operation:
    """An operation, and what its section shows."""

    name: str
    verb: str
    path: str
    summary: str
    description: str
    own: tuple[Parameter, ...]
    # The names of parameters that many operations share.
    shared: tuple[str, ...]
    takes: tuple[str, ...]
    successes: tuple[Success, ...]
    errors: tuple[str, ...]
    examples: Mapping[str, str]


@dataclass(frozen=True)
class Group:
    """The operations below one heading."""

    name: str
    slug: str
    description: str
    operations: tuple[Operation, ...]


def contents(language: str, base: str, *, is_management: bool) -> dict[str, Any]:
    """The variables of a page's template; `base` is the address of the service in the code examples."""
    whole = translated(language)
    paths = {path: item for path, item in whole["paths"].items() if path.startswith(f"{ROOT}/") == is_management}
    schemes = whole["components"]["securitySchemes"]
    groups = list(_groups(whole, paths, language, base))
    return {
        "introduction": as_html(whole["info"]["description"]),
        "groups": groups,
        "schemes": [{"name": name, "description": as_html(scheme["description"])} for name, scheme in schemes.items()
                    if (name == ADMIN_SCHEME) == is_management],
        "shared": _shared_parameters(whole) if is_management else [],
        "errors": sorted(_errors(whole, paths).items()),
        "headers": _headers(whole, paths),
        "schemas": tables(whole, reachable(whole, paths)),
        "languages_of_examples": list(groups[0].operations[0].examples),
    }  # fmt: skip


@cache
def translated(language: str) -> Document:
    """The document in this language."""
    with translation.override("en"):
        whole = _document()
    return dict(translate_document(whole, language))


@cache
def _document() -> Document:
    """The document, which takes a second to make."""
    return document()


def _groups(whole: Document, paths: Document, language: str, base: str) -> Iterable[Group]:
    """The operations of these addresses under their headings, in the document's order."""
    # The page says once what is at the start of the description of each resource.
    about = in_chinese(ABOUT) if language.startswith("zh") else ABOUT
    for tag in whole["tags"]:
        operations = tuple(
            _operation(path, verb, operation, whole, base)
            for path, item in paths.items()
            for verb, operation in item.items()
            if tag["name"] in operation["tags"]
        )
        if operations:
            description = as_html(tag["description"].removeprefix(about))
            yield Group(heading(tag["name"], language), slugify(tag["name"]), description, operations)


def _operation(path: str, verb: str, operation: Schema, whole: Document, base: str) -> Operation:
    parameters = operation.get("parameters", [])
    responses = {status: resolve(response, whole) for status, response in operation["responses"].items()}
    description = operation["description"]
    return Operation(
        name=operation["operationId"],
        verb=verb.upper(),
        path=path,
        summary=as_html(operation["summary"]),
        # Some descriptions only repeat the summary.
        description="" if description.rstrip(".。") == operation["summary"] else as_html(description),
        own=tuple(
            _parameter(resolve(parameter, whole))
            for parameter in parameters
            if not parameter.get("$ref", "").startswith(SHARED)
        ),
        shared=tuple(
            resolve(parameter, whole)["name"]
            for parameter in parameters
            if parameter.get("$ref", "").startswith(SHARED)
        ),
        takes=names_of(_body(resolve(operation.get("requestBody", {}), whole))),
        successes=tuple(_success(status, response) for status, response in responses.items() if status < "400"),
        errors=tuple(status for status in responses if status >= "400"),
        examples=code_of(request_of(path, verb, operation, whole), base),
    )


def _parameter(parameter: Schema) -> Parameter:
    schema = parameter["schema"]
    return Parameter(
        name=parameter["name"],
        place=parameter["in"],
        type=kind_of(schema),
        is_required=parameter.get("required", False),
        description=as_html(parameter["description"]),
        values=values_of(schema),
    )


def _success(status: str, response: Schema) -> Success:
    return Success(
        status, as_html(response["description"]), names_of(_body(response)), tuple(response.get("headers", ()))
    )


def _body(part: Schema) -> Schema:
    """The schema of a body in JSON; that of a list's rows. Empty for other bodies."""
    bodies = [content for kind, content in part.get("content", {}).items() if kind.endswith("json")]
    schema: Schema = bodies[0].get("schema", {}) if bodies else {}
    return dict(schema.get("items", schema))


def _shared_parameters(whole: Document) -> list[Parameter]:
    shared = whole["components"]["parameters"]
    return [_parameter(parameter) for name, parameter in shared.items() if name.startswith(SHARED.rpartition("/")[2])]


def _errors(whole: Document, paths: Document) -> dict[str, str]:
    """Status -> its meaning."""
    return {
        status: as_html(resolve(response, whole)["description"])
        for item in paths.values()
        for operation in item.values()
        for status, response in operation["responses"].items()
        if status >= "400"
    }


def _headers(whole: Document, paths: Document) -> list[tuple[str, str]]:
    """The headers of the responses with their meanings."""
    described = {
        name: as_html(resolve(header, whole)["description"])
        for item in paths.values()
        for operation in item.values()
        for response in operation["responses"].values()
        for name, header in resolve(response, whole).get("headers", {}).items()
    }
    return sorted(described.items(), key=lambda header: header[0].lower())
