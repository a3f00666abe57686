"""OpenAI's dialect, with the additions of new-api and compatible gateways: for clients that show no other dialect.

Sources: OpenAI's API reference and SDKs (2026), and the documentation of AI-Nebula and Crazyrouter.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from django.http import HttpRequest, QueryDict

from catalog.exact import write_json
from catalog.models.facts import INT53, LIMITS, ModelFacts, readable
from tokens.access.index import ListedModel
from tokens.access.visibility import Listing
from tokens.api_error import CODES, ApiError
from tokens.dialects.base import INT32_COUNT, INT53_COUNT, Dialect, ListParts, enclose
from tokens.rate_limits import Quota

DEFAULT_TYPE = "invalid_request_error"
# For these codes OpenAI sends the code as the type.
CODES_AS_TYPES = frozenset({"insufficient_quota"})
TYPES = {403: "permission_error", 429: "rate_limit_error", 500: "server_error", 503: "service_unavailable_error"}
WHOLE = "whole"
CODEX = "codex"
# Codex offers the models that have one of these endpoint types.
CHAT = frozenset({"openai", "openai-response"})
# Codex rejects the whole list if a model has a modality that it does not know.
CODEX_MODALITIES = frozenset({"text", "image"})


class OpenAIModel(TypedDict):
    """A model."""

    id: Annotated[str, "The value that clients send as `model`.", {"minLength": 1}]
    object: Literal["model"]
    created: Annotated[int, "The release date in Unix seconds; 0 if it is unknown.", INT32_COUNT]
    owned_by: Annotated[str, "The vendor, as a short lower-case name."]
    shutdown_date: Annotated[str | None, "The day it retires.", {"format": "date"}]
    supported_endpoint_types: Annotated[
        list[str], "The endpoint types that customers may call, the preferred one first."
    ]
    name: Annotated[str, "The name to display."]
    context_length: NotRequired[Annotated[int, "Tokens of input and output together; omitted if unknown.", INT53_COUNT]]
    max_input_tokens: NotRequired[Annotated[int, "Tokens; omitted if the input has no limit of its own.", INT53_COUNT]]
    max_output_tokens: NotRequired[Annotated[int, "Tokens; omitted if unknown.", INT53_COUNT]]


class TruncationPolicy(TypedDict):
    """How long outputs of tools are cut."""

    mode: str
    limit: Annotated[int, INT53_COUNT]


class CodexModel(TypedDict):
    """A model as Codex reads it. Fields that are unknown here have the value that enables nothing."""

    slug: Annotated[str, "The model's id."]
    display_name: Annotated[str, "The name to display."]
    description: str
    supported_reasoning_levels: list[dict[str, Any]]
    shell_type: str
    visibility: Annotated[Literal["list", "hide", "none"], "list: users can choose it."]
    supported_in_api: bool
    priority: Annotated[int, "Its place in the list.", INT32_COUNT]
    upgrade: None
    base_instructions: str
    supports_reasoning_summaries: bool
    support_verbosity: bool
    default_verbosity: None
    apply_patch_tool_type: None
    truncation_policy: TruncationPolicy
    supports_parallel_tool_calls: bool
    experimental_supported_tools: list[str]
    context_window: NotRequired[Annotated[int, "Tokens of input; omitted if unknown.", INT53_COUNT]]
    input_modalities: NotRequired[list[Annotated[str, {"enum": ["text", "image"]}]]]


class OpenAIModelList(TypedDict):
    """The list."""

    success: Annotated[Literal[True], "As in new-api and its forks."]
    object: Literal["list"]
    data: Annotated[list[OpenAIModel], "Every model, newest first: this dialect has no pages."]
    models: NotRequired[Annotated[list[CodexModel], "Only if the request has `client_version`."]]


class OpenAIErrorDetails(TypedDict):
    """What went wrong."""

    message: Annotated[str, "A sentence for people."]
    type: Annotated[str, "The family of the error, e.g. invalid_request_error."]
    param: Annotated[str | None, "The parameter that is wrong."]
    code: Annotated[str, "The code of the error, for programs.", {"enum": list(CODES)}]


class OpenAIError(TypedDict):
    """An error."""

    error: OpenAIErrorDetails


class NewApiError(OpenAIError):
    """An error below `/api`, as OpenAI's clients and new-api's read it."""

    success: Literal[False]
    message: Annotated[str, "A sentence for people."]


class OpenAI(Dialect):
    name = "openai"
    paths = ("/v1beta/openai/", "/api/")
    rate_header_names = (
        "x-ratelimit-limit-requests",
        "x-ratelimit-remaining-requests",
        "x-ratelimit-reset-requests",
    )
    credentials = ("Authorization", "X-Api-Key", "X-Goog-Api-Key", "key")
    parameters = ("client_version",)

    def is_announced_by(self, request: HttpRequest) -> bool:
        return True

    def read_page(self, query: QueryDict, listing: Listing) -> str:
        """OpenAI's list has no pages. Codex sends its version and reads an additional list."""
        return CODEX if "client_version" in query else WHOLE

    def lists(self, model: ModelFacts) -> bool:
        """Always: models that no other dialect can call are listed here."""
        return True

    def listed(self, listing: Listing) -> Sequence[ListedModel]:
        return listing.listed()

    def list_parts(self, listing: Listing, page: Any) -> ListParts:
        models = self.listed(listing)
        rows = self.rows(models, on=listing.on)
        body: OpenAIModelList = {"success": True, "object": "list", "data": []}
        if page != CODEX:
            return enclose(body, rows)
        body["models"] = []
        if not models:
            return ListParts(write_json(body), [], b"")
        parts = enclose(body, rows)
        codex_rows = [numbered(_codex_row(model), priority) for priority, model in enumerate(models)]
        between = parts.tail.removesuffix(b"]}")
        return ListParts(parts.head, [*rows[:-1], rows[-1] + between + codex_rows[0], *codex_rows[1:]], b"]}")

    def model_body(self, model: ModelFacts, *, on: dt.date) -> OpenAIModel:
        """`created` is in Unix seconds, 0 if the release date is unknown; unknown limits are omitted."""
        body: OpenAIModel = {
            "id": model.name,
            "object": "model",
            "created": model.created,
            "owned_by": model.vendor.slug,
            "shutdown_date": model.retires_on.isoformat() if model.retires_on else None,
            "supported_endpoint_types": model.callable_endpoint_types,
            "name": model.title,
        }
        for limit in LIMITS:
            tokens = readable(getattr(model, limit), INT53)
            if tokens is not None:
                body[limit] = tokens
        return body

    def rate_headers(self, quota: Quota, *, at: dt.datetime) -> dict[str, str]:
        values = (str(quota.limit), str(quota.remaining), duration(quota.seconds(at=at)))
        return dict(zip(self.rate_header_names, values, strict=True))

    def error_body(self, error: ApiError, *, request_id: str, host: str) -> OpenAIError:
        return {
            "error": {
                "message": error.message,
                "type": error.code if error.code in CODES_AS_TYPES else TYPES.get(error.status, DEFAULT_TYPE),
                "param": error.param,
                "code": error.code,
            }
        }


