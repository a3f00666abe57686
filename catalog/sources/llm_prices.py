"""simonw's llm-prices: a vendor's models with their price history, in US dollars per million tokens.

The document is one vendor's file, or the file of all vendors (`prices`, one row per price). Prices of long prompts have
ids of their own (`gpt-5.4-272k`, named `GPT-5.4 >272k`), which nobody can call: they become conditional prices of the
model.
"""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from catalog import vendor_matching
from catalog.prices import MILLION, Condition, Line, Sheet
from catalog.sources import inferred_fields
from catalog.sources.records import Document, Record
from catalog.sources.rows import Row, SourceError, amount_of, day_start, holds_an_amount, read_body

METERS = {"input": "input", "output": "output", "input_cached": "input.cache_read"}
DATES = ("from_date", "to_date")
LONG_ID = re.compile(r"(?P<model>.+)-(?P<length>\d{2,7})k")
LONG_NAME = re.compile(r"\s*>\s*\d+k\s*$", re.IGNORECASE)
SHORT_NAME = re.compile(r"\s*(?:≤|<=|<)\s*\d+k\s*$", re.IGNORECASE)
# Vendors that price a prompt of exactly the boundary's length by the upper tier.
INCLUSIVE = ("xai", "x-ai")

# Start (inclusive), end (exclusive), and the lines.
Period = tuple[dt.datetime | None, dt.datetime | None, tuple[Line, ...]]


def read(content: bytes) -> Document:
    """The models in the file; InexactError or SourceError if it is not one of llm-prices."""
    models, findings = _models(read_body(content))
    named = {model["id"]: model for model in models}
    long = {name: base for name in named if (base := _base_of(named[name])) is not None}
    tiers: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for name, base in long.items():
        if base in named and base not in long:
            tiers[base].append(named[name])
        else:
            findings.append(
                f"{name[:255]} is the long-prompt price of {base[:255]}, which is not in the document; it was left out"
            )
    records = tuple(_record(model, tiers[name]) for name, model in named.items() if name not in long)
    return Document(records=records, findings=tuple(findings))


