"""Parts that several addresses use: schemas, parameters, headers, keys and errors."""

from collections.abc import Iterable, Mapping
from typing import Any

from tokens.access.filters import MAX_TOKEN_DIGITS, ORDERS
from tokens.dialects.anthropic import Anthropic
from tokens.dialects.gemini import Gemini
from tokens.http.middleware import KEY_END
from tokens.openapi.examples import error_example
from tokens.openapi.shapes import Schema


def text(description: str = "", **more: Any) -> Schema:
    return {"type": "string", **({"description": description} if description else {}), **more}


def whole(description: str = "", **more: Any) -> Schema:
    return text(description, **more) | {"type": "integer", "format": "int64"}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def parameter(place: str, name: str, description: str, schema: Schema, **more: Any) -> Schema:
    return {"name": name, "in": place, "description": description, "schema": schema, **more}


def names() -> Schema:
    return {"type": "array", "items": text(minLength=1)}


PARAMETERS: dict[str, Schema] = {
    "model": parameter(
        "path",
        "model",
        "The model's id, or an alias of it. It may contain colons and slashes, plain or as %2F.",
        text(minLength=1),
        required=True,
    ),
    "dialect": parameter(
        "query",
        "dialect",
        "Answers in this dialect, regardless of the headers. Other values are ignored.",
        text(examples=["openai", "anthropic", "gemini"]),
    ),
    "anthropic-version": parameter(
        "header", "anthropic-version", "Any value that is not blank selects Anthropic's dialect.", text()
    ),
    "client_version": parameter(
        "query",
        "client_version",
        "Codex sends its version; the answer then also has the list `models` that Codex reads.",
        text(),
    ),
    "limit": parameter("query", "limit", "The maximum number of models.", whole(minimum=1, maximum=1000, default=1000)),
    "after_id": parameter(
        "query", "after_id", "The page right after this model: `last_id` of the previous page.", text()
    ),
    "before_id": parameter(
        "query", "before_id", "The page right before this model: `first_id` of the next page.", text()
    ),
    "lifecycle": parameter(
        "query",
        "lifecycle[]",
        "The stages to list; also as `lifecycle` or with commas. Retired models are listed only on request.",
        {"type": "array", "items": text(enum=["active", "deprecated", "retired"])},
    ),
    "pageSize": parameter(
        "query",
        "pageSize",
        "The maximum number of models; more than 1000 means 1000. Without it, or with 0, the whole list is sent.",
        whole(minimum=0, default=0),
    ),
    "pageToken": parameter("query", "pageToken", "`nextPageToken` of the previous page.", text()),
    "vendor": parameter(
        "query",
        "vendor",
        "Only models of one of these vendors: short names or names to display, also with commas.",
        names(),
    ),
    "endpoint": parameter(
        "query",
        "endpoint",
        "Only models that customers may call at one of these endpoint types.",
        names(),
    ),
    "capability": parameter("query", "capability", "Only models with all of these capabilities.", names()),
    "modality": parameter(
        "query",
        "modality",
        "Only models with all of these types as input or output; `input-image` or `output-image` for one of the two.",
        names(),
    ),
    "max_price": parameter(
        "query",
        "max_price",
        "Only models whose headline costs at most so many US dollars per million tokens for the caller. Models without "
        "such a price are left out.",
        text(pattern=r"^[0-9]{1,12}([.][0-9]{1,30})?$"),
    ),
    "min_context": parameter(
        "query",
        "min_context",
        "Only models whose context window is known to have so many tokens.",
        whole(minimum=0, maximum=10**MAX_TOKEN_DIGITS - 1),
    ),
    "sort": parameter(
        "query",
        "sort",
        "popular: pinned models and those with the most requests first; price: the cheapest first, as `max_price` "
        "compares them; created: the newest first.",
        text(enum=list(ORDERS)),
    ),
    "strict": parameter(
        "query", "strict", "1: a parameter that the address does not read is an error.", text(enum=["1"])
    ),
    "if-none-match": parameter(
        "header", "if-none-match", "ETags that the client has; 304 if one of them is current.", text()
    ),
}

# What views and dialects read of the query -> its key in PARAMETERS.
KEYS = {schema["name"]: key for key, schema in PARAMETERS.items() if schema["in"] == "query"}


def keys_of(parameters: Iterable[str]) -> list[str]:
    """The keys of these parameters in PARAMETERS; one that is another spelling of another one has none."""
    return [KEYS[name] for name in parameters if name in KEYS]


# If the headers select the dialect, only the dialect of a parameter reads it; the others accept any text.
PARAMETERS |= {
    f"{dialect}-{key}": PARAMETERS[key] | {"schema": text(), "description": f"{PARAMETERS[key]['description']} {whose}"}
    for dialect, whose, keys in (
        ("anthropic", "Only in Anthropic's dialect.", keys_of(Anthropic.parameters)),
        ("gemini", "Only in Gemini's dialect.", keys_of(Gemini.parameters)),
    )
    for key in keys
}


def header(description: str, schema: Schema, **more: Any) -> Schema:
    return {"description": description, "schema": schema, **more}


