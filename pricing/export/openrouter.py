"""OpenRouter's model list, `GET /api/v1/models`: prices are strings in US dollars per unit, -1 if there is none.

Its SDKs reject the whole list if one row lacks a field, so each row has all required fields, null if unknown.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from catalog.exact import digits, write_json
from catalog.prices import Line, Sheet
from catalog.vocabulary import OPENROUTER_MODALITIES, OPENROUTER_PARAMETERS, SENT_PARAMETERS
from pricing.engine.headline import reads_as_free
from pricing.engine.quoting import find_line
from pricing.export.document import Document
from pricing.export.offers import PricedModel, listed_names, per, rendered_models, tiers
from pricing.published.rows import Reading

JSON = dict[str, Any]

# Key -> the meter and its possible units.
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
NOT_FIXED = "-1"
ONE_HOUR = ({"dim": "cache_ttl", "op": "eq", "value": "1h"},)


def render(reading: Reading) -> Document:
    rows = _rows(reading)
    return _document(rows, len(rows))


def render_page(reading: Reading, offset: int, limit: int) -> Document:
    """The rows from an offset on: the SDKs request more as long as a page is as long as its limit."""
    rows, end = _rows(reading), offset + limit
    # Without the key of the request, if its address has one.
    following = f"{reading.site}/api/export/openrouter/models?offset={end}&limit={limit}" if end < len(rows) else None
    return _document(rows[offset:end], len(rows), following)


def _document(rows: list[bytes], total: int, following: str | None = None) -> Document:
    tail = write_json({"total_count": total, "links": {"next": following}})
    return Document(b'{"data":[', rows, b"]," + tail[1:])


def _rows(reading: Reading) -> list[bytes]:
    return rendered_models("openrouter", reading, lambda model: write_json(_row(model)), names=listed_names)


def _row(model: PricedModel) -> JSON:
    inputs, outputs = (
        [OPENROUTER_MODALITIES.get(name, name) for name in names] for names in (model.inputs, model.outputs)
    )
    return {
        "id": model.name,
        "canonical_slug": model.alias_of or model.name,
        "name": model.title,
        "created": model.created,
        "description": model.description,
        "context_length": model.context_length,
        "architecture": {
            "modality": f"{'+'.join(inputs)}->{'+'.join(outputs)}" if inputs and outputs else None,
            "input_modalities": inputs,
            "output_modalities": outputs,
            "tokenizer": "Other",
            "instruct_type": None,
        },
        "pricing": pricing(model),
        "top_provider": {
            "context_length": model.context_length,
            "max_completion_tokens": model.max_output_tokens,
            "is_moderated": False,
        },
        "per_request_limits": None,
        "supported_parameters": [name for word in model.capabilities for name in OPENROUTER_PARAMETERS.get(word, ())],
        "default_parameters": {name: model.default_parameters.get(name) for name in SENT_PARAMETERS},
        "supported_voices": None,
        "expiration_date": model.retires_on.isoformat() if model.retires_on else None,
        "links": {"details": f"/models/{quote(model.name)}"},
        **({"alias_target": {"name": model.title, "slug": model.alias_of}} if model.alias_of and model.listed else {}),
    }


def pricing(model: PricedModel) -> JSON:
    """The prices; those of tokens are -1 if they are not known, and 0 if only other things are paid."""
    sheet = model.dollars
    prices = _figures(line for line in sheet.lines if line.is_plain) if sheet and not model.is_dynamic else {}
    if sheet is None or not prices or reads_as_free(sheet, map(Decimal, prices.values())):
        return {"prompt": NOT_FIXED, "completion": NOT_FIXED}
    one_hour = [line for line in sheet.lines if line.kind == "absolute" and tuple(line.conditions) == ONE_HOUR]
    cache_writes = {f"{key}_1h": price for key, price in _figures(one_hour).items() if key == "input_cache_write"}
    overrides = [{"min_prompt_tokens": least, **_figures(lines)} for least, lines in tiers(sheet)]
    if cache_writes:
        overrides = [_with_one_hour(sheet, override) for override in overrides]
    pays_for_tokens = not any(line.unit == "token" for line in sheet.lines) and prices.keys() != {"web_search"}
    missing = {
        "prompt": "0" if pays_for_tokens else NOT_FIXED,
        "completion": "0" if pays_for_tokens or not sheet.lacks_output_price else NOT_FIXED,
    }
    return missing | prices | cache_writes | ({"overrides": overrides} if overrides else {})


def _with_one_hour(sheet: Sheet, override: JSON) -> JSON:
    """The override with what a one-hour cache write costs beyond its length, if it states the one of 5 minutes."""
    if "input_cache_write" not in override:
        return override
    facts = {"prompt_tokens": Decimal(override["min_prompt_tokens"]), "cache_ttl": "1h"}
    lines = [line for line in sheet.lines if {condition["dim"] for condition in line.conditions} <= facts.keys()]
    line = find_line(lines, "input.cache_write", "token", facts, at=dt.datetime.now(dt.UTC))
    return override if line is None else {**override, "input_cache_write_1h": digits(per(line, 1))}


def _figures(lines: Iterable[Line]) -> JSON:
    listed = list(lines)
    return {
        key: digits(per(line, 1))
        for key, (meter, units) in PRICES.items()
        for line in listed
        if line.meter == meter and line.unit in units
    }
