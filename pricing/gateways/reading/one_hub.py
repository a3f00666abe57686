"""Reads the tables of one-hub and of done-hub, its fork. Imports no models."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from catalog.names.typed_lists import write_names
from catalog.sources import inferred_fields
from pricing.gateways.reading.columns import json_column, names_in, number_column, text_column, token_of, valid_networks
from pricing.gateways.reading.databases import Row, Tables
from pricing.gateways.reading.gateway import (
    ENABLED,
    EXPIRED,
    Finding,
    Gateway,
    GatewayChannel,
    GatewayGroup,
    GatewayModel,
    GatewayToken,
    GatewayUser,
    GatewayVendor,
    LeftOut,
    Report,
)
from pricing.gateways.reading.one_hub_unread import parts_of_settings, unread
from pricing.gateways.reading.price_table import LongContext, PriceRow, PriceTable, is_pattern, longest_pattern
from pricing.gateways.reading.schemas import ONE_HUB, Dialect
from pricing.gateways.reading.unread import left_out

CHANNEL_COLUMNS = (
    "id", "type", "key", "status", "name", "weight", "base_url", "models", "group", "tag", "model_mapping", "priority",
    "deleted_at",
)  # fmt: skip
TOKEN_COLUMNS = (
    "id", "user_id", "key", "status", "name", "accessed_time", "expired_time", "remain_quota", "unlimited_quota",
    "group", "backup_group", "setting", "deleted_at",
)  # fmt: skip
GROUP_COLUMNS = ("id", "symbol", "name", "description", "ratio", "public", "enable")
PRICE_COLUMNS = ("model", "type", "channel_type", "input", "output", "extra_ratios", "long_context")
INFO_COLUMNS = (
    "id", "model", "name", "description", "context_length", "max_tokens", "input_modalities", "output_modalities",
    "tags",
)  # fmt: skip
VENDOR_COLUMNS = ("id", "name")
USER_COLUMNS = ("id", "username", "group", "status", "quota", "deleted_at")
READ = {
    "channels": CHANNEL_COLUMNS,
    "tokens": TOKEN_COLUMNS,
    "users": USER_COLUMNS,
    "user_groups": GROUP_COLUMNS,
    "prices": PRICE_COLUMNS,
    "model_info": INFO_COLUMNS,
    "model_owned_by": VENDOR_COLUMNS,
}
# The migration of both programs that gives limits of tokens their present form: {"limit_model_setting": …}.
LIMITS_MOVED = "202510160002"
OPTIONS = ("QuotaPerUnit", "ModelNameCaseInsensitiveEnabled", "EmptyResponseBillingEnabled", "GroupRatio")


def read(tables: Tables, dialect: Dialect) -> Gateway:
    """The data of the gateway."""
    findings: list[Finding] = []

    def report(sentence: str, subject: str | None = None, /) -> None:
        findings.append((sentence, subject))

    options = _options(tables, report)
    prices = PriceTable(
        (_price(row, report) for row in tables.rows("prices", PRICE_COLUMNS)),
        ignores_case=options.get("ModelNameCaseInsensitiveEnabled") is True,
    )
    tokens = list(tables.rows("tokens", TOKEN_COLUMNS))
    present = [row for row in tokens if not row.get("deleted_at")]
    channel_rows = list(tables.rows("channels", CHANNEL_COLUMNS))
    channels = _channels([row for row in channel_rows if not row.get("deleted_at")], dialect, prices, report)
    described = {text_column(row, "model"): row for row in tables.rows("model_info", INFO_COLUMNS)}
    has_old_limits = LIMITS_MOVED not in {text_column(row, "id") for row in tables.rows("migrations", ("id",))}
    vendors = {
        number_column(row, "id"): GatewayVendor(text_column(row, "name"))
        for row in tables.rows("model_owned_by", VENDOR_COLUMNS)
        if text_column(row, "name")
    }
    return Gateway(
        dialect=dialect,
        channels=channels,
        tokens=tuple(_token(row, report, has_old_limits=has_old_limits) for row in present),
        users=_users(tables),
        models=tuple(_models(described, channels, prices, vendors, report)),
        vendors=vendors,
        options=options,
        prices=prices,
        groups=_groups(tables, options, report),
        deleted_tokens=len(tokens) - len(present),
        left_out=(
            *_rows_left_out(channel_rows, described, channels),
            *parts_of_settings(present),
            *left_out(tables, unread(READ, OPTIONS)),
        ),
        findings=tuple(findings),
    )


def _options(tables: Tables, report: Report) -> Mapping[str, Any]:
    """The options that decide about prices; all others are ignored."""
    stored = {text_column(row, "key"): row.get("value") for row in tables.rows("options", ("key", "value"))}
    options = {key: json_column(stored.get(key), f"the option {key}", report) for key in OPTIONS}
    return {key: value for key, value in options.items() if value is not None}


def _price(row: Row, report: Report) -> PriceRow:
    model = text_column(row, "model")
    what = f"the price of {model[:255]}"
    return PriceRow(
        model=model,
        is_per_call=text_column(row, "type") == "times",
        vendor=number_column(row, "channel_type"),
        # The programs take a negative price for 0.
        input=max(_decimal(row.get("input")) or Decimal(0), Decimal(0)),
        output=max(_decimal(row.get("output")) or Decimal(0), Decimal(0)),
        ratios=_ratios(json_column(row.get("extra_ratios"), f"{what}: its extra_ratios", report), what, report),
        long_context=_long_context(json_column(row.get("long_context"), f"{what}: its long_context", report)),
    )


def _ratios(stored: Any, what: str, report: Report) -> Mapping[str, Decimal]:
    ratios = {}
    for key, value in stored.items() if isinstance(stored, dict) else ():
        ratio = _decimal(value)
        if ratio is None or ratio < 0:
            report(f"{what}: the ratio {str(key)[:64]} is not a number of 0 or more and was left out")
        else:
            ratios[str(key)] = ratio
    return ratios


def _long_context(stored: Any) -> LongContext | None:
    if not isinstance(stored, dict):
        return None
    threshold = _decimal(stored.get("threshold")) or Decimal(0)
    factors = [_decimal(stored.get(key)) or Decimal(0) for key in ("input_ratio", "output_ratio")]
    # The program takes a factor of 0 or less for 1.
    of_input, of_output = (factor if factor > 0 else Decimal(1) for factor in factors)
    return LongContext(int(threshold), of_input, of_output) if threshold > 0 else None


def _decimal(value: Any) -> Decimal | None:
    """The number; None if it is not one. A double becomes the shortest number that prints it."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _rows_left_out(
    channel_rows: Iterable[Row], described: Mapping[str, Row], channels: Iterable[GatewayChannel]
) -> Iterator[LeftOut]:
    deleted = tuple(text_column(row, "name") for row in channel_rows if row.get("deleted_at"))
    if deleted:
        yield LeftOut("channels", "deleted channels", len(deleted), deleted)
    offered = {name for channel in channels for name in channel.models}
    unoffered = tuple(sorted(name for name in described if name not in offered))
    if unoffered:
        yield LeftOut("model_info", "descriptions of models that no channel offers", len(unoffered), unoffered)


