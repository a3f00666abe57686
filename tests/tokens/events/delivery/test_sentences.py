"""Each type of event is a plain sentence, and data of another version is not an error."""

from typing import Any

import pytest

from tokens.event_types.vocabulary import TYPES
from tokens.events.delivery.sentences import _SENTENCES, write_sentence

MODEL = {"model": "gpt-4o", "vendor": "openai", "groups": ["default"]}
TOKEN = {"key_id": "k1", "name": "Ana", "groups": ["default", "vip"], "metadata": {}}
LINE = {"meter": "input", "kind": "absolute", "amount": "2.50", "per": 1_000_000, "unit": "token", "conditions": []}
PRICE = {"sheet": 1, "currency": "USD", "starts_at": "2026-12-01T00:00:00Z", "ends_at": None, "lines": [LINE]}
BUDGET = {
    "amount": "5", "currency": "USD", "period": "month", "spent": "4.25", "resets_at": "2026-12-01T00:00:00Z",
    "metadata": {},
}  # fmt: skip
RETIREMENT = MODEL | {"retires_on": "2026-12-07", "successor": "gpt-5"}

SENTENCES = [
    ("model.added", MODEL | {"status": "published", "starts_at": None}, "Model gpt-4o of openai was published."),
    (
        "model.added",
        MODEL | {"status": "draft", "starts_at": "2026-12-01T09:30:00Z"},
        "Model gpt-4o of openai was added as a draft. It starts at 2026-12-01 09:30 UTC.",
    ),
    (
        "model.changed",
        MODEL
        | {
            "status": "published",
            "changes": {
                "context_length": {"old": None, "new": 1000},
                "tags": {"old": [], "new": ["new", "fast"]},
            },
        },
        "Model gpt-4o was changed: context_length from nothing to 1000; tags from nothing to new, fast.",
    ),
    ("model.changed", MODEL | {"status": None, "changes": {}}, "Model gpt-4o was deleted."),
    (
        "model.deprecated",
        RETIREMENT | {"deprecated_on": "2026-11-30"},
        "Model gpt-4o is deprecated since 2026-11-30. It retires on 2026-12-07. Its successor is gpt-5.",
    ),
    (
        "model.retiring",
        RETIREMENT | {"days": 7, "notice": 7},
        "Model gpt-4o retires in 7 days, on 2026-12-07. Its successor is gpt-5.",
    ),
    (
        "model.retiring",
        RETIREMENT | {"days": 0, "notice": 0, "successor": None},
        "Model gpt-4o retires today, on 2026-12-07. It has no successor.",
    ),
    ("model.retired", RETIREMENT, "Model gpt-4o retired on 2026-12-07. Its successor is gpt-5."),
    (
        "price.announced",
        MODEL | {"role": "sell", "action": "set", "at": "2026-12-01T00:00:00Z", "before": None, "after": PRICE},
        "The sell price of model gpt-4o changes at 2026-12-01 00:00 UTC: input 2.50 USD per 1,000,000 token.",
    ),
    (
        "price.announced",
        MODEL | {"role": "list", "action": "ended", "at": None, "before": PRICE, "after": None},
        "The list price of model gpt-4o has no end any more.",
    ),
    (
        "price.in_force",
        MODEL | {"role": "sell", "before": None, "after": PRICE | {"lines": [LINE | {"conditions": [{}]}] * 6}},
        "A new sell price of model gpt-4o has taken effect: "
        + ", ".join(["input 2.50 USD per 1,000,000 token under conditions"] * 4)
        + " and 2 lines more.",
    ),
    (
        "price.ended",
        MODEL | {"role": "sell", "before": PRICE, "after": None},
        "A sell price of model gpt-4o has ended. The model has no sell price now.",
    ),
    (
        "token.issued",
        TOKEN | {"starts_at": None, "expires_at": None},
        "Token Ana (key k1) was issued in default, vip.",
    ),
    (
        "token.rotated",
        TOKEN | {"previous_key_id": "k0", "previous_valid_until": "2026-12-01T00:00:00Z"},
        "Token Ana (key k1) has a new key. The key k0 is accepted until 2026-12-01 00:00 UTC.",
    ),
    ("token.revoked", TOKEN | {"deleted": False}, "Token Ana (key k1) was disabled."),
    (
        "token.expiring",
        TOKEN | {"expires_at": "2026-12-07T00:00:00Z", "days": 1, "notice": 7},
        "Token Ana (key k1) expires in 1 day, at 2026-12-07 00:00 UTC.",
    ),
    (
        "token.refused",
        TOKEN | {"status": 403, "code": "model_not_found", "model": "gpt-9", "address": "192.0.2.1"},
        "A request of token Ana (key k1) for model gpt-9 from 192.0.2.1 was refused: 403 model_not_found.",
    ),
    (
        "budget.warning",
        TOKEN | BUDGET,
        "Most of the budget of token Ana (key k1) is spent: 4.25 of 5 USD per month, until 2026-12-01 00:00 UTC.",
    ),
    (
        "budget.spent",
        BUDGET | {"key_id": None, "name": None, "groups": ["vip"], "period": "total", "resets_at": None},
        "The budget of group vip is spent: 4.25 of 5 USD in total.",
    ),
    (
        "import.waiting",
        {"source": "litellm", "run": 7, "counts": {"new": 1200, "changed": 0, "unchanged": 3}},
        "Import 7 of source litellm waits for a review: 1,200 new, 3 unchanged.",
    ),
    (
        "import.stopped",
        {"source": "litellm", "run": 7, "counts": {}, "guards": ["5 of 20 models are missing."]},
        "Import 7 of source litellm was stopped by a guard. 5 of 20 models are missing.",
    ),
    (
        "import.failed",
        {"source": "litellm", "run": None, "error": "The host answered 500."},
        "Source litellm could not be imported. The host answered 500.",
    ),
    (
        "health.found",
        {
            "rule": "no-price",
            "title": "Models without a price",
            "remedy": "Set one.",
            "new": [{"row": name, "kind": "catalog.AIModel", "problem": "no price"} for name in "ab"],
            "count": 3,
        },
        "Health check “Models without a price”: 3 findings. New: a, b.",
    ),
    ("ping", {"message": "This is a test."}, "This is a test."),
    ("model.retired", {"model": "gpt-4o", "other": None}, "model.retired: model gpt-4o"),
    ("model.renamed", {}, "model.renamed"),
]


@pytest.mark.parametrize(("event_type", "data", "sentence"), SENTENCES)
def test_an_event_is_a_sentence(event_type: str, data: dict[str, Any], sentence: str) -> None:
    assert write_sentence(event_type, data) == sentence


def test_every_type_has_a_sentence_and_an_example() -> None:
    assert set(TYPES) == set(_SENTENCES) - {"ping"}
    assert set(TYPES) <= {event_type for event_type, _, _ in SENTENCES}
