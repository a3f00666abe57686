"""The addresses about the caller's own key: its permissions, and whether it may call a model."""

from tokens.api.views import STRICT
from tokens.http.middleware import KEY_END
from tokens.openapi.parts import SECURITY, errors, header_refs, not_modified, parameter, response, text
from tokens.openapi.shapes import Schema

WHICH = [
    parameter("query", "model", "A model that the gateway's own configuration states.", text()),
    parameter(
        "query", "as", "The dialect of a refusal.", {"type": "string", "enum": ["openai", "anthropic", "gemini"]}
    ),
    parameter("header", "X-Original-URI", "The address of the call, not decoded, from nginx.", text()),
    parameter("header", "X-Forwarded-Uri", "The address of the call, not decoded, from Traefik.", text()),
    parameter("header", "X-Original-Method", "The method of the call.", text()),
    parameter("header", "X-Forwarded-Method", "The method of the call, from Traefik.", text()),
    parameter(
        "header", "X-Model", "A model. It states that of the call if AUTHORIZE_TRUSTED_HEADERS lists it.", text()
    ),
]
# Texts are percent-encoded where headers cannot contain them.
SENT = {
    "X-Modelbook-Key-Id": "The id of the key.",
    "X-Modelbook-Token-Name": "The user of the key.",
    "X-Modelbook-Revision": "An opaque number; another one after each change of what lists of models contain.",
}
SENT_OF_MODELS = {
    "X-Modelbook-Model": "The id of the model that the call states.",
    "X-Modelbook-Requested-Model": "The name that the call states.",
    "X-Modelbook-Models": "All models that the call names, if there are several.",
    "X-Modelbook-Group": "The group whose price applies.",
    "X-Modelbook-Successor": "The model that replaces it.",
    "X-Modelbook-Budget-Warning": "Warns of a budget that is nearly used up.",
    "Deprecation": "RFC 9745.",
    "Sunset": "RFC 8594.",
}
PERMITTED: Schema = {
    "description": "The key may make the call.",
    "headers": {
        **{name: {"description": text_, "schema": text(), "required": True} for name, text_ in SENT.items()},
        **{name: {"description": text_, "schema": text()} for name, text_ in SENT_OF_MODELS.items()},
        **header_refs(KEY_END),
    },
}
BODY: Schema = {
    "description": "The body of the call, complete and not compressed.",
    "content": {"application/json": {"schema": {"type": "object"}}},
}
REFUSED = errors(["ApiError"], ("400", "401", "403", "405", "429", "500", "503"))
# Checks are refused in the dialect of the call.
REFUSALS = errors(
    ["ApiError", "AnthropicError", "GeminiError"], ("400", "401", "403", "404", "405", "413", "429", "500", "503")
)


def _authorize(name: str, statuses: tuple[str, ...], parameters: list[Schema]) -> Schema:
    return {
        verb: {
            "operationId": name if verb == "get" else f"{name}{verb.capitalize()}",
            "tags": ["Keys"],
            "summary": "Check whether the key may make a call",
            "description": "For gateways and proxies that enforce the permissions of a key; accepts any method. Every "
            "model that the call names must be allowed. `X-Modelbook-Reason` gives the reason of a refusal.",
            "security": SECURITY,
            "parameters": [*parameters, *WHICH],
            **({} if verb in {"get", "delete"} else {"requestBody": BODY}),
            "responses": {**dict.fromkeys(statuses, PERMITTED), **REFUSALS},
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
            "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in (STRICT, "if-none-match")],
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
