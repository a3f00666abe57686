"""LiteLLM's model_prices_and_context_window.json: a map from callable id to a flat object, in US dollars per unit.

Every price keeps its unit. A figure that is not a known price is stored as a fact; it sets no price, and its key is
reported like every unknown key.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import Any

from catalog import vendor_matching
from catalog.prices import PAGES, Condition, Line, Sheet
from catalog.sources import inferred_fields
from catalog.sources.litellm_combinations import FAST, combine
from catalog.sources.litellm_keys import EXPLICIT, PriceKey, format_key, parse_key
from catalog.sources.records import Document, Record
from catalog.sources.rows import (
    Row,
    SourceError,
    amount_of,
    holds_an_amount,
    is_number,
    names_a_price,
    read_amount,
    read_body,
    rows_by_name,
)

# A row that only makes a map long enough, see pricing/export/litellm.py.
FILLING = {"litellm_provider": "modelbook-filler"}
# Documentation of the format, and rules for ids that are not listed.
NOT_MODELS = ("sample_spec", "fallback_generalizations")
# Only for LiteLLM itself; max_tokens is a legacy copy of one of the two limits.
IGNORED = ("litellm_provider", "max_tokens", "comment")
# Objects about prices that state none by themselves: they mix factors with settings, and free units.
SETTINGS = ("provider_specific_entry", "search_free_requests")
PRICE_WORDS = re.compile(r"cost|price|pricing|uplift|multiplier|billing|free_|provider_specific")

ENDPOINT_TYPES = {
    "/v1/chat/completions": "openai",
    "/v1/responses": "openai-response",
    "/v1/responses/compact": "openai-response-compact",
    "/v1/messages": "anthropic",
    "/v1/embeddings": "embeddings",
    "/v1/rerank": "jina-rerank",
    "/v1/images/generations": "image-generation",
    "/v1/images/edits": "image-generation",
    "/v1/audio/speech": "audio-speech",
    "/v1/audio/transcriptions": "audio-transcription",
    "/v1/videos": "openai-video",
}
# Mode -> endpoint type, input modalities, output modalities.
MODES: Mapping[str, tuple[str | None, tuple[str, ...], tuple[str, ...]]] = {
    "chat": ("openai", ("text",), ("text",)),
    "completion": ("openai", ("text",), ("text",)),
    "responses": ("openai-response", ("text",), ("text",)),
    "embedding": ("embeddings", ("text",), ("embedding",)),
    "rerank": ("jina-rerank", ("text",), ()),
    "image_generation": ("image-generation", ("text",), ("image",)),
    "image_edit": ("image-generation", ("text", "image"), ("image",)),
    "video_generation": ("openai-video", ("text",), ("video",)),
    "audio_speech": ("audio-speech", ("text",), ("audio",)),
    "audio_transcription": ("audio-transcription", ("audio",), ("text",)),
}
# Family -> the vendor's own endpoint type for chat models, preferred over openai.
OWN_ENDPOINT_TYPES = {"claude": "anthropic", "gemini": "gemini"}
INPUT_FLAGS = {
    "image": ("supports_vision", "supports_image_input", "supports_embedding_image_input"),
    "audio": ("supports_audio_input",),
    "video": ("supports_video_input",),
    "pdf": ("supports_pdf_input",),
}
CAPABILITIES = {
    "function_calling": "tools",
    "parallel_function_calling": "parallel_tools",
    "response_schema": "structured_outputs",
    "native_structured_output": "structured_outputs",
    "adaptive_thinking": "thinking_adaptive",
    "legacy_thinking": "thinking_enabled",
    "max_reasoning_effort": "effort_max",
    "xhigh_reasoning_effort": "effort_xhigh",
}
# Prices in DBU, Databricks' unit of account, which is not a currency.
DBU_KEYS = frozenset(f"{side}_dbu_cost_per_token" for side in ("input", "output"))
SEARCH_CONTEXT = re.compile(r"search_context_size_(\w+)")
# Where a row of a list has its name, which is the key in the map.
NAMES = ("model_name", "model", "name", "id")
RANGES = ("range", "max_results_range")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
UPLIFTS: Mapping[str, Condition] = {
    "regional_endpoint_uplift_multiplier": {"dim": "route", "op": "eq", "value": "regional_endpoint"},
    "regional_processing_uplift_multiplier_eu": {"dim": "region", "op": "eq", "value": "eu"},
    "regional_processing_uplift_multiplier_us": {"dim": "region", "op": "eq", "value": "us"},
}
# The multipliers among the provider-specific entries; the other entries are settings.
SPECIFIC: Mapping[str, Condition] = {
    "us": {"dim": "region", "op": "eq", "value": "us"},
    "eu": {"dim": "region", "op": "eq", "value": "eu"},
    "fast": FAST,
}


def read(content: bytes) -> Document:
    """The models in the map, or in a list of its rows with names; InexactError or SourceError if it is neither."""
    body = read_body(content)
    findings: list[str] = []
    if isinstance(body, list):
        named, findings = rows_by_name(body, *NAMES)
        body = named or None
    if not isinstance(body, dict):
        raise SourceError("The document is not a LiteLLM price map: it is not an object of models.")
    rows = {name: values for name, values in body.items() if name not in NOT_MODELS and values != FILLING}
    models = {name: values for name, values in rows.items() if isinstance(values, dict)}
    if rows and not any("litellm_provider" in values or "mode" in values for values in models.values()):
        raise SourceError("The document is not a LiteLLM price map: no entry has a litellm_provider or a mode.")
    return Document(
        records=tuple(_record(name, values) for name, values in models.items()),
        findings=(
            *findings,
            *(f"{name[:255]} is not an object and was left out" for name in rows.keys() - models.keys()),
        ),
    )


def _record(name: str, values: Mapping[str, Any]) -> Record:
    row = Row(values)
    row.taken.update(IGNORED)
    mode = row.text("mode", longest=64) or ""
    capabilities = _capabilities(row)
    inputs, outputs = _modalities(row, mode)
    context, longest_input, longest_output = _limits(row)
    return Record(
        name=name,
        context_length=context,
        max_input_tokens=longest_input,
        max_output_tokens=longest_output,
        input_modalities=inputs,
        output_modalities=outputs,
        capabilities=capabilities,
        supported_endpoint_types=_endpoint_types(row, mode, name),
        retires_on=row.date("deprecation_date"),
        successor=row.text("successor_model", longest=255),
        prices=_prices(row, name),
        also=_also(row),
        inferred=_inferred(row),
        findings=tuple(row.findings),
        unmapped=row.left_over,
    )


def _limits(row: Row) -> tuple[int | None, int | None, int | None]:
    """The context window, the input limit and the output limit; the source has no key for the window."""
    longest_input, longest_output = row.count("max_input_tokens"), row.count("max_output_tokens")
    if longest_input is None and longest_output is None and row.count("max_tokens"):
        row.report("states only max_tokens, which can limit the input or the output; no limit was imported")
    return (*inferred_fields.window_and_input(longest_input, longest_output), longest_output)


def _also(row: Row) -> tuple[str, ...]:
    """The model that this one is priced as, if the row names it."""
    base = row.take("base_model")
    return (base,) if isinstance(base, str) and base else ()


def _capabilities(row: Row) -> tuple[str, ...] | None:
    flags = {key: row.take(key) for key in row.values if key.startswith("supports_")}
    names = (key.removeprefix("supports_") for key, value in flags.items() if value is True)
    return tuple(dict.fromkeys(CAPABILITIES.get(name, name) for name in names)) if flags else None


def _modalities(row: Row, mode: str) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """The modalities that the row lists; otherwise those that its mode and flags imply."""
    inputs, outputs = row.names("supported_modalities"), row.names("supported_output_modalities")
    _, usual_inputs, usual_outputs = MODES.get(mode, (None, (), ()))
    if inputs is None and usual_inputs:
        flagged = [name for name, flags in INPUT_FLAGS.items() if any(row.values.get(flag) is True for flag in flags)]
        inputs = tuple(dict.fromkeys((*usual_inputs, *flagged)))
    if outputs is None and usual_outputs:
        audio = ("audio",) if row.values.get("supports_audio_output") is True else ()
        outputs = tuple(dict.fromkeys((*usual_outputs, *audio)))
    return inputs, outputs


def _inferred(row: Row) -> frozenset[str]:
    """The file never states endpoint types of gateways, and does not always state modalities."""
    stated = {"input_modalities": "supported_modalities", "output_modalities": "supported_output_modalities"}
    unstated = {field for field, key in stated.items() if row.values.get(key) is None}
    return frozenset(unstated | {"supported_endpoint_types"})


def _endpoint_types(row: Row, mode: str, name: str) -> tuple[str, ...] | None:
    """The known endpoint types, the mode's own first; None if there is no known type."""
    common = MODES.get(mode, (None, (), ()))[0]
    listed = [ENDPOINT_TYPES[path] for path in row.names("supported_endpoints") or () if path in ENDPOINT_TYPES]
    types = [common, *listed] if common else listed
    if common == "openai" and (own := _own_endpoint_type(name)):
        types = [own, *types]
        if own == "anthropic":
            types = [name for name in types if name != "openai-response"]
    return tuple(dict.fromkeys(types)) or None


