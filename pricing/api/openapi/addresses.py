"""The addresses of prices: their parameters and responses."""

from collections.abc import Sequence
from typing import Any

from pricing.api import views
from pricing.api.changes.views import ChangesFeedView, ChangesView
from pricing.api.model_addresses import ModelMarkdownView
from pricing.api.retirements import RetirementsCalendarView, RetirementsView
from pricing.published.changes.listing import KINDS
from tokens import openapi
from tokens.api.views import ApiView
from tokens.openapi.parts import SECURITY, errors, keys_of, not_modified, parameter, ref, response, text
from tokens.openapi.shapes import Schema

OPEN: list[Schema] = [{}, *SECURITY]
REFUSALS = ("400", "405", "429", "500", "503")
STRICT: Schema = {"$ref": "#/components/parameters/strict"}
READ_AGAIN: Schema = {"$ref": "#/components/parameters/if-none-match"}
WHO = (
    "Open to everybody. A valid key shows its own groups instead of the public ones; an invalid key is treated as none."
)
MODEL: Schema = {"$ref": "#/components/parameters/model"}
# Name -> what an address of prices reads of the query, beside the parameters of the lists of models.
QUERY: dict[str, Schema] = {
    "since": parameter("query", "since", "A date or a time; 30 days ago if not given.", text()),
    "cursor": parameter(
        "query", "cursor", "The `next` of a response: continues after it, with the same `since`.", text()
    ),
    "kind": parameter("query", "kind", f"Only changes of these kinds, also with commas: {', '.join(KINDS)}.", text()),
    "within": parameter(
        "query", "within", "The horizon, e.g. 30d or 8w; 90d if not given.", text(pattern="^[0-9]{1,6} ?[smhdw]?$")
    ),
    "as_of": parameter(
        "query",
        "as_of",
        "A date or a time, in the past or the future; now if not given. The models are those that the caller may see "
        "today and that are not retired at that time.",
        text(),
    ),
    "discount": parameter(
        "query", "discount", "folded: discounts are multiplied into the prices.", text(enum=["folded"])
    ),
    "unpriced": parameter(
        "query", "unpriced", "rows: `data` has rows of all models, flagged by `pricing_status`.", text(enum=["rows"])
    ),
    "explain": parameter("query", "explain", "1: each row lists its figures and their sources.", text(enum=["1"])),
    "long_context": parameter(
        "query",
        "long_context",
        "unlisted: models with another price for long prompts are in `unpriced_models`, because one-hub ignores the "
        "field.",
        text(enum=["unlisted"]),
    ),
    "offset": parameter(
        "query", "offset", "The number of rows to leave out at the start.", {"type": "integer", "minimum": 0}
    ),
    "limit": parameter(
        "query",
        "limit",
        "The maximum number of rows; without it, all. OpenRouter's SDKs request 500 at a time.",
        {"type": "integer", "minimum": 1},
    ),
    "complete": parameter(
        "query",
        "complete",
        "1: has 10,000 rows at least, so that LiteLLM does not take a smaller map than its own for a broken one. The "
        "rows that are added, `modelbook-filler-…`, are of no provider: LiteLLM lists and charges none of them.",
        text(enum=["1"]),
    ),
}
LOCALE = parameter(
    "path",
    "locale",
    "A language; the texts are the same for all, and any other language is served, too.",
    text(enum=["en", "ja", "zh", "zh-cn", "zh-tw"]),
    required=True,
)


def query_of(parameters: Sequence[str], described: Sequence[Schema] = ()) -> list[Schema]:
    """What an address reads of the query, without the parameters that are described apart."""
    names = {entry.get("name") for entry in described}
    parameters = [name for name in parameters if name not in names]
    own = [QUERY[name] for name in parameters if name in QUERY]
    others = [name for name in parameters if name not in QUERY]
    return [*own, *({"$ref": f"#/components/parameters/{key}"} for key in keys_of(others)), STRICT]


def reading(
    name: str,
    summary: str,
    shape: str,
    *parameters: Schema,
    view: type[ApiView],
    refusals: tuple[str, ...] = REFUSALS,
) -> Schema:
    return {
        "get": {
            "operationId": name,
            "tags": ["Prices"],
            "summary": summary,
            "description": f"{summary}. {WHO}",
            "security": OPEN,
            "parameters": [*parameters, *query_of(view.parameters, parameters), READ_AGAIN],
            "responses": {
                "200": response(summary, [shape], headers=("ETag", "Cache-Control")),
                "304": not_modified(),
                **errors(["ApiError"], refusals),
            },
        }
    }


def with_key(item: Schema) -> Schema:
    """An address that needs a key, and answers in the client's dialect."""
    get = item["get"]
    refusals = {status: get["responses"][status] for status in get["responses"] if status not in {"200", "304"}}
    shapes = ["OpenAIError", "AnthropicError", "GeminiError"]
    get |= {"security": SECURITY, "description": f"{get['summary']}. Cline and Roo Code read it in LiteLLM's mode."}
    get["responses"] |= errors(shapes, tuple(refusals))
    return item


