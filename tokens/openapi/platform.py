"""The addresses for operators, and the address of this document."""

from tokens.http.probes import Available, Unavailable
from tokens.openapi.shapes import Schema, schemas_of


def _probe(name: str, summary: str, description: str, *, can_fail: bool) -> Schema:
    shapes = schemas_of(Available, Unavailable)
    answers = {"200": shapes["Available"]} | ({"503": shapes["Unavailable"]} if can_fail else {})
    return {"get": _operation(name, summary, description, answers)}


def _operation(name: str, summary: str, description: str, shapes: dict[str, Schema]) -> Schema:
    return {
        "operationId": name,
        "tags": ["Platform"],
        "summary": summary,
        "description": description,
        "security": [],
        "responses": {
            status: {"description": shape["description"], "content": {"application/json": {"schema": shape}}}
            for status, shape in shapes.items()
        },
    }


PATHS: dict[str, Schema] = {
    "/livez": _probe("livez", "Check whether the process runs", "200 while the process runs.", can_fail=False),
    "/readyz": _probe(
        "readyz",
        "Check whether the service is ready",
        "200 if the database answers and all migrations are applied.",
        can_fail=True,
    ),
    "/openapi.json": {
        "get": _operation(
            "openapi", "This document", "OpenAPI 3.1.", {"200": {"type": "object", "description": "The document."}}
        )
    },
}
