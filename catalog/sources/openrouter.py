"""OpenRouter's list of models, `GET /api/v1/models`, in US dollars per token, call or picture, as decimal strings.

-1 says that the price depends on the model that is chosen; it is never a number here. A `:batch` row is the batch price
of the model before the colon. An id with a tilde is an alias that moves.
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
from catalog.sources.conditions import BATCH, ONE_HOUR
from catalog.sources.records import Document, Record, Structure
from catalog.sources.rows import Row, SourceError, own_meter, read_amount, read_body

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
# An image costs as much as hundreds of tokens or more; what costs less is priced by the token.
IMAGE_OVER_TOKEN = 100
CAPABILITIES = {
    "tools": "tools",
    "parallel_tool_calls": "parallel_tools",
    "structured_outputs": "structured_outputs",
    "reasoning": "reasoning",
    "web_search_options": "web_search",
}
NEVER = dt.date(2098, 12, 31)
# What only OpenRouter's own pages and programs need.
IGNORED = (
    "id",
    "canonical_slug",
    "hugging_face_id",
    "per_request_limits",
    "supported_voices",
    "knowledge_cutoff",
    "links",
    "reasoning",
    "benchmarks",
    "alias_target",
)
DYNAMIC = "-1"
CLOCK = re.compile(r"([01]\d|2[0-3]):?([0-5]\d)")


def read(content: bytes) -> Document:
    """The models of the list, in its envelope or bare; InexactError or SourceError where it is none."""
    body = read_body(content)
    rows = body.get("data") if isinstance(body, dict) else body
    if not isinstance(rows, list):
        raise SourceError("The document is no list of OpenRouter's models: it has no list named data.")
    listed = {row["id"]: row for row in rows if isinstance(row, dict) and isinstance(row.get("id"), str) and row["id"]}
    if rows and not any(isinstance(row.get("pricing"), dict) for row in listed.values()):
        raise SourceError("The document is no list of OpenRouter's models: none of its rows has an id and a pricing.")
    findings = []
    if len(listed) < len(rows):
        findings.append(f"{len(rows) - len(listed)} rows have no id, or one that stands twice, and were left out")
    aliases = {name: {"model": target} for name, row in listed.items() if (target := _alias_target(name, row, listed))}
    batches = {name: row for name, row in listed.items() if name.endswith(":batch") and name[:-6] in listed}
    records = tuple(
        _record(name, row, batches.get(f"{name}:batch"))
        for name, row in listed.items()
        if name not in aliases and name not in batches
    )
    return Document(records, findings=tuple(findings), structure=Structure(aliases=aliases) if aliases else None)


def _alias_target(name: str, row: Mapping[str, Any], listed: Mapping[str, Any]) -> str | None:
    """The model that an alias stands for at the moment, where the list has it."""
    target = row.get("alias_target")
    if isinstance(target, dict):
        target = target.get("id")
    return target if isinstance(target, str) and target in listed and target != name else None


def _record(name: str, values: Mapping[str, Any], batch: Mapping[str, Any] | None) -> Record:
    row = Row(values)
    row.taken.update(IGNORED)
    inputs, outputs = _modalities(row)
    vendor, title = _named(row, name)
    top = row.take("top_provider")
    retires = row.date("expiration_date")
    if name.startswith("~"):
        row.find("is an alias that moves; its price is that of the model behind it today")
    slug = row.take("canonical_slug")
    figures = _pricing(row, row.take("pricing"))
    if batch is not None:
        figures += _batch_pricing(row, batch)
    return Record(
        name=name,
        display_name=title,
        vendor=vendor,
        description=row.text("description", longest=10_000),
        context_length=row.count("context_length"),
        max_output_tokens=_limit(row, top),
        input_modalities=inputs,
        output_modalities=outputs,
        capabilities=_capabilities(row, inputs),
        supported_endpoint_types=inferred_fields.endpoint_types(name, outputs),
        default_parameters=_parameters(row.take("default_parameters")),
        released_on=_day(row),
        retires_on=None if retires == NEVER else retires,
        prices=_priced(row, figures, name),
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
    found = (
        inferred_fields.modalities(sides.names("input_modalities")),
        inferred_fields.modalities(sides.names("output_modalities")),
    )
    row.findings += sides.findings
    return found


def _limit(row: Row, top: Any) -> int | None:
    limits = Row(top if isinstance(top, dict) else {})
    found = limits.count("max_completion_tokens")
    row.findings += limits.findings
    return found


def _parameters(values: Any) -> Mapping[str, Any] | None:
    """Most are null, and of those that are not, the penalties have no place here."""
    return parameters.sound(values) or None if isinstance(values, dict) else None


def _capabilities(row: Row, inputs: tuple[str, ...] | None) -> tuple[str, ...] | None:
    named = row.names("supported_parameters")
    if named is None:
        return None
    return inferred_fields.abilities([CAPABILITIES[each] for each in named if each in CAPABILITIES], inputs)


def _day(row: Row) -> dt.date | None:
    """The day on which it was listed."""
    seconds = row.count("created")
    if seconds is None:
        return None
    try:
        return dt.datetime.fromtimestamp(seconds, tz=dt.UTC).date()
    except (OverflowError, OSError, ValueError):
        row.find("created is not a moment")
        return None


def _priced(row: Row, figures: tuple[Line, ...], name: str) -> Sheet | None:
    amounts = [figure.amount for figure in figures]
    if not figures or not row.price_is_sound:
        return None
    if not any(amounts) and None not in amounts and not name.endswith((":free", "/free")):
        row.find("costs 0 and is not called free: its price stands elsewhere; no price was taken from this row")
        return None
    values = row.values["pricing"]
    zeros = [key for key, value in values.items() if value in ("0", 0) and key not in ("prompt", "completion")]
    return Sheet("USD", figures, facts={"without_charge": zeros} if zeros else {})


def _batch_pricing(row: Row, batch: Mapping[str, Any]) -> tuple[Line, ...]:
    """The prices of the :batch row, for requests of that tier."""
    return tuple(replace(each, conditions=(BATCH, *each.conditions)) for each in _pricing(row, batch.get("pricing")))


def _pricing(row: Row, pricing: Any) -> tuple[Line, ...]:
    if not isinstance(pricing, dict):
        row.spoil_price("pricing is not an object")
        return ()
    if DYNAMIC in (pricing.get("prompt"), pricing.get("completion")):
        # A figure beside it would look like a price.
        return tuple(Line(meter, None, kind="dynamic") for meter in ("input", "output"))
    overrides = pricing.get("overrides")
    figures = [*_figures(row, pricing, ())]
    if overrides is not None and not isinstance(overrides, list):
        row.spoil_price("the overrides of pricing are no list")
        return ()
    for override in overrides or ():
        figures += _override(row, override)
    return tuple(figures)


def _override(row: Row, override: Any) -> Iterable[Line]:
    """Prices that replace the base ones where all conditions hold; a later override wins."""
    if not isinstance(override, dict):
        row.spoil_price("an override of pricing is no object")
        return
    conditions: list[Condition] = []
    prices = dict(override)
    least = prices.pop("min_prompt_tokens", None)
    if least is not None:
        if not isinstance(least, int) or isinstance(least, bool) or not 0 <= least < 10**12:
            row.spoil_price("min_prompt_tokens is not a count")
            return
        conditions.append({"dim": "prompt_tokens", "op": "gte", "value": least})
    start, end = prices.pop("utc_start", None), prices.pop("utc_end", None)
    if start is not None or end is not None:
        begins, ends = (CLOCK.fullmatch(each) if isinstance(each, str) else None for each in (start, end))
        if begins is None or ends is None:
            row.spoil_price("an override counts in hours that cannot be read")
            return
        hours = f"{begins[1]}:{begins[2]}-{ends[1]}:{ends[2]}"
        conditions.append({"dim": "time", "op": "in", "value": {"tz": "UTC", "windows": [{"hours": [hours]}]}})
    unknown = [key for key, value in prices.items() if key not in METERS and not read_amount(value)]
    if unknown or not conditions:
        # Without a condition that is understood it would replace every price.
        row.spoil_price(f"an override counts for {', '.join(unknown)[:64] or 'nothing that it says'}")
        return
    yield from _figures(row, prices, tuple(conditions))


def _figures(row: Row, pricing: Mapping[str, Any], conditions: tuple[Condition, ...]) -> Iterable[Line]:
    """The prices, but for the zeros of what this model does not charge for."""
    for key, value in pricing.items():
        if key == "overrides" or value is None:
            continue
        if key == "discount":
            # What is listed is the price after it.
            continue
        amount = read_amount(value)
        if amount is None or amount < 0:
            row.spoil_price(f"{key[:64]} in pricing is no price")
        elif amount or key in ("prompt", "completion") or conditions:
            yield _figure(row, key, amount, pricing, conditions)


def _figure(row: Row, key: str, amount: Decimal, pricing: Mapping[str, Any], conditions: tuple[Condition, ...]) -> Line:
    if key in METERS:
        meter, unit = METERS[key]
        more = (ONE_HOUR,) if key.endswith("_1h") else ()
        return Line(meter, amount, unit=unit, conditions=(*conditions, *more))
    token = read_amount(pricing.get("prompt"))
    if key == "image" and token and amount == token:
        return Line("input.image", amount, unit="token", conditions=conditions)
    if key == "image" and token and amount >= token * IMAGE_OVER_TOKEN:
        return Line("input.image", amount, unit="image", conditions=conditions)
    row.find(f"has a price {key[:64]} that fits no meter; it is kept under its own name")
    return Line(own_meter("openrouter", key), amount, conditions=conditions)
