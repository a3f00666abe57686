"""Anthropic's dialect: pages whose cursors are model ids, and the capabilities of each model.

It is recognized by any `anthropic-version`: the SDKs since October 2026 and Claude Code send it with
`Authorization: Bearer`, older SDKs with `x-api-key`. Source: Anthropic's API reference and SDKs (2026).
"""

import datetime as dt
import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypedDict

from django.http import HttpRequest, QueryDict

from catalog.models import AIModel
from catalog.models.facts import INT32, ModelFacts, readable
from tokens.access.filters import Place
from tokens.access.listed_models import ListedModel
from tokens.access.visibility import Listing
from tokens.api_error import CODES, ApiError
from tokens.dialects.base import INT32_COUNT, Dialect, ListParts, enclose
from tokens.rate_limits import Quota
from tokens.timestamps import format_timestamp

TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    503: "overloaded_error",
}
# Anthropic's default is 20; hand-written clients read only one page and would miss the rest.
DEFAULT_LIMIT = MAX_LIMIT = 1000
THINKING = ("thinking_adaptive", "thinking_enabled", "thinking_disabled", "thinking_between_tools")
# Capabilities that only a complete list in Anthropic's terms contains.
ANTHROPIC_TERMS = frozenset(
    {
        *("batch", "citations", "code_execution", "server_code_execution", "context_management"),
        *("clear_thinking_20251015", "clear_tool_uses_20250919", "compact_20260112"),
    }
)
EFFORTS = ("effort_low", "effort_medium", "effort_high", "effort_xhigh", "effort_max")
STAGES = tuple(AIModel.Lifecycle.values)
LISTED_STAGES = (AIModel.Lifecycle.ACTIVE.value, AIModel.Lifecycle.DEPRECATED.value)
LINE = re.compile(r"(?:^|[/.])claude-(?:[\d.-]+-)?(haiku|sonnet|opus|fable|mythos)\b")


class AnthropicSupport(TypedDict):
    """Whether the model can do it."""

    supported: bool


class ContextManagement(AnthropicSupport):
    """Clears what a long conversation no longer needs."""

    clear_thinking_20251015: AnthropicSupport
    clear_tool_uses_20250919: AnthropicSupport
    compact_20260112: AnthropicSupport


class Effort(AnthropicSupport):
    """How hard to think."""

    low: AnthropicSupport
    medium: AnthropicSupport
    high: AnthropicSupport
    xhigh: AnthropicSupport
    max: AnthropicSupport


class ServerTools(AnthropicSupport):
    """Tools on the vendor's servers."""

    web_search: AnthropicSupport
    code_execution: AnthropicSupport


class ThinkingTypes(TypedDict):
    """The ways to think."""

    adaptive: AnthropicSupport
    enabled: AnthropicSupport
    disabled: AnthropicSupport
    between_tools: AnthropicSupport


class Thinking(AnthropicSupport):
    """Thinks before it answers."""

    types: ThinkingTypes


class AnthropicCapabilities(TypedDict):
    """What the model can do."""

    batch: Annotated[AnthropicSupport, "Processes batches of requests asynchronously."]
    citations: Annotated[AnthropicSupport, "Cites the passages of a document that an answer is based on."]
    code_execution: Annotated[AnthropicSupport, "Runs code in a sandbox."]
    context_management: ContextManagement
    effort: Effort
    image_input: Annotated[AnthropicSupport, "Understands images."]
    pdf_input: Annotated[AnthropicSupport, "Reads PDF files."]
    server_tools: ServerTools
    structured_outputs: Annotated[AnthropicSupport, "Answers in a JSON schema."]
    thinking: Thinking


class AnthropicModel(TypedDict):
    """A model."""

    type: Literal["model"]
    id: Annotated[
        str, "The value that clients send as `model`; a request by alias returns the model's own id.", {"minLength": 1}
    ]
    display_name: Annotated[str, "The name to display."]
    created_at: Annotated[
        str, "The release date, or the day on which the catalog learned of the model.", {"format": "date-time"}
    ]
    lifecycle: Annotated[str, "The stage today (UTC).", {"enum": ["active", "deprecated", "retired"]}]
    deprecated_at: Annotated[str | None, "null while it is active.", {"format": "date-time"}]
    retires_at: Annotated[str | None, "null while it is active.", {"format": "date-time"}]
    line: Annotated[
        str | None, "null for other vendors' models.", {"enum": ["haiku", "sonnet", "opus", "fable", "mythos", None]}
    ]
    max_input_tokens: Annotated[int | None, "Tokens of input; null if unknown.", INT32_COUNT]
    max_tokens: Annotated[int | None, "Tokens of output; null if unknown.", INT32_COUNT]
    capabilities: Annotated[AnthropicCapabilities | None, "null if unknown."]


