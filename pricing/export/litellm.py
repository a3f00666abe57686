"""LiteLLM's cost map, for LITELLM_MODEL_COST_MAP_URL: a map from model id to a flat object, US dollars per unit.

No row names a litellm_provider: to LiteLLM that means any, and clients of a gateway call openai/<id>. Prices that its
grammar cannot express (by the hour, in a gateway's own words, by rules for pictures) are left out.

LiteLLM charges 0 for a price that a row does not state, and raises an error for a model without a row. So only models
with a complete price have a row: see `is_complete`.

LiteLLM takes a map for a broken one, and uses its own, if it has less than half as many rows as its own (4,241 in
version 1.106). A complete map therefore has filler rows. Their provider is none, so that LiteLLM lists no filler, and
computes no cost for one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any, TypedDict

from catalog.exact import write_json
from catalog.prices import SIDES, UNUSED_FIGURES, Line, Sheet
from catalog.sources.litellm import CAPABILITIES, ENDPOINT_TYPES, FILLING, SETTINGS
from catalog.sources.litellm_keys import BASES, TIER_WORDS, format_key, parse_key
from pricing.engine.headline import reads_as_free
from pricing.export.document import Document, member
from pricing.export.offers import PricedModel, every_name, listed_names, per, rendered_models
from pricing.published.rows import Reading
from tokens.access.visibility import Listing

JSON = dict[str, Any]

BASE_OF: Mapping[tuple[str, str], tuple[str, int]] = {
    (meter, unit): (base, count) for base, (meter, unit, count) in BASES.items()
}
# Prefix of LiteLLM's figures among the unused ones.
OWN = "litellm."
# LiteLLM charges this key rather than input_cost_per_second, the price here if they differ.
PRECEDES_PRICES = "cost_per_second"
# LiteLLM uses the key without a lifetime for both.
USUAL_LIFETIMES = ("5m", "30m")
MODES = {
    "embeddings": "embedding",
    "jina-rerank": "rerank",
    "image-generation": "image_generation",
    "audio-speech": "audio_speech",
    "audio-transcription": "audio_transcription",
    "openai-video": "video_generation",
}
# LiteLLM has input_cost_per_request in its map, and charges by it nowhere.
NOT_CHARGED = ("request", "request")
PATHS = {name: path for path, name in reversed(ENDPOINT_TYPES.items())}
# Enough for a LiteLLM whose own map has less than 20,000 rows.
COMPLETE = 10_000
FLAGS = {"tools": "function_calling"} | {word: flag for flag, word in reversed(CAPABILITIES.items())}


def render(reading: Reading) -> Document:
    return Document(b"{", _rows(reading), b"}")


def render_complete(reading: Reading) -> Document:
    """The map with as many filler rows as LiteLLM may require."""
    rows = _rows(reading)
    fillers = [member(f"modelbook-filler-{number:05}", FILLING) for number in range(len(rows) + 1, COMPLETE + 1)]
    return Document(b"{", [*rows, *fillers], b"}")


def _rows(reading: Reading) -> list[bytes]:
    """The members of the map: LiteLLM computes the cost of a call by the name that it has called."""
    return rendered_models("litellm", reading, render_model, names=every_name)


class ModelParameters(TypedDict):
    """How LiteLLM would call the model."""

    model: Annotated[str, "The id of the model, also for an alias."]


class ModelInfo(TypedDict):
    """A model in LiteLLM's list of models."""

    model_name: Annotated[str, "The value that clients send as `model`: the id or a listed alias."]
    litellm_params: ModelParameters
    model_info: Annotated[
        dict[str, Any],
        "LiteLLM's facts (`max_input_tokens`, `supports_vision`) and prices in dollars per unit "
        "(`input_cost_per_token`); without prices unless they are complete.",
    ]


class ModelInfos(TypedDict):
    """The models of a key as LiteLLM's proxy lists them."""

    data: list[ModelInfo]


def render_info(reading: Reading, listing: Listing) -> Document:
    """LiteLLM's list of models with their prices, which its clients read at /model/info."""
    rows = rendered_models("litellm info", reading, _info, names=listed_names, listing=listing)
    return Document(b'{"data":[', rows, b"]}")


def _info(model: PricedModel) -> bytes:
    sheet = model.dollars
    row = _row(model, sheet if sheet is not None and is_complete(sheet) else None)
    # Clients read it as the longest output.
    longest = {"max_tokens": model.max_output_tokens} if model.max_output_tokens is not None else {}
    info: ModelInfo = {
        "model_name": model.name,
        "litellm_params": {"model": model.alias_of or model.name},
        "model_info": {"id": model.name, "db_model": False, **row, **longest},
    }
    return write_json(info)