def _own_endpoint_type(name: str) -> str | None:
    vendor = vendor_matching.vendor_of_model(name)
    if vendor is None or vendor.slug not in ("anthropic", "google"):
        return None
    return next((own for family, own in OWN_ENDPOINT_TYPES.items() if family in name.casefold()), None)


def _prices(row: Row, name: str) -> Sheet | None:
    """All price lines of the row: flat keys, then blocks, then multipliers; None if there are none."""
    # xAI prices a prompt of exactly the boundary's length by the upper tier, all others by the lower tier.
    above = "gte" if row.values.get("litellm_provider") == "xai" or name.startswith("xai/") else "gt"
    lines = (
        *_flat_lines(row, above),
        *_tiers(row),
        *_off_peak(row),
        *_searches(row),
        *_guardrails(row),
        *_multipliers(row),
    )
    # Price keys that are not in the grammar and not known blocks are stored unchanged, and reported as unmapped.
    facts = {key: row.values[key] for key in SETTINGS if key in row.left_over}
    for key in row.left_over:
        if key not in SETTINGS and _is_of_a_price(key) and holds_an_amount(row.values[key]):
            row.set_aside("litellm", key, row.values[key])
    pages = {key: page for key in PAGES if (page := row.text(key, longest=1024))}
    return row.sheet(lines, facts | pages)