def _channels(rows: Iterable[Row], dialect: Dialect, prices: PriceTable, report: Report) -> tuple[GatewayChannel, ...]:
    channels = [_channel(row, dialect, report) for row in rows]
    return tuple(
        _with_targets(channel, mapping, _more_names(channel, mapping, channels, prices, dialect), dialect)
        for channel, mapping in channels
    )


def _channel(row: Row, dialect: Dialect, report: Report) -> tuple[GatewayChannel, Mapping[str, str]]:
    """The channel as it is stored, and its mapping: model -> target."""
    number, status = number_column(row, "id"), number_column(row, "status", ENABLED)
    mapping = json_column(row.get("model_mapping"), f"channel {number}: its model_mapping", report)
    channel = GatewayChannel(
        id=number,
        name=text_column(row, "name"),
        type=dialect.type_name(number_column(row, "type")),
        enabled=status == ENABLED,
        disabled_automatically=status == EXPIRED,
        base_url=text_column(row, "base_url"),
        priority=number_column(row, "priority"),
        # The programs take 0 for 1.
        weight=number_column(row, "weight") or 1,
        tag=text_column(row, "tag"),
        groups=names_in(text_column(row, "group")),
        models=names_in(text_column(row, "models")),
        upstream_names={},
        keys=int(bool(text_column(row, "key"))),
    )
    entries = mapping.items() if isinstance(mapping, dict) else ()
    return channel, {name: target for name, target in entries if isinstance(target, str) and target}


