"""The whole catalog as ordered YAML, to store in a repository, to compare, or to migrate with.

It contains current prices and group rates. Past and announced ones, discount rules, currency rates, the history and
tokens are not included. The same catalog gives the same bytes, and `import_catalog yaml` restores it.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from textwrap import indent
from typing import Any, TypeVar

import yaml
from django.db.models import F

from catalog.db.bulk import batches
from catalog.exact import digits, write_json
from catalog.models import AIModel, Channel, CodexProfile, EndpointType, ModelAlias, Offer, Vendor
from catalog.prices import Line, Sheet, without_replaced
from catalog.progress import track
from catalog.sources.conditions import write_conditions
from catalog.sources.yaml_catalog import CODEX_TEXTS, COUNTS, DATES, FORMAT, NAMES, TEXTS
from pricing.export.document import Document
from pricing.models import PopularModel, PriceSheet
from pricing.published.group_rates import ratios_in_force
from pricing.published.prices import sheets_in_force
from tokens.budgets import Budget
from tokens.models import ModelRelease, TokenGroup
from tokens.timestamps import format_timestamp

JSON = dict[str, Any]

# So many entries of a list are in memory at once.
BATCH = 500

T = TypeVar("T")


class Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]
    """Writes every value in full, without anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def render(*, at: dt.datetime) -> Document:
    """The document; without secrets, tokens and past prices. It is read from the database while it is written."""
    head = {
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
    }
    return Document(_dump(head), _lists(at=at), separator=b"")


def _dump(value: Any) -> bytes:
    return str(yaml.dump(value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=2**31 - 1)).encode()


def _lists(*, at: dt.datetime) -> Iterator[bytes]:
    """The lists that can be long, in parts: the whole document as values would take gigabytes."""
    yield from _list("channels", _channels())
    yield from _list("models", _models(at=at))
    aliases = ModelAlias.objects.order_by("name").values("name", "listed", model_name=F("model__name"))
    entries = (
        {"name": alias["name"], "model": alias["model_name"], "listed": alias["listed"]}
        for alias in aliases.iterator(chunk_size=BATCH)
    )
    yield from _list("aliases", map(_dump, _batched(entries)))
    releases = ModelRelease.objects.select_related("group", "model").order_by("model__name", "group__slug")
    starts = (
        {"model": release.model.name, "group": release.group.slug, "starts_at": _moment(release.starts_at)}
        for release in releases.iterator(chunk_size=BATCH)
    )
    if releases.exists():
        yield from _list("releases", map(_dump, _batched(starts)))
    profiles = CodexProfile.objects.select_related("model").order_by("model__name")
    if profiles.exists():
        yield from _list("codex_profiles", (_dump([_codex_profile(row)]) for row in profiles.iterator()))
    popular = PopularModel.objects.order_by("position", "model__name").values("position", name=F("model__name"))
    listed = [{"model": entry["name"], "position": entry["position"]} for entry in popular]
    yield from _list("popular", [_dump(listed)] if listed else [])


def _batched(entries: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(entries)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _list(name: str, parts: Iterable[bytes]) -> Iterator[bytes]:
    """A member of the document; the parts are lists in YAML."""
    is_empty = True
    for part in parts:
        yield f"{name}:\n".encode() + part if is_empty else part
        is_empty = False
    if is_empty:
        yield f"{name}: []\n".encode()


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
            **_budget(group.budget),
            **({"rate": digits(rates[group.pk])} if group.pk in rates else {}),
            "channels": reach[group.pk],
        }
        for group in TokenGroup.objects.order_by("slug")
    ]


def _budget(budget: Budget | None) -> JSON:
    """The budget of a group; a written null removes it."""
    if budget is None:
        return {"budget_amount": None}
    return {
        "budget_amount": digits(budget.amount), "budget_currency": budget.currency, "budget_period": budget.period,
    }  # fmt: skip


def _channels() -> Iterator[bytes]:
    for channel in Channel.objects.order_by("slug"):
        yield _dump(
            [
                {
                    "slug": channel.slug,
                    "name": channel.name,
                    "enabled": channel.enabled,
                    "base_url": channel.base_url,
                    "priority": channel.priority,
                    "weight": channel.weight,
                    "note": channel.note,
                }
            ]
        )
        offers = Offer.objects.filter(channel=channel).order_by("model__name")
        values = offers.values("enabled", "upstream_name", name=F("model__name")).iterator(chunk_size=BATCH)
        entries = (
            {"model": offer["name"], "enabled": offer["enabled"], "upstream_name": offer["upstream_name"]}
            for offer in values
        )
        for part in _list("offers", map(_dump, _batched(entries))):
            yield indent(part.decode(), "  ").encode()


def _models(*, at: dt.datetime) -> Iterator[bytes]:
    keys = list(AIModel.objects.order_by("name").values_list("pk", flat=True))
    for batch in track(batches(keys, BATCH), "Writing models"):
        models = AIModel.objects.select_related("vendor", "successor").in_bulk(batch)
        sheets = sheets_in_force(batch, roles=PriceSheet.Role.values, at=at)
        yield _dump([_model(models[key], sheets.get(key, {})) for key in batch if key in models])


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
        "listed": model.listed,
        **({"starts_at": _moment(model.starts_at)} if model.starts_at else {}),
        "vendor": model.vendor.slug,
        **{name: value.isoformat() if isinstance(value, dt.date) else value for name, value in known.items()},
        **_json("default_parameters", model.default_parameters),
        **({"successor": model.successor.name} if model.successor else {}),
        **({"forwards_to_successor": True} if model.forwards_to_successor else {}),
        **({"prices": {role: _sheet(sheets[role]) for role in sorted(sheets)}} if sheets else {}),
    }


def _moment(moment: dt.datetime | None) -> str | None:
    return None if moment is None else format_timestamp(moment)


def _codex_profile(profile: CodexProfile) -> JSON:
    return {
        "model": profile.model.name,
        **{name: value for name in CODEX_TEXTS if (value := getattr(profile, name))},
        "parallel_tool_calls": profile.parallel_tool_calls,
        "reasoning_levels": profile.reasoning_levels,
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
