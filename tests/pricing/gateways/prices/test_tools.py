"""new-api's prices of tool calls: the longest prefix, the tool's price, the program's price."""

from decimal import Decimal
from typing import Any

import pytest

from pricing.gateways.prices.tools import OPTION, ambiguous_tools, built_in_tools, tool_prices, unused_tools

RESPONSES, CLAUDE = ("openai", "openai-response"), ("anthropic", "openai")
STORED = {
    "web_search": Decimal(12),
    "web_search_preview": Decimal("11.5"),
    "web_search_preview:gpt-5*": Decimal(30),
    "web_search_preview:gpt-5-mini*": Decimal(20),
    "web_search:claude-*": Decimal(99),
    "file_search": Decimal("2.75"),
    "google_search": Decimal(14),
    "broken": "many",
}


def prices(name: str, types: tuple[str, ...], stored: Any = None) -> dict[str, Decimal]:
    return tool_prices(name, types, {} if stored is None else {OPTION: stored})


@pytest.mark.parametrize(
    ("name", "types", "expected"),
    [
        ("gpt-5-mini-x", RESPONSES, {"web_search": Decimal(20), "file_search": Decimal("2.75")}),
        ("gpt-5", RESPONSES, {"web_search": Decimal(30), "file_search": Decimal("2.75")}),
        ("acme", RESPONSES, {"web_search": Decimal("11.5"), "file_search": Decimal("2.75")}),
        # The program's own price for a prefix precedes the operator's price for the tool.
        ("gpt-4o-mini", RESPONSES, {"web_search": Decimal(25), "file_search": Decimal("2.75")}),
        # Claude's searches have one price for all models.
        ("claude-x", CLAUDE, {"web_search": Decimal(12)}),
        ("acme", ("openai",), {}),
        ("gemini-x", ("gemini", "openai"), {}),
        ("gpt-image-2", ("image-generation", *RESPONSES), {}),
        # Two prices for one meter.
        ("acme", (*RESPONSES, "anthropic"), {"file_search": Decimal("2.75")}),
    ],
)
def test_the_operators_prices(name: str, types: tuple[str, ...], expected: dict[str, Decimal]) -> None:
    assert prices(name, types, STORED) == expected


def test_a_price_that_the_operator_did_not_set_is_no_meter_of_every_model() -> None:
    assert prices("gpt-5", RESPONSES) == {}
    assert prices("gpt-5", RESPONSES, {"file_search": Decimal(3)}) == {"file_search": Decimal(3)}


def test_a_search_model_searches_in_every_call() -> None:
    assert prices("gpt-4o-search-preview", ("openai",)) == {"web_search": Decimal(25)}
    assert prices("acme-search-preview", ("openai",)) == {"web_search": Decimal(10)}
    assert prices("acme-search-preview", ("openai",), {"web_search_preview": Decimal(0)}) == {}


def test_the_rest_is_listed() -> None:
    assert unused_tools({OPTION: STORED}) == ["broken", "google_search"]
    assert built_in_tools({OPTION: {"file_search": Decimal(3)}}) == [
        "web_search $10",
        "web_search_preview $10",
        "image_generation $11 to $250",
    ]
    assert unused_tools({OPTION: "text"}) == []
    types = (*RESPONSES, "anthropic")
    assert ambiguous_tools("acme", types, {OPTION: STORED}) == ["acme: web_search $11.5 or $12"]
    assert ambiguous_tools("acme", RESPONSES, {OPTION: STORED}) == []
