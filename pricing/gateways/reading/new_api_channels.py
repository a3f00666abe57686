"""Reads the channels of new-api, its forks and one-api. Imports no models."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from catalog.error_messages import count, some
from catalog.exact import InexactError, read_json
from pricing.gateways.reading.columns import has_other_separator, json_column, names_in, number_column, text_column
from pricing.gateways.reading.databases import Row, Tables
from pricing.gateways.reading.gateway import ENABLED, EXPIRED, GatewayChannel, Report
from pricing.gateways.reading.schemas import Dialect

CHANNEL_COLUMNS = (
    "id", "type", "key", "status", "name", "weight", "base_url", "models", "group", "model_mapping", "priority", "tag",
    "remark", "model_prefix",
)  # fmt: skip

# Channel -> model -> group -> whether the gateway serves the group with this model of the channel.
Abilities = Mapping[int, Mapping[str, Mapping[str, bool]]]


def read_channels(tables: Tables, dialect: Dialect, report: Report) -> tuple[GatewayChannel, ...]:
    abilities = _abilities(tables)
    channels = tuple(_channel(row, dialect, abilities, report) for row in tables.rows("channels", CHANNEL_COLUMNS))
    missing = [
        f"{name} on channel {channel.id}"
        for channel in channels
        if abilities and channel.enabled
        for name in channel.models
        if name not in channel.bare_names and name not in abilities.get(channel.id, {})
    ]
    if missing:
        report(
            f"the table abilities lacks {count(len(missing), 'model')} of enabled channels, so the gateway may not "
            f"list them; they are offered here: {some(missing)}"
        )
    _report_patterns(channels, dialect, report)
    return tuple(_without_shadowed_models(channel, channels, report) for channel in channels)


def _without_shadowed_models(
    channel: GatewayChannel, channels: tuple[GatewayChannel, ...], report: Report
) -> GatewayChannel:
    """The channel without models that begin with the prefix of another channel: only that channel gets their calls."""
    shadowed = frozenset(
        name
        for name in channel.models
        if name not in channel.bare_names
        and any(
            other.enabled and other.prefix and name.startswith(other.prefix) and {*other.groups} & {*channel.groups}
            for other in channels
        )
    )
    if not shadowed:
        return channel
    report(
        "the names of some models begin with the prefix of a channel, which gets their calls there, so they are not "
        f"offered here: {some(sorted(shadowed))}",
        f"channel {channel.id}",
    )
    return replace(channel, disabled_models=channel.disabled_models | shadowed)


def _report_patterns(channels: tuple[GatewayChannel, ...], dialect: Dialect, report: Report) -> None:
    """Reports ids that end in a star and that the gateway does not look up for other names."""
    names = sorted({name for channel in channels for name in channel.models if name.endswith("*")})
    literal = [
        name for name in names if name not in (dialect.matched_name(f"{name}1"), dialect.routed_name(f"{name}1"))
    ]
    if literal:
        report(
            f"ids that end in * are only names in the gateway; here they stand for every id with their beginning: "
            f"{some(literal)}"
        )


def _abilities(tables: Tables) -> Abilities:
    abilities: defaultdict[int, defaultdict[str, dict[str, bool]]] = defaultdict(lambda: defaultdict(dict))
    for row in tables.rows("abilities", ("group", "model", "channel_id", "enabled")):
        groups = abilities[number_column(row, "channel_id")][text_column(row, "model")]
        groups[text_column(row, "group")] = bool(number_column(row, "enabled"))
    return abilities


def _channel(row: Row, dialect: Dialect, abilities: Abilities, report: Report) -> GatewayChannel:
    number, status = number_column(row, "id"), number_column(row, "status", ENABLED)
    models, groups = names_in(text_column(row, "models")), names_in(text_column(row, "group"))
    _report_changed_names(row, number, models, groups, report)
    prefix = text_column(row, "model_prefix")
    bare_names = {f"{prefix}{name}": name for name in models} if prefix else {}
    if bare_names:
        report(f"its models are offered with its prefix ({prefix}) as well as without, as there", f"channel {number}")
    return GatewayChannel(
        id=number,
        name=text_column(row, "name"),
        type=dialect.type_name(number_column(row, "type")),
        type_number=number_column(row, "type"),
        enabled=status == ENABLED,
        disabled_automatically=status == EXPIRED,
        base_url=text_column(row, "base_url"),
        priority=number_column(row, "priority"),
        weight=number_column(row, "weight"),
        tag=text_column(row, "tag"),
        groups=groups or ("default",),
        models=tuple(dict.fromkeys((*models, *bare_names))),
        upstream_names=bare_names | _upstream_names(row, number, dialect, report),
        keys=_count_keys(text_column(row, "key")),
        remark=text_column(row, "remark"),
        prefix=prefix,
        bare_names=bare_names,
        disabled_models=_disabled_models(row, models, abilities, report)
        | _unserved_models(row, models, dialect, report),
    )


def _report_changed_names(
    row: Row, number: int, models: tuple[str, ...], groups: tuple[str, ...], report: Report
) -> None:
    stored = text_column(row, "models")
    if models and len(models) != stored.count(",") + 1:
        report("an empty or duplicate name in its list of models was left out", f"channel {number}")
    for what, column, names in (("models", "models", models), ("groups", "group", groups)):
        if has_other_separator(names):
            report(
                f"its list of {what} has a semicolon, a Chinese comma or a line break in a name; the gateway separates "
                "names only by commas, so this is one name",
                f"channel {number}",
            )
        entries = str(row.get(column) or "").split(",")
        if not set(names) <= set(entries):
            report(
                f"spaces around names in its list of {what} were removed; the gateway keeps them", f"channel {number}"
            )


def _unserved_models(row: Row, models: tuple[str, ...], dialect: Dialect, report: Report) -> frozenset[str]:
    """The models whose calls the gateway looks for under another name."""
    unserved = frozenset(name for name in models if dialect.routed_name(name) != name)
    if unserved:
        report(
            "the gateway lists models and looks for a channel of another name for their calls, so they are not offered "
            f"here: {some(sorted(unserved))}",
            f"channel {number_column(row, 'id')}",
        )
    return unserved


def _disabled_models(row: Row, models: tuple[str, ...], abilities: Abilities, report: Report) -> frozenset[str]:
    """The models that the gateway does not serve to all groups of an enabled channel: no key may reach more here."""
    number, groups = number_column(row, "id"), names_in(text_column(row, "group"))
    by_model = abilities.get(number, {}) if number_column(row, "status", ENABLED) == ENABLED else {}
    disabled = frozenset(
        name
        for name in models
        if not all(enabled for group, enabled in by_model.get(name, {}).items() if group in groups)
    )
    if disabled:
        report(
            f"{count(len(disabled), 'model is', 'models are')} disabled there for one of its groups or all, and not "
            f"offered here: {some(sorted(disabled))}",
            f"channel {number}",
        )
    return disabled


def _upstream_names(row: Row, number: int, dialect: Dialect, report: Report) -> dict[str, str]:
    mapping = json_column(row.get("model_mapping"), f"channel {number}: its model_mapping", report)
    if not isinstance(mapping, dict):
        return {}
    upstream_names = {}
    for name in mapping:
        target, seen = name, set()
        # A target may itself be mapped: the gateway follows the chain and stops at a loop.
        while isinstance(mapping.get(target), str) and target not in seen:
            seen.add(target)
            target = mapping[target].strip()
            if not dialect.follows_mappings:
                break
        if target and target != name:
            upstream_names[name.strip()] = target
    return upstream_names


def _count_keys(text: str) -> int:
    """The number of upstream keys: one per line, or a JSON list."""
    if text.startswith("["):
        try:
            keys = read_json(text)
        except InexactError:
            keys = None
        if isinstance(keys, list):
            return len(keys)
    return sum(1 for line in text.splitlines() if line.strip())