class AnthropicModelPage(TypedDict):
    """A page of the list."""

    data: Annotated[list[AnthropicModel], "The page's models, newest first."]
    has_more: Annotated[bool, "Whether there are more models in the direction of paging."]
    first_id: Annotated[
        str | None,
        "Send it as `before_id` to get the page before; null on an empty page. With `sort`, not always an id.",
    ]
    last_id: Annotated[
        str | None, "Send it as `after_id` to get the page after; null on an empty page. With `sort`, not always an id."
    ]


class AnthropicErrorCause(TypedDict):
    """The cause."""

    error_code: Annotated[str, "The code of the error, for programs.", {"enum": list(CODES)}]


class AnthropicErrorDetails(TypedDict):
    """What went wrong."""

    type: Annotated[str, "The family of the error, e.g. authentication_error."]
    message: Annotated[str, "A sentence for people."]
    details: AnthropicErrorCause


class AnthropicError(TypedDict):
    """An error."""

    type: Literal["error"]
    error: AnthropicErrorDetails
    request_id: Annotated[str, "As in the header."]


@dataclass(frozen=True)
class Page:
    limit: int = DEFAULT_LIMIT
    after: Place | None = None
    before: Place | None = None
    stages: tuple[str, ...] = LISTED_STAGES


class Anthropic(Dialect):
    name = "anthropic"
    shows_retired = True
    words = frozenset({"anthropic"})
    rate_header_names = (
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
    )
    credentials = ("X-Api-Key", "Authorization", "X-Goog-Api-Key", "key")
    parameters = ("limit", "after_id", "before_id", "lifecycle[]", "lifecycle")

    def is_announced_by(self, request: HttpRequest) -> bool:
        return bool(request.headers.get("Anthropic-Version", "").strip())

    def read_page(self, query: QueryDict, listing: Listing) -> Page:
        after, before = query.get("after_id", ""), query.get("before_id", "")
        if after and before:
            raise ApiError(
                "invalid_parameter", "after_id and before_id cannot be combined. Send one of them.", param="before_id"
            )
        limit = _limit(query.get("limit", str(DEFAULT_LIMIT)))
        return Page(
            limit=limit,
            after=_place(after, "after_id", listing),
            before=_place(before, "before_id", listing),
            stages=_stages(query),
        )

    def list_parts(self, listing: Listing, page: Page) -> ListParts:
        models, has_more = _cut(self._of_stages(listing, page.stages), page, listing)
        body: AnthropicModelPage = {
            "data": [],
            "has_more": has_more,
            "first_id": listing.cursor(models[0]) if models else None,
            "last_id": listing.cursor(models[-1]) if models else None,
        }
        return enclose(body, self.rows(models, on=listing.on))

    def _of_stages(self, listing: Listing, stages: tuple[str, ...]) -> Sequence[ListedModel]:
        if stages == LISTED_STAGES:
            return self.listed(listing)
        return listing.listed(
            (self.name, stages),
            lambda model: model.lifecycle(on=listing.on) in stages and self.lists(model),
            retired=AIModel.Lifecycle.RETIRED in stages,
        )

    def row_kind(self, model: ListedModel, *, on: dt.date) -> str:
        if model.deprecated_on is None and model.retires_on is None:
            return self.name
        return f"{self.name} {model.lifecycle(on=on)}"

    def model_body(self, model: ModelFacts, *, on: dt.date) -> AnthropicModel:
        """Dates are in RFC 3339; unknown values are null."""
        lifecycle = model.lifecycle(on=on)
        is_active = lifecycle == AIModel.Lifecycle.ACTIVE
        line = LINE.search(model.own_name)
        return {
            "type": "model",
            "id": model.name,
            "display_name": model.title,
            "created_at": f"{model.created_on.isoformat()}T00:00:00Z",
            "lifecycle": lifecycle,
            "deprecated_at": None if is_active else _midnight(model.deprecated_on),
            "retires_at": None if is_active else _midnight(model.retires_on),
            "line": line[1] if line else None,
            "max_input_tokens": readable(model.longest_input, INT32),
            "max_tokens": readable(model.max_output_tokens, INT32),
            "capabilities": capabilities(model) if knows_capabilities(model) else None,
        }

    def lifecycle_headers(self, model: ModelFacts, *, on: dt.date) -> Mapping[str, str]:
        """Like the body, without dates while the model is active."""
        is_active = model.lifecycle(on=on) == AIModel.Lifecycle.ACTIVE
        return {} if is_active else super().lifecycle_headers(model, on=on)

    def rate_headers(self, quota: Quota, *, at: dt.datetime) -> dict[str, str]:
        # Rounded up: a client that waits until then is not refused.
        resets_at = quota.resets_at + dt.timedelta(microseconds=-quota.resets_at.microsecond % 1_000_000)
        values = (str(quota.limit), str(quota.remaining), format_timestamp(resets_at, timespec="seconds"))
        return dict(zip(self.rate_header_names, values, strict=True))

    def error_body(self, error: ApiError, *, request_id: str, host: str) -> AnthropicError:
        return {
            "type": "error",
            "error": {
                "type": TYPES.get(error.status, "invalid_request_error"),
                "message": error.message,
                "details": {"error_code": error.code},
            },
            "request_id": request_id,
        }


