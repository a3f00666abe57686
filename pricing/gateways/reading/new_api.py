"""Reads the tables of new-api, its forks and one-api. Imports no models."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from catalog.exact import InexactError, read_json
from pricing.gateways.reading.columns import (
    has_other_separator,
    json_column,
    names_in,
    networks_in,
    number_column,
    text_column,
    token_of,
)
from pricing.gateways.reading.databases import Row, Tables
from pricing.gateways.reading.gateway import (
    ENABLED,
    Finding,
    Gateway,
    GatewayModel,
    GatewayToken,
    GatewayUser,
    GatewayVendor,
    Report,
)
from pricing.gateways.reading.new_api_channels import CHANNEL_COLUMNS, read_channels
from pricing.gateways.reading.new_api_unread import unread
from pricing.gateways.reading.schemas import Dialect
from pricing.gateways.reading.unread import left_out


def read(tables: Tables, dialect: Dialect) -> Gateway:
    """The data of the gateway."""
    findings: list[Finding] = []

    def report(sentence: str, subject: str | None = None, /) -> None:
        findings.append((sentence, subject))

    tokens = list(tables.rows("tokens", TOKEN_COLUMNS))
    present = [row for row in tokens if not row.get("deleted_at")]
    options = _options(tables, report)
    return Gateway(
        dialect=dialect,
        channels=read_channels(tables, dialect, report),
        tokens=tuple(_token(row, dialect, report) for row in present),
        users=_users(tables, options),
        models=tuple(_model(row, report) for row in tables.rows("models", MODEL_COLUMNS) if not row.get("deleted_at")),
        vendors={
            number_column(row, "id"): GatewayVendor(
                *(text_column(row, column) for column in ("name", "icon", "description"))
            )
            for row in tables.rows("vendors", VENDOR_COLUMNS)
            if not row.get("deleted_at") and text_column(row, "name")
        },
        options=options,
        deleted_tokens=len(tokens) - len(present),
        left_out=left_out(tables, unread(READ, (*OPTIONS, HIDDEN_MODELS))),
        findings=tuple(findings),
    )


TOKEN_COLUMNS = (
    "id", "user_id", "key", "status", "name", "accessed_time", "expired_time", "remain_quota", "unlimited_quota",
    "models", "subnet", "model_limits_enabled", "model_limits", "allow_ips", "group", "deleted_at",
    "model_blacklist_enabled", "model_blacklist",
)  # fmt: skip
USER_COLUMNS = (
    "id", "username", "group", "status", "quota", "deleted_at", "role", "email", "email_verified_at", "setting"
)  # fmt: skip
MODEL_COLUMNS = (
    "id", "model_name", "description", "icon", "tags", "vendor_id", "endpoints", "status", "name_rule", "deleted_at",
    "metadata",
)  # fmt: skip
VENDOR_COLUMNS = ("id", "name", "icon", "description", "deleted_at")
READ: Mapping[str, tuple[str, ...]] = {
    "channels": CHANNEL_COLUMNS,
    "tokens": TOKEN_COLUMNS,
    "users": USER_COLUMNS,
    "models": MODEL_COLUMNS,
    "vendors": VENDOR_COLUMNS,
}
# The least role of an administrator.
ADMINISTRATOR = 10


def _token(row: Row, dialect: Dialect, report: Report) -> GatewayToken:
    number = number_column(row, "id")
    networks, is_locked = _networks(row, number, dialect, report)
    limits = _limits(row)
    names = names_in(",".join(limits)) if limits is not None else None
    trimmed = frozenset(names or ()) - frozenset(limits or ())
    if trimmed:
        report("spaces around names in its limits were removed; the gateway keeps them", f"token {number}")
    blocked = _blocked(row)
    if has_other_separator((*(names or ()), *blocked)):
        report(
            "its lists of models have a semicolon, a Chinese comma or a line break in a name: the gateway separates "
            "names only by commas, so this is one name, which limits or blocks no other",
            f"token {number}",
        )
    return replace(
        token_of(row, ignores_exhausted=dialect.ignores_exhausted),
        limits=names,
        trimmed=trimmed,
        blocked=blocked,
        networks=networks,
        is_locked=is_locked,
    )


def _limits(row: Row) -> list[str] | None:
    """one-api limits by a non-empty list, new-api by a flag: with the flag off, its list is not a limit."""
    if "model_limits" not in row:
        text = text_column(row, "models")
        return text.split(",") if text else None
    if not number_column(row, "model_limits_enabled"):
        return None
    text = text_column(row, "model_limits")
    if text.startswith("["):
        try:
            listed = read_json(text)
        except InexactError:
            listed = None
        if isinstance(listed, list):
            return [name for name in listed if isinstance(name, str)]
    return text.split(",")


def _blocked(row: Row) -> tuple[str, ...]:
    """The names of the block list as they are stored, because the gateway does not trim them."""
    if not number_column(row, "model_blacklist_enabled"):
        return ()
    return tuple(name for name in str(row.get("model_blacklist") or "").split(",") if name)


def _networks(row: Row, token: int, dialect: Dialect, report: Report) -> tuple[tuple[str, ...], bool]:
    """The networks of a token, and whether it has some but none is valid."""
    networks, is_locked = networks_in(text_column(row, "allow_ips") or text_column(row, "subnet"), token, report)
    if not dialect.single_addresses:
        return networks, is_locked
    addresses = tuple(network for network in networks if "/" not in network)
    if is_locked or len(addresses) != len(networks):
        report(
            "the gateway ignores entries in its addresses that are not one address, so they were left out",
            f"token {token}",
        )
    return addresses, False


def _users(tables: Tables, options: Mapping[str, Any]) -> Mapping[int, GatewayUser] | None:
    columns = tables.columns("users")
    if not columns:
        return None
    must_verify = bool(options.get("EmailVerificationEnabled") and options.get(REQUIRE_EMAIL_VERIFICATION))
    return {
        number_column(row, "id"): GatewayUser(
            name=text_column(row, "username"),
            group=text_column(row, "group") if "group" in columns else "default",
            enabled=number_column(row, "status", ENABLED) == ENABLED and not row.get("deleted_at"),
            is_over_budget=row.get("quota") is not None and number_column(row, "quota") <= 0,
            is_unverified=must_verify and _is_unverified(row),
            accepts_unpriced=bool(options.get(SELF_USE_MODE)) or _accepts_unpriced(row),
        )
        for row in tables.rows("users", USER_COLUMNS)
    }


def _is_unverified(row: Row) -> bool:
    has_address = bool(text_column(row, "email")) and "email_verified_at" in row
    return has_address and number_column(row, "role") < ADMINISTRATOR and not number_column(row, "email_verified_at")


def _accepts_unpriced(row: Row) -> bool:
    """The setting of the user; other settings may contain secrets and are not read."""
    setting = json_column(row.get("setting"), "the setting of a user", lambda *_: None)
    return isinstance(setting, dict) and setting.get("accept_unset_ratio_model") is True


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
    hidden = {HIDDEN_MODELS: text_column({"value": stored.get(HIDDEN_MODELS)}, "value") or None}
    return {key: value for key, value in (options | hidden).items() if value is not None}


# Decides what keys could call before, and what models without a ratio cost.
SELF_USE_MODE = "SelfUseModeEnabled"
# A text, not JSON.
HIDDEN_MODELS = "pricing_visibility_setting.hidden_models"
REQUIRE_EMAIL_VERIFICATION = "token_setting.require_email_verification"
OPTIONS = (
    "ModelRatio", "CompletionRatio", "CacheRatio", "CreateCacheRatio", "ImageRatio", "AudioRatio",
    "AudioCompletionRatio", "ModelPrice", "GroupRatio", "UserUsableGroups", "AutoGroups", "QuotaPerUnit",
    "billing_setting.billing_mode", "billing_setting.billing_expr",
    "group_ratio_setting.group_special_usable_group", "EmailVerificationEnabled",
    REQUIRE_EMAIL_VERIFICATION, "tool_price_setting.prices", "GroupModelRatio", "group_ratio_setting.group_model_ratio",
    SELF_USE_MODE,
)  # fmt: skip
