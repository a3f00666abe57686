"""Gemini's dialect: pages with opaque tokens, ids with the prefix `models/`, and no fields for unknown values.

It is recognized by `x-goog-api-key` or `?key=`; Google's SDKs since version 3 use /v1. Source: Google's REST reference
and SDKs (2026). A wrong key is 401 here, as AI-Nebula documents it; Google itself sends 400.
"""

import datetime as dt
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from django.http import HttpRequest, QueryDict

from catalog.models.facts import INT32, ModelFacts, readable
from catalog.parameters import valid_parameters
from catalog.vocabulary import VIDEO_TYPES
from tokens.access.filters import Filters, Place
from tokens.access.visibility import Listing
from tokens.api_error import ApiError
from tokens.dialects.base import INT32_COUNT, Dialect, ListParts, enclose, query_of

STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
REASONS = {
    "missing_api_key": "CREDENTIALS_MISSING",
    "invalid_api_key": "API_KEY_INVALID",
    "key_expired": "API_KEY_INVALID",
    "key_disabled": "API_KEY_INVALID",
    "key_not_yet_valid": "API_KEY_INVALID",
    "ip_not_allowed": "API_KEY_IP_ADDRESS_BLOCKED",
    "rate_limit_exceeded": "RATE_LIMIT_EXCEEDED",
}
# Without a size, a page is the whole list: Google's default is 50, but LiteLLM and hand-written clients read only one
# page and would miss the rest.
MAX_SIZE = 1000
# Endpoint type -> the methods by which Gemini's clients may call the models that prefer it. Image models without the
# type gemini have none: `predict` is a method of Gemini's own addresses.
METHODS: Mapping[str, tuple[str, ...]] = {
    "gemini": ("generateContent", "streamGenerateContent", "countTokens"),
    "embeddings": ("embedContent", "batchEmbedContents"),
    **dict.fromkeys(VIDEO_TYPES, ("predictLongRunning",)),
}

# Name in the catalog -> name in Gemini's list.
PARAMETERS: Mapping[str, Literal["temperature", "maxTemperature", "topP", "topK"]] = {
    "temperature": "temperature",
    "max_temperature": "maxTemperature",
    "top_p": "topP",
    "top_k": "topK",
}
LEFT_OUT_IF_UNKNOWN: tuple[Literal["version", "description", "inputTokenLimit", "outputTokenLimit"], ...]
LEFT_OUT_IF_UNKNOWN = ("version", "description", "inputTokenLimit", "outputTokenLimit")


class GeminiModel(TypedDict):
    """A model. Unknown fields are left out, never null."""

    name: Annotated[str, "`models/` and the model's id.", {"pattern": "^models/."}]
    baseModelId: Annotated[str, "The model's id."]
    version: NotRequired[Annotated[str, "The vendor's name of this edition."]]
    displayName: Annotated[str, "The name to display."]
    description: NotRequired[str]
    inputTokenLimit: NotRequired[Annotated[int, "Tokens.", INT32_COUNT]]
    outputTokenLimit: NotRequired[Annotated[int, "Tokens.", INT32_COUNT]]
    supportedGenerationMethods: Annotated[
        list[str], "The methods that Gemini's clients may call; empty for other models."
    ]
    thinking: NotRequired[Annotated[Literal[True], "Omitted if the model does not think."]]
    temperature: NotRequired[Annotated[Decimal, "The default if the request sets none."]]
    maxTemperature: NotRequired[Annotated[Decimal, "The highest value that the model accepts."]]
    topP: NotRequired[Annotated[Decimal, "The default if the request sets none."]]
    topK: NotRequired[Annotated[int, "The default if the request sets none.", INT32_COUNT]]


class GeminiModelPage(TypedDict):
    """A page of the list."""

    models: Annotated[list[GeminiModel], "The page's models, newest first."]
    nextPageToken: NotRequired[Annotated[str, "Send it as `pageToken`; left out on the last page.", {"minLength": 1}]]


class GeminiTunedModels(TypedDict):
    """The tuned models. There are none."""

    tunedModels: Annotated[list[dict[str, Any]], "Always empty."]


GeminiErrorInfo = TypedDict(
    "GeminiErrorInfo",
    {
        "@type": str,
        "reason": NotRequired[Annotated[str, "In an ErrorInfo: what happened, e.g. API_KEY_INVALID."]],
        "domain": NotRequired[Annotated[str, "In an ErrorInfo: this service."]],
        "metadata": NotRequired[Annotated[dict[str, Any], "In an ErrorInfo."]],
        "retryDelay": NotRequired[Annotated[str, "In a RetryInfo: how long to wait, e.g. 12s."]],
    },
)


