"""basellm's llm-metadata, `newapi/models.json`: the models and prices that new-api's sites sync from.

A row has each price twice: in US dollars per million tokens, and as ratios. The ratios are made of the highest input
price of a model, which may be that of audio; where the two differ, the prices count.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from catalog import vendor_matching
from catalog.prices import MILLION, RATIO_UNIT, Line, Sheet
from catalog.sources import inferred_fields
from catalog.sources.records import Document, Record
from catalog.sources.rows import Row, SourceError, is_number, read_body

METERS = {
    "price_per_m_input": "input",
    "price_per_m_output": "output",
    "price_per_m_cache_read": "input.cache_read",
    "price_per_m_cache_write": "input.cache_write",
}
# Ratio -> the price that it is a multiple of another.
RATIOS = {
    "ratio_completion": "price_per_m_output",
    "ratio_cache": "price_per_m_cache_read",
    "ratio_create_cache": "price_per_m_cache_write",
}
# Ratios are rounded to six decimals by some writers.
ROUNDING = Decimal("0.00001")
CAPABILITIES = {"Reasoning": "reasoning", "Tools": "tools", "Vision": "vision", "Files": "pdf_input"}
EXACT_NAME = 0


def read(content: bytes) -> Document:
    """The models of the list; InexactError or SourceError where it is none."""
    body = read_body(content)
    rows = body.get("data") if isinstance(body, dict) else None
    if not isinstance(rows, list):
        raise SourceError("The document is no models.json of llm-metadata: it has no list named data.")
    listed = [row for row in rows if isinstance(row, dict) and isinstance(row.get("model_name"), str)]
    if rows and not any("price_per_m_input" in row or "vendor_name" in row for row in listed):
        raise SourceError("The document is no models.json of llm-metadata: its rows have no vendor_name and no price.")
    records: dict[str, Record] = {}
    findings = [f"{len(rows) - len(listed)} rows have no model_name"] if len(listed) < len(rows) else []
    for values in listed:
        name = values["model_name"]
        if values.get("name_rule", EXACT_NAME) != EXACT_NAME:
            findings.append(f"{name[:255]} is a rule for many names and no model; it was left out")
        elif not name or name in records:
            findings.append(f"{name[:255]} stands more than once in data; the first row counts")
        else:
            records[name] = _record(name, values)
    return Document(records=tuple(records.values()), findings=tuple(findings))


def _record(name: str, values: dict[str, Any]) -> Record:
    row = Row(values)
    row.taken.update(("model_name", "name_rule"))
    if row.take("status") not in (None, 1):
        row.find("is switched off in the source")
    tags = _tags(row)
    inputs, outputs = row.names("input_modalities"), row.names("output_modalities")
    inputs, outputs = inferred_fields.modalities(inputs), inferred_fields.modalities(outputs)
    named = _endpoint_types(row)
    return Record(
        name=name,
        vendor=_vendor(row, name),
        description=row.text("description", longest=10_000),
        icon=row.text("icon", longest=128),
        tags=tags,
        context_length=row.count("context_length"),
        max_output_tokens=row.count("max_output_tokens"),
        input_modalities=inputs,
        output_modalities=outputs,
        capabilities=inferred_fields.abilities(
            [CAPABILITIES[tag] for tag in tags or () if tag in CAPABILITIES], inputs
        ),
        supported_endpoint_types=named or inferred_fields.endpoint_types(name, outputs),
        released_on=row.date("release_date"),
        prices=_prices(row),
        inferred=frozenset({"capabilities"} if named else {"capabilities", "supported_endpoint_types"}),
        findings=tuple(row.findings),
        unmapped=row.left_over,
    )


def _vendor(row: Row, name: str) -> str | None:
    """The vendor's name, but for plans and hosts (`Alibaba Coding Plan`) where the id tells who made the model."""
    vendor = row.text("vendor_name", longest=128)
    return (
        vendor
        if vendor and (vendor_matching.known_vendor(vendor) or not vendor_matching.vendor_of_model(name))
        else None
    )


def _tags(row: Row) -> tuple[str, ...] | None:
    text = row.text("tags", longest=10_000)
    return None if text is None else tuple(dict.fromkeys(tag.strip() for tag in text.split(",") if tag.strip()))


def _endpoint_types(row: Row) -> tuple[str, ...] | None:
    endpoints = row.take("endpoints")
    if endpoints is None:
        return None
    if not isinstance(endpoints, dict | list) or not all(isinstance(each, str) and each for each in endpoints):
        row.find("endpoints is no list of endpoint types")
        return None
    return tuple(dict.fromkeys(endpoints)) or None


def _prices(row: Row) -> Sheet | None:
    figures = tuple(_figures(row))
    if _contradicts(row):
        row.find("its ratios contradict its prices per million tokens; the prices count")
    return Sheet("USD", figures) if figures and row.price_is_sound else None


def _figures(row: Row) -> Iterable[Line]:
    for key, meter in METERS.items():
        if (amount := row.figure(key)) is not None:
            yield Line(meter, amount, MILLION, "token")


def _contradicts(row: Row) -> bool:
    """Whether a ratio says another price than the price that stands beside it."""
    base = row.values.get("price_per_m_input")
    pairs: list[tuple[Any, Any, Any]] = [(row.take("ratio_model"), base, RATIO_UNIT)]
    pairs += [(row.take(ratio), row.values.get(price), base) for ratio, price in RATIOS.items()]
    return any(_differ(*pair) for pair in pairs)


def _differ(ratio: Any, price: Any, base: Any) -> bool:
    if not all(is_number(each) for each in (ratio, price, base)) or not base:
        return False
    said, meant = Decimal(ratio) * Decimal(base), Decimal(price)
    return abs(said - meant) > ROUNDING * max(abs(meant), abs(Decimal(base)))
