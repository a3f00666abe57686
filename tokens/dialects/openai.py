"""OpenAI's dialect, with the additions of new-api and compatible gateways: for clients that show no other dialect.

Sources: OpenAI's API reference and SDKs (2026), and the documentation of AI-Nebula and Crazyrouter.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, NotRequired, TypedDict, cast

from django.http import HttpRequest, QueryDict

from catalog.exact import write_json
from catalog.models.facts import INT53, LIMITS, ModelFacts, readable
from catalog.parameters import valid_parameters
from catalog.sources import codex_profiles
from catalog.vocabulary import (
    INPUT_MODALITIES,
    OPENROUTER_MODALITIES,
    OPENROUTER_PARAMETERS,
    OUTPUT_MODALITIES,
    SENT_PARAMETERS,
)
from tokens.access.listed_models import ListedModel
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
# Codex rejects the whole list if a model has a modality that it does not know.
CODEX_MODALITIES = frozenset({"text", "image"})
# The capabilities that clients know as features.
FEATURES = ("tools", "structured_outputs", "reasoning", "web_search")


class Architecture(TypedDict):
    """The types of input and output, in OpenRouter's words: a PDF is a file."""

    input_modalities: NotRequired[list[str]]
    output_modalities: NotRequired[list[str]]


class ReasoningOption(TypedDict):
    """A parameter of reasoning and its values."""

    type: Literal["effort"]
    values: Annotated[list[str], "The efforts that requests may name, e.g. low."]


class DefaultParameters(TypedDict):
    """The values that apply if a request sets none."""

    temperature: NotRequired[Decimal]
    top_p: NotRequired[Decimal]
    top_k: NotRequired[Annotated[int, INT32_COUNT]]


class OpenAIModel(TypedDict):
    """A model. Capabilities have the names that clients read; a field whose value is unknown is omitted."""

    id: Annotated[str, "The value that clients send as `model`.", {"minLength": 1}]
    object: Literal["model"]
    created: Annotated[
        int, "The release date, or the day on which the catalog learned of the model, in Unix seconds.", INT32_COUNT
    ]
    owned_by: Annotated[str, "The vendor, as a short lower-case name."]
    shutdown_date: Annotated[str | None, "The day it retires.", {"format": "date"}]
    supported_endpoint_types: Annotated[
        list[str], "The endpoint types that customers may call, the preferred one first."
    ]
    name: Annotated[str, "The name to display."]
    context_length: NotRequired[Annotated[int, "Tokens of input and output together; omitted if unknown.", INT53_COUNT]]
    max_input_tokens: NotRequired[Annotated[int, "Tokens; omitted if the input has no limit of its own.", INT53_COUNT]]
    max_output_tokens: NotRequired[Annotated[int, "Tokens; omitted if unknown.", INT53_COUNT]]
    max_completion_tokens: NotRequired[Annotated[int, "The same as max_output_tokens, as Cline reads it.", INT53_COUNT]]
    max_output_length: NotRequired[Annotated[int, "The same as max_output_tokens, as opencode reads it.", INT53_COUNT]]
    description: Annotated[str, "Empty if there is none: Zed rejects the list without it."]
    input_modalities: NotRequired[list[Annotated[str, "text, image, audio, video, pdf."]]]
    output_modalities: NotRequired[list[Annotated[str, "text, image, audio, video, embedding."]]]
    architecture: NotRequired[Annotated[Architecture, "The same in OpenRouter's format."]]
    supported_features: NotRequired[list[Annotated[str, {"enum": list(FEATURES)}]]]
    supported_parameters: NotRequired[list[Annotated[str, "In OpenRouter's words, e.g. tools, reasoning."]]]
    reasoning_options: NotRequired[Annotated[list[ReasoningOption], "The reasoning levels, as in models.dev."]]
    default_parameters: NotRequired[DefaultParameters]


class TruncationPolicy(TypedDict):
    """How long outputs of tools are cut."""

    mode: str
    limit: Annotated[int, INT53_COUNT]


class CodexLevel(TypedDict):
    """A reasoning level that users can choose."""

    effort: Annotated[str, "As in the request, e.g. high.", {"minLength": 1}]
    description: str


class CodexModel(TypedDict):
    """A model as Codex reads it: its facts, and the profile that an operator has entered.

    Codex takes it in place of all that it knows of the model, so that an empty value switches a feature off. The
    required fields are those without which Codex 0.145 or 0.171 rejects the whole list.
    """

    slug: Annotated[str, "The model's id."]
    display_name: Annotated[str, "The name to display."]
    description: str
    default_reasoning_level: NotRequired[Annotated[str, "Omitted if the model has no levels."]]
    supported_reasoning_levels: Annotated[list[CodexLevel], "Empty if the model has none."]
    shell_type: Literal["default"]
    visibility: Literal["list"]
    supported_in_api: Literal[True]
    priority: Annotated[int, "Its place in the list.", INT32_COUNT]
    base_instructions: Annotated[str, "The system prompt, which Codex sends unchanged.", {"minLength": 1}]
    supports_reasoning_summaries: Annotated[bool, "Earlier versions of Codex send no effort without it."]
    support_verbosity: bool
    default_verbosity: NotRequired[Annotated[str, {"enum": ["low", "medium", "high"]}]]
    apply_patch_tool_type: NotRequired[
        Annotated[str, "Omitted: Codex does not offer the tool.", {"enum": ["freeform"]}]
    ]
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
    models: NotRequired[
        Annotated[
            list[CodexModel],
            "Only if the request has `client_version`: the models that Codex can call and that have a Codex profile.",
        ]
    ]


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
    words = frozenset({"openai"})
    base = "/v1"
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
        parts = enclose(body, rows)
        entries = [_codex_row(model) for model in models if has_codex_entry(model)]
        if not entries:
            return parts
        entries = [numbered(entry, priority) for priority, entry in enumerate(entries)]
        # The entries follow the rows in one sequence, so that bodies share them as they share rows.
        between = parts.tail.removesuffix(b"]}")
        return ListParts(parts.head, [*rows[:-1], rows[-1] + between + entries[0], *entries[1:]], b"]}")

    def model_body(self, model: ModelFacts, *, on: dt.date) -> OpenAIModel:
        """`created` is in Unix seconds; what is unknown is omitted."""
        body: OpenAIModel = {
            "id": model.name,
            "object": "model",
            "created": model.created,
            "owned_by": model.vendor.slug,
            "shutdown_date": model.retires_on.isoformat() if model.retires_on else None,
            "supported_endpoint_types": model.callable_endpoint_types,
            "name": model.title,
            "description": model.description,
        }
        add_limits(body, model)
        add_modalities(body, model)
        add_capabilities(body, model)
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


