"""The starter catalog: current models, facts and list prices that a new installation begins with."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from catalog.prices import Line, Sheet
from catalog.sources.records import Document, Record
from catalog.sources.rows import SourceError, read_body

FILE = Path(__file__).resolve().parent.parent / "starter" / "catalog.json"
FORMAT = 1

# How the file says what an amount is for -> (units, the unit).
PER = {
    "1M tokens": (1_000_000, "token"),
    "1M characters": (1_000_000, "character"),
    "1 image": (1, "image"),
    "1 second": (1, "second"),
    "1 query": (1, "query"),
}
OPERATORS = {">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}
# The keys of a price that are no meters.
ABOUT_A_PRICE = {"per", "when", "if", "source", "confirmed_by"}


def read(content: bytes) -> Document:
    """The models of the file in its order; InexactError or SourceError where it is no starter catalog."""
    catalog = read_body(content)
    if not isinstance(catalog, dict) or catalog.get("format") != FORMAT:
        raise SourceError(f"This is no starter catalog of format {FORMAT}.")
    try:
        records = tuple(_record(row, catalog["vendors"][row["vendor"]]) for row in catalog["models"])
        return Document(records=records, popular=tuple(catalog["popular"]))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise SourceError(f"This starter catalog is not sound: {type(error).__name__} {error}.") from None


def _record(row: Mapping[str, Any], vendor: Mapping[str, Any]) -> Record:
    price = row["price"]
    return Record(
        name=row["id"],
        display_name=row["name"],
        vendor=vendor["name"],
        vendor_icon=vendor["icon"],
        series=row["series"],
        context_length=row.get("context_length"),
        max_output_tokens=row.get("max_output_tokens"),
        input_modalities=tuple(row["input_modalities"]),
        output_modalities=tuple(row["output_modalities"]),
        capabilities=tuple(row["capabilities"]),
        supported_endpoint_types=tuple(row["supported_endpoint_types"]),
        released_on=date.fromisoformat(row["released_on"]),
        retires_on=date.fromisoformat(row["retires_on"]) if "retires_on" in row else None,
        prices=None if price is None else _prices(price),
    )


def _prices(price: Mapping[str, Any]) -> Sheet:
    per, unit = PER[price["per"]]
    figures = list(_figures(price, per, unit))
    for case in price.get("when", []):
        figures += _figures(case, per, unit, conditions=tuple(_conditions(case["if"])))
    return Sheet("USD", tuple(figures), facts={"source": price["source"], "confirmed_by": price["confirmed_by"]})


def _figures(
    amounts: Mapping[str, Any], per: int, unit: str, conditions: tuple[Mapping[str, Any], ...] = ()
) -> Iterator[Line]:
    for meter, amount in amounts.items():
        if meter not in ABOUT_A_PRICE:
            yield Line(meter, Decimal(amount), per, unit, conditions=conditions)


def _conditions(written: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """`{"prompt_tokens": "> 272000"}` as a condition; anything else, such as hours of the day, is kept as it is."""
    for dim, test in written.items():
        if isinstance(test, str):
            operator, value = test.split()
            yield {"dim": dim, "op": OPERATORS[operator], "value": int(value)}
        else:
            yield {"dim": dim, "op": "in", "value": test}