def _more_names(
    channel: GatewayChannel,
    mapping: Mapping[str, str],
    channels: Iterable[tuple[GatewayChannel, Mapping[str, str]]],
    prices: PriceTable,
    dialect: Dialect,
) -> Iterator[str]:
    """The names that only fit a pattern of the channel, and are models of their own here.

    Those are the names that other channels list, and the names that have a price or a target of their own: a model
    decides about its name here, and a pattern about all others. done-hub maps and charges calls that fit a pattern
    under the pattern, unless the target of the pattern begins with `+`.
    """
    patterns = [name for name in channel.models if is_pattern(name)]
    if not patterns:
        return
    others = [other for other, _ in channels if other.id != channel.id]
    listed = {name for other in others for name in other.models if not is_pattern(name)}
    for name in dict.fromkeys([*prices.rows, *mapping, *sorted(listed)]):
        pattern = "" if name in channel.models else longest_pattern(name, patterns)
        has_own_price = dialect is ONE_HUB or mapping.get(pattern, "").startswith("+")
        if not pattern or not (has_own_price or name in listed):
            continue
        # A channel that lists the name itself serves it in all of its groups.
        exact = [other for other in others if other.enabled and name in other.models]
        if not all(any(group in other.groups for other in exact) for group in channel.groups):
            yield name


def _with_targets(
    channel: GatewayChannel, mapping: Mapping[str, str], more: Iterable[str], dialect: Dialect
) -> GatewayChannel:
    """The channel with these names too, the upstream's name of each model, and the name that is charged.

    A target that begins with `+` only changes the upstream's name: the call costs what the called name costs.
    """
    patterns = [name for name in channel.models if is_pattern(name)]
    models = (*channel.models, *more)
    upstream_names, billed_names = {}, {}
    for name in models:
        is_own = dialect is ONE_HUB or name in channel.models
        source = name if is_own else longest_pattern(name, patterns)
        target = mapping.get(source, source)
        if target.removeprefix("+") != name:
            upstream_names[name] = target.removeprefix("+")
        if target != name and not target.startswith("+"):
            billed_names[name] = target
    return replace(channel, models=models, upstream_names=upstream_names, billed_names=billed_names)


def _groups(tables: Tables, options: Mapping[str, Any], report: Report) -> tuple[GatewayGroup, ...]:
    if not tables.columns("user_groups"):
        report("the database has no table of groups; the option GroupRatio of its older version was used")
        stored = options.get("GroupRatio")
        rates = stored if isinstance(stored, dict) else {"default": 1, "vip": 1, "svip": 1}
        return tuple(
            GatewayGroup(name, "", "", _rate(name, ratio, report), enabled=True, is_public=name == "default")
            for name, ratio in rates.items()
        )
    return tuple(
        GatewayGroup(
            name=name,
            label=text_column(row, "name"),
            description=text_column(row, "description"),
            rate=_rate(name, row.get("ratio"), report),
            enabled=bool(number_column(row, "enable")) if "enable" in row else True,
            is_public=bool(number_column(row, "public")),
        )
        for row in tables.rows("user_groups", GROUP_COLUMNS)
        if (name := text_column(row, "symbol"))
    )


