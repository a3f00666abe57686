"""Reads another gateway's tables as plain values. Imports no models.

Findings name invalid rows by id and never quote their values: a key may be in the wrong column.
"""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from catalog.exact import InexactError, read_json
from pricing.gateways.databases import Row, Tables
from pricing.gateways.schemas import Dialect, dialect_of

ENABLED, EXPIRED, EXHAUSTED = 1, 3, 4
Report = Callable[[str], None]


@dataclass(frozen=True)
class GatewayChannel:
    """A channel, with the number of its upstream keys but not the keys."""

    id: int
    name: str
    type: str
    enabled: bool
    disabled_automatically: bool
    base_url: str
    priority: int
    weight: int
    tag: str
    groups: tuple[str, ...]
    models: tuple[str, ...]
    upstream_names: Mapping[str, str]
    keys: int


@dataclass(frozen=True)
class GatewayUser:
    name: str
    group: str
    enabled: bool
    is_over_budget: bool = False


@dataclass(frozen=True)
class GatewayToken:
    """A token; `key` is its plaintext, which is never shown."""

    id: int
    key: str = field(repr=False)
    user: int
    name: str
    status: int
    expires: int
    is_over_budget: bool
    # The only models that it may use; None if it may use all.
    limits: tuple[str, ...] | None
    networks: tuple[str, ...]
    # All of its networks are invalid, so it must not be usable.
    is_locked: bool
    group: str
    accessed: int = 0


@dataclass(frozen=True)
class GatewayModel:
    """What the operator entered for a model, or for all models whose names start with, end with or contain `name`."""

    name: str
    rule: int
    enabled: bool
    vendor: int | None
    description: str
    icon: str
    tags: str
    endpoints: Any

    def names(self, model: str) -> bool:
        match self.rule:
            case 0:
                return model == self.name
            case 1:
                return model.startswith(self.name)
            case 2:
                return self.name in model
            case 3:
                return model.endswith(self.name)
        return False


@dataclass(frozen=True)
class Gateway:
    """The data of a gateway."""

    dialect: Dialect
    channels: tuple[GatewayChannel, ...]
    tokens: tuple[GatewayToken, ...]
    # None if the database has no such table.
    users: Mapping[int, GatewayUser] | None
    models: tuple[GatewayModel, ...]
    vendors: Mapping[int, tuple[str, str]]
    options: Mapping[str, Any]
    deleted_tokens: int = 0
    findings: tuple[str, ...] = ()


def read_gateway(tables: Tables) -> Gateway:
    """The data of the gateway; DatabaseUnreadableError if it is not a known gateway's database."""
    dialect = dialect_of(tables)
    findings: list[str] = []
    report = findings.append
    tokens = list(tables.rows("tokens", TOKEN_COLUMNS))
    present = [row for row in tokens if not row.get("deleted_at")]
    return Gateway(
        dialect=dialect,
        channels=tuple(_channel(row, dialect, report) for row in tables.rows("channels", CHANNEL_COLUMNS)),
        tokens=tuple(_token(row, report) for row in present),
        users=_users(tables),
        models=tuple(_model(row, report) for row in tables.rows("models", MODEL_COLUMNS) if not row.get("deleted_at")),
        vendors={
            row["id"]: (_text(row, "name"), _text(row, "icon"))
            for row in tables.rows("vendors", ("id", "name", "icon", "deleted_at"))
            if not row.get("deleted_at") and _text(row, "name")
        },
        options=_options(tables, report),
        deleted_tokens=len(tokens) - len(present),
        findings=tuple(findings),
    )


CHANNEL_COLUMNS = (
    "id", "type", "key", "status", "name", "weight", "base_url", "models", "group", "model_mapping", "priority", "tag"
)  # fmt: skip
TOKEN_COLUMNS = (
    "id", "user_id", "key", "status", "name", "accessed_time", "expired_time", "remain_quota", "unlimited_quota",
    "models", "subnet", "model_limits_enabled", "model_limits", "allow_ips", "group", "deleted_at",
)  # fmt: skip
MODEL_COLUMNS = (
    "id", "model_name", "description", "icon", "tags", "vendor_id", "endpoints", "status", "name_rule", "deleted_at"
)  # fmt: skip


def _channel(row: Row, dialect: Dialect, report: Report) -> GatewayChannel:
    number, status = _number(row, "id"), _number(row, "status", ENABLED)
    models = _names(_text(row, "models"))
    if len(models) != _text(row, "models").count(",") + 1 and models:
        report(f"channel {number}: an empty or duplicate name in its list of models was left out")
    return GatewayChannel(
        id=number,
        name=_text(row, "name"),
        type=dialect.type_name(_number(row, "type")),
        enabled=status == ENABLED,
        disabled_automatically=status == EXPIRED,
        base_url=_text(row, "base_url"),
        priority=_number(row, "priority"),
        weight=_number(row, "weight"),
        tag=_text(row, "tag"),
        groups=_names(_text(row, "group")) or ("default",),
        models=models,
        upstream_names=_upstream_names(row, number, report),
        keys=_count_keys(_text(row, "key")),
    )


def _upstream_names(row: Row, number: int, report: Report) -> Mapping[str, str]:
    mapping = _json(row.get("model_mapping"), f"channel {number}: its model_mapping", report)
    if not isinstance(mapping, dict):
        return {}
    upstream_names = {}
    for name in mapping:
        target, seen = name, set()
        # A target may itself be mapped: the gateway follows the chain and stops at a loop.
        while isinstance(mapping.get(target), str) and target not in seen:
            seen.add(target)
            target = mapping[target].strip()
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


