"""import_gateway lists everything that it does not carry over, with counts."""

import io
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from catalog.exact import read_json
from tests.pricing.gateways.databases import channel, option, sqlite_gateway, token, user

pytestmark = pytest.mark.django_db

ENTRY = {"status": 1, "name_rule": 0}
MORE_COLUMNS = {
    "channels": "header_override param_override status_code_mapping auto_ban",
    "tokens": "used_quota cross_group_retry",
    "users": "used_quota",
}
MORE_TABLES = {
    "redemptions": "id deleted_at",
    "prefill_groups": "id name deleted_at",
    "acme_ledgers": "id",
    "logs": "id",
}


def plan(folder: Path, *, more: Mapping[str, list[dict[str, Any]]], output: str = "json", **rows: Any) -> str:
    """The plan for a new-api gateway with these rows; `more` are rows of MORE_TABLES, and values of MORE_COLUMNS."""
    file = sqlite_gateway(folder, "new-api", **rows)
    with closing(sqlite3.connect(file)) as database, database:
        for table, columns in MORE_COLUMNS.items():
            for column in columns.split():
                database.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
        for table, columns in MORE_TABLES.items():
            database.execute(f"CREATE TABLE {table} ({', '.join(columns.split())})")
        for table, entries in more.items():
            for number, entry in enumerate(entries, start=1):
                names = ", ".join(entry)
                if table in MORE_TABLES:
                    marks = ", ".join("?" * len(entry))
                    database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(entry.values()))  # noqa: S608
                for column, value in entry.items() if table in MORE_COLUMNS else ():
                    database.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", [value, number])  # noqa: S608
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("import_gateway", sqlite=str(file), format=output, stdout=out)
    return out.getvalue()


CONTENT: dict[str, Any] = {
    "channels": [
        channel(1, "gpt-4o,claude-x", name="main", channel_info='{"is_multi_key": true, "multi_key_size": 2}'),
        channel(2, "gpt-4o", channel_info='{"is_multi_key": false}'),
    ],
    "tokens": [
        token(1, unlimited_quota=0, remain_quota=500),
        token(2, remain_quota=-7),
        token(3, model_limits_enabled=1, model_limits="gpt-4o,vendor:openai"),
        token(4, unlimited_quota=0, remain_quota=9, deleted_at="2026-01-02 03:04:05"),
    ],
    "users": [user(1, quota=1000), user(2)],
    "options": [
        option("ModelRatio", {"gpt-4o": 1, "gone": 2, "gpt-4-gizmo-*": 3, "claude-*": 1}),
        option("CompletionRatio", {"gone": 2, "gone-too": 2}),
        option("ModelGridPricing", {"gpt-4o": [{"Resolution": "720P", "Pricing": 1.5}]}),
        option("ModelQuotaType", {"gpt-4o": 3}),
        option("GroupGroupRatio", {"vip": {"default": 0.9, "svip": 0.8}}),
        option("billing_setting_video.video_price_rules", [{"model": "kling", "price_per_second": 0.1}]),
        option("billing_setting.billing_mode", {"gpt-4o": "ratio", "claude-x": "per_moon"}),
        option("billing_setting.surcharges", {"hunter2": 2}),
        option("SelfUseModeEnabled", "true"),
        option("DemoSiteEnabled", "false"),
        option("AcmeSurchargeRatio", {"hunter2": 2}),
        option("SMTPToken", "hunter2"),
    ],
    "models": [{**ENTRY, "id": 1, "model_name": "prefix-", "name_rule": 1}],
    "vendors": [{"id": 1, "name": "Acme"}],
}
MORE: dict[str, list[dict[str, Any]]] = {
    "channels": [
        {"header_override": '{"Authorization": "hunter2"}', "param_override": "{}", "auto_ban": 1},
        {"header_override": "", "param_override": '{"temperature": 0}', "auto_ban": 0},
    ],
    "tokens": [{"used_quota": 20}, {"used_quota": 30, "cross_group_retry": 1}],
    "users": [{"used_quota": 50}],
    "redemptions": [{"id": 1}, {"id": 2}, {"id": 3, "deleted_at": "2026-01-02"}],
    "prefill_groups": [{"id": 1, "name": "chat"}],
    "acme_ledgers": [{"id": 1}],
    "logs": [{"id": 1}],
}


