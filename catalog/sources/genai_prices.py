"""pydantic/genai-prices' data.json: dated prices of providers' models, in US dollars per million, thousand or hour.

A model has one price, or several with a start date or hours of the day; the last one that applies wins. Start dates
become a schedule, hours become a condition. Variants replace single prices for requests that are processed in another
way, such as in batches.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalog import vendor_matching
from catalog.prices import MILLION, Condition, Line, Sheet
from catalog.sources import inferred_fields
from catalog.sources.conditions import BATCH, utc_hours
from catalog.sources.records import Document, Record
from catalog.sources.rows import Row, SourceError, amount_of, day_start, is_number, read_body

# Prices per million tokens: key without its suffix -> meter, and the lifetime of a cache.
TOKENS: Mapping[str, tuple[str, str]] = {
    "input": ("input", ""),
    "output": ("output", ""),
    "cache_read": ("input.cache_read", ""),
    "cache_write": ("input.cache_write", ""),
    "cache_write_5m": ("input.cache_write", "5m"),
    "cache_write_1h": ("input.cache_write", "1h"),
    "input_text": ("input.text", ""),
    "output_text": ("output.text", ""),
    "input_audio": ("input.audio", ""),
    "output_audio": ("output.audio", ""),
    "cache_audio_read": ("input.audio.cache_read", ""),
    "cache_audio_write": ("input.audio.cache_write", ""),
    "cache_audio_write_5m": ("input.audio.cache_write", "5m"),
    "cache_audio_write_1h": ("input.audio.cache_write", "1h"),
    "input_image": ("input.image", ""),
    "output_image": ("output.image", ""),
    "cache_image_read": ("input.image.cache_read", ""),
    "cache_image_write": ("input.image.cache_write", ""),
    "cache_image_write_5m": ("input.image.cache_write", "5m"),
    "cache_image_write_1h": ("input.image.cache_write", "1h"),
    "input_video": ("input.video", ""),
    "output_video": ("output.video", ""),
    "output_reasoning": ("output.reasoning", ""),
    "output_citation": ("output.citation", ""),
}
# All other prices: key -> meter, unit, and how many of them.
OTHERS: Mapping[str, tuple[str, str, int]] = {
    "requests_kcount": ("request", "request", 1000),
    "rerank_searches_kcount": ("request", "query", 1000),
    "input_text_messages_kcount": ("input.text", "message", 1000),
    "web_searches_kcount": ("web_search", "query", 1000),
    "storage_searches_kcount": ("file_search", "request", 1000),
    "input_mchars": ("input", "character", MILLION),
    "input_gpixels": ("input.image", "pixel", 1000 * MILLION),
    "audio_hours": ("input.audio", "hour", 1),
    "input_audio_hours": ("input.audio", "hour", 1),
    "output_audio_hours": ("output.audio", "hour", 1),
    "input_document_kpages": ("ocr", "page", 1000),
    "input_annotated_document_kpages": ("ocr.annotation", "page", 1000),
}
# Key of a variant -> dimension of the condition.
WHEN = {"service_tier": "service_tier", "speed": "service_tier", "route": "route", "search_type": "search_type"}
# Patterns by which programs recognise a model in a response, and comments for people.
IGNORED = ("id", "match", "price_comments", "prices_checked")
# The start of prices without one.
ALWAYS = dt.datetime.min.replace(tzinfo=dt.UTC)
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::00)?(?:Z|\+00:00)?")


def read(content: bytes) -> Document:
    """All models of all providers; InexactError or SourceError if the document is not from genai-prices."""
    body = read_body(content)
    if isinstance(body, dict):
        body = body.get("providers")
    if not isinstance(body, list):
        raise SourceError("The document is not from genai-prices: it is not a list of providers.")
    providers = [entry for entry in body if isinstance(entry, dict) and isinstance(entry.get("models"), list)]
    if body and not providers:
        raise SourceError("The document is not from genai-prices: none of its entries is a provider with models.")
    findings = (
        [f"{len(body) - len(providers)} entries are not providers and were left out"]
        if len(providers) < len(body)
        else []
    )
    records: list[Record] = []
    for host in providers:
        for values in host["models"]:
            name = values.get("id") if isinstance(values, dict) else None
            if isinstance(name, str) and name:
                records.append(_record(host, name, values))
            else:
                findings.append("a model without an id was left out")
    return Document(records=tuple(records), findings=tuple(dict.fromkeys(findings)))


def _record(host: Mapping[str, Any], name: str, values: Mapping[str, Any]) -> Record:
    row = Row(values)
    row.taken.update(IGNORED)
    providers = [name for name in (host.get("id"), host.get("name")) if isinstance(name, str) and name]
    if row.take("deprecated") is True:
        row.report("is deprecated according to the source, without a date")
    title, description = row.text("name", longest=255), row.text("description", longest=10_000)
    context = row.count("context_window")
    schedule = _schedule(row)
    return Record(
        name=name,
        provider=providers[0] if providers else "",
        first_party=any(vendor_matching.is_first_party(provider, name) for provider in providers),
        display_name=title,
        description=description,
        context_length=context,
        supported_endpoint_types=inferred_fields.endpoint_types(name, None),
        # One price without a date needs no schedule.
        prices=schedule[0] if len(schedule) == 1 and schedule[0].starts_at is None else None,
        schedule=schedule if len(schedule) > 1 or (schedule and schedule[0].starts_at) else (),
        inferred=frozenset({"supported_endpoint_types"}),
        findings=tuple(dict.fromkeys(row.findings)),
        unmapped=row.left_over,
    )


@dataclass(frozen=True)
class _Entry:
    """One object of prices, when it takes effect, and the conditions under which it applies."""

    prices: Mapping[str, Any]
    conditions: tuple[Condition, ...] = ()
    starts_at: dt.datetime = ALWAYS


def _schedule(row: Row) -> tuple[Sheet, ...]:
    """The price from each start date, in order; the first may have no start."""
    entries, variants = _entries(row, "prices"), _entries(row, "price_variants")
    if not row.price_is_sound:
        return ()
    sheets: list[Sheet] = []
    for start in sorted({ALWAYS, *(entry.starts_at for entry in (*entries, *variants))}):
        current = _prices_from([entry for entry in entries if entry.starts_at <= start])
        if current:
            current += _variants_from([entry for entry in variants if entry.starts_at <= start])
        sheet = row.sheet(line for entry in current for line in _lines(row, entry))
        if sheet is not None:
            sheets.append(replace(sheet, starts_at=None if start == ALWAYS else start))
    return tuple(sheets) if row.price_is_sound else ()


def _prices_from(started: Sequence[_Entry]) -> list[_Entry]:
    """The newest complete price, then the prices for hours of the day that the file lists after it."""
    places = [place for place, entry in enumerate(started) if not entry.conditions]
    # The later one wins if two have the same start.
    whole = max(places, key=lambda place: (started[place].starts_at, place), default=0)
    return [entry for place, entry in enumerate(started) if place == whole or (place > whole and entry.conditions)]


def _variants_from(started: Sequence[_Entry]) -> list[_Entry]:
    """One entry for each condition, with the newest price of each key.

    genai-prices uses the first variant that matches; a sheet uses the last line. So the order is reversed.
    """
    by_condition: dict[str, list[_Entry]] = {}
    for entry in reversed(started):
        by_condition.setdefault(repr(entry.conditions), []).append(entry)
    return [
        _Entry(
            {key: price for entry in sorted(same, key=_start) for key, price in entry.prices.items()},
            same[0].conditions,
        )
        for same in by_condition.values()
    ]


def _start(entry: _Entry) -> dt.datetime:
    return entry.starts_at


def _entries(row: Row, key: str) -> list[_Entry]:
    """The entries of a list; a single object is a list of one."""
    listed = row.take(key)
    if listed is None:
        return []
    if isinstance(listed, dict):
        listed = [{"prices": listed}]
    if not isinstance(listed, list):
        row.reject_price(f"{key} is neither an object nor a list")
        return []
    return [_entry(row, key, values) for values in listed]


def _entry(row: Row, key: str, values: Any) -> _Entry:
    prices = values.get("prices") if isinstance(values, dict) else None
    if not isinstance(prices, dict):
        row.reject_price(f"an entry in {key} has no prices")
        return _Entry({})
    conditions = _when(row, values.get("when"))
    match values.get("constraint"):
        case None:
            return _Entry(prices, conditions)
        case {"start_date": date, **rest} if not rest and (start := day_start(date)):
            return _Entry(prices, conditions, start)
        case {"start_time": str(start_time), "end_time": str(end_time), **rest} if not rest:
            begins, ends = CLOCK.fullmatch(start_time), CLOCK.fullmatch(end_time)
            if begins and ends:
                return _Entry(prices, (*conditions, utc_hours(begins, ends)))
    row.reject_price("a constraint is neither a date nor hours in UTC")
    return _Entry({})


def _when(row: Row, when: Any) -> tuple[Condition, ...]:
    if when is None:
        return ()
    if not isinstance(when, dict):
        row.reject_price("a variant has no condition")
        return ()
    conditions: list[Condition] = []
    for key, value in when.items():
        if key == "processing" and value == "batch":
            conditions.append(BATCH)
        elif key in WHEN and isinstance(value, str):
            conditions.append({"dim": WHEN[key], "op": "eq", "value": value})
        else:
            row.reject_price(f"a variant has the unknown condition {key[:64]}")
    return tuple(conditions)


def _lines(row: Row, entry: _Entry) -> Iterable[Line]:
    """The base prices, then those of longer prompts, from the smallest boundary up."""
    tiers: list[tuple[int, str, Any]] = []
    for key, value in entry.prices.items():
        if not _is_known(key):
            if value is not None:
                row.set_aside("genai_prices", key, value)
            continue
        if isinstance(value, dict):
            tiers += _tiers(row, key, value)
            value = value.get("base")
        if value is not None and (line := _line(row, key, value, entry.conditions)):
            yield line
    for start, key, price in sorted(tiers, key=lambda tier: tier[0]):
        bound = {"dim": "prompt_tokens", "op": "gt", "value": start}
        if line := _line(row, key, price, (*entry.conditions, bound)):
            yield line


def _tiers(row: Row, key: str, value: Mapping[str, Any]) -> Iterable[tuple[int, str, Any]]:
    tiers = value.get("tiers")
    sound = isinstance(tiers, list) and all(isinstance(tier, dict) and is_number(tier.get("start")) for tier in tiers)
    if not sound or value.get("base") is None or value.keys() - {"base", "tiers"}:
        row.reject_price(f"{key[:64]} is not a valid price by prompt length")
        return
    for tier in value["tiers"]:
        yield int(tier["start"]), key, tier.get("price")


def _line(row: Row, key: str, value: Any, conditions: tuple[Condition, ...]) -> Line | None:
    amount = amount_of(value, key[:64], row)
    if amount is None:
        return None
    if key in OTHERS:
        meter, unit, per = OTHERS[key]
        return Line(meter, amount, per, unit, conditions=conditions)
    meter, lifetime = TOKENS[key.removesuffix("_mtok")]
    ttl: tuple[Condition, ...] = ({"dim": "cache_ttl", "op": "eq", "value": lifetime},) if lifetime else ()
    return Line(meter, amount, MILLION, "token", conditions=(*conditions, *ttl))


def _is_known(key: str) -> bool:
    """Whether the key names a known meter and unit, so that its price becomes a line."""
    return key in OTHERS or (key.endswith("_mtok") and key.removesuffix("_mtok") in TOKENS)
