"""The addresses about the caller's own key: its permissions, and whether it may call a model."""

from tokens.openapi.parts import SECURITY, errors, not_modified, parameter, response, text
from tokens.openapi.shapes import Schema

WHICH = [
    parameter("query", "model", "The model to be called.", text()),
    parameter("header", "X-Model", "The model, if the query does not name it.", text()),
    parameter("header", "X-Original-URI", "The address that was called, from nginx.", text()),
    parameter("header", "X-Forwarded-Uri", "The address that was called, from Traefik.", text()),
]
PERMITTED: Schema = {
    "description": "The key may call the model.",
    "headers": {
        "X-Modelbook-Key-Id": {"description": "The id of the key.", "schema": text(), "required": True},
    },
}
REFUSED = errors(["ApiError"], ("400", "401", "403", "405", "429", "500", "503"))
NOT_FOUND = errors(["ApiError"], ("404",))


def _authorize(name: str, statuses: tuple[str, ...], parameters: list[Schema]) -> Schema:
    return {
        verb: {
            "operationId": name if verb == "get" else f"{name}{verb.capitalize()}",
            "tags": ["Keys"],
            "summary": "Check whether the key may call a model",
            "description": "For gateways and proxies that enforce the permissions of a key; accepts any method. "
            "`X-Modelbook-Reason` gives the reason of a refusal.",
            "security": SECURITY,
            "parameters": [*parameters, *WHICH],
            "responses": {**dict.fromkeys(statuses, PERMITTED), **REFUSED, **NOT_FOUND},
        }
        for verb in ("get", "post", "put", "patch", "delete")
    }


BELOW = parameter("path", "path", "The called address, as Envoy appends it.", text(minLength=1), required=True)
PATHS: dict[str, Schema] = {
    "/api/token": {
        "get": {
            "operationId": "getKey",
            "tags": ["Keys"],
            "summary": "Get the key's permissions",
            "description": "The groups, patterns, dates and limits of the caller's key.",
            "security": SECURITY,
            "parameters": [{"$ref": "#/components/parameters/if-none-match"}],
            "responses": {
                "200": response("The key.", ["Key"], headers=("ETag", "Cache-Control")),
                "304": not_modified(),
                **REFUSED,
            },
        }
    },
    "/api/authorize": _authorize("authorize", ("204",), []),
    "/api/authorize/{path}": _authorize("authorizeBelow", ("200", "204"), [BELOW]),
}
