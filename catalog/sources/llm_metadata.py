"""basellm's llm-metadata, `newapi/models.json`: the models and prices that new-api's sites sync from.

A row has each price twice: in US dollars per million tokens, and as ratios. The ratios are derived from the model's
highest input price, which may be the price of audio; if they differ from the prices, the prices are used. A document of
another Modelbook also lists the vendors: they made the models, while llm-metadata names plans and hosts, too.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from catalog import vendor_matching
from catalog.exact import InexactError, read_json
from catalog.prices import MILLION, RATIO_UNIT, Line, Sheet
from catalog.sources import inferred_fields
from catalog.sources.records import Document, Record, Structure
from catalog.sources.rows import Row, SourceError, names_a_price, read_amount, read_body

METERS = {
    "price_per_m_input": "input",
    "price_per_m_output": "output",
    "price_per_m_cache_read": "input.cache_read",
    "price_per_m_cache_write": "input.cache_write",
}
# Ratio -> the price that is this multiple of the input price.
RATIOS = {
    "ratio_completion": "price_per_m_output",
    "ratio_cache": "price_per_m_cache_read",
    "ratio_create_cache": "price_per_m_cache_write",
}
# Some writers round ratios to six decimals.
ROUNDING = Decimal("0.00001")
CAPABILITIES = {"Reasoning": "reasoning", "Tools": "tools", "Vision": "vision", "Files": "pdf_input"}
EXACT_NAME = 0
# The vendor of models whose vendor is unknown.
OTHER = "other"


def read(content: bytes) -> Document:
    """The models in the list, with or without its envelope; InexactError or SourceError if it is not llm-metadata's."""
    body = read_body(content)
    rows = body.get("data") if isinstance(body, dict) else body or None
    if not isinstance(rows, list):
        raise SourceError("The document is not a models.json of llm-metadata: it has no list named data.")
    listed = [row for row in rows if isinstance(row, dict) and isinstance(row.get("model_name"), str)]
    if rows and not any("price_per_m_input" in row or "vendor_name" in row for row in listed):
        raise SourceError(
            "The document is not a models.json of llm-metadata: its rows have no vendor_name and no price."
        )
    records: dict[str, Record] = {}
    findings = (
        [f"{len(rows) - len(listed)} rows have no model_name and were left out"] if len(listed) < len(rows) else []
    )
    vendors = _vendors(body["vendors"]) if isinstance(body, dict) and isinstance(body.get("vendors"), list) else None
    for values in listed:
        name = values["model_name"]
        if values.get("name_rule", EXACT_NAME) != EXACT_NAME:
            findings.append(f"{name[:255]} is a rule for many names, not a model; it was left out")
        elif not name or name in records:
            findings.append(f"{name[:255]} appears more than once in data; the first row is used")
        else:
            records[name] = _record(name, values, vendors)
    # A document describes endpoint types that may be missing here; it does not decide where they are served.
    structure = Structure(endpoint_types=_paths(listed), additions_only=frozenset({"endpoint_types"}))
    return Document(tuple(records.values()), structure, findings=tuple(findings))


def _vendors(entries: list[Any]) -> dict[str, Row]:
    """Name -> the entry of a vendor."""
    rows = (Row(entry) for entry in entries if isinstance(entry, dict))
    return {name: row for row in rows if (name := row.text("name", longest=128))}


