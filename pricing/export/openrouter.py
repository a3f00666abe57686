"""OpenRouter's list of models, `GET /api/v1/models`: prices are texts, US dollars per unit, -1 where dynamic."""

from collections.abc import Iterable, Mapping
from typing import Any

from catalog.exact import digits, write_json
from pricing.book import Line
from pricing.export.items import Item, per, tiers

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


def render(items: Iterable[Item]) -> bytes:
    return write_json({"data": [_row(item) for item in items]})


def _row(item: Item) -> JSON:
    inputs = ["file" if name == "pdf" else name for name in item.inputs]
    return {
        "id": item.name,
        "canonical_slug": item.name,
        "name": item.title,
        "created": item.created,
        "description": item.description,
        "context_length": item.context_length,
        "architecture": {
            "modality": f"{'+'.join(inputs)}->{'+'.join(item.outputs)}" if inputs and item.outputs else None,
            "input_modalities": inputs,
            "output_modalities": list(item.outputs),
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
        "expiration_date": item.retires_on.isoformat() if item.retires_on else None,
    }


def pricing(item: Item) -> JSON:
    """Its prices; none at all where it has none that this form can say."""
    if item.is_dynamic:
        return {"prompt": "-1", "completion": "-1"}
    sheet = item.dollars
    if sheet is None:
        return {}
    found: JSON = _figures(line for line in sheet.lines if line.is_plain)
    overrides = [{"min_prompt_tokens": least, **_figures(lines)} for least, lines in tiers(sheet)]
    return found | ({"overrides": overrides} if overrides and found else {})


def _figures(lines: Iterable[Line]) -> JSON:
    listed = list(lines)
    return {
        key: digits(per(line, 1))
        for key, (meter, units) in PRICES.items()
        for line in listed
        if line.meter == meter and line.unit in units
    }
