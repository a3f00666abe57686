"""OpenRouter's list of models, `GET /api/v1/models`: prices are texts, US dollars per unit, -1 where none is fixed.

Its SDKs refuse a whole list over one row that lacks a field, so each has all that they require, null where unknown.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from catalog.exact import digits, write_json
from catalog.prices import Line
from pricing.engine.headline import reads_as_free
from pricing.export.offers import Item, per, tiers

JSON = dict[str, Any]

# Key -> meter and the units that it may be counted in.
PRICES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "prompt": ("input", ("token",)),
    "completion": ("output", ("token",)),
    "request": ("request", ("request",)),
    "image": ("input.image", ("image", "token")),
    "image_output": ("output.image", ("token",)),
    "audio": ("input.audio", ("token",)),
    "audio_output": ("output.audio", ("token",)),
    "input_audio_cache": ("input.audio.cache_read", ("token",)),
    "web_search": ("web_search", ("query", "request")),
    "internal_reasoning": ("output.reasoning", ("token",)),
    "input_cache_read": ("input.cache_read", ("token",)),
    "input_cache_write": ("input.cache_write", ("token",)),
}
PARAMETERS = {
    "tools": ("tools", "tool_choice"),
    "parallel_tools": ("parallel_tool_calls",),
    "structured_outputs": ("structured_outputs", "response_format"),
    "reasoning": ("reasoning", "include_reasoning"),
}
MODALITIES = {"pdf": "file", "embedding": "embeddings"}
DEFAULTS = ("temperature", "top_p", "top_k")
NOT_FIXED = "-1"
ONE_HOUR = ({"dim": "cache_ttl", "op": "eq", "value": "1h"},)


def render(items: Iterable[Item]) -> bytes:
    rows = [_row(item) for item in items]
    return write_json({"data": rows, "total_count": len(rows), "links": {"next": None}})


def _row(item: Item) -> JSON:
    inputs, outputs = ([MODALITIES.get(name, name) for name in names] for names in (item.inputs, item.outputs))
    return {
        "id": item.name,
        "canonical_slug": item.name,
        "name": item.title,
        "created": item.created,
        "description": item.description,
        "context_length": item.context_length,
        "architecture": {
            "modality": f"{'+'.join(inputs)}->{'+'.join(outputs)}" if inputs and outputs else None,
            "input_modalities": inputs,
            "output_modalities": outputs,
            "tokenizer": "Other",
            "instruct_type": None,
        },
        "pricing": pricing(item),
        "top_provider": {
            "context_length": item.context_length,
            "max_completion_tokens": item.max_output_tokens,
            "is_moderated": False,
        },
        "per_request_limits": None,
        "supported_parameters": [name for word in item.capabilities for name in PARAMETERS.get(word, ())],
        "default_parameters": {name: item.default_parameters.get(name) for name in DEFAULTS},
        "supported_voices": None,
        "expiration_date": item.retires_on.isoformat() if item.retires_on else None,
        "links": {"details": f"/models/{quote(item.name)}"},
    }


def pricing(item: Item) -> JSON:
    """Its prices, those of tokens always: -1 where this form can say none, and 0 where it says others."""
    sheet = item.dollars
    found = _figures(line for line in sheet.lines if line.is_plain) if sheet and not item.is_dynamic else {}
    if sheet is None or not found or reads_as_free(sheet, map(Decimal, found.values())):
        return {"prompt": NOT_FIXED, "completion": NOT_FIXED}
    for_an_hour = [line for line in sheet.lines if line.kind == "absolute" and tuple(line.conditions) == ONE_HOUR]
    written = {f"{key}_1h": price for key, price in _figures(for_an_hour).items() if key == "input_cache_write"}
    overrides = [{"min_prompt_tokens": least, **_figures(lines)} for least, lines in tiers(sheet)]
    return {"prompt": "0", "completion": "0"} | found | written | ({"overrides": overrides} if overrides else {})


def _figures(lines: Iterable[Line]) -> JSON:
    listed = list(lines)
    return {
        key: digits(per(line, 1))
        for key, (meter, units) in PRICES.items()
        for line in listed
        if line.meter == meter and line.unit in units
    }
