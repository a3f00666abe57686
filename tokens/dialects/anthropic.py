"""Anthropic's dialect: pages with cursors that are model ids, and facts about each model.

Any `anthropic-version` announces it: the SDKs since October 2026 and Claude Code send it with `Authorization: Bearer`,
older ones with `x-api-key`. Source: Anthropic's API reference and SDKs (2026).
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.http import HttpRequest, QueryDict

from catalog.models import AIModel
from tokens.access.visibility import Listing, SortKey, sort_key
from tokens.api_error import ApiError
from tokens.dialects.base import JSON, Dialect
from tokens.rate_limits import Quota

TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    503: "overloaded_error",
}
# The vendor's default is 20; hand-written clients read one page only and would miss the rest.
DEFAULT_LIMIT = MAX_LIMIT = 1000
THINKING = ("thinking_adaptive", "thinking_enabled", "thinking_disabled", "thinking_between_tools")
CONTEXT_EDITS = ("clear_thinking_20251015", "clear_tool_uses_20250919", "compact_20260112")
# Words that only somebody uses who fills in all of Anthropic's list.
OWN_WORDS = frozenset(
    {"batch", "citations", "code_execution", "server_code_execution", "context_management", *CONTEXT_EDITS}
)
EFFORTS = ("low", "medium", "high", "xhigh", "max")
STAGES = tuple(AIModel.Lifecycle.values)
LISTED_STAGES = (AIModel.Lifecycle.ACTIVE.value, AIModel.Lifecycle.DEPRECATED.value)
LINE = re.compile(r"(?:^|[/.])claude-(?:[\d.-]+-)?(haiku|sonnet|opus|fable|mythos)\b")


@dataclass(frozen=True)
class Page:
    limit: int = DEFAULT_LIMIT
    after: SortKey | None = None
    before: SortKey | None = None
    stages: tuple[str, ...] = LISTED_STAGES


class Anthropic(Dialect):
    name = "anthropic"
    shows_retired = True
    paths = ("/anthropic/",)
    rate_header_names = (
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
    )
    credentials = ("x-api-key", "bearer", "x-goog-api-key", "key", "api-key")

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

    def list_body(self, listing: Listing, page: Page) -> JSON:
        models = [
            model
            for model in self.narrowed(listing.models(retired=AIModel.Lifecycle.RETIRED in page.stages))
            if model.lifecycle(on=listing.on) in page.stages
        ]
        shown, has_more = _cut(models, page)
        return {
            "data": [self.model_body(model, listing) for model in shown],
            "has_more": has_more,
            "first_id": shown[0].name if shown else None,
            "last_id": shown[-1].name if shown else None,
        }

    def model_body(self, model: AIModel, listing: Listing) -> JSON:
        """Dates are RFC 3339, the epoch when the release date is not known; null is "not known" elsewhere."""
        lifecycle = model.lifecycle(on=listing.on)
        is_active = lifecycle == AIModel.Lifecycle.ACTIVE
        line = LINE.search(model.name)
        return {
            "type": "model",
            "id": model.name,
            "display_name": model.title,
            "created_at": _moment(model.released_on or dt.date(1970, 1, 1)),
            "lifecycle": lifecycle,
            "deprecated_at": None if is_active else _moment(model.deprecated_on),
            "retires_at": None if is_active else _moment(model.retires_on),
            "line": line[1] if line else None,
            "max_input_tokens": model.context_length,
            "max_tokens": model.max_output_tokens,
            "capabilities": capabilities(model) if knows_capabilities(model) else None,
        }

    def lifecycle_headers(self, model: AIModel, *, on: dt.date) -> Mapping[str, str]:
        """As the body: no date while the model is active."""
        is_active = model.lifecycle(on=on) == AIModel.Lifecycle.ACTIVE
        return {} if is_active else super().lifecycle_headers(model, on=on)

    def rate_headers(self, quota: Quota, *, at: dt.datetime) -> dict[str, str]:
        values = (str(quota.limit), str(quota.remaining), quota.resets_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
        return dict(zip(self.rate_header_names, values, strict=True))

    def error_body(self, error: ApiError, *, request_id: str, host: str) -> JSON:
        return {
            "type": "error",
            "error": {
                "type": TYPES.get(error.status, "invalid_request_error"),
                "message": error.message,
                "details": {"error_code": error.code},
            },
            "request_id": request_id,
        }


def knows_capabilities(model: AIModel) -> bool:
    """Whether the model's list can be read as Anthropic's, where what is not in it is not supported.

    A list of common words, as price files give it, says nothing of batches or citations: read so, it would deny them.
    """
    has = set(model.capabilities)
    thinks_somehow = "reasoning" in has and has.isdisjoint(THINKING)
    return not has.isdisjoint(OWN_WORDS) and not thinks_somehow


def capabilities(model: AIModel) -> JSON:
    """Every capability the vendor names, with whether this model's list has it."""
    has = set(model.capabilities)

    def support(*names: str) -> JSON:
        return {"supported": any(name in has for name in names)}

    return {
        "batch": support("batch"),
        "citations": support("citations"),
        "code_execution": support("code_execution"),
        "context_management": {
            **support("context_management"),
            **{name: support(name) for name in CONTEXT_EDITS},
        },
        "effort": {
            **support("effort", *(f"effort_{level}" for level in EFFORTS)),
            **{level: support(f"effort_{level}") for level in EFFORTS},
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
            "types": {word.removeprefix("thinking_"): support(word) for word in THINKING},
        },
    }


def _cut(models: list[AIModel], page: Page) -> tuple[list[AIModel], bool]:
    """The page's models, and whether there are more in the direction of travel."""
    if page.before:
        earlier = [model for model in models if sort_key(model) < page.before]
        return earlier[-page.limit :], len(earlier) > page.limit
    if page.after:
        models = [model for model in models if sort_key(model) > page.after]
    return models[: page.limit], len(models) > page.limit


def _place(cursor: str, param: str, listing: Listing) -> SortKey | None:
    """Where the list is to be cut; ApiError where the cursor names no model that the caller sees or saw."""
    place = listing.position(cursor) if cursor else None
    if cursor and place is None:
        raise ApiError("invalid_parameter", f"{param} is not the id of a model in this list.", param=param)
    return place


def _limit(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= MAX_LIMIT:
        return int(text)
    raise ApiError("invalid_parameter", f"limit must be a whole number from 1 to {MAX_LIMIT}.", param="limit")


def _stages(query: QueryDict) -> tuple[str, ...]:
    """The stages asked for, whether as lifecycle[]=…, repeated lifecycle=… or with commas."""
    values = (*query.getlist("lifecycle[]"), *query.getlist("lifecycle"))
    asked = {part.strip() for value in values for part in value.split(",")} - {""}
    if not asked <= set(STAGES):
        raise ApiError("invalid_parameter", f"lifecycle must be one of {', '.join(STAGES)}.", param="lifecycle")
    return tuple(stage for stage in STAGES if stage in asked) or LISTED_STAGES


def _moment(date: dt.date | None) -> str | None:
    return f"{date.isoformat()}T00:00:00Z" if date else None
