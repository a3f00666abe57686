"""pydantic/genai-prices' data.json: dated prices of providers' models, in US dollars per million, thousand or hour.

A model has one price, or several with the day or the hours from which each counts; the last that fits is the one. What
begins on a day becomes a schedule, what counts in some hours a condition. Variants replace single prices for requests
that are processed otherwise.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from catalog import vendor_matching
from catalog.prices import MILLION, Condition, Line, Sheet
from catalog.sources import inferred_fields
from catalog.sources.conditions import BATCH
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
# What comes before it -> meter, and the lifetime of a cache.
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
COUNTED = {"web_search": "query"}
# How a variant is asked for -> dimension of the condition.
WHEN = {"service_tier": "service_tier", "speed": "service_tier", "route": "route", "search_type": "search_type"}
# How programs recognise the model in an answer, and what people read beside the price.
IGNORED = ("id", "match", "price_comments", "prices_checked")
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::00)?(?:Z|\+00:00)?")


def read(content: bytes) -> Document:
    """All models of all providers; InexactError or SourceError where the document is none of genai-prices'."""
    body = read_body(content)
    if isinstance(body, dict):
        body = body.get("providers")
    if not isinstance(body, list):
        raise SourceError("The document is no data of genai-prices: it is not a list of providers.")
    providers = [each for each in body if isinstance(each, dict) and isinstance(each.get("models"), list)]
    if body and not providers:
        raise SourceError("The document is no data of genai-prices: none of its entries is a provider with models.")
    refuse_more(sum(len(host["models"]) for host in providers), of="models")
    findings = [f"{len(body) - len(providers)} entries are no providers"] if len(providers) < len(body) else []
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
    sellers = [each for each in (host.get("id"), host.get("name")) if isinstance(each, str) and each]
    if row.take("deprecated") is True:
        row.find("is deprecated, says the source, and names no date")
    title, description = row.text("name", longest=255), row.text("description", longest=10_000)
    context = row.count("context_window")
    schedule = _schedule(row)
    return Record(
        name=name,
        provider=sellers[0] if sellers else "",
        first_party=any(vendor_matching.is_first_party(each, name) for each in sellers),
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
    """The price from each day on which one begins, in order; the first may have no beginning."""
    entries, variants = _entries(row, "prices"), _entries(row, "price_variants")
    if not row.price_is_sound:
        return ()
    starts = sorted({entry.start for entry in (*entries, *variants) if entry.start}, key=str)
    found: list[Sheet] = []
    for start in (None, *starts):
        figures = tuple(_figures_from(row, entries, variants, start))
        if figures:
            found.append(Sheet("USD", figures, starts_at=day_start(start) if start else None))
    return tuple(found) if row.price_is_sound else ()


class _Entry:
    """One object of prices: from which day and in which hours it counts, and for which requests."""

    def __init__(self, row: Row, key: str, values: Any) -> None:
        self.prices: Mapping[str, Any] = {}
        self.start: str | None = None
        self.conditions: tuple[Condition, ...] = ()
        prices = values.get("prices") if isinstance(values, dict) else None
        if not isinstance(prices, dict):
            row.spoil_price(f"an entry of {key} has no prices")
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
                    hours = f"{begins[1]}:{begins[2]}-{ends[1]}:{ends[2]}"
                    return ({"dim": "time", "op": "in", "value": {"tz": "UTC", "windows": [{"hours": [hours]}]}},)
        row.spoil_price("a constraint is neither a day nor hours in UTC")
        return ()


def _entries(row: Row, key: str) -> list[_Entry]:
    """The entries of a list, or the one object that may stand in its place."""
    listed = row.take(key)
    if listed is None:
        return []
    if isinstance(listed, dict):
        listed = [{"prices": listed}]
    if not isinstance(listed, list):
        row.spoil_price(f"{key} is neither an object nor a list")
        return []
    return [_Entry(row, key, values) for values in listed]


def _when(row: Row, when: Any) -> tuple[Condition, ...]:
    if when is None:
        return ()
    if not isinstance(when, dict):
        row.spoil_price("a variant says not when it counts")
        return ()
    found = []
    for key, value in when.items():
        if key == "processing" and value == "batch":
            found.append(BATCH)
        elif key in WHEN and isinstance(value, str):
            found.append({"dim": WHEN[key], "op": "eq", "value": value})
        else:
            row.spoil_price(f"a variant counts for the unknown {key[:64]}")
    return tuple(found)


def _figures_from(row: Row, entries: list[_Entry], variants: list[_Entry], start: str | None) -> Iterable[Line]:
    """The figures that count from that day on: of the whole prices the last one begun, those of some hours after it."""
    begun = [entry for entry in entries if entry.start is None or (start is not None and entry.start <= start)]
    if not begun:
        return
    whole = max((place for place, entry in enumerate(begun) if not entry.conditions), default=0)
    for entry in begun[whole:]:
        yield from _figures(row, entry)
    for variant in variants:
        if variant.start is None or (start is not None and variant.start <= start):
            yield from _figures(row, variant)


def _figures(row: Row, entry: _Entry) -> Iterable[Line]:
    """The prices themselves, then those of longer prompts, from the shortest bound up."""
    tiers: list[tuple[int, str, Any]] = []
    for key, value in entry.prices.items():
        if isinstance(value, dict):
            tiers += _tiers(row, key, value)
            value = value.get("base")
        if value is not None and (figure := _figure(row, key, value, entry.conditions)):
            yield figure
    for start, key, price in sorted(tiers, key=lambda tier: tier[0]):
        bound = {"dim": "prompt_tokens", "op": "gt", "value": start}
        if figure := _figure(row, key, price, (*entry.conditions, bound)):
            yield figure


def _tiers(row: Row, key: str, value: Mapping[str, Any]) -> Iterable[tuple[int, str, Any]]:
    tiers = value.get("tiers")
    sound = isinstance(tiers, list) and all(isinstance(tier, dict) and is_number(tier.get("start")) for tier in tiers)
    if not sound or value.get("base") is None or value.keys() - {"base", "tiers"}:
        row.spoil_price(f"{key[:64]} is no price by length of the prompt")
        return
    for tier in value["tiers"]:
        yield int(tier["start"]), key, tier.get("price")


def _figure(row: Row, key: str, value: Any, conditions: tuple[Condition, ...]) -> Line | None:
    amount = amount_of(value, key[:64], row)
    if amount is None:
        return None
    base, _, suffix = key.rpartition("_")
    unit, per = UNITS.get(suffix, ("", 1))
    if base not in METERS or not unit:
        row.find(f"has a price {key[:64]} that fits no meter; it is kept under its own name")
        return Line(own_meter("genai_prices", key), amount, per, unit, conditions=conditions)
    meter, lifetime = METERS[base]
    if lifetime:
        conditions = (*conditions, {"dim": "cache_ttl", "op": "eq", "value": lifetime})
    return Line(meter, amount, per, COUNTED.get(meter, unit), conditions=conditions)
