"""new-api's public price list, `GET /api/pricing`, also in Crazyrouter's dialect: its models, vendors and groups.

`catalog/sources/new_api_prices.py` reads the price in each row.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from catalog import vendor_matching
from catalog.error_messages import some
from catalog.sources import inferred_fields, model_metadata
from catalog.sources.new_api_prices import may_be_unset, prices_of
from catalog.sources.records import Document, Record, Structure
from catalog.sources.rows import Row, SourceError, is_number, read_amount, read_body

# Constants of the format, dates of database rows, and derived values: nothing that a catalog stores.
IGNORED = ("owner_by", "pricing_version", "pricing_status", "price_from", "fees", "created_time", "updated_time")
# Names that result from an operator typing the object {"path": …, "method": …} in place of a name.
SLIPS = ("path", "method")


class VendorEntry(NamedTuple):
    """An entry of `vendors`."""

    name: str | None = None
    icon: str | None = None
    description: str | None = None


def read(content: bytes, *, is_published: bool = True) -> Document:
    """The rows of a price list, with or without its envelope; InexactError or SourceError if it is not one.

    `is_published`: it comes from a running gateway, which shows a placeholder for a missing price.
    """
    body = read_body(content)
    if isinstance(body, list) and any(isinstance(row, dict) and "model_name" in row for row in body):
        body = {"data": body}
    if not isinstance(body, dict) or not isinstance(body.get("data"), list):
        raise SourceError("The document is not a price list: it has no list named data.")
    if body.get("success") is False:
        raise SourceError("The document is an error message, not a price list: it has success: false.")
    document_row = Row(body)
    vendors = _vendors(document_row)
    groups = _groups(document_row)
    rates = _group_rates(document_row)
    _report_groups(document_row)
    records: dict[str, Record] = {}
    aliases = _aliases(body)
    for position, row in enumerate(body["data"], start=1):
        name = row.get("model_name") if isinstance(row, dict) else None
        if isinstance(name, str) and name in aliases:
            continue
        record = _record(row, vendors, groups, is_published=is_published)
        if record is None:
            document_row.report(f"row {position} has no model_name and was left out")
        elif record.name in records:
            document_row.report(f"{record.name[:255]} appears more than once in data; the first row is used")
        else:
            records[record.name] = record
    for record in _unpriced(document_row):
        if record.name not in aliases:
            records.setdefault(record.name, record)
    _judge_vendors(document_row, vendors, records)
    popular = document_row.names("popular_models") or ()
    structure = Structure(
        endpoint_types=_endpoint_types(document_row),
        rates=rates,
        aliases={name: row for name, row in aliases.items() if row["model"] in records},
        popular={name: {"position": position} for position, name in enumerate(popular)},
        # A price list describes endpoint types that may be missing here; it does not decide where they are served.
        additions_only=frozenset({"endpoint_types"}),
    )
    return Document(tuple(records.values()), structure, findings=tuple(document_row.findings))


def _vendors(body: Row) -> dict[int, VendorEntry]:
    """Vendor id -> its entry."""
    entries = body.take("vendors")
    if entries is None:
        return {}
    if not isinstance(entries, list):
        body.report("vendors is not a list")
        return {}
    by_id: dict[int, VendorEntry] = {}
    for entry in entries:
        row = Row(entry if isinstance(entry, dict) else {})
        number, name = row.take("id"), row.text("name", longest=128)
        if not is_number(number) or name is None:
            body.report("an entry in vendors has no id or no name and was left out")
        elif int(number) in by_id:
            body.report(f"the vendor id {number} appears twice; the first entry is used")
        else:
            by_id[int(number)] = VendorEntry(
                name, row.text("icon", longest=128), row.text("description", longest=10_000)
            )
    return by_id


def _judge_vendors(body: Row, vendors: Mapping[int, VendorEntry], records: Mapping[str, Record]) -> None:
    used = {record.vendor for record in records.values()}
    named = [vendor.name for vendor in vendors.values() if vendor.name]
    unused = [name for name in named if name not in used]
    if unused:
        body.report(f"{len(unused)} of {len(vendors)} vendors have no model and were left out: {', '.join(unused)}")
    spellings: defaultdict[str, list[str]] = defaultdict(list)
    for name in named:
        spellings[vendor_matching.vendor_key(name)].append(name)
    for names in spellings.values():
        if len(names) > 1:
            body.report(f"the vendors {' and '.join(names)} are the same; the first spelling is used")


def _groups(body: Row) -> frozenset[str]:
    """The groups that the list publishes."""
    named = [body.take(key) for key in ("usable_group", "group_ratio")]
    return frozenset(name for groups in named if isinstance(groups, dict) for name in groups)


def _aliases(body: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The rows under aliases, as this catalog's own price list has them."""
    entries = [body["data"], body.get("unpriced_models")]
    rows = [row for part in entries if isinstance(part, list) for row in part if isinstance(row, dict)]
    return {
        row["model_name"]: {"model": row["alias_of"]}
        for row in rows
        if isinstance(row.get("model_name"), str) and isinstance(row.get("alias_of"), str) and row["alias_of"]
    }


