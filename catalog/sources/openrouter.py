"""OpenRouter's list of models, `GET /api/v1/models`, in US dollars per token, call or picture, as decimal strings.

-1 means that the price depends on the chosen model: it becomes a dynamic price. A `:batch` row is the batch price of
the model before the colon. An id with a tilde is an alias whose model changes.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from catalog import parameters, vendor_matching
from catalog.prices import Condition, Line, Sheet
from catalog.sources import inferred_fields
from catalog.sources.conditions import BATCH, ONE_HOUR, utc_hours
from catalog.sources.records import Document, Record, Structure
from catalog.sources.rows import Row, SourceError, read_amount, read_body

# Price -> meter, unit.
METERS = {
    "prompt": ("input", "token"),
    "completion": ("output", "token"),
    "request": ("request", "request"),
    "web_search": ("web_search", "query"),
    "image_output": ("output.image", "token"),
    "audio": ("input.audio", "token"),
    "audio_output": ("output.audio", "token"),
    "input_audio_cache": ("input.audio.cache_read", "token"),
    "internal_reasoning": ("output.reasoning", "token"),
    "input_cache_read": ("input.cache_read", "token"),
    "input_cache_write": ("input.cache_write", "token"),
    "input_cache_write_1h": ("input.cache_write", "token"),
}
# An image costs at least as much as hundreds of tokens; a lower price is per token.
IMAGE_OVER_TOKEN = 100
CAPABILITIES = {
    "tools": "tools",
    "parallel_tool_calls": "parallel_tools",
    "structured_outputs": "structured_outputs",
    "reasoning": "reasoning",
    "web_search_options": "web_search",
}
NEVER = dt.date(2098, 12, 31)
# Only for OpenRouter's own pages and programs.
IGNORED = (
    "id",
    "canonical_slug",
    "hugging_face_id",
    "per_request_limits",
    "supported_voices",
    "links",
    "benchmarks",
    "alias_target",
)
DYNAMIC = "-1"
CLOCK = re.compile(r"([01]\d|2[0-3]):?([0-5]\d)")


def read(content: bytes) -> Document:
    """The models in the list, with or without its envelope; InexactError or SourceError if it is not one."""
    body = read_body(content)
    rows = body.get("data") if isinstance(body, dict) else body
    if not isinstance(rows, list):
        raise SourceError("The document is not a list of OpenRouter's models: it has no list named data.")
    listed = {row["id"]: row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str) and row["id"]}
    if rows and not any(isinstance(row.get("pricing"), dict) for row in listed.values()):
        raise SourceError(
            "The document is not a list of OpenRouter's models: none of its rows has an id and a pricing."
        )
    findings = []
    if len(listed) < len(rows):
        findings.append(f"{len(rows) - len(listed)} rows have no id or a duplicate id and were left out")
    aliases = {name: {"model": target} for name, row in listed.items() if (target := _alias_target(name, row, listed))}
    batches = {name: row for name, row in listed.items() if name.endswith(":batch") and name[:-6] in listed}
    records = tuple(
        _record(name, row, batches.get(f"{name}:batch"))
        for name, row in listed.items()
        if name not in aliases and name not in batches
    )
    return Document(records, Structure(aliases=aliases), findings=tuple(findings))


def _alias_target(name: str, row: Mapping[str, Any], listed: Mapping[str, Any]) -> str | None:
    """The model that an alias currently means, if it is in the list."""
    target = row.get("alias_target")
    if isinstance(target, dict):
        target = target.get("slug") or target.get("id")
    return target if isinstance(target, str) and target in listed and target != name else None


def _record(name: str, values: Mapping[str, Any], batch: Mapping[str, Any] | None) -> Record:
    row = Row(values)
    row.taken.update(IGNORED)
    inputs, outputs = _modalities(row)
    vendor, title = _named(row, name)
    top = row.take("top_provider")
    context, longest_output = _limits(row, top)
    retires = row.date("expiration_date")
    if name.startswith("~"):
        row.report("is an alias whose model changes; its price is the price of its current model")
    slug = row.take("canonical_slug")
    reasoning = row.take("reasoning")
    lines = _pricing(row, row.take("pricing"))
    if batch is not None:
        lines += _batch_pricing(row, batch)
    return Record(
        name=name,
        display_name=title,
        vendor=vendor,
        description=row.text("description", longest=10_000),
        context_length=context,
        max_output_tokens=longest_output,
        input_modalities=inputs,
        output_modalities=outputs,
        capabilities=_capabilities(row, inputs),
        reasoning_levels=inferred_fields.reasoning_levels(
            reasoning.get("supported_efforts") if isinstance(reasoning, dict) else None
        ),
        knowledge_cutoff=row.cutoff("knowledge_cutoff"),
        supported_endpoint_types=inferred_fields.endpoint_types(name, outputs),
        default_parameters=_parameters(row.take("default_parameters")),
        released_on=_day(row),
        retires_on=None if retires == NEVER else retires,
        prices=_priced(row, lines, name),
        also=(slug,) if isinstance(slug, str) and slug != name else (),
        inferred=frozenset({"supported_endpoint_types", "released_on"}),
        findings=tuple(row.findings),
        unmapped=row.left_over,
    )


def _named(row: Row, name: str) -> tuple[str | None, str | None]:
    """The vendor, if the id does not show it, and the title without the vendor: `OpenAI: GPT-5.6 Luna`."""
    title = row.text("name", longest=255)
    vendor, colon, rest = (title or "").partition(": ")
    if not colon or not rest.strip():
        return None, title
    return (None if vendor_matching.vendor_of_model(name) else vendor[:128].strip() or None), rest.strip()


def _modalities(row: Row) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    values = row.take("architecture")
    sides = Row(values if isinstance(values, dict) else {})
    modalities = (
        inferred_fields.modalities(sides.names("input_modalities")),
        inferred_fields.modalities(sides.names("output_modalities")),
    )
    row.findings += sides.findings
    return modalities


def _limits(row: Row, top: Any) -> tuple[int | None, int | None]:
    """The context window and the output limit; the window of the usual provider if the model has none of its own."""
    limits = Row(top if isinstance(top, dict) else {})
    context = row.count("context_length") or limits.count("context_length")
    longest_output = limits.count("max_completion_tokens")
    row.findings += limits.findings
    return context, longest_output


def _parameters(values: Any) -> Mapping[str, Any] | None:
    """The default parameters that this catalog stores; most of OpenRouter's are null."""
    return parameters.valid_parameters(values) or None if isinstance(values, dict) else None


