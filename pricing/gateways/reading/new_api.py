"""Reads the tables of new-api, its forks and one-api. Imports no models."""

from collections.abc import Mapping
from typing import Any

from catalog.exact import InexactError, read_json
from pricing.gateways.reading.columns import json_column, names_in, networks_in, number_column, text_column
from pricing.gateways.reading.databases import Row, Tables
from pricing.gateways.reading.gateway import (
    ENABLED,
    EXHAUSTED,
    EXPIRED,
    Gateway,
    GatewayChannel,
    GatewayModel,
    GatewayToken,
    GatewayUser,
    GatewayVendor,
    Report,
)
from pricing.gateways.reading.left_out import left_out
from pricing.gateways.reading.new_api_unread import unread
from pricing.gateways.reading.schemas import Dialect


def read(tables: Tables, dialect: Dialect) -> Gateway:
    """The data of the gateway."""
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
            row["id"]: GatewayVendor(*(text_column(row, column) for column in ("name", "icon", "description")))
            for row in tables.rows("vendors", VENDOR_COLUMNS)
            if not row.get("deleted_at") and text_column(row, "name")
        },
        options=_options(tables, report),
        deleted_tokens=len(tokens) - len(present),
        left_out=left_out(tables, unread(READ, OPTIONS)),
        findings=tuple(findings),
    )


CHANNEL_COLUMNS = (
    "id", "type", "key", "status", "name", "weight", "base_url", "models", "group", "model_mapping", "priority", "tag",
    "remark",
)  # fmt: skip
TOKEN_COLUMNS = (
    "id", "user_id", "key", "status", "name", "accessed_time", "expired_time", "remain_quota", "unlimited_quota",
    "models", "subnet", "model_limits_enabled", "model_limits", "allow_ips", "group", "deleted_at",
)  # fmt: skip
MODEL_COLUMNS = (
    "id", "model_name", "description", "icon", "tags", "vendor_id", "endpoints", "status", "name_rule", "deleted_at",
    "metadata",
)  # fmt: skip
VENDOR_COLUMNS = ("id", "name", "icon", "description", "deleted_at")
USER_COLUMNS = ("id", "username", "group", "status", "quota", "deleted_at")
READ: Mapping[str, tuple[str, ...]] = {
    "channels": CHANNEL_COLUMNS,
    "tokens": TOKEN_COLUMNS,
    "users": USER_COLUMNS,
    "models": MODEL_COLUMNS,
    "vendors": VENDOR_COLUMNS,
}


def _channel(row: Row, dialect: Dialect, report: Report) -> GatewayChannel:
    number, status = number_column(row, "id"), number_column(row, "status", ENABLED)
    models = names_in(text_column(row, "models"))
    if len(models) != text_column(row, "models").count(",") + 1 and models:
        report(f"channel {number}: an empty or duplicate name in its list of models was left out")
    return GatewayChannel(
        id=number,
        name=text_column(row, "name"),
        type=dialect.type_name(number_column(row, "type")),
        enabled=status == ENABLED,
        disabled_automatically=status == EXPIRED,
        base_url=text_column(row, "base_url"),
        priority=number_column(row, "priority"),
        weight=number_column(row, "weight"),
        tag=text_column(row, "tag"),
        groups=names_in(text_column(row, "group")) or ("default",),
        models=models,
        upstream_names=_upstream_names(row, number, report),
        keys=_count_keys(text_column(row, "key")),
        remark=text_column(row, "remark"),
    )


def _upstream_names(row: Row, number: int, report: Report) -> Mapping[str, str]:
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
    number = number_column(row, "id")
    networks, is_locked = networks_in(text_column(row, "allow_ips") or text_column(row, "subnet"), number, report)
    status = number_column(row, "status", ENABLED)
    has_budget = bool(number_column(row, "unlimited_quota")) or number_column(row, "remain_quota") > 0
    return GatewayToken(
        id=number,
        key=text_column(row, "key").removeprefix("sk-"),
        user=number_column(row, "user_id"),
        name=text_column(row, "name"),
        status=status,
        expires=number_column(row, "expired_time", -1),
        is_over_budget=status == EXHAUSTED or not has_budget,
        limits=_limits(row),
        networks=networks,
        is_locked=is_locked,
        group=text_column(row, "group"),
        accessed=number_column(row, "accessed_time"),
    )


def _limits(row: Row) -> tuple[str, ...] | None:
    """one-api limits by a non-empty list, new-api by a flag: with the flag off, its list is not a limit."""
    if "model_limits" not in row:
        return names_in(text_column(row, "models")) or None
    if not number_column(row, "model_limits_enabled"):
        return None
    text = text_column(row, "model_limits")
    if text.startswith("["):
        try:
            listed = read_json(text)
        except InexactError:
            listed = None
        if isinstance(listed, list):
            text = ",".join(name for name in listed if isinstance(name, str))
    return names_in(text)


def _users(tables: Tables) -> Mapping[int, GatewayUser] | None:
    if not tables.columns("users"):
        return None
    return {
        row["id"]: GatewayUser(
            name=text_column(row, "username"),
            group=text_column(row, "group") or "default",
            enabled=number_column(row, "status", ENABLED) == ENABLED and not row.get("deleted_at"),
            is_over_budget=row.get("quota") is not None and number_column(row, "quota") <= 0,
        )
        for row in tables.rows("users", USER_COLUMNS)
    }


def _model(row: Row, report: Report) -> GatewayModel:
    name = text_column(row, "model_name")
    metadata = json_column(row.get("metadata"), f"model {name}: its metadata", report)
    return GatewayModel(
        name=name,
        rule=number_column(row, "name_rule"),
        enabled=number_column(row, "status", ENABLED) == ENABLED,
        vendor=number_column(row, "vendor_id") or None,
        description=text_column(row, "description"),
        icon=text_column(row, "icon"),
        tags=text_column(row, "tags"),
        endpoints=json_column(row.get("endpoints"), f"model {name}: its endpoints", report),
        metadata=metadata if isinstance(metadata, dict) else {},
    )


def _options(tables: Tables, report: Report) -> Mapping[str, Any]:
    """The known options, which are JSON or numbers; all others are ignored."""
    stored = {text_column(row, "key"): row.get("value") for row in tables.rows("options", ("key", "value"))}
    options = {key: json_column(stored.get(key), f"the option {key}", report) for key in OPTIONS}
    return {key: value for key, value in options.items() if value is not None}


OPTIONS = (
    "ModelRatio", "CompletionRatio", "CacheRatio", "CreateCacheRatio", "ImageRatio", "AudioRatio",
    "AudioCompletionRatio", "ModelPrice", "GroupRatio", "UserUsableGroups", "AutoGroups", "QuotaPerUnit",
    "billing_setting.billing_mode", "billing_setting.billing_expr",
    "group_ratio_setting.group_special_usable_group",
)  # fmt: skip