def duration(seconds: int) -> str:
    """Seconds in the format of OpenAI's headers: 1s, 6m0s, 2h0m0s."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{rest}s" if hours else f"{minutes}m{rest}s" if minutes else f"{rest}s"


def _codex_row(model: ListedModel) -> bytes:
    """The body of a model for Codex as JSON, with the place of the model 0."""
    text = model.rendered.get(CODEX)
    if text is None:
        text = model.rendered[CODEX] = write_json(codex_model(model, 0))
    return text


def numbered(row: bytes, priority: int) -> bytes:
    """The row with its place in the list."""
    # Quotes inside texts are escaped, so that no text contains this.
    return row.replace(b'"priority":0,', b'"priority":%d,' % priority, 1)


def codex_model(model: ModelFacts, priority: int) -> CodexModel:
    body: CodexModel = {
        "slug": model.name,
        "display_name": model.title,
        "description": model.description,
        "supported_reasoning_levels": [],
        "shell_type": "default",
        "visibility": "list" if CHAT.intersection(model.callable_endpoint_types) else "hide",
        "supported_in_api": True,
        "priority": priority,
        "upgrade": None,
        "base_instructions": "",
        "supports_reasoning_summaries": False,
        "support_verbosity": False,
        "default_verbosity": None,
        "apply_patch_tool_type": None,
        "truncation_policy": {"mode": "tokens", "limit": 10_000},
        "supports_parallel_tool_calls": "parallel_tools" in model.capabilities,
        "experimental_supported_tools": [],
    }
    longest_input = readable(model.longest_input, INT53)
    if longest_input is not None:
        # Codex means the input: its own list has 272,000 for GPT-5, whose window is 400,000.
        body["context_window"] = longest_input
    if model.input_modalities:
        body["input_modalities"] = [name for name in model.input_modalities if name in CODEX_MODALITIES]
    return body
