"""The parts of a database of new-api, its forks and one-api that are not read. Imports no models."""

from collections.abc import Collection, Mapping
from typing import Any

from pricing.gateways.reading.columns import json_column, number_column
from pricing.gateways.reading.databases import Row
from pricing.gateways.reading.unread import (
    Column,
    Option,
    Table,
    Unread,
    channel_label,
    has_budget,
    has_settings,
    named_by,
    token_label,
    user_label,
)

# Columns of channels without a meaning for a catalog: times and states of the gateway itself.
CHANNEL_IGNORED = ("created_time", "test_time", "response_time", "balance_updated_time", "other_info")
TOKEN_IGNORED = (
    "created_time", "source", "device_id_hash", "client_name", "client_version", "last_used_client_at"
)  # fmt: skip
MODEL_IGNORED = ("created_time", "updated_time", "sync_official")
# The programs store a status of vendors but do not use it.
VENDOR_IGNORED = ("created_time", "updated_time", "status")

UNREAD_TABLES: Mapping[str, str] = {
    "redemptions": "redemption codes",
    "redemption_logs": "uses of redemption codes",
    "top_ups": "payments",
    "payment_invoices": "invoices",
    "subscription_plans": "subscription plans",
    "user_subscriptions": "subscriptions of users",
    "subscription_orders": "orders of subscriptions",
    "prefill_groups": "prefill groups (lists of names for forms)",
    "tasks": "tasks, such as videos and songs",
    "midjourneys": "Midjourney tasks",
    "passkey_credentials": "passkeys",
    "two_fas": "two-factor logins",
    "custom_oauth_providers": "OAuth providers",
    "user_oauth_bindings": "OAuth logins of users",
    "o_auth_clients": "OAuth clients",
    "wallet_ledger_entries": "entries of users' wallets",
    "model_directory_metadata": "website facts of models, such as author, series and popularity",
    "website_featured_models": "models put first on the website",
}
IGNORED_TABLES = (
    # Derived from the channels, or technical.
    "abilities", "setups", "recall_continuous_trigger_slots", "migrations", "schema_migrations", "two_fa_backup_codes",
    # Statistics and logs.
    "logs", "quota_data", "quota_data_tokens", "company_log_schemas", "log_request_samples", "perf_metrics",
    # Sessions.
    "o_auth_authn_sessions", "o_auth_grants", "o_auth_tokens", "cli_device_authorizations",
)  # fmt: skip


def _rule_models(value: Any) -> Collection[str]:
    """The models of a list of rules such as [{"model": "kling-v2", …}]."""
    rules = value if isinstance(value, list) else []
    return list(dict.fromkeys(str(rule["model"]) for rule in rules if isinstance(rule, dict) and "model" in rule))


def _pairs(value: Any) -> Collection[str]:
    """The pairs of an object of objects: {"vip": {"default": 0.9}} is vip → default."""
    groups = value if isinstance(value, dict) else {}
    return [f"{one} → {other}" for one, others in groups.items() if isinstance(others, dict) for other in others]


UNREAD_OPTIONS: Mapping[str, Option] = {
    "ModelGridPricing": Option("prices by resolution (ModelGridPricing)"),
    "ModelQuotaType": Option("units of billing other than tokens and calls (ModelQuotaType)"),
    "billing_setting_video.video_price_rules": Option("prices per second of video (video_price_rules)", _rule_models),
    "GroupGroupRatio": Option("rates of one group for users of another (GroupGroupRatio)", _pairs),
    "group_ratio_setting.group_group_ratio": Option("rates of one group for users of another", _pairs),
    "SubscriptionModelWeights": Option("weights of models in subscriptions (SubscriptionModelWeights)"),
    "HeaderNavModules": Option("who may open the pages of the website, such as the price list (HeaderNavModules)"),
    "ModelRequestRateLimitEnabled": Option("limits on the requests of a user per minute (ModelRequestRateLimit…)"),
    "ModelRequestRateLimitGroup": Option("limits on the requests of a group's users (ModelRequestRateLimitGroup)"),
    "TopupGroupRatio": Option("rates of payments per group (TopupGroupRatio)"),
    "Price": Option("the price of one dollar of quota in the currency of payments (Price)"),
    "USDExchangeRate": Option("the exchange rate of the US dollar on the website (USDExchangeRate)"),
}  # fmt: skip
IGNORED_OPTIONS = (
    "ExposeRatioEnabled", "ShowOriginalPriceEnabled", "StripePriceId", "StripeUnitPrice", "StripeTopUpPriceIds",
    "WaffoUnitPrice", "WaffoPancakeUnitPrice", "PaddleUnitPrice", "InviteFirstSubDiscountUSD",
    "payment_setting.amount_discount",
)  # fmt: skip


def _has_several_keys(row: Row) -> bool:
    info = json_column(row.get("channel_info"), "", lambda *_: None)
    return isinstance(info, dict) and bool(info.get("is_multi_key"))


def _is_exempt(row: Row) -> bool:
    return row.get("auto_ban") is not None and not number_column(row, "auto_ban", 1)


CHANNEL_COLUMNS: Mapping[str, Column] = {
    "channel_info": Column("multi-key mode of channels, with the states of their upstream keys", _has_several_keys),
    "param_override": Column("parameters that channels override"),
    "header_override": Column("headers that channels override"),
    "status_code_mapping": Column("status codes that channels change"),
    "setting": Column("settings of channels (setting)", has_settings("setting")),
    "settings": Column("settings of channels (settings)", has_settings("settings")),
    "config": Column("settings of channels (config)", has_settings("config")),
    "other": Column("settings of channels (other), such as an API version"),
    "system_prompt": Column("system prompts of channels"),
    "open_ai_organization": Column("OpenAI organizations of channels"),
    "test_model": Column("test models of channels"),
    "auto_ban": Column("channels that the gateway never disables by itself (auto_ban)", _is_exempt),
    "used_quota": Column("used amounts of channels", has_total=True),
    "balance": Column("balances of channels at their providers"),
    "max_concurrency": Column("limits on simultaneous requests of channels"),
}
TOKEN_COLUMNS: Mapping[str, Column] = {
    "remain_quota": Column("remaining amounts of tokens", has_budget, has_total=True),
    "used_quota": Column("used amounts of tokens", has_total=True),
    "cross_group_retry": Column("tokens that retry in other groups (cross_group_retry)"),
}
USER_COLUMNS: Mapping[str, Column] = {
    "username": Column("accounts, with their roles, logins and addresses"),
    "quota": Column("remaining amounts of users", has_total=True),
    "used_quota": Column("used amounts of users", has_total=True),
    "remark": Column("remarks on users"),
}


def unread(read: Mapping[str, Collection[str]], options: Collection[str]) -> Unread:
    """The parts that a reader of these tables' columns and these options does not read."""
    return Unread(
        tables={
            "channels": Table(read["channels"], channel_label, ("id", "name"), CHANNEL_COLUMNS, CHANNEL_IGNORED),
            "tokens": Table(read["tokens"], token_label, ("id", "unlimited_quota"), TOKEN_COLUMNS, TOKEN_IGNORED),
            "users": Table(read["users"], user_label, ("id",), USER_COLUMNS, ignored=None),
            "models": Table(read["models"], *named_by("model_name"), {}, MODEL_IGNORED),
            "vendors": Table(read["vendors"], *named_by("name"), {}, VENDOR_IGNORED),
        },
        unread_tables=UNREAD_TABLES,
        ignored_tables=IGNORED_TABLES,
        read_options=options,
        unread_options=UNREAD_OPTIONS,
        ignored_options=IGNORED_OPTIONS,
    )