def posting(name: str, summary: str, *, takes: str, gives: str, **more: Any) -> Schema:
    refusals = tuple(sorted((*REFUSALS, *more.pop("refusals"))))
    return {
        "post": {
            "operationId": name,
            "tags": ["Prices"],
            "summary": summary,
            **more,
            "parameters": [STRICT],
            "requestBody": {"required": True, "content": {"application/json": {"schema": ref(takes)}}},
            "responses": {
                "200": response(summary, [gives], headers=("ETag", "Cache-Control")),
                **errors(["ApiError"], refusals),
            },
        }
    }


FEED = reading(
    "getPriceChangesFeed",
    "Price changes as an Atom feed",
    "PriceChanges",
    # The lists of models have parameters of these names with another meaning.
    parameter("query", "vendor", "Only changes of this vendor's models, e.g. openai; not together with model.", text()),
    parameter("query", "model", "Only changes of this model.", text()),
    parameter("query", "lang", "The language of the texts: en or zh.", text()),
    view=ChangesFeedView,
    refusals=("404", *REFUSALS),
)
FEED["get"]["responses"]["200"]["content"] = {"application/atom+xml": {"schema": text()}}
CALENDAR = reading(
    "getRetirementsCalendar", "The same retirements as a calendar", "Retirements", view=RetirementsCalendarView
)
CALENDAR["get"]["responses"]["200"]["content"] = {"text/calendar": {"schema": text()}}
MARKDOWN = reading(
    "getModelMarkdown",
    "One model as Markdown, for language models: facts, prices in words, endpoints",
    "PriceHistory",
    MODEL,
    view=ModelMarkdownView,
    refusals=("404", *REFUSALS),
)
MARKDOWN["get"]["responses"]["200"]["content"] = {"text/markdown": {"schema": text()}}
# It is not under /api: errors have OpenAI's shape only.
MARKDOWN["get"]["responses"] |= errors(["OpenAIError"], ("404", *REFUSALS))
PATHS: openapi.Document = {
    "/models/{model}.md": MARKDOWN,
    "/api/pricing": reading("getPricing", "The price list", "PriceList", view=views.PricingView),
    "/api/pricing/history/{model}": reading(
        "getPriceHistory",
        "One model's past, current and scheduled prices",
        "PriceHistory",
        MODEL,
        view=views.HistoryView,
        refusals=("404", *REFUSALS),
    ),
    "/api/pricing/changes": reading(
        "getPriceChanges", "Past and scheduled price changes", "PriceChanges", view=ChangesView
    ),
    "/api/pricing/changes.atom": FEED,
    "/api/retirements": reading(
        "getRetirements", "Models that retire or are deprecated", "Retirements", view=RetirementsView
    ),
    "/api/retirements.ics": CALENDAR,
    "/api/ratio_config": reading(
        "getRatioConfig", "The maps that new-api sites read", "RatioConfig", view=views.RatioConfigView
    ),
    "/api/prices": reading(
        "getPrices", "The price rows that one-hub and done-hub sites read", "OneHubPrices", view=views.OneHubPricesView
    ),
    **{
        f"{prefix}/model/info": with_key(
            reading(
                f"get{name}ModelInfo",
                "The models of a key, as LiteLLM lists them",
                "ModelInfos",
                view=views.ModelInfoView,
                refusals=tuple(sorted((*REFUSALS, "401", "403"))),
            )
        )
        for prefix, name in (("/v1", ""), ("", "Short"))
    },
    "/api/newapi/models.json": reading(
        "getNewApiModels", "The models that new-api sites synchronize", "MetadataModels", view=views.DocumentView
    ),
    "/api/newapi/vendors.json": reading(
        "getNewApiVendors", "The vendors that new-api sites synchronize", "MetadataVendors", view=views.DocumentView
    ),
    "/api/i18n/{locale}/newapi/models.json": reading(
        "getNewApiModelsInLanguage",
        "The same models for any language",
        "MetadataModels",
        LOCALE,
        view=views.DocumentView,
    ),
    "/api/i18n/{locale}/newapi/vendors.json": reading(
        "getNewApiVendorsInLanguage",
        "The same vendors for any language",
        "MetadataVendors",
        LOCALE,
        view=views.DocumentView,
    ),
    "/api/pricing/quote": posting(
        "quote",
        "Quote the cost of a request",
        takes="Question",
        gives="Quote",
        refusals=("404",),
        description=f"Line by line; amounts are decimal numbers in strings. {WHO}",
        security=OPEN,
    ),
    "/api/usage": posting(
        "reportUsage",
        "Report the usage of models",
        takes="UsageReports",
        gives="UsageTaken",
        refusals=("401", "403"),
        description="For keys that may report usage. Popularity is computed from it.",
        security=SECURITY,
    ),
}