def _paths(rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Endpoint type -> where it is served, if all models agree: otherwise the path belongs to the model."""
    places: dict[str, set[tuple[str, str]]] = {}
    for row in rows:
        endpoints = _endpoints(row.get("endpoints"))
        for name, place in endpoints.items() if isinstance(endpoints, dict) else ():
            path, method = (place.get("path"), place.get("method")) if isinstance(place, dict) else (None, None)
            places.setdefault(name, set()).add((str(path or ""), str(method or "")))
    agreed = {name: places_of_type.pop() for name, places_of_type in places.items() if len(places_of_type) == 1}
    return {name: {"path": path, "method": method} for name, (path, method) in agreed.items() if path and method}


def _endpoints(value: Any) -> Any:
    """The value of `endpoints`, which may be JSON text; None if the text is not JSON."""
    if not isinstance(value, str):
        return value
    try:
        return read_json(value) if value.strip() else None
    except InexactError:
        return None


def _record(name: str, values: dict[str, Any], vendors: Mapping[str, Row] | None) -> Record:
    row = Row(values)
    row.taken.update(("model_name", "name_rule"))
    if row.take("status") not in (None, 1):
        row.report("is disabled in the source")
    tags = row.comma_names("tags")
    inputs, outputs = _listed(row, "input_modalities"), _listed(row, "output_modalities")
    inputs, outputs = inferred_fields.modalities(inputs), inferred_fields.modalities(outputs)
    named = _endpoint_types(row)
    # A Modelbook states all types that it knows; an inferred one would be a difference.
    types = named if named or vendors is not None else inferred_fields.endpoint_types(name, outputs)
    vendor = _vendor(row, name) if vendors is None else row.text("vendor_name", longest=128) or OTHER
    described = (vendors or {}).get(vendor or "", Row({}))
    return Record(
        name=name,
        vendor=vendor,
        vendor_icon=described.text("icon", longest=128),
        vendor_description=described.text("description", longest=10_000),
        is_vendor_certain=vendors is not None,
        description=row.text("description", longest=10_000),
        icon=row.text("icon", longest=128),
        tags=tags,
        context_length=row.count("context_length"),
        max_input_tokens=row.count("max_input_tokens"),
        max_output_tokens=row.count("max_output_tokens"),
        input_modalities=inputs,
        output_modalities=outputs,
        capabilities=inferred_fields.capabilities(
            [CAPABILITIES[tag] for tag in tags or () if tag in CAPABILITIES], inputs
        ),
        knowledge_cutoff=row.cutoff("knowledge_cutoff"),
        supported_endpoint_types=types,
        released_on=row.date("release_date"),
        prices=_prices(row),
        inferred=frozenset({"capabilities"} if named else {"capabilities", "supported_endpoint_types"}),
        findings=tuple(row.findings),
        unmapped=row.left_over,
    )


def _listed(row: Row, key: str) -> tuple[str, ...] | None:
    """Names in a list, or in a text with commas, as new-api's sites read them."""
    return row.comma_names(key) if isinstance(row.values.get(key), str) else row.names(key)


def _vendor(row: Row, name: str) -> str | None:
    """The vendor's name; None for plans and hosts (`Alibaba Coding Plan`) if the id shows the vendor."""
    vendor = row.text("vendor_name", longest=128)
    return (
        vendor
        if vendor and (vendor_matching.known_vendor(vendor) or not vendor_matching.vendor_of_model(name))
        else None
    )


def _endpoint_types(row: Row) -> tuple[str, ...] | None:
    stated = row.take("endpoints")
    endpoints = _endpoints(stated)
    if stated in (None, ""):
        return None
    if not isinstance(endpoints, dict | list) or not all(isinstance(name, str) and name for name in endpoints):
        row.report("endpoints is not a list of endpoint types")
        return None
    return tuple(dict.fromkeys(endpoints)) or None


def _prices(row: Row) -> Sheet | None:
    lines = tuple(_lines(row))
    pairs = _ratios(row)
    if any(_is_missing(*pair) for pair in pairs):
        row.reject_price("a price is 0 beside a ratio above 0")
    elif any(_differ(*pair) for pair in pairs):
        row.report("its ratios differ from its prices per million tokens; the prices are used")
    for key in row.left_over:
        if names_a_price(key) and (figure := read_amount(row.values[key])) is not None:
            row.set_aside("llm_metadata", key, figure)
    return row.sheet(lines)


def _lines(row: Row) -> Iterable[Line]:
    for key, meter in METERS.items():
        if (amount := row.amount(key)) is not None:
            yield Line(meter, amount, MILLION, "token")


def _ratios(row: Row) -> list[tuple[Any, Any, Any]]:
    """Each ratio of the row, the price that it repeats, and the price that it multiplies."""
    base = row.values.get("price_per_m_input")
    pairs: list[tuple[Any, Any, Any]] = [(row.take("ratio_model"), base, RATIO_UNIT)]
    return pairs + [(row.take(ratio), row.values.get(price), base) for ratio, price in RATIOS.items()]


def _is_missing(ratio: Any, price: Any, base: Any) -> bool:
    """Whether the ratio states a price above 0 where the price is 0."""
    factor, stated, unit = read_amount(ratio), read_amount(price), read_amount(base)
    return bool(factor and unit) and stated == 0


def _differ(ratio: Any, price: Any, base: Any) -> bool:
    """Whether the ratio results in another price."""
    factor, stated, unit = read_amount(ratio), read_amount(price), read_amount(base)
    if factor is None or stated is None or not unit:
        return False
    return abs(factor * unit - stated) > ROUNDING * max(abs(stated), abs(unit))