def test_everything_that_stays_behind_is_in_the_plan(tmp_path: Path) -> None:
    report = read_json(plan(tmp_path, more=MORE, **CONTENT).encode())

    assert {kind["subject"]: (kind["count"], kind["names"]) for kind in report["left_out"]} == {
        "prices": (4, ["claude-*", "gone", "gone-too", "gpt-4-gizmo-*"]),
        "tools": (
            4,
            ["web_search $10", "web_search_preview $10", "file_search $2.5", "image_generation $11 to $250"],
        ),
        "options.billing_setting.billing_mode": (1, ["claude-x"]),
        "models": (1, ["prefix-"]),
        "vendors": (1, ["Acme"]),
        "options.ModelGridPricing": (1, ["gpt-4o"]),
        "options.ModelQuotaType": (1, ["gpt-4o"]),
        "options.GroupGroupRatio": (2, ["vip → default", "vip → svip"]),
        "options.billing_setting_video.video_price_rules": (1, ["kling"]),
        "options.unknown": (2, ["AcmeSurchargeRatio", "billing_setting.surcharges"]),
        "options": (1, ["SMTPToken"]),
        "channels.channel_info": (1, ["main (1)"]),
        "channels.param_override": (1, ["Channel 2 (2)"]),
        "channels.header_override": (1, ["main (1)"]),
        "channels.auto_ban": (1, ["Channel 2 (2)"]),
        "tokens.remain_quota": (1, ["token 1"]),
        "tokens.used_quota": (2, ["token 1", "token 2"]),
        "tokens.cross_group_retry": (1, ["token 2"]),
        "users.username": (2, ["user 1", "user 2"]),
        "users.quota": (1, ["user 1"]),
        "users.used_quota": (1, ["user 1"]),
        "redemptions": (2, []),
        "prefill_groups": (1, []),
        "tables": (1, ["acme_ledgers (1 row)"]),
    }


def test_the_text_has_one_line_per_kind_and_no_value(tmp_path: Path) -> None:
    text = plan(tmp_path, more=MORE, output="text", **CONTENT)

    assert "\n  rates of one group for users of another (GroupGroupRatio) (2): vip → default, vip → svip\n" in text
    assert "\n  remaining amounts of tokens, 500 units in total (1): token 1\n" in text
    assert "\n  redemption codes (2)\n" in text
    assert "hunter2" not in text


def test_a_gateway_without_extras_has_a_short_list(tmp_path: Path) -> None:
    report = read_json(
        plan(tmp_path, more={}, channels=[channel(1, "gpt-4o")], tokens=[token(1)], users=[user(1)]).encode()
    )

    assert [kind["subject"] for kind in report["left_out"]] == ["tools", "users.username"]


def test_a_price_for_all_thinking_budgets_is_that_of_an_offered_model(tmp_path: Path) -> None:
    prices = {"gemini-2.5-flash-lite-thinking-*": 1, "gemini-2.5-pro-thinking-*": 1}
    rows = {
        "channels": [channel(1, "gemini-2.5-flash-lite-preview-thinking-128")],
        "options": [option("ModelRatio", prices)],
    }
    text = plan(tmp_path, more={}, output="text", **rows)

    assert "prices that no offered model uses (1): gemini-2.5-pro-thinking-*" in text


def test_a_price_that_a_rule_looks_up_by_another_name_is_used(tmp_path: Path) -> None:
    file = sqlite_gateway(
        tmp_path,
        "one-api",
        channels=[channel(1, "mapped,qwen-max-internet", type=17, model_mapping='{"mapped": "target"}')],
        tokens=[],
        options=[option("ModelRatio", {"target": 1, "qwen-max(17)": 2, "qwen-max(18)": 3, "mapped": 4, "gone": 5})],
    )
    out = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("import_gateway", sqlite=str(file), format="json", stdout=out)

    left_out = read_json(out.getvalue().encode())["left_out"]
    assert {kind["subject"]: kind["names"] for kind in left_out}["prices"] == ["gone", "qwen-max(18)"]
