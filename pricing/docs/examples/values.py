"""What the code examples send: the parts of addresses, the queries and the bodies that the document has no examples of.

A text may contain variables of the environment, such as ${KEY}, and ${NOW} and ${UUID}, which each language computes.
The rows of the management API are those that the example of their creation makes.
"""

from collections.abc import Mapping
from typing import Any

from tokens.openapi.examples import ANTHROPIC_MODEL, GEMINI_MODEL, OPENAI_MODEL

JSON = Mapping[str, Any]
KEY, ADMIN_KEY = "${KEY}", "${ADMIN_KEY}"
# Heading -> a model of that vendor.
MODELS: Mapping[str, str] = {
    "Anthropic": ANTHROPIC_MODEL["id"],
    "Gemini": GEMINI_MODEL["baseModelId"],
}
MODEL = OPENAI_MODEL["id"]

# What a gateway asks about.
CALL: JSON = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}
CALLED = "v1/chat/completions"
# Operation -> its query.
QUERIES: Mapping[str, Mapping[str, str]] = {
    "authorize": {"model": MODEL},
    "authorizeDelete": {"model": MODEL},
    "getPriceChanges": {"kind": "price,new"},
    "getRetirements": {"within": "90d"},
    "export_litellm": {"complete": "1"},
    "getTokenExplain": {"model": MODEL, "address": f"/{CALLED}"},
}
# Operation -> its headers beside the key.
OF_CALL: Mapping[str, str] = {"X-Original-URI": f"/{CALLED}", "X-Original-Method": "POST"}
HEADERS: Mapping[str, Mapping[str, str]] = {
    **dict.fromkeys(("authorizePost", "authorizePut", "authorizePatch"), OF_CALL),
}
# Operation -> the parts of its address.
PARTS: Mapping[str, Mapping[str, str]] = {
    "authorizeBelow": {"path": f"v1/models/{MODEL}"},
    "authorizeBelowPost": {"path": CALLED},
    # Calls that name no model: AUTHORIZE_WITHOUT_MODEL=caches,files allows them.
    "authorizeBelowPut": {"path": "v1/files/file-123"},
    "authorizeBelowPatch": {"path": "v1beta/cachedContents/cache-123"},
    "authorizeBelowDelete": {"path": "v1/files/file-123"},
    "getNewApiModelsInLanguage": {"locale": "zh"},
    "getNewApiVendorsInLanguage": {"locale": "zh"},
}
# Operation -> its body.
BODIES: Mapping[str, Any] = {
    **dict.fromkeys(("authorizePost", "authorizePut", "authorizePatch", "authorizeBelowPost"), CALL),
    "authorizeBelowPatch": {"ttl": "3600s"},
    "quote": {"model": MODEL, "usage": {"input": 1000, "output": 200}},
    "reportUsage": {
        "events": [
            {
                "id": "chatcmpl-123",
                "key_id": "${KEY_ID}",
                "model": MODEL,
                "at": "${NOW}",
                "usage": {"input": 1000, "output": 200},
            }
        ]
    },
    "applyImportRun": {"accept_jumps": [f"{MODEL}-mini"]},
    "rotateToken": {"grace": "1h"},
    # Rows whose keys are chosen by the service: a batch of the new row would make it a second time.
    "storeCurrencyRates": [
        {"currency": "CNY", "per_usd": "7.1", "as_of": "2030-01-01"},
        {"currency": "GBP", "per_usd": "0.74", "as_of": "2030-01-01"},
    ],
    "storeGroupRates": [{"group": "default", "ratio": "0.95", "starts_at": "2030-07-01T00:00:00Z"}],
    "storePins": [{"model": MODEL, "field": "max_output_tokens", "reason": "The vendor's page is right"}],
}
# Resource -> a new row, unless the resource has an example of its own.
NEW_ROWS: Mapping[str, JSON] = {
    "aliases": {"name": "gpt-latest", "model": MODEL, "listed": True},
    "channels": {"slug": "azure-east", "name": "Azure East", "priority": 10, "weight": 1},
    "currency-rates": {"currency": "EUR", "per_usd": "0.86", "as_of": "2030-01-01", "source": "ECB reference rate"},
    "discounts": {
        "series": MODEL,
        "multiplier": "0.9",
        "starts_at": "2030-01-01T00:00:00Z",
        "reason": "New year offer",
    },
    "endpoint-types": {"name": "acme-chat", "path": "/v1/acme/chat", "method": "POST", "label": "Acme chat"},
    "group-rates": {"group": "default", "ratio": "0.9", "starts_at": "2030-01-01T00:00:00Z"},
    "groups": {"slug": "vip", "label": "VIP customers", "channels": ["main"], "rate_limit": "600/minute"},
    "offers": {"channel": "azure-east", "model": MODEL, "upstream_name": "gpt-4o-2024-11-20"},
    "pins": {"model": MODEL, "field": "context_length", "reason": "The vendor's page is right"},
    "popular-models": {"model": MODEL, "position": 1},
    "sources": {
        "slug": "our-upstream",
        "name": "Our upstream",
        "kind": "sell",
        "reader": "new_api",
        "url": "https://upstream.example.com/api/pricing",
    },
    "vendors": {"slug": "acme", "name": "Acme", "aliases": ["acme-ai"]},
}
# Resource -> what changes of that row.
CHANGES: Mapping[str, JSON] = {
    "aliases": {"listed": False},
    "channels": {"priority": 20},
    "currency-rates": {"per_usd": "0.87"},
    "discounts": {"multiplier": "0.8"},
    "endpoint-types": {"label": "Acme's chat"},
    "group-rates": {"ratio": "0.8"},
    "groups": {"label": "VIP"},
    "models": {"display_name": "GPT-4o mini (2024)", "tags": ["small", "fast"]},
    "offers": {"enabled": False},
    "pins": {"reason": "The vendor's documentation is right"},
    "popular-models": {"position": 2},
    "price-sheets": {"ends_at": "2031-01-01T00:00:00Z"},
    "sources": {"trust": 60},
    "tokens": {"rate_limit": "120/minute", "networks": ["203.0.113.0/24"]},
    "vendors": {"name": "Acme AI"},
    "webhooks": {"enabled": False},
}


def key_of_row(resource: str, field: str, new_row: Mapping[str, Any]) -> str:
    """The key of the resource's row in addresses: from its example, or a variable if the service chooses it."""
    if resource == "health-checks":
        return "blind-token"
    return str(new_row[field]) if field in new_row else "${KEY_ID}" if field == "key_id" else "${ID}"
