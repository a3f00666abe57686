"""The public price list, `/api/pricing`, in the shape of new-api and Crazyrouter.

Rows are ordered (popular first, then vendor, then id) and the bytes are the same for the same prices, so that a client
that has them is told so. Only groups, vendors and endpoint types that the caller's rows use are named.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable
from typing import Any

from catalog.exact import write_json
from catalog.models import AIModel, EndpointType, Vendor
from catalog.prices import Sheet
from catalog.progress import track
from catalog.sources.ratio_config import MAPS
from pricing.newapi.ratios import JSON, config_entries, price_fields
from pricing.published.group_rates import group_rates, groups_of_models, slugs_of
from pricing.published.popularity import popular_models
from pricing.published.prices import published_sheets
from tokens.access.visibility import Listing
from tokens.models import TokenGroup
from tokens.scope import Scope


def price_list(scope: Scope, *, at: dt.datetime, today: dt.date, folded: bool = False) -> bytes:
    """The price list of a moment, past, present or announced, that a caller of this scope sees today, as JSON.

    `folded`: the discounts are multiplied into the prices, for readers that know none.
    """
    models = Listing(scope, at.date()).models()
    groups = list(TokenGroup.objects.filter(pk__in=scope.groups).order_by("slug"))
    popular = popular_models(models, on=today)
    sheets = published_sheets(models, at=at, groups={group.slug for group in groups})
    if folded:
        sheets = {key: sheet.folded() for key, sheet in sheets.items()}
    reach = groups_of_models(groups)
    rank = {name: position for position, name in enumerate(popular)}
    ordered = sorted(models, key=lambda model: (rank.get(model.name, len(rank)), model.vendor.name, model.name))
    rows = [_row(model, sheets.get(model.pk), reach[model.pk]) for model in track(ordered, "Writing models")]
    body: JSON = {
        "success": True,
        "data": rows,
        "popular_models": popular,
        "supported_endpoint": _endpoint_types(rows),
        "vendors": _vendors(models),
        "group_ratio": group_rates(groups, at=at),
        "usable_group": {group.slug: group.label for group in groups},
        "auto_groups": _automatic(groups),
    }
    # Names the content: the same prices have the same version, on every machine.
    return write_json(body | {"pricing_version": hashlib.sha256(write_json(body)).hexdigest()[:32]})


def ratio_config(scope: Scope, *, at: dt.datetime) -> bytes:
    """The maps that new-api sites read prices from, discounts multiplied in, as JSON.

    A model stands only in the maps that carry its price: what is sold by the second or in a currency without a rate is
    in none, for a reader takes each number at its word.
    """
    maps: dict[str, JSON] = {name: {} for name in MAPS}
    models = Listing(scope, at.date()).models()
    sheets = published_sheets(models, at=at, groups=slugs_of(scope))
    for model in track(sorted(models, key=lambda model: model.name), "Writing models"):
        for name, value in config_entries(sheets.get(model.pk)).items():
            maps[name][model.name] = value
    return write_json({"success": True, "message": "", "data": maps})


def _row(model: AIModel, sheet: Sheet | None, groups: list[str]) -> JSON:
    optional = {
        "description": model.description,
        "icon": model.icon,
        "tags": ",".join(model.tags),
        "series": model.series,
        "release_date": model.released_on.isoformat() if model.released_on else "",
    }
    return {
        "model_name": model.name,
        **{name: value for name, value in optional.items() if value},
        "vendor_id": model.vendor_id,
        "owner_by": model.vendor.slug,
        **price_fields(sheet),
        "enable_groups": groups,
        "supported_endpoint_types": model.supported_endpoint_types,
        "public_endpoint_types": model.callable_endpoint_types,
    }


def _automatic(groups: Iterable[TokenGroup]) -> list[str]:
    """Those in the automatic order, the one that is tried first before the others."""
    places = ((group.auto_position, group.slug) for group in groups if group.auto_position is not None)
    return [slug for _, slug in sorted(places)]


def _endpoint_types(rows: Iterable[JSON]) -> JSON:
    used = {name for row in rows for name in (*row["supported_endpoint_types"], *row["public_endpoint_types"])}
    registry = EndpointType.objects.filter(name__in=used).order_by("name")
    return {entry.name: {"path": entry.path, "method": entry.method} for entry in registry}


def _vendors(models: Iterable[AIModel]) -> list[JSON]:
    used: dict[int, Vendor] = {model.vendor.pk: model.vendor for model in models}
    return [_vendor(vendor) for vendor in sorted(used.values(), key=lambda vendor: (vendor.name, vendor.pk))]


def _vendor(vendor: Vendor) -> JSON:
    optional: dict[str, Any] = {"icon": vendor.icon, "description": vendor.description}
    return {"id": vendor.pk, "name": vendor.name, **{name: value for name, value in optional.items() if value}}