def _report_groups(body: Row) -> None:
    """Reports what the list says about its groups beside their rates: an import does not change groups here."""
    labels = body.values.get("usable_group")
    described = {name: label for name, label in labels.items() if label != name} if isinstance(labels, dict) else {}
    if described:
        shown = [f"{name[:64]} ({str(label)[:64]})" for name, label in described.items()]
        body.report(f"labels of groups were left out: {some(shown)}. Enter them on the pages of the groups")
    if automatic := body.names("auto_groups"):
        body.report(f"the automatic order of groups was left out: {some(list(automatic))}")


def _unpriced(body: Row) -> Iterator[Record]:
    """The models that a list names without a row, as this catalog's own price list does."""
    entries = body.take("unpriced_models") or ()
    for entry in entries if isinstance(entries, list) else ():
        name = entry.get("model_name") if isinstance(entry, dict) else None
        if isinstance(name, str) and name:
            yield Record(
                name=name,
                supported_endpoint_types=inferred_fields.endpoint_types(name, None),
                inferred=frozenset({"supported_endpoint_types"}),
                findings=(f"the list has no price for it: {str(entry.get('reason', 'unpriced'))[:64]}",),
            )


def _group_rates(body: Row) -> dict[str, Mapping[str, Any]]:
    rates = body.take("group_ratio")
    if rates is None:
        return {}
    if not isinstance(rates, dict):
        body.report("group_ratio is not an object")
        return {}
    read = {group: read_amount(rate) for group, rate in rates.items()}
    sound = {group: rate for group, rate in read.items() if rate is not None and rate >= 0}
    for group in rates.keys() - sound.keys():
        body.report(f"the rate of group {group[:64]} is not a number of 0 or more and was left out")
    return {group: {"ratio": rate} for group, rate in sound.items()}


def _endpoint_types(body: Row) -> dict[str, Mapping[str, Any]]:
    entries = body.take("supported_endpoint")
    if entries is None:
        return {}
    if not isinstance(entries, dict):
        body.report("supported_endpoint is not an object")
        return {}
    types: dict[str, Mapping[str, Any]] = {}
    for name, entry in entries.items():
        path = entry.get("path") if isinstance(entry, dict) else entry
        method = entry.get("method", "POST") if isinstance(entry, dict) else "POST"
        if name not in SLIPS and isinstance(path, str) and isinstance(method, str):
            types[name] = {"path": path, "method": method}
        else:
            body.report(f"the endpoint type {name[:64]} has no valid path and was left out")
    return types


def _record(
    values: Any, vendors: Mapping[int, VendorEntry], groups: frozenset[str], *, is_published: bool
) -> Record | None:
    name = values.get("model_name") if isinstance(values, dict) else None
    if not isinstance(name, str) or not name:
        return None
    row = Row(values)
    row.taken.update(IGNORED, ("model_name",))
    vendor = _vendor(row, vendors)
    _judge_groups(row, groups)
    record = Record(
        name=name,
        vendor=vendor.name,
        vendor_icon=vendor.icon,
        vendor_description=vendor.description,
        description=row.text("description", longest=10_000),
        series=row.text("series", longest=64),
        icon=row.text("icon", longest=128),
        tags=row.comma_names("tags"),
        context_length=row.count("context_length"),
        max_input_tokens=row.count("max_input_tokens"),
        max_output_tokens=row.count("max_output_tokens"),
        knowledge_cutoff=row.cutoff("knowledge_cutoff"),
        supported_endpoint_types=_types(row, "supported_endpoint_types"),
        public_endpoint_types=_public_types(row),
        released_on=row.date("release_date"),
    )
    record = model_metadata.complete(record, row)
    prices = prices_of(row, is_stored=not is_published)
    if prices and is_published and may_be_unset(row, record.name):
        record, prices = replace(record, unconfirmed=prices), None
    return replace(record, prices=prices, findings=tuple(row.findings), unmapped=(*record.unmapped, *row.left_over))


def _vendor(row: Row, vendors: Mapping[int, VendorEntry]) -> VendorEntry:
    number = row.take("vendor_id")
    if number is None:
        row.report("has no vendor_id; the vendor is inferred from the model id if possible")
        return VendorEntry()
    if not is_number(number) or int(number) not in vendors:
        row.report("its vendor_id is not in the list of vendors")
        return VendorEntry()
    return vendors[int(number)]


def _judge_groups(row: Row, groups: frozenset[str]) -> None:
    for group in row.names("enable_groups") or ():
        if group != "all" and group not in groups:
            row.report(
                f"names the group {group[:64]}, which the price list does not publish; the group was not created"
            )


def _types(row: Row, key: str) -> tuple[str, ...] | None:
    names = row.names(key)
    if names is None:
        return None
    for name in names:
        if name in SLIPS:
            row.report(f"{name} is not a valid endpoint type and was left out")
    return tuple(name for name in names if name not in SLIPS)


def _public_types(row: Row) -> tuple[str, ...] | None:
    if "public_endpoint_types" in row.values and row.values["public_endpoint_types"] is None:
        row.taken.add("public_endpoint_types")
        row.report("its public_endpoint_types are null; they were imported as an empty list")
        return ()
    return _types(row, "public_endpoint_types")