def knows_capabilities(model: ModelFacts) -> bool:
    """Whether the model's capabilities are complete in Anthropic's terms, so that a missing one is not supported.

    The general terms of price files do not include batches or citations; a list of these would deny them.
    """
    has = set(model.capabilities)
    thinks_in_unknown_ways = "reasoning" in has and has.isdisjoint(THINKING)
    return not has.isdisjoint(ANTHROPIC_TERMS) and not thinks_in_unknown_ways


def capabilities(model: ModelFacts) -> AnthropicCapabilities:
    """Every capability in Anthropic's format, with whether this model has it."""
    has = {*model.capabilities, *(f"effort_{level}" for level in model.reasoning_levels)}

    def support(*names: str) -> AnthropicSupport:
        return {"supported": not has.isdisjoint(names)}

    return {
        "batch": support("batch"),
        "citations": support("citations"),
        "code_execution": support("code_execution"),
        "context_management": {
            **support("context_management"),
            "clear_thinking_20251015": support("clear_thinking_20251015"),
            "clear_tool_uses_20250919": support("clear_tool_uses_20250919"),
            "compact_20260112": support("compact_20260112"),
        },
        "effort": {
            **support("effort", *EFFORTS),
            "low": support("effort_low"),
            "medium": support("effort_medium"),
            "high": support("effort_high"),
            "xhigh": support("effort_xhigh"),
            "max": support("effort_max"),
        },
        "image_input": {"supported": "vision" in has or "image" in model.input_modalities},
        "pdf_input": {"supported": "pdf_input" in has or "pdf" in model.input_modalities},
        "server_tools": {
            **support("web_search", "server_code_execution"),
            "web_search": support("web_search"),
            "code_execution": support("server_code_execution"),
        },
        "structured_outputs": support("structured_outputs"),
        "thinking": {
            **support("reasoning", *THINKING),
            "types": {
                "adaptive": support("thinking_adaptive"),
                "enabled": support("thinking_enabled"),
                "disabled": support("thinking_disabled"),
                "between_tools": support("thinking_between_tools"),
            },
        },
    }


def _cut(models: Sequence[ListedModel], page: Page, listing: Listing) -> tuple[Sequence[ListedModel], bool]:
    """The models of the page, and whether there are more in the direction of paging."""
    if page.before:
        end = bisect_left(models, page.before, key=listing.place)
        return models[max(end - page.limit, 0) : end], end > page.limit
    start = bisect_right(models, page.after, key=listing.place) if page.after else 0
    return models[start : start + page.limit], len(models) - start > page.limit


def _place(cursor: str, param: str, listing: Listing) -> Place | None:
    """The position of the cursor; ApiError if the caller can see no such model and never could."""
    place = listing.position(cursor) if cursor else None
    if cursor and place is None:
        raise ApiError("invalid_parameter", f"{param} is not the id of a model in this list.", param=param)
    return place


def _limit(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= MAX_LIMIT:
        return int(text)
    raise ApiError("invalid_parameter", f"limit must be a whole number from 1 to {MAX_LIMIT}.", param="limit")


def _stages(query: QueryDict) -> tuple[str, ...]:
    """The requested stages, as lifecycle[]=…, as repeated lifecycle=… or separated by commas."""
    values = (*query.getlist("lifecycle[]"), *query.getlist("lifecycle"))
    requested = {part.strip() for value in values for part in value.split(",")} - {""}
    if not requested <= set(STAGES):
        raise ApiError("invalid_parameter", f"lifecycle must be one of {', '.join(STAGES)}.", param="lifecycle")
    return tuple(stage for stage in STAGES if stage in requested) or LISTED_STAGES


def _midnight(date: dt.date | None) -> str | None:
    # Not format_timestamp: a list formats a date of every model, and that takes four times as long.
    return f"{date.isoformat()}T00:00:00Z" if date else None
