"""The whole catalog as ordered YAML, to store in a repository, to compare, or to migrate with.

It contains current prices and group rates, and on request tokens without their keys, and roles. Past and announced
prices, discount rules, currency rates and the history are not included. The same catalog gives the same bytes, and
`import_catalog yaml` restores it.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from textwrap import indent
from types import MappingProxyType
from typing import Any, TypeVar

from django.contrib.auth.models import Group
from django.db.models import F

from catalog.db.bulk import batches
from catalog.exact import digits, write_json
from catalog.models import AIModel, Channel, CodexProfile, EndpointType, ModelAlias, Offer, Vendor
from catalog.prices import Line, Sheet, without_replaced
from catalog.progress import track
from catalog.sources.conditions import write_conditions
from catalog.sources.yaml_catalog import CODEX_TEXTS, COUNTS, DATES, FORMAT, KNOWN_FLAGS, NAMES, TEXTS
from catalog.sources.yaml_values import write
from pricing.export.document import Document
from pricing.models import PopularModel, PriceSheet
from pricing.published.group_rates import ratios_in_force
from pricing.published.prices import sheets_in_force
from tokens.budgets import Budget
from tokens.models import ModelRelease, Token, TokenGroup
from tokens.timestamps import format_timestamp

JSON = dict[str, Any]

HEAD = f"format: {FORMAT}\n".encode()
# So many entries of a list are in memory at once.
BATCH = 500

T = TypeVar("T")


def render(*, at: dt.datetime) -> Document:
    """The document; without secrets, tokens and past prices. It is read from the database while it is written."""
    parts = (part for _, parts in sections(at=at) for part in parts)
    return Document(HEAD, parts, separator=b"")


def sections(*, at: dt.datetime, extra: Collection[str] = ()) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Each section and its bytes in parts: the whole document as values would take gigabytes. `extra`: of EXTRA."""
    rows: Mapping[str, Callable[[], Iterable[bytes]]] = {
        "vendors": _vendors,
        "endpoint_types": _endpoint_types,
        "groups": lambda: _groups(at=at),
        "channels": _channels,
        "models": lambda: _models(at=at),
        "aliases": _aliases,
        "releases": _releases,
        "codex_profiles": _codex_profiles,
        "popular": _popular,
        **{name: EXTRA[name] for name in EXTRA if name in extra},
    }
    for name, write_rows in rows.items():
        yield name, _list(name, write_rows())


def _vendors() -> Iterator[bytes]:
    for vendor in Vendor.objects.order_by("slug"):
        named = {"slug": vendor.slug, "name": vendor.name, "chinese_name": vendor.chinese_name}
        yield write([named | {"aliases": vendor.aliases, "icon": vendor.icon, "description": vendor.description}])


def _endpoint_types() -> Iterator[bytes]:
    for endpoint in EndpointType.objects.order_by("name"):
        yield write([{name: getattr(endpoint, name) for name in ("name", "path", "method", "label")}])


def _aliases() -> Iterator[bytes]:
    rows = ModelAlias.objects.order_by("name").values("name", "listed", model_name=F("model__name"))
    entries = (
        {"name": alias["name"], "model": alias["model_name"], "listed": alias["listed"]}
        for alias in rows.iterator(chunk_size=BATCH)
    )
    yield from map(write, _batched(entries))


def _releases() -> Iterator[bytes]:
    rows = ModelRelease.objects.select_related("group", "model").order_by("model__name", "group__slug")
    entries = (
        {"model": release.model.name, "group": release.group.slug, "starts_at": _moment(release.starts_at)}
        for release in rows.iterator(chunk_size=BATCH)
    )
    yield from map(write, _batched(entries))


def _codex_profiles() -> Iterator[bytes]:
    for profile in CodexProfile.objects.select_related("model").order_by("model__name").iterator():
        yield write([_codex_profile(profile)])


def _popular() -> Iterator[bytes]:
    popular = PopularModel.objects.order_by("position", "model__name").values("position", name=F("model__name"))
    if entries := [{"model": entry["name"], "position": entry["position"]} for entry in popular]:
        yield write(entries)


def _tokens() -> Iterator[bytes]:
    """The tokens by their key ids, without anything that belongs to their keys."""
    rows = Token.objects.select_related("first_group").prefetch_related("groups").order_by("key_id")
    yield from map(write, _batched(_token(row) for row in rows.iterator(chunk_size=BATCH)))


def _token(token: Token) -> JSON:
    return {
        "key_id": token.key_id,
        "name": token.name,
        "enabled": token.enabled,
        "groups": sorted(group.slug for group in token.groups.all()),
        "uses_auto_groups": token.uses_auto_groups,
        "first_group": token.first_group.slug if token.first_group else None,
        "allow": token.allow,
        "deny": token.deny,
        "starts_at": _moment(token.starts_at),
        "expires_at": _moment(token.expires_at),
        "networks": token.networks,
        "rate_limit": token.rate_limit,
        **_budget(token.budget),
        "is_over_budget": token.is_over_budget,
        "note": token.note,
        **_json("metadata", token.metadata),
    }


def _roles() -> Iterator[bytes]:
    """The roles that operators have defined, with their permissions."""
    for role in Group.objects.filter(built_in=None).prefetch_related("permissions__content_type").order_by("name"):
        permissions = (f"{row.content_type.app_label}.{row.codename}" for row in role.permissions.all())
        yield write([{"name": role.name, "permissions": sorted(permissions)}])


# Sections that an export has only on request: they are about people, and nobody else gets them.
EXTRA: Mapping[str, Callable[[], Iterable[bytes]]] = MappingProxyType({"tokens": _tokens, "roles": _roles})


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


def _groups(*, at: dt.datetime) -> Iterator[bytes]:
    rates = ratios_in_force(at=at)
    reach = defaultdict(list)
    pairs = TokenGroup.channels.through.objects.order_by("channel__slug")
    for key, channel in pairs.values_list("tokengroup", "channel__slug"):
        reach[key].append(channel)
    for group in TokenGroup.objects.order_by("slug"):
        entry = {
            "slug": group.slug,
            "label": group.label,
            "description": group.description,
            "is_public": group.is_public,
            "auto_position": group.auto_position,
            "rate_limit": group.rate_limit,
            **_budget(group.budget),
            # Without a rate, a group pays the whole price: a rate of 1 is written as none.
            **({"rate": digits(rates[group.pk])} if rates.get(group.pk, 1) != 1 else {}),
            "channels": reach[group.pk],
        }
        yield write([entry])


def _budget(budget: Budget | None) -> JSON:
    """The budget of a group; a written null removes it."""
    if budget is None:
        return {"budget_amount": None}
    return {
        "budget_amount": digits(budget.amount), "budget_currency": budget.currency, "budget_period": budget.period,
    }  # fmt: skip


def _channels() -> Iterator[bytes]:
    for channel in Channel.objects.order_by("slug"):
        yield write(
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
        for part in _list("offers", map(write, _batched(entries))):
            yield indent(part.decode(), "  ").encode()


def _models(*, at: dt.datetime) -> Iterator[bytes]:
    keys = list(AIModel.objects.order_by("name").values_list("pk", flat=True))
    for batch in track(batches(keys, BATCH), "Writing models"):
        models = AIModel.objects.select_related("vendor", "successor").in_bulk(batch)
        sheets = sheets_in_force(batch, roles=PriceSheet.Role.values, at=at)
        yield write([_model(models[key], sheets.get(key, {})) for key in batch if key in models])


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
        **{name: value for name in KNOWN_FLAGS if (value := getattr(model, name)) is not None},
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