# Thousands of models have the same dozens of keys.
@lru_cache(maxsize=4096)
def _is_of_a_price(key: str) -> bool:
    return PRICE_WORDS.search(key) is not None or names_a_price(key)


def _flat_lines(row: Row, above: str) -> list[Line]:
    # Key in the file's own spelling -> its meaning, and each spelling in the row with its amount.
    prices: dict[str, tuple[PriceKey, dict[str, Decimal]]] = {}
    for key, value in row.values.items():
        if key in UPLIFTS or value is None:
            continue
        if parsed := parse_key(key, above=above):
            if (amount := row.amount(key)) is not None:
                prices.setdefault(parsed.own_spelling, (parsed, {}))[1][key] = amount
        elif _is_of_a_price(key) and (figure := read_amount(value)) is not None:
            _set_aside(row, key, figure)
    stated = [_flat_line(row, own_key, *price) for own_key, price in prices.items()]
    stated = [_of_the_only_cache(line, prices) for line in stated]
    specific = row.values.get("provider_specific_entry")
    return combine(stated, has_fast_factor=isinstance(specific, dict) and "fast" in specific)


def _set_aside(row: Row, key: str, figure: Decimal) -> None:
    if key in DBU_KEYS:
        row.taken.add(key)
        row.set_aside("litellm", key, figure, "is in DBU and not in US dollars")
    else:
        row.set_aside("litellm", key, figure)


