"""new-api's prices of tool calls, in US dollars per 1,000 calls. Imports no models.

They are charged beside the price of any model that makes such calls. The program has prices of its own, which an
operator changes in one option: `tool` or `tool:prefix*` -> price.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from catalog.exact import digits
from catalog.prices import Line, Sheet
from catalog.sources.rows import is_number

OPTION = "tool_price_setting.prices"
BUILT_IN: Mapping[str, Decimal] = {
    "web_search": Decimal(10),
    "web_search_preview": Decimal(10),
    "file_search": Decimal("2.5"),
    "web_search_preview:gpt-4o*": Decimal(25),
    "web_search_preview:gpt-4.1*": Decimal(25),
}
# Meter -> the tool by endpoint type. Only web_search_preview has prices by prefix.
TOOLS: Mapping[str, Mapping[str, str]] = {
    "web_search": {"openai-response": "web_search_preview", "anthropic": "web_search"},
    "file_search": {"openai-response": "file_search"},
}
UNITS: Mapping[str, str] = {"web_search": "query", "file_search": "request"}
# A tool whose price depends on the quality and the size of the picture.
IMAGE_CALLS = "image_generation $11 to $250"
# Each call of these models is one search.
SEARCH_MODELS = "search-preview"
# Types of models that make no such calls.
WITHOUT_TOOLS = frozenset({"embeddings", "image-generation", "jina-rerank"})


def tool_prices(name: str, endpoint_types: Iterable[str], options: Mapping[str, Any]) -> dict[str, Decimal]:
    """Meter -> dollars per 1,000, for tools whose price the operator set, and for the searches of search models."""
    by_meter = _by_meter(name, endpoint_types, options)
    return {meter: prices[0] for meter, prices in by_meter.items() if len(prices) == 1 and prices[0] > 0}


def ambiguous_tools(name: str, endpoint_types: Iterable[str], options: Mapping[str, Any]) -> list[str]:
    """Meters that have several prices for a model, because it has several types of endpoints."""
    by_meter = _by_meter(name, endpoint_types, options)
    return [
        f"{name}: {meter} {' or '.join(f'${digits(price)}' for price in prices)}"
        for meter, prices in by_meter.items()
        if len(prices) > 1
    ]


def _by_meter(name: str, endpoint_types: Iterable[str], options: Mapping[str, Any]) -> dict[str, list[Decimal]]:
    """Meter -> all prices that it has for the model, the lowest first."""
    types = set(endpoint_types)
    if types & WITHOUT_TOOLS:
        return {}
    stored = _stored(options)
    set_tools = {key.partition(":")[0] for key in stored}
    by_meter = {}
    for meter, by_type in TOOLS.items():
        tools = {by_type[endpoint_type] for endpoint_type in types & by_type.keys()} & set_tools
        if meter == "web_search" and name.endswith(SEARCH_MODELS):
            tools = {"web_search_preview"}
        by_meter[meter] = sorted({_price(tool, name, stored) for tool in tools})
    return by_meter


def unused_tools(options: Mapping[str, Any]) -> list[str]:
    """The tools in the option that the program does not charge, or whose price is not a number."""
    stored, charged = _stored(options), {tool for by_type in TOOLS.values() for tool in by_type.values()}
    table = options.get(OPTION)
    return sorted(
        key
        for key in (table if isinstance(table, dict) else ())
        if key not in stored or key.partition(":")[0] not in charged
    )


def built_in_tools(options: Mapping[str, Any]) -> list[str]:
    """The tools that have only the program's price, with it."""
    stored = {key.partition(":")[0] for key in _stored(options)}
    prices = [f"{key} ${digits(price)}" for key, price in BUILT_IN.items() if ":" not in key and key not in stored]
    return [*prices, IMAGE_CALLS]


def with_tools(sheet: Sheet, prices: Mapping[str, Any]) -> Sheet:
    """The sheet with a line per 1,000 calls of each tool."""
    lines = [
        Line(meter, Decimal(amount), 1000, UNITS[meter])
        for meter, amount in prices.items()
        if meter in UNITS and is_number(amount)
    ]
    return replace(sheet, lines=(*sheet.lines, *lines))


def _stored(options: Mapping[str, Any]) -> dict[str, Decimal]:
    table = options.get(OPTION)
    entries = table.items() if isinstance(table, dict) else ()
    return {key: Decimal(price) for key, price in entries if is_number(price) and price >= 0}


def _price(tool: str, name: str, stored: Mapping[str, Decimal]) -> Decimal:
    """The price of the longest prefix that fits, else the price of the tool."""
    prices = {**BUILT_IN, **stored}
    # The program reads the price of a prefix for this tool only.
    prefixes = {
        key.partition(":")[2].removesuffix("*"): price
        for key, price in prices.items()
        if tool == "web_search_preview" and key.startswith(f"{tool}:")
    }
    fitting = [prefix for prefix in prefixes if name.startswith(prefix)]
    return prefixes[max(fitting, key=len)] if fitting else prices.get(tool, Decimal(0))
