"""The addresses for whoever runs the service, and the one of this document."""

from tokens.openapi.parts import Schema, body, text


def _probe(name: str, summary: str, description: str, *, can_fail: bool) -> Schema:
    ok = body({"status": {"const": "ok"}}, "All is well.")
    not_ok = body({"status": {"const": "unavailable"}, "problem": text("A sentence.")}, "What is wrong.")
    return {"get": _operation(name, summary, description, {"200": ok, **({"503": not_ok} if can_fail else {})})}


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
    "/livez": _probe("livez", "Is it alive?", "200 while the process lives.", can_fail=False),
    "/readyz": _probe(
        "readyz", "Is it ready?", "200 when the database answers and every migration is applied.", can_fail=True
    ),
    "/openapi.json": {
        "get": _operation(
            "openapi", "This document", "OpenAPI 3.1.", {"200": {"type": "object", "description": "The document."}}
        )
    },
}
