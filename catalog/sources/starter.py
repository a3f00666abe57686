"""The starter catalog: current models, facts and list prices that a new installation starts with.

The file is a catalog in the format of yaml_catalog.py, but it is read as a list of models and prices only: importing
it again never overwrites a vendor, a price or an order of popular models that somebody has edited since.
"""

from dataclasses import replace
from pathlib import Path

from catalog.sources import yaml_catalog
from catalog.sources.records import Document, Record, Structure

FILE = Path(__file__).resolve().parent.parent / "starter" / "catalog.yaml"


def read(content: bytes) -> Document:
    """The models of the file in its order, with their list prices; SourceError or InexactError if it is not one."""
    document = yaml_catalog.read(content)
    records = tuple(_record(record, document.structure) for record in document.records)
    popular = Structure(popular=document.structure.popular, additions_only=frozenset({"popular"}))
    return Document(records, popular)


def _record(record: Record, structure: Structure) -> Record:
    icons = {vendor["name"]: vendor.get("icon") for vendor in structure.vendors.values()}
    return replace(
        record,
        vendor_icon=icons.get(record.vendor),
        prices=structure.prices.get("list", {}).get(record.name),
    )