HEADERS: Mapping[str, Schema] = {
    "x-request-id": header("Identifies this answer, in the log too.", text(), required=True),
    "request-id": header("The same id, where Anthropic's SDKs look for it.", text(), required=True),
    "ETag": header("Changes when the body does; send it as If-None-Match.", text(), required=True),
    "Cache-Control": header("How long the body may be used without asking again.", text(), required=True),
    "Deprecation": header("Since when the model is deprecated (RFC 9745).", text(pattern="^@[0-9]+$")),
    "Sunset": header("When the model retires (RFC 8594).", text()),
    "Link": header("The address of the successor that the key can see, as `successor-version` (RFC 5829).", text()),
    KEY_END: header(
        "When the key ends, or its grace period after it was replaced; missing if it does not end.",
        text(format="date-time"),
    ),
    "Retry-After": header("Whole seconds to wait.", whole(minimum=0)),
    "retry-after-ms": header("Milliseconds to wait.", whole(minimum=0)),
    "x-should-retry": header("false: the same request will fail again.", text(enum=["true", "false"])),
    "WWW-Authenticate": header("Bearer, with a realm.", text(), required=True),
    "Allow": header("The methods that the address accepts.", text(), required=True),
    "x-ratelimit-limit-requests": header("Requests in a period, if limited; OpenAI.", whole()),
    "x-ratelimit-remaining-requests": header("Requests left; OpenAI.", whole()),
    "x-ratelimit-reset-requests": header("Until all are back, as 1s or 6m0s; OpenAI.", text()),
    "anthropic-ratelimit-requests-limit": header("Requests in a period, if limited.", whole()),
    "anthropic-ratelimit-requests-remaining": header("Requests left; Anthropic.", whole()),
    "anthropic-ratelimit-requests-reset": header("When all are back; Anthropic.", text(format="date-time")),
}
# The headers of every response.
ALWAYS = ("x-request-id", "request-id", KEY_END)
OPENAI_RATE = tuple(name for name in HEADERS if name.startswith("x-ratelimit"))
ANTHROPIC_RATE = tuple(name for name in HEADERS if name.startswith("anthropic-ratelimit"))

SECURITY_SCHEMES: Mapping[str, Schema] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer KEY`, for every dialect."},
    "x-api-key": {
        "type": "apiKey",
        "in": "header",
        "name": "x-api-key",
        "description": "For Anthropic's clients.",
    },
    "x-goog-api-key": {
        "type": "apiKey",
        "in": "header",
        "name": "x-goog-api-key",
        "description": "For Gemini's clients; selects Gemini's dialect.",
    },
    "x-litellm-api-key": {
        "type": "apiKey",
        "in": "header",
        "name": "x-litellm-api-key",
        "description": "For clients of LiteLLM's proxy.",
    },
    "api-key": {
        "type": "apiKey",
        "in": "header",
        "name": "api-key",
        "description": "For clients of Azure OpenAI.",
    },
    "ocp-apim-subscription-key": {
        "type": "apiKey",
        "in": "header",
        "name": "Ocp-Apim-Subscription-Key",
        "description": "For clients behind Azure API Management.",
    },
    "key": {
        "type": "apiKey",
        "in": "query",
        "name": "key",
        "description": "For Gemini's clients. Prefer a header: many logs record addresses.",
    },
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "The key as the password, or as the user, for programs that only take an address: "
        "`https://user:KEY@host/`.",
    },
}
SECURITY: list[Schema] = [{name: []} for name in SECURITY_SCHEMES]

# Status -> its meaning, and its headers.
ERRORS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "400": ("A parameter is not valid.", ("x-should-retry",)),
    "401": ("No key, or none that is valid.", ("WWW-Authenticate", "x-should-retry")),
    "403": ("The key may not be used from this address.", ("x-should-retry",)),
    "404": ("No such model, or the key does not see it: the response is the same.", ("x-should-retry",)),
    "405": (
        "The address does not support this method; `Allow` lists the methods that it supports.",
        ("Allow", "x-should-retry"),
    ),
    "413": ("The body is too large, or the gateway sent only a part of it.", ("x-should-retry",)),
    "429": ("Too many requests.", ("Retry-After", "retry-after-ms")),
    "500": ("An internal error.", ()),
    "503": ("The database is down or busy.", ("Retry-After", "retry-after-ms")),
}


def header_refs(*names: str) -> dict[str, Schema]:
    """These headers, which HEADERS describes."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def response(description: str, schemas: Iterable[str], *, headers: Iterable[str] = (), examples: Any = None) -> Schema:
    """A response in one of several shapes."""
    shapes = [ref(name) for name in schemas]
    content: Schema = {"schema": shapes[0] if len(shapes) == 1 else {"anyOf": shapes}}
    if examples:
        content["examples"] = {name: {"value": value} for name, value in examples.items()}
    return {
        "description": description,
        "headers": header_refs(*ALWAYS, *headers),
        "content": {"application/json": content},
    }


def errors(schemas: Iterable[str], statuses: Iterable[str], *, headers: Iterable[str] = ()) -> Schema:
    """The error responses with these statuses, in the shapes of the dialects of an address."""
    shapes = list(schemas)
    return {
        status: response(
            ERRORS[status][0],
            shapes,
            headers=(*ERRORS[status][1], *headers),
            examples={shape: error_example(shape, status) for shape in shapes},
        )
        for status in statuses
    }


def not_modified(headers: Iterable[str] = ()) -> Schema:
    return {
        "description": "The client already has the current version.",
        "headers": header_refs(*ALWAYS, "ETag", *headers),
    }