def render_model(model: PricedModel) -> bytes:
    """The model as a member of the map; empty without a complete price."""
    sheet = model.dollars
    return member(model.name, _row(model, sheet)) if sheet is not None and is_complete(sheet) else b""


def is_complete(sheet: Sheet) -> bool:
    """Whether LiteLLM's keys state what the calls of a model cost, so that LiteLLM charges nothing paid as free."""
    if sheet.state not in ("priced", "free") or sheet.unknown_side:
        return False
    paid = [line for line in sheet.lines if line.kind == "absolute" and line.amount]
    stated = [line for line in paid if _has_place(line, _key(line)) and (line.meter, line.unit) != NOT_CHARGED]
    sides = {line.meter for line in paid if line.unit == "token" and line.meter in SIDES}
    # Its text would be free beside its pictures. Models that only make pictures or speech have no text.
    if "input" in sides & sheet.charged_sides and sheet.lacks_output_price:
        return False
    return not paid or (bool(stated) and sides <= {line.meter for line in stated})


def _row(model: PricedModel, sheet: Sheet | None) -> JSON:
    row: JSON = {"mode": _mode(model)}
    longest_input = model.context_length if model.max_input_tokens is None else model.max_input_tokens
    counts = {"max_input_tokens": longest_input, "max_output_tokens": model.max_output_tokens}
    row |= {name: count for name, count in counts.items() if count is not None}
    row |= price_row(sheet) if sheet is not None else {}
    lists = {
        "supported_endpoints": [PATHS[name] for name in model.endpoint_types if name in PATHS],
        "supported_modalities": model.inputs,
        "supported_output_modalities": model.outputs,
    }
    row |= {name: list(names) for name, names in lists.items() if names}
    row |= {f"supports_{FLAGS.get(name, name)}": True for name in model.capabilities}
    if model.retires_on:
        row["deprecation_date"] = model.retires_on.isoformat()
    return row


def _mode(model: PricedModel) -> str:
    kinds = [MODES[name] for name in model.endpoint_types if name in MODES]
    if kinds and not {"openai", "anthropic", "gemini"} & set(model.endpoint_types):
        return kinds[0]
    return "responses" if model.endpoint_types == ("openai-response",) else "chat"


def price_row(sheet: Sheet) -> JSON:
    """All prices that LiteLLM has a key for; none if they are 0 and another price is paid."""
    row: JSON = {
        key: dict(value) if isinstance(value, dict) else value for key, value in sheet.facts.items() if key in SETTINGS
    }
    row |= _unused_figures(sheet)
    # LiteLLM derives the implied prices itself.
    stated = [line for line in sheet.lines if "implied_by" not in line.facts]
    stated += _explicit_combinations(stated)
    prices = [(line, _key(line)) for line in stated if line.kind in ("absolute", "multiplier")]
    amounts = [line.amount or Decimal(0) for line, key in prices if line.kind == "absolute" and _has_place(line, key)]
    is_misleading = reads_as_free(sheet, amounts)
    for line, key in prices:
        if line.kind == "multiplier":
            _put_factor(row, line)
        elif is_misleading:
            continue
        elif block := line.facts.get("block"):
            _put_in_block(row, block, line)
        elif key:
            row |= dict.fromkeys((key, *line.facts.get("also", ())), _amount(line))
    return row


def _explicit_combinations(lines: Sequence[Line]) -> Iterator[Line]:
    """Prices for long prompts in a service tier or a cache, where LiteLLM would charge another line than we do.

    We charge the later line. LiteLLM charges the length rather than the service tier, and the batch or the lifetime
    rather than the length.
    """
    stated = [(line.meter, line.unit, list(line.conditions)) for line in lines]
    places = {id(line): place for place, line in enumerate(lines)}
    for length in (line for line in lines if _only_dim(line) == "prompt_tokens"):
        for other in lines:
            dim = _only_dim(other)
            if (other.meter, other.unit) != (length.meter, length.unit) or dim not in ("service_tier", "cache_ttl"):
                continue
            winner = max(length, other, key=lambda line: places[id(line)])
            charges_length = dim == "service_tier" and other.conditions[0]["value"] != "batch"
            both = (*length.conditions, *other.conditions)
            is_stated = any((length.meter, length.unit, list(order)) in stated for order in (both, both[::-1]))
            if not is_stated and winner is not (length if charges_length else other):
                yield replace(winner, conditions=both, facts={})