def _flat_line(row: Row, own_key: str, price: PriceKey, amounts: Mapping[str, Decimal]) -> Line:
    """The line of one price that the row may have in several spellings; the file's own spelling is the price."""
    key = own_key if own_key in amounts else next(iter(amounts))
    equal = [other for other, amount in amounts.items() if other != key and amount == amounts[key]]
    for other, amount in amounts.items():
        if amount != amounts[key]:
            row.set_aside("litellm", other, amount, f"differs from {key}, which is the price")
    facts: dict[str, Any] = {} if own_key == key else {"key": key}
    if equal:
        facts["also"] = equal
    return Line(price.meter, amounts[key], price.per, price.unit, conditions=price.conditions, facts=facts)


def _of_the_only_cache(line: Line, own_keys: Collection[str]) -> Line:
    """The price of reading an explicit cache is the price of any cache if the row has no other one."""
    if EXPLICIT not in line.conditions:
        return line
    key = format_key(line.meter, line.unit, line.per, line.conditions)
    if key.removeprefix("explicit_") in own_keys:
        return line
    conditions = tuple(condition for condition in line.conditions if condition != EXPLICIT)
    return replace(line, conditions=conditions, facts={"key": key, **line.facts})


def _tiers(row: Row) -> Iterable[Line]:
    """Prices by prompt length or by number of results; the last tier also applies above its end."""
    tiers = row.take("tiered_pricing")
    if tiers is None:
        return
    if not isinstance(tiers, list) or not tiers or not all(isinstance(tier, dict) for tier in tiers):
        row.reject_price("tiered_pricing is not a list of tiers")
        return
    bounds = [tier.get("range", tier.get("max_results_range")) for tier in tiers]
    if not all(isinstance(bound, list) and len(bound) == 2 and all(map(is_number, bound)) for bound in bounds):
        row.reject_price("a tier in tiered_pricing has no range of two numbers")
        return
    gapless = [low for low, _ in bounds] == [0, *(high for _, high in bounds[:-1])] and bounds == sorted(bounds)
    for number, (tier, (low, high)) in enumerate(zip(tiers, bounds, strict=True)):
        if "range" not in tier:
            conditions: tuple[Condition, ...] = _between("max_results", "gte", low, high)
        else:
            conditions = _between("prompt_tokens", "gt", low, high)
            if gapless:
                # A later line replaces an earlier one, so the lower boundaries are enough.
                conditions = conditions[:1] if low else ()
        yield from _block(row, "tiered_pricing", number, tier, conditions, {"range": [low, high]}, RANGES)


def _between(dim: str, op: str, low: Any, high: Any) -> tuple[Condition, Condition]:
    return {"dim": dim, "op": op, "value": int(low)}, {"dim": dim, "op": "lte", "value": int(high)}


def _off_peak(row: Row) -> Iterable[Line]:
    block = row.take("off_peak_pricing")
    if block is None:
        return
    windows = _windows(block) if isinstance(block, dict) else None
    if windows is None:
        row.reject_price("off_peak_pricing has no valid windows")
        return
    value = {"tz": "UTC", "windows": windows}
    if "weekday_timezone" in block:
        value["weekday_tz"] = block["weekday_timezone"]
    condition = {"dim": "time", "op": "in", "value": value}
    yield from _block(row, "off_peak_pricing", 0, block, (condition,), {}, ("windows", "hours_utc", "weekday_timezone"))