class GeminiErrorDetails(TypedDict):
    """What went wrong."""

    code: Annotated[int, "The HTTP status.", INT32_COUNT]
    message: Annotated[str, "A sentence for people."]
    status: Annotated[str, "Google's name of the status, e.g. UNAUTHENTICATED."]
    details: Annotated[list[GeminiErrorInfo], "An ErrorInfo; for 429 and 503 also a RetryInfo."]


class GeminiError(TypedDict):
    """An error."""

    error: GeminiErrorDetails


@dataclass(frozen=True)
class Page:
    # None: everything that follows.
    size: int | None = None
    after: Place | None = None


class Gemini(Dialect):
    name = "gemini"
    words = frozenset({"gemini", "v1beta", "v1alpha", "tunedmodels"})
    list_path = "/v1beta/models"
    credentials = ("X-Goog-Api-Key", "key", "Authorization", "X-Api-Key")
    parameters = ("pageSize", "pageToken")

    def is_announced_by(self, request: HttpRequest) -> bool:
        return bool(request.headers.get("X-Goog-Api-Key", "").strip() or query_of(request).get("key", "").strip())

    def read_page(self, query: QueryDict, listing: Listing) -> Page:
        return Page(
            size=_size(query.get("pageSize", "0")),
            after=_read_token(query.get("pageToken", "").strip(), listing.filters),
        )

    def list_parts(self, listing: Listing, page: Page) -> ListParts:
        models = self.listed(listing)
        start = 0 if page.after is None else bisect_right(models, page.after, key=listing.place)
        end = len(models) if page.size is None else start + page.size
        page_models = models[start:end]
        body: GeminiModelPage = {"models": []}
        if end < len(models):
            # Absent on the last page: with an empty one, Google's JavaScript SDK requests pages without end.
            body["nextPageToken"] = listing.filters.write_cursor(listing.place(page_models[-1]))
        return enclose(body, self.rows(page_models, on=listing.on))

    def model_body(self, model: ModelFacts, *, on: dt.date) -> GeminiModel:
        body: GeminiModel = {
            "name": f"models/{model.name}",
            "baseModelId": model.name,
            "version": model.version,
            "displayName": model.title,
            "description": model.description,
            "inputTokenLimit": readable(model.longest_input, INT32) or 0,
            "outputTokenLimit": readable(model.max_output_tokens, INT32) or 0,
            "supportedGenerationMethods": generation_methods(model),
        }
        for name in LEFT_OUT_IF_UNKNOWN:
            if not body[name]:
                del body[name]
        if "reasoning" in model.capabilities:
            body["thinking"] = True
        for parameter, value in valid_parameters(model.default_parameters).items():
            body[PARAMETERS[parameter]] = value
        return body

    def error_body(self, error: ApiError, *, request_id: str, host: str) -> GeminiError:
        reason = REASONS.get(error.code, error.code.upper())
        details: list[GeminiErrorInfo] = [
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": host, "metadata": {}}
        ]
        if "Retry-After" in error.headers:
            delay = f"{error.headers['Retry-After']}s"
            details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
        status = STATUSES.get(error.status, "UNKNOWN")
        return {"error": {"code": error.status, "message": error.message, "status": status, "details": details}}


def generation_methods(model: ModelFacts) -> list[str]:
    """The methods by which Gemini's clients may call the model; empty if there are none.

    They are those of its first endpoint type that has some: an embedding model that is also offered as gemini embeds.
    """
    types = model.callable_endpoint_types
    methods = list(next((METHODS[name] for name in types if name in METHODS), ()))
    return [*methods, "predict"] if {"gemini", "image-generation"} <= set(types) else methods


def _size(text: str) -> int | None:
    """The number of models on a page; None if the request sets none."""
    if not (text.isascii() and text.isdigit()):
        raise ApiError("invalid_parameter", "pageSize must be a whole number, 0 or more.", param="pageSize")
    # Python refuses to parse a number with thousands of digits.
    return min(int(text.lstrip("0")[:6] or 0), MAX_SIZE) or None


def _read_token(text: str, filters: Filters) -> Place | None:
    if not text:
        return None
    place = filters.read_cursor(text)
    if place is None:
        raise ApiError(
            "invalid_parameter",
            "pageToken was not issued by this list. Use the nextPageToken of a response.",
            param="pageToken",
        )
    return place
