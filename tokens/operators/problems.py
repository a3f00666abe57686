"""Errors below /api/admin/ as `application/problem+json` (RFC 9457), whatever fails: views, middleware, the server."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NotRequired, TypedDict

from django.http import HttpResponse

from catalog.exact import write_json
from tokens.logs import scrub

ADDRESS = "/api/admin"
ROOT = f"{ADDRESS}/v1"
MANAGEMENT_PATH = re.compile(r"(?i)/+api/+admin(?:/.*)?", re.DOTALL)
CONTENT_TYPE = "application/problem+json"
# Code -> (status, title): the kinds of problems that only the management API has.
KINDS: Mapping[str, tuple[int, str]] = {
    "validation_failed": (400, "The request is not valid."),
    "unknown_parameter": (400, "The address has an unknown parameter."),
    "not_found": (404, "There is no such row."),
    "guard": (409, "The change takes much from keys."),
    "protected": (409, "Other rows need this row."),
    "conflict": (409, "The change conflicts with another one."),
    "precondition_failed": (412, "The row has changed."),
    "request_too_large": (413, "The body is too large."),
    "unsupported_media_type": (415, "The content type is not supported."),
    "idempotency_key_reused": (422, "The Idempotency-Key belongs to another request."),
    "precondition_required": (428, "The request must have an If-Match header."),
}


class FieldError(TypedDict):
    """What is wrong with one field, or with one row of a batch."""

    field: str
    code: str
    message: str
    index: NotRequired[int]


class ProblemError(Exception):
    """An error for the caller of the management API; `more` are members beside those of RFC 9457."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        errors: Sequence[FieldError] = (),
        status: int = 0,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        known_status, title = KINDS.get(code, (status, ""))
        self.code = code
        self.status = status or known_status
        self.title = title or HTTPStatus(self.status).phrase
        self.detail = detail or title
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.more = dict(more or {})
        super().__init__(self.detail)


def is_management_path(path: str) -> bool:
    """Whether an address belongs to the management API, also one that does not exist there."""
    return MANAGEMENT_PATH.fullmatch(path) is not None


def type_of(code: str) -> str:
    """The URI that identifies a kind of problem."""
    return f"urn:modelbook:problem:{code.replace('_', '-')}"


def problem_response(problem: ProblemError) -> HttpResponse:
    """The problem as a response. A caller may have sent a key in a wrong place; a response never repeats one."""
    body = {
        "type": type_of(problem.code),
        "title": problem.title,
        "status": problem.status,
        "detail": scrub(problem.detail),
        "errors": [
            {**error, "field": scrub(error["field"]), "message": scrub(error["message"])} for error in problem.errors
        ],
        **problem.more,
    }
    headers = {"Cache-Control": "no-store", **problem.headers}
    if problem.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="modelbook management"'
    return HttpResponse(write_json(body), status=problem.status, content_type=CONTENT_TYPE, headers=headers)


def wrong_address_message(path: str) -> str:
    """What is wrong with an address of the management API that does not exist."""
    if path.endswith("/") and path.rstrip("/").lower() != ADDRESS:
        return "This address does not exist: addresses of the management API have no slash at the end. Remove it."
    return f"This address does not exist. The resources are below {ROOT}/, e.g. {ROOT}/vendors."