def _rate(name: str, stored: Any, report: Report) -> Decimal:
    rate = _decimal(stored)
    if rate is None or rate < 0:
        report(f"the rate of group {name[:64]} is not a number of 0 or more; it was imported as 0")
        return Decimal(0)
    return rate


def _users(tables: Tables) -> Mapping[int, GatewayUser] | None:
    if not tables.columns("users"):
        return None
    return {
        number_column(row, "id"): GatewayUser(
            name=text_column(row, "username"),
            group=text_column(row, "group") if "group" in row else "default",
            enabled=number_column(row, "status", ENABLED) == ENABLED and not row.get("deleted_at"),
            is_over_budget=row.get("quota") is not None and number_column(row, "quota") <= 0,
        )
        for row in tables.rows("users", USER_COLUMNS)
    }


def _token(row: Row, report: Report, *, has_old_limits: bool) -> GatewayToken:
    number = number_column(row, "id")
    setting = json_column(row.get("setting"), f"token {number}: its setting", report)
    limits = _object(setting, "limits")
    # Older versions have the limit on models itself in this place; newer ones ignore it there.
    is_new = "limit_model_setting" in limits
    networks, is_locked = _networks(_object(limits, "limits_ip_setting"), number, report)
    return replace(
        token_of(row),
        limits=_limits(limits if has_old_limits and not is_new else _object(limits, "limit_model_setting")),
        networks=networks,
        is_locked=is_locked,
        backup_group=text_column(row, "backup_group"),
    )


def _object(value: Any, key: str) -> Mapping[str, Any]:
    part = value.get(key) if isinstance(value, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def _limits(setting: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The names of the limit; None if it is off. They are compared as they are, without patterns and trimming."""
    if setting.get("enabled") is not True:
        return None
    listed = setting.get("models")
    names = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
    return tuple(dict.fromkeys(name for name in names if name == name.strip() and "*" not in name))


def _networks(setting: Mapping[str, Any], token: int, report: Report) -> tuple[tuple[str, ...], bool]:
    """As `valid_networks`; an empty list limits nothing."""
    entries = setting.get("whitelist")
    if setting.get("enabled") is not True or not isinstance(entries, list):
        return (), False
    return valid_networks(list(map(str, entries)), token, report)


def _models(
    described: Mapping[str, Row],
    channels: Iterable[GatewayChannel],
    prices: PriceTable,
    vendors: Mapping[int, GatewayVendor],
    report: Report,
) -> Iterator[GatewayModel]:
    """What the database says about the models that channels offer."""
    offered = dict.fromkeys(name for channel in channels for name in channel.models)
    for name in offered:
        row, price = described.get(name, {}), prices.row_for(name)
        yield GatewayModel(
            name=name,
            rule=0,
            enabled=True,
            vendor=price.vendor if price and price.vendor in vendors else None,
            description=text_column(row, "description"),
            icon="",
            tags=write_names(_names(row, "tags", report)),
            endpoints=None,
            metadata=_metadata(row, report),
        )


def _metadata(row: Row, report: Report) -> Mapping[str, Any]:
    """The facts of a description; 0 and an empty list mean that they are unknown."""
    facts = {
        "display_name": text_column(row, "name"),
        "context_length": number_column(row, "context_length"),
        "max_tokens": number_column(row, "max_tokens"),
        "input_modalities": inferred_fields.modalities(_names(row, "input_modalities", report)),
        "output_modalities": inferred_fields.modalities(_names(row, "output_modalities", report)),
    }
    return {field: value for field, value in facts.items() if value}


def _names(row: Row, column: str, report: Report) -> list[str]:
    """A list of names in JSON."""
    value = json_column(row.get(column), f"the description of {text_column(row, 'model')[:255]}: its {column}", report)
    return [name for name in value if isinstance(name, str) and name] if isinstance(value, list) else []
