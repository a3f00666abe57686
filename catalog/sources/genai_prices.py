"""pydantic/genai-prices' data.json: dated prices of providers' models, in US dollars per million, thousand or hour.

A model has one price, or several with a start date or hours of the day; the last one that applies wins. Start dates
become a schedule, hours become a condition. Variants replace single prices for requests that are processed in another
way, such as in batches.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from catalog import vendor_matching
from catalog.prices import MILLION, Condition, Line, Sheet
from catalog.sources import inferred_fields
from catalog.sources.conditions import BATCH, utc_hours
from catalog.sources.records import Document, Record
from catalog.sources.rows import Row, SourceError, amount_of, day_start, is_number, own_meter, read_body, refuse_more

# Suffix of a key -> unit, and how many of them.
UNITS = {
    "mtok": ("token", MILLION),
    "kcount": ("request", 1000),
    "hours": ("hour", 1),
    "kpages": ("page", 1000),
    "mchars": ("character", MILLION),
}
# Key without its suffix -> meter, and the lifetime of a cache.
METERS: Mapping[str, tuple[str, str]] = {
    "input": ("input", ""),
    "output": ("output", ""),
    "cache_read": ("input.cache_read", ""),
    "cache_write": ("input.cache_write", ""),
    "cache_write_5m": ("input.cache_write", "5m"),
    "cache_write_1h": ("input.cache_write", "1h"),
    "input_audio": ("input.audio", ""),
    "output_audio": ("output.audio", ""),
    "cache_audio_read": ("input.audio.cache_read", ""),
    "cache_audio_write": ("input.audio.cache_write", ""),
    "input_image": ("input.image", ""),
    "output_image": ("output.image", ""),
    "cache_image_read": ("input.image.cache_read", ""),
    "cache_image_write": ("input.image.cache_write", ""),
    "input_video": ("input.video", ""),
    "output_video": ("output.video", ""),
    "output_reasoning": ("output.reasoning", ""),
    "output_citation": ("output.citation", ""),
    "requests": ("request", ""),
    "web_searches": ("web_search", ""),
    "storage_searches": ("file_search", ""),
}
UNIT_OF_METER = {"web_search": "query"}
# Key of a variant -> dimension of the condition.
WHEN = {"service_tier": "service_tier", "speed": "service_tier", "route": "route", "search_type": "search_type"}
# Patterns by which programs recognise a model in a response, and comments for people.
IGNORED = ("id", "match", "price_comments", "prices_checked")
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
    refuse_more(sum(len(host["models"]) for host in providers), of="models")
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
        findings=tuple(row.findings),
        unmapped=row.left_over,
    )


def _schedule(row: Row) -> tuple[Sheet, ...]:
    """The price from each start date, in order; the first may have no start."""
    entries, variants = _entries(row, "prices"), _entries(row, "price_variants")
    if not row.price_is_sound:
        return ()
    starts = sorted({entry.start for entry in (*entries, *variants) if entry.start}, key=str)
    sheets: list[Sheet] = []
    for start in (None, *starts):
        lines = tuple(_lines_from(row, entries, variants, start))
        if lines:
            sheets.append(Sheet("USD", lines, starts_at=day_start(start) if start else None))
    return tuple(sheets) if row.price_is_sound else ()


class _Entry:
    """One object of prices: its start date, and the conditions under which it applies."""

    def __init__(self, row: Row, key: str, values: Any) -> None:
        self.prices: Mapping[str, Any] = {}
        self.start: str | None = None
        self.conditions: tuple[Condition, ...] = ()
        prices = values.get("prices") if isinstance(values, dict) else None
        if not isinstance(prices, dict):
            row.reject_price(f"an entry in {key} has no prices")
            return
        self.prices = prices
        self.conditions = (*_when(row, values.get("when")), *self._constraint(row, values.get("constraint")))

    def _constraint(self, row: Row, constraint: Any) -> tuple[Condition, ...]:
        match constraint:
            case None:
                return ()
            case {"start_date": start, **rest} if not rest and day_start(start):
                self.start = str(start)
                return ()
            case {"start_time": str(start), "end_time": str(end), **rest} if not rest:
                begins, ends = CLOCK.fullmatch(start), CLOCK.fullmatch(end)
                if begins and ends:
                    return (utc_hours(begins, ends),)
        row.reject_price("a constraint is neither a date nor hours in UTC")
        return ()


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
    return [_Entry(row, key, values) for values in listed]


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


def _lines_from(row: Row, entries: list[_Entry], variants: list[_Entry], start: str | None) -> Iterable[Line]:
    """The lines in effect from that day: the last complete price that has started, then prices for hours of the day."""
    started = [entry for entry in entries if entry.start is None or (start is not None and entry.start <= start)]
    if not started:
        return
    whole = max((place for place, entry in enumerate(started) if not entry.conditions), default=0)
    for entry in started[whole:]:
        yield from _lines(row, entry)
    for variant in variants:
        if variant.start is None or (start is not None and variant.start <= start):
            yield from _lines(row, variant)


def _lines(row: Row, entry: _Entry) -> Iterable[Line]:
    """The base prices, then those of longer prompts, from the smallest boundary up."""
    tiers: list[tuple[int, str, Any]] = []
    for key, value in entry.prices.items():
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
    base, _, suffix = key.rpartition("_")
    unit, per = UNITS.get(suffix, ("", 1))
    if base not in METERS or not unit:
        row.report(f"has a price {key[:64]} that matches no meter; it is stored under its own name")
        return Line(own_meter("genai_prices", key), amount, per, unit, conditions=conditions)
    meter, lifetime = METERS[base]
    if lifetime:
        conditions = (*conditions, {"dim": "cache_ttl", "op": "eq", "value": lifetime})
    return Line(meter, amount, per, UNIT_OF_METER.get(meter, unit), conditions=conditions)