def _models(body: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """The models in the form of a vendor's file, each with its vendor, and findings."""
    if isinstance(body, list):
        keys = {key for entry in body if isinstance(entry, dict) for key in entry}
        body = {"models": body} if "price_history" in keys else {"prices": body} if keys & METERS.keys() else None
    if isinstance(body, dict) and isinstance(body.get("prices"), list):
        rows: dict[Any, dict[str, Any]] = {}
        for price in body["prices"]:
            values = dict(price) if isinstance(price, dict) else {}
            facts = {key: values.pop(key, None) for key in ("id", "name", "vendor")}
            if isinstance(facts["id"], str):
                rows.setdefault(facts["id"], {**facts, "price_history": []})["price_history"].append(values)
        listed: list[Any] = list(rows.values())
    elif isinstance(body, dict) and isinstance(body.get("models"), list):
        listed = [{"vendor": body.get("vendor"), **model} for model in body["models"] if isinstance(model, dict)]
    else:
        raise SourceError("The document is not an llm-prices file: it has no models and no prices.")
    models = {model["id"]: model for model in reversed(listed) if isinstance(model.get("id"), str) and model["id"]}
    if listed and not any("price_history" in model for model in models.values()):
        raise SourceError("The document is not an llm-prices file: none of its models has a price_history.")
    left_out = len(listed) - len(models)
    findings = [f"{left_out} models have no id or a duplicate id and were left out"] if left_out else []
    return list(reversed(models.values())), findings


def _base_of(model: Mapping[str, Any]) -> str | None:
    """The model whose long-prompt price this entry is; None if the entry is a model."""
    match, name = LONG_ID.fullmatch(model["id"]), model.get("name")
    return match["model"] if match and isinstance(name, str) and LONG_NAME.search(name) else None


def _record(model: Mapping[str, Any], tiers: Sequence[Mapping[str, Any]]) -> Record:
    row = Row(model)
    row.taken.update(("id", "price_history"))
    vendor = row.text("vendor", longest=128)
    title = row.text("name", longest=255)
    periods = list(_periods(row, model, ()))
    lengths = sorted(tiers, key=_length)
    long = [list(_periods(row, tier, (_longer(vendor, _length(tier)),))) for tier in lengths]
    schedule = _schedule(row, periods, long)
    is_plain = len(schedule) == 1 and schedule[0].starts_at is None and schedule[0].ends_at is None
    return Record(
        name=model["id"],
        display_name=SHORT_NAME.sub("", title) if title else None,
        vendor=_vendor_name(vendor),
        supported_endpoint_types=inferred_fields.endpoint_types(model["id"], None),
        prices=schedule[0] if is_plain else None,
        schedule=() if is_plain else schedule,
        inferred=frozenset({"supported_endpoint_types"}),
        findings=tuple(row.findings),
        unmapped=row.left_over,
    )


def _vendor_name(vendor: str | None) -> str | None:
    """The name of the vendor with this slug, such as meta-ai."""
    spellings = (vendor, vendor.replace("-", " ")) if vendor else ()
    known = next((known for spelling in spellings if (known := vendor_matching.known_vendor(spelling))), None)
    return known.name if known else vendor


def _length(tier: Mapping[str, Any]) -> int:
    match = LONG_ID.fullmatch(tier["id"])
    return int(match["length"]) * 1000 if match else 0


def _longer(vendor: str | None, length: int) -> Condition:
    return {"dim": "prompt_tokens", "op": "gte" if vendor in INCLUSIVE else "gt", "value": length}


def _periods(row: Row, model: Mapping[str, Any], conditions: tuple[Condition, ...]) -> Iterable[Period]:
    """The prices of a history with their dates: from the first (inclusive) to the second (exclusive)."""
    history = model.get("price_history")
    if not isinstance(history, list) or not all(isinstance(price, dict) for price in history):
        row.reject_price("price_history is not a list of prices")
        return
    for price in history:
        days = [day_start(price.get(key)) for key in DATES]
        if any(day is None and price.get(key) is not None for day, key in zip(days, DATES, strict=True)):
            row.reject_price("price_history has an invalid date: it needs dates such as 2026-01-31")
        lines = [_line(row, key, value, conditions) for key, value in price.items() if key not in DATES]
        yield days[0], days[1], tuple(line for line in lines if line)


def _line(row: Row, key: str, value: Any, conditions: tuple[Condition, ...]) -> Line | None:
    if value is None:
        return None
    if key not in METERS:
        if holds_an_amount(value):
            row.set_aside("llm_prices", key, value)
        else:
            row.report(f"price_history has an unknown key {key[:64]}, which was left out")
        return None
    amount = amount_of(value, f"{key} in price_history", row)
    return None if amount is None else Line(METERS[key], amount, MILLION, "token", conditions=conditions)


def _schedule(row: Row, periods: Sequence[Period], long: Sequence[Sequence[Period]]) -> tuple[Sheet, ...]:
    """A complete price for each day on which a part of the price changes."""
    every = [period for part in (periods, *long) for period in part]
    days = sorted({day for start, end, _ in every for day in (start, end) if day})
    sheets: list[Sheet] = []
    for start, end in zip([None, *days], [*days, None], strict=True):
        parts = [_lines_at(part, start) for part in (periods, *long)]
        if parts[0] and (sheet := row.sheet(line for part in parts for line in part)):
            sheets.append(replace(sheet, starts_at=start, ends_at=end))
    return tuple(sheets) if row.price_is_sound else ()


def _lines_at(periods: Sequence[Period], at: dt.datetime | None) -> tuple[Line, ...]:
    """The lines in effect from that day; with None, those in effect before the first date."""
    for start, end, lines in periods:
        has_started = start is None or (at is not None and start <= at)
        if has_started and (end is None or at is None or at < end):
            return lines
    return ()