def _capabilities(row: Row, inputs: tuple[str, ...] | None) -> tuple[str, ...] | None:
    named = row.names("supported_parameters")
    if named is None:
        return None
    return inferred_fields.capabilities([CAPABILITIES[name] for name in named if name in CAPABILITIES], inputs)


def _day(row: Row) -> dt.date | None:
    """The day on which the model was listed."""
    seconds = row.count("created")
    if seconds is None:
        return None
    try:
        return dt.datetime.fromtimestamp(seconds, tz=dt.UTC).date()
    except (OverflowError, OSError, ValueError):
        row.report("created is not a valid Unix time")
        return None


def _priced(row: Row, lines: tuple[Line, ...], name: str) -> Sheet | None:
    amounts = [line.amount for line in lines]
    if not lines or not row.price_is_sound:
        return None
    if not any(amounts) and None not in amounts and not name.endswith((":free", "/free")):
        row.report("has a price of 0 and is not named free; the price in this row was not imported")
        return None
    values = row.values["pricing"]
    zeros = [key for key, value in values.items() if value in ("0", 0) and key not in ("prompt", "completion")]
    return row.sheet(lines, {"without_charge": zeros} if zeros else {})


def _batch_pricing(row: Row, batch: Mapping[str, Any]) -> tuple[Line, ...]:
    """The prices of the :batch row, as conditional prices for batch requests."""
    return tuple(replace(line, conditions=(BATCH, *line.conditions)) for line in _pricing(row, batch.get("pricing")))


def _pricing(row: Row, pricing: Any) -> tuple[Line, ...]:
    if not isinstance(pricing, dict):
        row.reject_price("pricing is not an object")
        return ()
    if DYNAMIC in (pricing.get("prompt"), pricing.get("completion")):
        # An amount beside it would look like a price.
        return tuple(Line(meter, None, kind="dynamic") for meter in ("input", "output"))
    overrides = pricing.get("overrides")
    lines = [*_lines(row, pricing, ())]
    if overrides is not None and not isinstance(overrides, list):
        row.reject_price("the overrides in pricing are not a list")
        return ()
    for override in overrides or ():
        lines += _override(row, override)
    return tuple(lines)


def _override(row: Row, override: Any) -> Iterable[Line]:
    """Prices that replace the base prices if all conditions hold; a later override wins."""
    if not isinstance(override, dict):
        row.reject_price("an override in pricing is not an object")
        return
    conditions: list[Condition] = []
    prices = dict(override)
    least = prices.pop("min_prompt_tokens", None)
    if least is not None:
        if not isinstance(least, int) or isinstance(least, bool) or not 0 <= least < 10**12:
            row.reject_price("min_prompt_tokens is not a whole number")
            return
        conditions.append({"dim": "prompt_tokens", "op": "gte", "value": least})
    start, end = prices.pop("utc_start", None), prices.pop("utc_end", None)
    if start is not None or end is not None:
        begins, ends = (CLOCK.fullmatch(time) if isinstance(time, str) else None for time in (start, end))
        if begins is None or ends is None:
            row.reject_price("an override has invalid hours")
            return
        conditions.append(utc_hours(begins, ends))
    unknown = [key for key, value in prices.items() if key not in METERS and not read_amount(value)]
    if unknown or not conditions:
        # An override whose condition is unknown would replace every price.
        problem = f"the unknown condition {', '.join(unknown)[:64]}" if unknown else "no condition"
        row.reject_price(f"an override has {problem}")
        return
    yield from _lines(row, prices, tuple(conditions))


def _lines(row: Row, pricing: Mapping[str, Any], conditions: tuple[Condition, ...]) -> Iterable[Line]:
    """The price lines, without zeros for what this model does not charge for."""
    for key, value in pricing.items():
        if key == "overrides" or value is None:
            continue
        if key == "discount":
            # The listed prices include it.
            continue
        amount = read_amount(value)
        if amount is None or (amount < 0 and key in METERS):
            row.reject_price(f"{key[:64]} in pricing is not a valid price")
        elif amount or key in ("prompt", "completion") or conditions:
            yield from _line(row, key, amount, pricing, conditions)


def _line(
    row: Row, key: str, amount: Decimal, pricing: Mapping[str, Any], conditions: tuple[Condition, ...]
) -> Iterable[Line]:
    token = read_amount(pricing.get("prompt"))
    if key in METERS:
        meter, unit = METERS[key]
        more = (ONE_HOUR,) if key.endswith("_1h") else ()
        yield Line(meter, amount, unit=unit, conditions=(*conditions, *more))
    elif key == "image" and token and amount == token:
        yield Line("input.image", amount, unit="token", conditions=conditions)
    elif key == "image" and token and amount >= token * IMAGE_OVER_TOKEN:
        yield Line("input.image", amount, unit="image", conditions=conditions)
    else:
        row.set_aside("openrouter", key, amount)
