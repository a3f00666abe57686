"""The OpenAPI 3.1 document of the public addresses: the model lists of tokens/openapi, and the prices."""

from pricing.api.openapi import addresses, exports
from pricing.api.quote_documents import QuestionBody, QuoteBody
from pricing.api.usage import UsageReports, UsageTaken
from pricing.export.litellm import ModelInfos
from pricing.export.new_api import ExplainedFigure, PriceList, PriceRow, RatioConfig
from pricing.export.newapi_metadata import MetadataModels, MetadataVendors
from pricing.export.one_hub import OneHubPrices
from pricing.newapi.ratios import PriceFigure
from pricing.published.changes.listing import PriceChanges
from pricing.published.history import PriceHistory
from pricing.retirements.documents import Retirements
from tokens import openapi
from tokens.openapi.shapes import schemas_of

INTRODUCTION = """\
The models that a key may use, and what they cost. Every list answers in the dialect of its client: OpenAI's, \
Anthropic's or Gemini's, errors included.

Lists and prices are read with GET and HEAD; quotes and usage reports use POST. All addresses work with and \
without a final slash, and none redirects. Browsers may read every response: a preflight (OPTIONS) needs no key."""
TAGS = {
    "Automatic": "Addresses whose dialect depends on the client's headers.",
    "OpenAI": "The dialect of OpenAI and of most clients.",
    "Anthropic": "Pages with cursors that are model ids.",
    "Gemini": "Pages with opaque tokens.",
    "Keys": "The permissions of the caller's own key.",
    "Prices": "Current, past and scheduled prices of models.",
    "Exports": "The catalog and its prices in the formats of other programs; the same for everybody.",
    "Platform": "For the operator: probes without a key, and this document.",
}
SCHEMAS: openapi.Document = schemas_of(
    *(
        PriceFigure,
        ExplainedFigure,
        PriceRow,
        PriceList,
        RatioConfig,
        OneHubPrices,
        ModelInfos,
        MetadataModels,
        MetadataVendors,
        PriceHistory,
        PriceChanges,
        Retirements,
        UsageReports,
        UsageTaken,
    ),
    Question=QuestionBody,
    Quote=QuoteBody,
)
SCHEMAS["Question"]["examples"] = [{"model": "gpt-4o", "usage": {"input": 1000, "output": 200}}]


def document() -> openapi.Document:
    """The document without the management API, which pricing/docs adds."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Modelbook", "version": "1", "description": INTRODUCTION},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": description} for name, description in TAGS.items()],
        "paths": openapi.PATHS | addresses.PATHS | exports.PATHS,
        "components": {
            "schemas": openapi.SCHEMAS | SCHEMAS,
            "parameters": dict(openapi.PARAMETERS),
            "headers": dict(openapi.HEADERS),
            "securitySchemes": dict(openapi.SECURITY_SCHEMES),
        },
    }