def _token(row: Row, report: Report) -> GatewayToken:
    number = _number(row, "id")
    networks, is_locked = _networks(_text(row, "allow_ips") or _text(row, "subnet"), number, report)
    status = _number(row, "status", ENABLED)
    has_budget = bool(_number(row, "unlimited_quota")) or _number(row, "remain_quota") > 0
    return GatewayToken(
        id=number,
        key=_text(row, "key").removeprefix("sk-"),
        user=_number(row, "user_id"),
        name=_text(row, "name"),
        status=status,
        expires=_number(row, "expired_time", -1),
        is_over_budget=status == EXHAUSTED or not has_budget,
        limits=_limits(row),
        networks=networks,
        is_locked=is_locked,
        group=_text(row, "group"),
        accessed=_number(row, "accessed_time"),
    )


def _limits(row: Row) -> tuple[str, ...] | None:
    """one-api limits by a non-empty list, new-api by a flag: with the flag off, its list is not a limit."""
    if "model_limits" not in row:
        return _names(_text(row, "models")) or None
    if not _number(row, "model_limits_enabled"):
        return None
    text = _text(row, "model_limits")
    if text.startswith("["):
        try:
            listed = read_json(text)
        except InexactError:
            listed = None
        if isinstance(listed, list):
            text = ",".join(name for name in listed if isinstance(name, str))
    return _names(text)


def _networks(text: str, token: int, report: Report) -> tuple[tuple[str, ...], bool]:
    """The valid addresses and networks, and whether all entries are invalid."""
    entries = [part.strip() for part in text.replace("\n", ",").replace(";", ",").split(",") if part.strip()]
    networks = []
    for part in entries:
        try:
            network = ipaddress.ip_network(part, strict=False)
        except ValueError:
            report(f"token {token}: an entry in its addresses is not a valid address or network and was left out")
        else:
            networks.append(str(network) if "/" in part else str(network.network_address))
    return tuple(dict.fromkeys(networks)), bool(entries) and not networks


def _users(tables: Tables) -> Mapping[int, GatewayUser] | None:
    if not tables.columns("users"):
        return None
    return {
        row["id"]: GatewayUser(
            name=_text(row, "username"),
            group=_text(row, "group") or "default",
            enabled=_number(row, "status", ENABLED) == ENABLED and not row.get("deleted_at"),
            is_over_budget=row.get("quota") is not None and _number(row, "quota") <= 0,
        )
        for row in tables.rows("users", ("id", "username", "group", "status", "quota", "deleted_at"))
    }


def _model(row: Row, report: Report) -> GatewayModel:
    name = _text(row, "model_name")
    return GatewayModel(
        name=name,
        rule=_number(row, "name_rule"),
        enabled=_number(row, "status", ENABLED) == ENABLED,
        vendor=_number(row, "vendor_id") or None,
        description=_text(row, "description"),
        icon=_text(row, "icon"),
        tags=_text(row, "tags"),
        endpoints=_json(row.get("endpoints"), f"model {name}: its endpoints", report),
    )


def _options(tables: Tables, report: Report) -> Mapping[str, Any]:
    """The known options, which are JSON or numbers; all others are ignored."""
    stored = {_text(row, "key"): row.get("value") for row in tables.rows("options", ("key", "value"))}
    options = {key: _json(stored.get(key), f"the option {key}", report) for key in OPTIONS}
    return {key: value for key, value in options.items() if value is not None}


OPTIONS = (
    "ModelRatio", "CompletionRatio", "CacheRatio", "CreateCacheRatio", "ImageRatio", "AudioRatio",
    "AudioCompletionRatio", "ModelPrice", "GroupRatio", "GroupGroupRatio", "UserUsableGroups", "AutoGroups",
    "QuotaPerUnit", "billing_setting.billing_mode", "billing_setting.billing_expr",
    "group_ratio_setting.group_special_usable_group",
)  # fmt: skip


def _json(value: Any, what: str, report: Report) -> Any:
    """The JSON in a column of text, or already parsed by the driver; None if it is empty or invalid."""
    if value is None or isinstance(value, dict | list):
        return value
    text = (value.decode(errors="replace") if isinstance(value, bytes) else str(value)).strip()
    if not text:
        return None
    try:
        return read_json(text)
    except InexactError:
        report(f"{what} is not JSON and was left out")
        return None


def _text(row: Row, column: str) -> str:
    value = row.get(column)
    if value is None:
        return ""
    text = value.decode(errors="replace") if isinstance(value, bytes | bytearray) else str(value)
    return text.replace("\x00", "").strip()


def _number(row: Row, column: str, absent: int = 0) -> int:
    """A whole number; booleans are 1 and 0, however the database stores them."""
    value = row.get(column)
    if value is None or value == "":
        return absent
    if isinstance(value, str) and value.casefold() in ("true", "false", "t", "f"):
        return int(value.casefold() in ("true", "t"))
    try:
        return int(Decimal(str(int(value) if isinstance(value, bool) else value)))
    except (ArithmeticError, ValueError):
        return absent


def _names(text: str) -> tuple[str, ...]:
    """A comma-separated list of names, without spaces, duplicates and empty names."""
    return tuple(dict.fromkeys(name for name in map(str.strip, text.split(",")) if name))
