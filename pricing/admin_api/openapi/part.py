"""The management API's part of the OpenAPI document, which drf-spectacular makes from the resources."""

from http import HTTPStatus
from typing import Annotated, Any, NotRequired, TypedDict

from drf_spectacular.generators import SchemaGenerator

from pricing.admin_api.openapi.schema import (
    HEADERS_OF_PROBLEMS,
    PROBLEM_JSON,
    PROBLEMS,
    SECURITY,
    SHARED,
    Schema,
    or_some_fields,
    tag_of,
)
from tokens.openapi.parts import ALWAYS, header, header_refs, ref, text
from tokens.openapi.shapes import schemas_of
from tokens.operators.problems import KINDS, type_of

SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "description": "`Authorization: Bearer KEY` with an admin key, only for the management API below `/api/admin/v1`.",
}
ABOUT = "Management API, with an admin key."


class FieldProblem(TypedDict):
    """What is wrong with one field."""

    field: Annotated[str, "The field, or non_field_errors for the whole row."]
    code: str
    message: str
    index: NotRequired[Annotated[int, "The place of the row in a batch, from 0."]]


class KeyEffect(TypedDict):
    """What changes for one key."""

    key_id: str
    name: str
    loses: Annotated[list[str], "Models."]
    gains: Annotated[list[str], "Models."]


class GroupEffect(TypedDict):
    """What changes for one group."""

    group: str
    loses: Annotated[list[str], "Models."]
    gains: Annotated[list[str], "Models."]


class PriceEffect(TypedDict):
    """A price that a change changes; null: there is none."""

    model: str
    group: str
    before: str | None
    after: str | None


class Impact(TypedDict):
    """What a change does to keys, groups and prices. There are more fields where there is more to say."""

    keys: list[KeyEffect]
    groups: list[GroupEffect]
    prices: list[PriceEffect]


class Problem(TypedDict):
    """Why a request was refused (RFC 9457)."""

    type: Annotated[str, "Identifies the kind of problem.", {"examples": ["urn:modelbook:problem:guard"]}]
    title: str
    status: int
    detail: str
    errors: list[FieldProblem]
    impact: NotRequired[Annotated[Impact, "What the change would do."]]


class DryRun(TypedDict):
    """What a change would do. Nothing was changed."""

    impact: Impact
    result: Annotated[Any, "What the response would be; secrets are null."]
    doubts: Annotated[list[FieldProblem], "What a person would have to confirm: `?accept_loss=1`."]


SCHEMAS = schemas_of(FieldProblem, KeyEffect, GroupEffect, PriceEffect, Impact, Problem, DryRun)


def document_part() -> Schema:
    """Tags, paths and components."""
    from pricing.admin_api.urls import RESOURCES, urlpatterns

    shapes = [
        shape for each in RESOURCES for shape in (*each.takes.values(), *each.gives.values(), *each.adds.values())
    ]
    schemas = schemas_of(*dict.fromkeys(shapes))
    for resource in RESOURCES:
        for shape in resource.takes.values():
            # Unknown fields are errors.
            schemas[shape.__name__]["additionalProperties"] = False
        for shape in {*resource.adds.values()}:
            name = resource.serializer_class.__name__.removesuffix("Serializer")
            own = schemas[shape.__name__]
            schemas[shape.__name__] = {"description": own.pop("description", ""), "allOf": [ref(name), own]}
    made: Any = SchemaGenerator(patterns=urlpatterns).get_schema(public=True)
    _drop_marks(made)
    for resource in RESOURCES:
        name = resource.serializer_class.__name__.removesuffix("Serializer")
        _add_some_fields(made["components"]["schemas"], name)
    return {
        "tags": [
            {"name": tag_of(resource.address), "description": f"{ABOUT} {resource.__doc__ or ''}".strip()}
            for resource in RESOURCES
        ],
        "paths": made["paths"],
        "components": {
            "schemas": SCHEMAS | schemas | made["components"]["schemas"],
            "parameters": SHARED,
            "headers": HEADERS,
            "securitySchemes": {SECURITY: SCHEME},
            "responses": RESPONSES,
        },
    }


def _add_some_fields(schemas: Schema, name: str) -> None:
    """Lets the rows of a list be narrowed by `fields`, as a single row may be."""
    row, rows = schemas[name], schemas[f"Paginated{name}List"]["properties"]["results"]
    schemas[f"{name}Fields"] = {
        "type": "object",
        "description": "Those of the fields that the parameter `fields` names.",
        "properties": row["properties"],
        "additionalProperties": False,
    }
    rows["items"] = or_some_fields(rows["items"])


def _drop_marks(part: Any) -> None:
    """Removes what drf-spectacular writes for a hook that would give choices a component of their own."""
    if isinstance(part, dict):
        part.pop("x-spec-enum-id", None)
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _drop_marks(inner)


HEADERS = {
    "Location": header("The address of the new row.", text(), required=True),
    "Idempotent-Replayed": header("true: the response to an earlier request with the same key.", text(enum=["true"])),
    "admin-Location": header("The address of the new row; missing from a dry run.", text()),
    "admin-ETag": header("The version of the row; missing from a dry run.", text()),
    "admin-Idempotent-Replayed": header("true: the response to an earlier request with the same key.", text()),
}
CODES = {"401": "missing_admin_key", "403": "permission_denied", "405": "method_not_allowed"} | {
    "429": "rate_limit_exceeded",
    "500": "internal_error",
    "503": "service_unavailable",
}


def _problem(status: str) -> Schema:
    """The response with this status, and an example."""
    code = CODES.get(status) or next(code for code, (number, _) in KINDS.items() if str(number) == status)
    title = KINDS[code][1] if code in KINDS else HTTPStatus(int(status)).phrase
    example: Schema = {
        "type": type_of(code),
        "title": title,
        "status": int(status),
        "detail": PROBLEMS[status].split(";")[0].replace("`", ""),
        "errors": [],
    }
    if status == "400":
        message = "There is no field nmae."
        example |= {
            "detail": f"nmae: {message}",
            "errors": [{"field": "nmae", "code": "unknown", "message": message}],
        }
    return {
        "description": PROBLEMS[status],
        "headers": header_refs(*ALWAYS, *HEADERS_OF_PROBLEMS.get(status, ())),
        "content": {PROBLEM_JSON: {"schema": ref("Problem"), "examples": {"Problem": {"value": example}}}},
    }


RESPONSES = {
    **{f"Problem{status}": _problem(status) for status in PROBLEMS},
    "NotModified": {
        "description": "You have the current version.",
        "headers": header_refs(*ALWAYS, "ETag"),
    },
    "DryRun": {
        "description": "What the change would do; nothing was changed.",
        "headers": header_refs(*ALWAYS),
        "content": {"application/json": {"schema": ref("DryRun")}},
    },
}