def add_limits(body: OpenAIModel, model: ModelFacts) -> None:
    for name in LIMITS:
        tokens = readable(getattr(model, name), INT53)
        if tokens is not None:
            body[name] = tokens
    if "max_output_tokens" in body:
        body["max_completion_tokens"] = body["max_output_length"] = body["max_output_tokens"]


def add_modalities(body: OpenAIModel, model: ModelFacts) -> None:
    inputs = [name for name in model.input_modalities if name in INPUT_MODALITIES]
    outputs = [name for name in model.output_modalities if name in OUTPUT_MODALITIES]
    architecture: Architecture = {}
    if inputs:
        body["input_modalities"] = inputs
        architecture["input_modalities"] = [OPENROUTER_MODALITIES.get(name, name) for name in inputs]
    if outputs:
        body["output_modalities"] = outputs
        architecture["output_modalities"] = [OPENROUTER_MODALITIES.get(name, name) for name in outputs]
    if architecture:
        body["architecture"] = architecture


def add_capabilities(body: OpenAIModel, model: ModelFacts) -> None:
    """Clients take a feature that is missing from a list as unsupported, so there is no list without a known one."""
    features = [name for name in model.capabilities if name in FEATURES]
    defaults = valid_parameters(model.default_parameters)
    defaults = {name: defaults[name] for name in SENT_PARAMETERS if name in defaults}
    if features:
        parameters = [name for word in model.capabilities for name in OPENROUTER_PARAMETERS.get(word, ())]
        body["supported_features"] = features
        body["supported_parameters"] = [*parameters, *defaults]
    if model.reasoning_levels:
        body["reasoning_options"] = [{"type": "effort", "values": list(model.reasoning_levels)}]
    if defaults:
        body["default_parameters"] = cast("DefaultParameters", defaults)


def duration(seconds: int) -> str:
    """Seconds in the format of OpenAI's headers: 1s, 6m0s, 2h0m0s."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{rest}s" if hours else f"{minutes}m{rest}s" if minutes else f"{rest}s"


def has_codex_entry(model: ListedModel) -> bool:
    return model.codex_profile is not None and codex_profiles.ENDPOINT_TYPE in model.callable_endpoint_types


def _codex_row(model: ListedModel) -> bytes:
    """The entry of a model with a profile as JSON, with the place of the model 0."""
    text = model.rendered.get(CODEX)
    if text is None:
        text = model.rendered[CODEX] = write_json(codex_model(model, model.codex_profile or {}, 0))
    return text


def numbered(row: bytes, priority: int) -> bytes:
    """The row with its place in the list."""
    # Quotes inside texts are escaped, so that no text contains this.
    return row.replace(b'"priority":0,', b'"priority":%d,' % priority, 1)


def codex_model(model: ModelFacts, profile: Mapping[str, Any], priority: int) -> CodexModel:
    """`profile`: the fields of its CodexProfile. Empty fields that Codex does not require are omitted."""
    levels, verbosity = profile["reasoning_levels"], profile["default_verbosity"]
    body: CodexModel = {
        "slug": model.name,
        "display_name": model.title,
        "description": model.description,
        "supported_reasoning_levels": levels,
        "shell_type": "default",
        "visibility": "list",
        "supported_in_api": True,
        "priority": priority,
        "base_instructions": profile["instructions"],
        "supports_reasoning_summaries": bool(levels),
        "support_verbosity": bool(verbosity),
        "truncation_policy": {"mode": "tokens", "limit": 10_000},
        "supports_parallel_tool_calls": profile["parallel_tool_calls"],
        "experimental_supported_tools": [],
    }
    if levels:
        body["default_reasoning_level"] = profile["default_reasoning_level"]
    if verbosity:
        body["default_verbosity"] = verbosity
    if profile["patch_tool"]:
        body["apply_patch_tool_type"] = profile["patch_tool"]
    longest_input = readable(model.longest_input, INT53)
    if longest_input is not None:
        # Codex means the input: its own list has 272,000 for GPT-5, whose window is 400,000.
        body["context_window"] = longest_input
    if model.input_modalities:
        body["input_modalities"] = [name for name in model.input_modalities if name in CODEX_MODALITIES]
    return body
