"""The whole catalog as ordered YAML, to store in a repository, to compare, or to migrate with.

It contains current prices and group rates. Past and announced ones, discount rules, currency rates, the history and
tokens are not included. The same catalog gives the same bytes, and `import_catalog yaml` restores it.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from catalog.exact import digits, write_json
from catalog.models import AIModel, Channel, EndpointType, ModelAlias, Offer, Vendor
from catalog.prices import Line, Sheet, without_replaced
from catalog.progress import announce, track
from catalog.sources.conditions import write_conditions
from catalog.sources.yaml_catalog import COUNTS, DATES, FORMAT, NAMES, TEXTS
from pricing.models import PopularModel, PriceSheet
from pricing.published.group_rates import ratios_in_force
from pricing.published.prices import sheets_in_force
from tokens.models import TokenGroup

JSON = dict[str, Any]


class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes every value in full, without anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def render(*, at: dt.datetime) -> bytes:
    """The document; without secrets, tokens and past prices."""
    body = {
        "format": FORMAT,
        "vendors": [
            {"slug": vendor.slug, "name": vendor.name, "aliases": vendor.aliases, "icon": vendor.icon}
            | {"description": vendor.description}
            for vendor in Vendor.objects.order_by("slug")
        ],
        "endpoint_types": [
            {"name": endpoint.name, "path": endpoint.path, "method": endpoint.method, "label": endpoint.label}
            for endpoint in EndpointType.objects.order_by("name")
        ],
        "groups": _groups(at=at),
        "channels": _channels(),
        "models": _models(at=at),
        "aliases": [
            {"name": alias.name, "model": alias.model.name}
            for alias in ModelAlias.objects.select_related("model").order_by("name")
        ],
        "popular": [
            {"model": popular.model.name, "position": popular.position}
            for popular in PopularModel.objects.select_related("model").order_by("position", "model__name")
        ],
    }
    announce("Writing YAML")
    text = yaml.dump(body, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=2**31 - 1)
    return str(text).encode()


def _groups(*, at: dt.datetime) -> list[JSON]:
    rates = ratios_in_force(at=at)
    reach = defaultdict(list)
    pairs = TokenGroup.channels.through.objects.order_by("channel__slug")
    for group, channel in pairs.values_list("tokengroup", "channel__slug"):
        reach[group].append(channel)
    return [
        {
            "slug": group.slug,
            "label": group.label,
            "description": group.description,
            "is_public": group.is_public,
            "auto_position": group.auto_position,
            "rate_limit": group.rate_limit,
            **({"rate": digits(rates[group.pk])} if group.pk in rates else {}),
            "channels": reach[group.pk],
        }
        for group in TokenGroup.objects.order_by("slug")
    ]


def _channels() -> list[JSON]:
    offers = defaultdict(list)
    rows = Offer.objects.order_by("model__name").values_list("channel", "model__name", "enabled", "upstream_name")
    for channel, model, enabled, upstream_name in rows:
        offers[channel].append({"model": model, "enabled": enabled, "upstream_name": upstream_name})
    return [
        {
            "slug": channel.slug,
            "name": channel.name,
            "enabled": channel.enabled,
            "base_url": channel.base_url,
            "priority": channel.priority,
            "weight": channel.weight,
            "note": channel.note,
            "offers": offers[channel.pk],
        }
        for channel in Channel.objects.order_by("slug")
    ]


def _models(*, at: dt.datetime) -> list[JSON]:
    models = list(AIModel.objects.select_related("vendor", "successor").order_by("name"))
    sheets = sheets_in_force([model.pk for model in models], roles=PriceSheet.Role.values, at=at)
    return [_model(model, sheets.get(model.pk, {})) for model in track(models, "Reading models")]


def _model(model: AIModel, sheets: Mapping[str, Sheet]) -> JSON:
    """The known fields of a model; an absent field is not known."""
    values = {name: getattr(model, name) for name in (*TEXTS, *NAMES, *COUNTS, *DATES)}
    known = {
        name: value for name, value in values.items() if value or (name == "public_endpoint_types" and value == [])
    }
    return {
        "name": model.name,
        "status": model.status,
        "in_price_list": model.in_price_list,
        "vendor": model.vendor.slug,
        **{name: value.isoformat() if isinstance(value, dt.date) else value for name, value in known.items()},
        **_json("default_parameters", model.default_parameters),
        **({"successor": model.successor.name} if model.successor else {}),
        **({"prices": {role: _sheet(sheets[role]) for role in sorted(sheets)}} if sheets else {}),
    }


def _sheet(sheet: Sheet) -> JSON:
    return {"currency": sheet.currency, **_json("facts", sheet.facts), "lines": _lines(without_replaced(sheet.lines))}


def _lines(lines: Iterable[Line]) -> list[JSON]:
    return [
        {
            **({"kind": line.kind} if line.kind != "absolute" else {}),
            "meter": line.meter,
            **({} if line.amount is None else {"amount": digits(line.amount)}),
            "per": line.per,
            "unit": line.unit,
            **({"when": write_conditions(line.conditions)} if line.conditions else {}),
            **_json("facts", line.facts),
        }
        for line in lines
    ]


def _json(name: str, values: Mapping[str, Any]) -> JSON:
    """The values as JSON, because YAML would not preserve the types of a source."""
    return {name: write_json(values).decode()} if values else {}
