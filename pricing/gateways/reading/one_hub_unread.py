"""The parts of a database of one-hub or done-hub that are not read. Imports no models."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pricing.gateways.reading.columns import json_column
from pricing.gateways.reading.databases import Row
from pricing.gateways.reading.gateway import LeftOut
from pricing.gateways.reading.unread import (
    Column,
    Option,
    Table,
    Unread,
    channel_label,
    has_budget,
    named_by,
    token_label,
    user_label,
)

# Columns of channels without a meaning for a catalog: times, balances and statistics of the gateway itself.
CHANNEL_IGNORED = ("created_time", "test_time", "response_time", "balance", "balance_updated_time", "used_quota")
TOKEN_IGNORED = ("created_time",)
INFO_IGNORED = ("id", "created_at", "updated_at")

UNREAD_TABLES: Mapping[str, str] = {
    "redemptions": "redemption codes",
    "payments": "ways of payment",
    "orders": "payments",
    "invite_codes": "invitation codes",
    "tasks": "tasks, such as videos and songs",
    "midjourneys": "Midjourney tasks",
    "webauthn_credentials": "passkeys",
    "telegram_menus": "menus of a Telegram bot",
}
IGNORED_TABLES = (
    # Technical.
    "migrations", "sqlite_sequence",
    # Statistics and logs.
    "logs", "statistics", "statistics_months", "statistics_month_generated_histories",
)  # fmt: skip
UNREAD_OPTIONS: Mapping[str, Option] = {
    "MaxPromptTokens": Option("the longest prompt that calls may have (MaxPromptTokens)"),
    "PreConsumedQuota": Option("the amount that is reserved for each call (PreConsumedQuota)"),
    "EnableSafe": Option("prompts are filtered by keywords (EnableSafe)"),
    "ExtraTokenPriceJson": Option("multiples for kinds of tokens, from an older version (ExtraTokenPriceJson)"),
    "PaymentUSDRate": Option("the exchange rate of the US dollar for payments (PaymentUSDRate)"),
    "RechargeDiscount": Option("discounts on payments (RechargeDiscount)"),
}  # fmt: skip
IGNORED_OPTIONS = ("InviterRewardValue", "InviterRewardType", "ModelRatio")


def _setting(row: Row) -> Mapping[str, Any]:
    setting = json_column(row.get("setting"), "", lambda *_: None)
    return setting if isinstance(setting, dict) else {}


def _has_heartbeat(row: Row) -> bool:
    heartbeat = _setting(row).get("heartbeat")
    return isinstance(heartbeat, dict) and heartbeat.get("enabled") is True


CHANNEL_COLUMNS: Mapping[str, Column] = {
    "other": Column("settings of channels (other), such as an API version"),
    "plugin": Column("plugins of channels"),
    "model_headers": Column("headers that channels add"),
    "header_override": Column("headers that channels override"),
    "custom_parameter": Column("parameters that channels override"),
    "proxy": Column("proxies of channels"),
    "test_model": Column("test models of channels"),
    "only_chat": Column("channels that serve no calls with tools (only_chat)"),
    "disabled_stream": Column("models that channels do not stream"),
    "compatible_response": Column("channels that answer requests for responses with chat completions"),
    "allow_extra_body": Column("channels that pass on unknown parameters"),
    "pass_through_body": Column("channels that pass on bodies unchanged"),
    "cost_ratio": Column("costs of channels as a multiple of the list price (cost_ratio)"),
    # 1 is the default.
    "pre_cost": Column("how channels count tokens before a call (pre_cost)", lambda row: row.get("pre_cost") != 1),
}
TOKEN_COLUMNS: Mapping[str, Column] = {
    "remain_quota": Column("remaining amounts of tokens", has_budget, has_total=True),
    "used_quota": Column("used amounts of tokens", has_total=True),
}
# Parts of the column setting, which is read for its limits.
SETTING_PARTS: Mapping[str, Column] = {
    "heartbeat": Column("tokens whose streams have a heartbeat", _has_heartbeat),
    "billing_tag": Column("billing tags of tokens", lambda row: bool(_setting(row).get("billing_tag"))),
}
USER_COLUMNS: Mapping[str, Column] = {
    "username": Column("accounts, with their roles, logins and addresses"),
    "quota": Column("remaining amounts of users", has_total=True),
    "used_quota": Column("used amounts of users", has_total=True),
}
GROUP_COLUMNS: Mapping[str, Column] = {
    "api_rate": Column("limits on the calls of a group's users per minute (api_rate)"),
    "promotion": Column("groups that users get by the amount of their payments (promotion, min, max)"),
}
INFO_COLUMNS: Mapping[str, Column] = {"support_url": Column("addresses of documentation of models")}
VENDOR_COLUMNS: Mapping[str, Column] = {"icon": Column("addresses of vendors' icons")}


def parts_of_settings(tokens: Collection[Row]) -> Iterator[LeftOut]:
    """The parts of the tokens' settings that are not read."""
    for part, column in SETTING_PARTS.items():
        names = tuple(token_label(row) for row in tokens if column.is_set and column.is_set(row))
        if names:
            yield LeftOut(f"tokens.setting.{part}", column.what, len(names), names)


def unread(read: Mapping[str, Collection[str]], options: Collection[str]) -> Unread:
    """The parts that a reader of these tables' columns and these options does not read."""
    return Unread(
        tables={
            "channels": Table(read["channels"], channel_label, ("id", "name"), CHANNEL_COLUMNS, CHANNEL_IGNORED),
            "tokens": Table(read["tokens"], token_label, ("id", "unlimited_quota"), TOKEN_COLUMNS, TOKEN_IGNORED),
            "users": Table(read["users"], user_label, ("id",), USER_COLUMNS, ignored=None),
            "user_groups": Table(read["user_groups"], *named_by("symbol"), GROUP_COLUMNS, ("min", "max")),
            "prices": Table(read["prices"], *named_by("model"), {}, ("locked",)),
            "model_info": Table(read["model_info"], *named_by("model"), INFO_COLUMNS, INFO_IGNORED),
            "model_owned_by": Table(read["model_owned_by"], *named_by("name"), VENDOR_COLUMNS),
        },
        unread_tables=UNREAD_TABLES,
        ignored_tables=IGNORED_TABLES,
        read_options=options,
        unread_options=UNREAD_OPTIONS,
        ignored_options=IGNORED_OPTIONS,
    )
