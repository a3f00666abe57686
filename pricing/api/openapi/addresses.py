"""The addresses of prices: their parameters and responses."""

from typing import Any

from tokens import openapi
from tokens.openapi.parts import SECURITY, errors, not_modified, parameter, ref, response, text
from tokens.openapi.shapes import Schema

OPEN: list[Schema] = [{}, *SECURITY]
REFUSALS = ("400", "405", "429", "500", "503")
READ_AGAIN: Schema = {"$ref": "#/components/parameters/if-none-match"}
WHO = (
    "Open to everybody. A valid key shows its own groups instead of the public ones; an invalid key is treated as none."
)
MODEL: Schema = {"$ref": "#/components/parameters/model"}
SINCE = parameter("query", "since", "A date or a time; 30 days ago if not given.", text())
CURSOR = parameter("query", "cursor", "The `next` of a response: continues after it, with the same `since`.", text())
AS_OF = parameter(
    "query",
    "as_of",
    "A date or a time, in the past or the future; now if not given. The models are those that the caller may see today "
    "and that are not retired at that time.",
    text(),
)
FOLDED = parameter("query", "discount", "folded: discounts are multiplied into the prices.", text(enum=["folded"]))
UNPRICED = parameter(
    "query", "unpriced", "rows: `data` has rows of all models, flagged by `pricing_status`.", text(enum=["rows"])
)

LOCALE = parameter(
    "path",
    "locale",
    "A language; the texts are the same for all, and any other language is served, too.",
    text(enum=["en", "ja", "zh", "zh-cn", "zh-tw"]),
    required=True,
)
TIERED = parameter(
    "query",
    "long_context",
    "unlisted: models with another price for long prompts are in `unpriced_models`, because one-hub ignores the field.",
    text(enum=["unlisted"]),
)


def reading(name: str, summary: str, shape: str, *parameters: Schema, refusals: tuple[str, ...] = REFUSALS) -> Schema:
    return {
        "get": {
            "operationId": name,
            "tags": ["Prices"],
            "summary": summary,
            "description": f"{summary}. {WHO}",
            "security": OPEN,
            "parameters": [*parameters, READ_AGAIN],
            "responses": {
                "200": response(summary, [shape], headers=("ETag", "Cache-Control")),
                "304": not_modified(),
                **errors(["ApiError"], refusals),
            },
        }
    }


def posting(name: str, summary: str, *, takes: str, gives: str, **more: Any) -> Schema:
    refusals = tuple(sorted((*REFUSALS, *more.pop("refusals"))))
    return {
        "post": {
            "operationId": name,
            "tags": ["Prices"],
            "summary": summary,
            **more,
            "requestBody": {"required": True, "content": {"application/json": {"schema": ref(takes)}}},
            "responses": {
                "200": response(summary, [gives], headers=("ETag", "Cache-Control")),
                **errors(["ApiError"], refusals),
            },
        }
    }


FEED = reading("getPriceChangesFeed", "Price changes as an Atom feed", "PriceChanges", SINCE)
FEED["get"]["responses"]["200"]["content"] = {"application/atom+xml": {"schema": text()}}
EXPLAIN = parameter("query", "explain", "1: each row lists its figures and their sources.", text(enum=["1"]))
PATHS: openapi.Document = {
    "/api/pricing": reading("getPricing", "The price list", "PriceList", AS_OF, FOLDED, UNPRICED, EXPLAIN),
    "/api/pricing/history/{model}": reading(
        "getPriceHistory",
        "One model's past, current and scheduled prices",
        "PriceHistory",
        MODEL,
        refusals=("404", *REFUSALS),
    ),
    "/api/pricing/changes": reading(
        "getPriceChanges", "Past and scheduled price changes", "PriceChanges", SINCE, CURSOR
    ),
    "/api/pricing/changes.atom": FEED,
    "/api/ratio_config": reading("getRatioConfig", "The maps that new-api sites read", "RatioConfig"),
    "/api/prices": reading("getPrices", "The price rows that one-hub and done-hub sites read", "OneHubPrices", TIERED),
    "/api/newapi/models.json": reading(
        "getNewApiModels", "The models that new-api sites synchronize", "MetadataModels"
    ),
    "/api/newapi/vendors.json": reading(
        "getNewApiVendors", "The vendors that new-api sites synchronize", "MetadataVendors"
    ),
    "/api/i18n/{locale}/newapi/models.json": reading(
        "getNewApiModelsInLanguage", "The same models for any language", "MetadataModels", LOCALE
    ),
    "/api/i18n/{locale}/newapi/vendors.json": reading(
        "getNewApiVendorsInLanguage", "The same vendors for any language", "MetadataVendors", LOCALE
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
