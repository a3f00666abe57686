"""The request of an operation's code examples: from the OpenAPI document, and from the values for examples."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pricing.docs.examples import values
from tokens.openapi import Document
from tokens.openapi.shapes import Schema
from tokens.operators.problems import ROOT

JSON_TYPE = "application/json"
ANTHROPIC_VERSION = "2023-06-01"


@dataclass(frozen=True)
class Request:
    """A request; `answer` is what its response contains: json, text or nothing."""

    operation: str
    heading: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: Any
    answer: str


def request_of(path: str, verb: str, operation: Schema, whole: Document) -> Request:
    """The request of this operation's examples."""
    name, (heading, *_) = operation["operationId"], operation["tags"]
    body = _body(path, verb, operation, whole)
    query = values.QUERIES.get(name, {})
    return Request(
        operation=name,
        heading=heading,
        method=verb.upper(),
        path=_address(path, operation, whole) + (f"?{urlencode(query, safe='/,')}" if query else ""),
        headers=_headers(path, verb, operation) | ({} if body is None else {"Content-Type": JSON_TYPE}),
        body=body,
        answer=_answer(operation["responses"]),
    )


def _resource(path: str) -> str:
    """The resource of an address of the management API; empty for other addresses."""
    return path.removeprefix(f"{ROOT}/").partition("/")[0] if path.startswith(f"{ROOT}/") else ""


def _address(path: str, operation: Schema, whole: Document) -> str:
    """The address with its parts filled in."""
    (heading, *_), resource = operation["tags"], _resource(path)
    filled = values.PARTS.get(operation["operationId"], {})
    for name in ("model", "path", "locale") if not resource else ():
        path = path.replace(f"{{{name}}}", filled.get(name, values.MODELS.get(heading, values.MODEL)))
    if "{" in path:
        field = path.partition("{")[2].partition("}")[0]
        path = path.replace(f"{{{field}}}", values.key_of_row(resource, field, _new_row(resource, whole)))
    return path


def _headers(path: str, verb: str, operation: Schema) -> dict[str, str]:
    heading, name = operation["tags"][0], operation["operationId"]
    if _resource(path):
        headers = {"Authorization": f"Bearer {values.ADMIN_KEY}"}
        if verb == "post":
            return headers | {"Idempotency-Key": "${UUID}"}
        return headers | ({"If-Match": "${ETAG}"} if verb in ("patch", "delete") else {})
    if {} in operation["security"] or not operation["security"]:
        return dict(values.HEADERS.get(name, {}))
    match heading:
        case "Anthropic":
            return {"x-api-key": values.KEY, "anthropic-version": ANTHROPIC_VERSION}
        case "Gemini":
            return {"x-goog-api-key": values.KEY}
        case _:
            return {"Authorization": f"Bearer {values.KEY}", **values.HEADERS.get(name, {})}


def _body(path: str, verb: str, operation: Schema, whole: Document) -> Any:
    """The body in JSON; None for a request without one."""
    name, resource = operation["operationId"], _resource(path)
    if name in values.BODIES or not operation.get("requestBody"):
        return values.BODIES.get(name)
    if verb == "patch":
        return values.CHANGES[resource]
    return [_new_row(resource, whole)] if path.endswith("/batch") else _new_row(resource, whole)


def _new_row(resource: str, whole: Document) -> Mapping[str, Any]:
    """The row that the example of the resource's creation makes; empty for a resource without one."""
    create = whole["paths"].get(f"{ROOT}/{resource}", {}).get("post", {})
    examples = create.get("requestBody", {}).get("content", {}).get(JSON_TYPE, {}).get("examples", {})
    own: list[Mapping[str, Any]] = [example["value"] for example in examples.values()]
    return own[0] if own else values.NEW_ROWS.get(resource, {})


def _answer(responses: Schema) -> str:
    """What the first successful response contains."""
    kinds = [kind for status in sorted(responses) if status < "300" for kind in responses[status].get("content", ())]
    if "204" in responses or not kinds:
        return "nothing"
    return "json" if kinds[0] == JSON_TYPE else "text"