def _windows(block: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Hours in UTC, `start-end` with the end excluded, and weekdays 1 (Monday) to 7; None if one is invalid."""
    listed = block.get("windows", [block])
    if not isinstance(listed, list) or not listed:
        return None
    windows = [_window(window) for window in listed if isinstance(window, dict)]
    sound = [window for window in windows if window is not None]
    return sound if len(sound) == len(listed) else None


def _window(window: Mapping[str, Any]) -> dict[str, Any] | None:
    hours, weekdays = window.get("hours_utc"), window.get("weekdays", list(range(1, 8)))
    hours = [hours] if isinstance(hours, str) else hours
    if not (isinstance(hours, list) and hours and isinstance(weekdays, list) and weekdays):
        return None
    days = [_weekday(day) for day in weekdays]
    timed = all(isinstance(span, str) and re.fullmatch(r"\d\d:\d\d-\d\d:\d\d", span) for span in hours)
    return {"hours": hours, "weekdays": days} if timed and None not in days else None


def _weekday(day: Any) -> int | None:
    if isinstance(day, str) and day.casefold() in WEEKDAYS:
        return WEEKDAYS.index(day.casefold()) + 1
    return int(day) if is_number(day) and 1 <= day <= 7 else None


def _block(
    row: Row,
    block: str,
    number: int,
    values: Mapping[str, Any],
    conditions: tuple[Condition, ...],
    facts: Mapping[str, Any],
    own: Sequence[str],
) -> Iterable[Line]:
    """The price lines of a nested object, under its conditions; their facts name the block, `number` its place."""
    for key, value in values.items():
        if key in own or value is None:
            continue
        parsed = parse_key(key)
        if parsed is None and (figure := read_amount(value)) is not None:
            row.set_aside("litellm", f"{block}[{number}].{key}", figure)
            continue
        amount = amount_of(value, f"{key} in {block}", row)
        if amount is None or parsed is None:
            continue
        yield Line(
            parsed.meter,
            amount,
            parsed.per,
            parsed.unit,
            conditions=(*conditions, *parsed.conditions),
            facts={"block": block, "key": key, **facts},
        )


def _searches(row: Row) -> Iterable[Line]:
    """Prices of web searches by the size of their context."""
    block = row.take("search_context_cost_per_query")
    facts = {"block": "search_context_cost_per_query"}
    if billed := row.text("web_search_billing_unit", longest=64):
        facts["billing_unit"] = billed
    if block is None:
        return
    if not isinstance(block, dict):
        row.reject_price("search_context_cost_per_query is not an object of prices")
        return
    for key, value in block.items():
        size = SEARCH_CONTEXT.fullmatch(key)
        if size is None and (figure := read_amount(value)) is not None:
            row.set_aside("litellm", f"search_context_cost_per_query[0].{key}", figure)
            continue
        amount = amount_of(value, f"{key} in search_context_cost_per_query", row)
        if amount is not None and size is not None:
            condition = {"dim": "search_context", "op": "eq", "value": size[1]}
            yield Line("web_search", amount, unit="query", conditions=(condition,), facts=facts)


def _guardrails(row: Row) -> Iterable[Line]:
    """Prices of guardrail policies by their unit, https://aws.amazon.com/bedrock/pricing: texts in text units."""
    block = row.take("guardrail_cost_per_unit")
    if block is None:
        return
    if not isinstance(block, dict):
        row.reject_price("guardrail_cost_per_unit is not an object of prices")
        return
    for key, value in block.items():
        if not key.endswith("Units") and (figure := read_amount(value)) is not None:
            row.set_aside("litellm", f"guardrail_cost_per_unit[0].{key}", figure)
            continue
        amount = amount_of(value, f"{key} in guardrail_cost_per_unit", row)
        if amount is not None:
            condition = {"dim": "policy", "op": "eq", "value": key}
            unit = "image" if "Image" in key else "text_unit"
            facts = {"block": "guardrail_cost_per_unit"}
            yield Line("guardrail", amount, unit=unit, conditions=(condition,), facts=facts)


def _multipliers(row: Row) -> Iterable[Line]:
    """Multipliers of all prices, each under a condition."""
    for key, condition in UPLIFTS.items():
        if (factor := row.amount(key)) is not None:
            yield Line("", factor, kind="multiplier", conditions=(condition,), facts={"key": key})
    specific = row.values.get("provider_specific_entry")
    if not isinstance(specific, dict):
        return
    if not specific.keys() - SPECIFIC.keys():
        row.taken.add("provider_specific_entry")
    for key, value in specific.items():
        if key in SPECIFIC and (factor := amount_of(value, f"{key} in provider_specific_entry", row)) is not None:
            facts = {"key": f"provider_specific_entry.{key}"}
            yield Line("", factor, kind="multiplier", conditions=(SPECIFIC[key],), facts=facts)
        elif key not in SPECIFIC and holds_an_amount(value):
            # It may be a fee: other settings are texts and flags.
            row.set_aside("litellm", f"provider_specific_entry[0].{key}", value)
