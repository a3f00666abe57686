"""Converts a gateway's channels, groups and offers into the structure of an import. Imports no models."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.text import slugify

from catalog.error_messages import count, some
from catalog.sources.records import Structure
from pricing.gateways.document import models_of
from pricing.gateways.groups import Groups
from pricing.gateways.prices.hidden import is_hidden
from pricing.gateways.reading.gateway import Gateway, GatewayChannel, Report
from pricing.gateways.reading.price_table import is_pattern, longest_pattern

LARGEST_WEIGHT = 2**31 - 1
LONGEST_LABEL = 128


def structure_of(
    gateway: Gateway, groups: Groups, *, known_labels: Mapping[str, str], storable: frozenset[str], report: Report
) -> Structure:
    """The channels, groups, relations between them, and the published models.

    `known_labels`: group here -> its label, which stays; only `storable` models are offered.
    """
    models = {name: model for name, model in models_of(gateway).items() if name in storable}
    _report_hidden_names(gateway, models, storable, report)
    disabled = frozenset(name for name, model in models.items() if model and not model.enabled)
    hidden = frozenset(name for name in models if is_hidden(name, gateway.options)) | disabled
    if disabled:
        report(
            "models that the gateway's metadata disables are hidden from the price list only, as there: "
            f"{some(sorted(disabled))}"
        )
    names = {name: gateway.group_here(name) for name in groups.names}
    reach: dict[str, list[str]] = {name: [] for name in names.values()}
    for channel in gateway.channels:
        for name in channel.groups:
            if name in names:
                reach[names[name]].append(channel_slug(channel))
    return Structure(
        groups={here: _group(name, groups, known_labels.get(here), report) for name, here in names.items()},
        channels={channel_slug(channel): _channel(channel, gateway, report) for channel in gateway.channels},
        reach={group: tuple(channels) for group, channels in reach.items()},
        models={
            name: {"status": "published"} | ({"in_price_list": False} if name in hidden else {}) for name in models
        },
        offers={
            (channel_slug(channel), name): {
                "enabled": name not in channel.disabled_models,
                "upstream_name": channel.upstream_names.get(name, ""),
            }
            for channel in gateway.channels
            for name in channel.models
            if name in storable
        },
        rates={names[name]: {"ratio": rate} for name, rate in groups.rates.items() if name in names},
    )


def _report_hidden_names(gateway: Gateway, models: Mapping[str, Any], storable: frozenset[str], report: Report) -> None:
    """Reports models here that keep a pattern of the gateway's channels from serving their names."""
    patterns = [name for name in models if is_pattern(name)] if gateway.prices is not None else []
    hidden = sorted(name for name in storable if name not in models and longest_pattern(name, patterns))
    if hidden:
        report(
            f"{count(len(hidden), 'model')} here that no channel of the gateway lists "
            f"{'fits' if len(hidden) == 1 else 'fit'} a pattern of its channels; keys could call such names there, and "
            f"cannot here, because a model decides about its own name: {some(hidden)}"
        )


def channel_slug(channel: GatewayChannel) -> str:
    """A slug that is always the same for a channel: its name and its id."""
    return f"{slugify(channel.name)[:48].strip('-') or 'channel'}-{channel.id}"


def _group(name: str, groups: Groups, stored: str | None, report: Report) -> Mapping[str, Any]:
    """The fields of a group; `stored` is the label of an existing one."""
    fields: dict[str, Any] = {}
    if groups.usable is not None:
        fields["is_public"] = name in groups.usable
        if groups.listed is None:
            fields["auto_position"] = groups.position_of(name)
    label = groups.label_of(name)
    if stored is None:
        fields["label"] = label[:LONGEST_LABEL]
        if len(label) > LONGEST_LABEL:
            report(f"the label of group {name} was cut to {LONGEST_LABEL} characters")
    elif stored != label != name:
        report(f"group {name} keeps its label {stored}; in the gateway it is {label}")
    if description := groups.description_of(name):
        fields["description"] = description
    return fields


def _channel(channel: GatewayChannel, gateway: Gateway, report: Report) -> Mapping[str, Any]:
    if channel.type == "unknown":
        report(f"its type is unknown in {gateway.dialect.name}", f"channel {channel.id}")
    return {
        "name": (channel.name or f"Channel {channel.id}")[:128],
        "enabled": channel.enabled,
        "base_url": _base_url(channel, report),
        "priority": max(-LARGEST_WEIGHT, min(channel.priority, LARGEST_WEIGHT)),
        "weight": max(0, min(channel.weight, LARGEST_WEIGHT)),
        "note": _note(channel, gateway),
    }


def _base_url(channel: GatewayChannel, report: Report) -> str:
    """The base URL without user, password and query: it is stored and shown in plain text."""
    if not channel.base_url:
        return ""
    try:
        parts = urlsplit(channel.base_url)
        bare = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
        URLValidator(schemes=["http", "https"])(bare)
    except (ValueError, ValidationError):
        report("its base URL is not valid and was left out", f"channel {channel.id}")
        return ""
    if bare != channel.base_url:
        report("user, password and query were removed from its base URL", f"channel {channel.id}")
    if len(bare) > 200:
        report("its base URL is longer than 200 characters and was left out", f"channel {channel.id}")
        return ""
    return bare


def _note(channel: GatewayChannel, gateway: Gateway) -> str:
    keys = {0: "no upstream key", 1: "1 upstream key"}.get(channel.keys, f"{channel.keys} upstream keys")
    parts = [f"Channel {channel.id} of {gateway.dialect.name}, type {channel.type}, {keys} (not imported)."]
    if channel.tag:
        parts.append(f"Tag {channel.tag}.")
    if channel.disabled_automatically:
        parts.append("The gateway had disabled it automatically.")
    if channel.remark:
        parts.append(f"Remark: {channel.remark}")
    return " ".join(parts)