def _only_dim(line: Line) -> str:
    """The dimension of the only condition of a price; empty if it has none or several."""
    is_single = line.kind == "absolute" and len(line.conditions) == 1 and "block" not in line.facts
    return str(line.conditions[0]["dim"]) if is_single else ""


def _unused_figures(sheet: Sheet) -> JSON:
    """LiteLLM's own figures that set no price here, unchanged; those of nested blocks have no place."""
    figures: Mapping[str, Decimal] = sheet.facts.get(UNUSED_FIGURES, {})
    named = {name.removeprefix(OWN): figure for name, figure in figures.items() if name.startswith(OWN)}
    return {key: figure for key, figure in named.items() if "[" not in key and key != PRECEDES_PRICES}


def _amount(line: Line) -> Decimal | None:
    return per(line, BASE_OF[line.meter, line.unit][1]) if (line.meter, line.unit) in BASE_OF else line.amount


def _has_place(line: Line, key: str | None) -> bool:
    return bool(key or line.facts.get("block"))


def _put_factor(row: JSON, line: Line) -> None:
    block, dot, key = str(line.facts.get("key", "")).rpartition(".")
    if dot:
        row.setdefault(block, {})[key] = line.amount
    elif key:
        row[key] = line.amount


def _put_in_block(row: JSON, block: str, line: Line) -> None:
    key = str(line.facts.get("key", ""))
    values = {condition["dim"]: condition["value"] for condition in line.conditions}
    match block:
        case "tiered_pricing":
            name = "max_results_range" if "max_results" in values else "range"
            tiers = row.setdefault(block, [])
            tier = next((tier for tier in tiers if tier[name] == line.facts["range"]), None)
            if tier is None:
                tier = {name: line.facts["range"]}
                tiers.append(tier)
            tier[key] = line.amount
        case "off_peak_pricing":
            row.setdefault(block, _windows(values["time"]))[key] = line.amount
        case "search_context_cost_per_query":
            if "billing_unit" in line.facts:
                row["web_search_billing_unit"] = line.facts["billing_unit"]
            row.setdefault(block, {})[f"search_context_size_{values['search_context']}"] = line.amount
        case "guardrail_cost_per_unit":
            row.setdefault(block, {})[values["policy"]] = line.amount


def _windows(time: Mapping[str, Any]) -> JSON:
    windows = [{"hours_utc": window["hours"], "weekdays": window["weekdays"]} for window in time["windows"]]
    zone = {"weekday_timezone": time["weekday_tz"]} if "weekday_tz" in time else {}
    return {"windows": windows, **zone}


def _key(line: Line) -> str | None:
    """The key that the line was imported from, else the key of LiteLLM's grammar; None if it has none."""
    if "key" in line.facts:
        return str(line.facts["key"])
    conditions = _conditions(line.conditions)
    if (line.meter, line.unit) not in BASE_OF or conditions is None:
        return None
    base, count = BASE_OF[line.meter, line.unit]
    key = format_key(line.meter, line.unit, count, conditions)
    parsed = parse_key(key)
    parsed_values = parsed and {condition["dim"]: condition["value"] for condition in parsed.conditions}
    values = {condition["dim"]: condition["value"] for condition in conditions}
    return key if parsed and key.startswith(base) and parsed_values == values else None


def _conditions(conditions: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]] | None:
    """The conditions in LiteLLM's grammar; None if it cannot express them."""
    by_dim: dict[str, Mapping[str, Any]] = {}
    for condition in conditions:
        dim, op, value = condition["dim"], condition["op"], condition["value"]
        if dim == "cache_ttl" and isinstance(value, str) and value in USUAL_LIFETIMES:
            continue
        if dim == "prompt_tokens" and op == "gte" and (value - 1) % 1000 == 0:
            op, value = "gt", value - 1
        is_supported = {
            "resolution": op == "eq",
            "duration": op == "gt",
            "cache_ttl": op == "eq",
            # LiteLLM has only "above": for "from" a whole thousand, it differs for that one length.
            "prompt_tokens": op in ("gt", "gte") and value % 1000 == 0 if isinstance(value, int) else False,
            # The value can be an object, which is not hashable.
            "service_tier": op == "eq" and isinstance(value, str) and value in TIER_WORDS,
        }
        if dim in by_dim or not is_supported.get(dim, False):
            return None
        by_dim[dim] = {"dim": dim, "op": op, "value": value}
    return list(by_dim.values())
