"""import_gateway: every key of another gateway still works, and sees what that gateway's rules allow."""

import ipaddress
import json
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from pricing.models import PriceSheet
from tests.pricing.gateways.databases import channel, key, option, postgres_gateway, sqlite_gateway, token, user
from tests.pricing.newapi.gateway_rules import rows, visible
from tests.samples import REAL
from tokens.models import Token

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

NEW_API: dict[str, Any] = {
    "channels": [
        channel(1, "gpt-5.4,claude-opus-4-8", group="default,vip"),
        channel(2, "deepseek-chat, deepseek-chat,", type=43),
        channel(3, "gpt-image-2", group="vip"),
        channel(4, "kling-v2", group="studio"),
        channel(5, "off-model", status=2),
        channel(6, "hidden-model,gpt-5.4", group="default", status=1),
    ],
    "tokens": [
        token(1),
        token(2, group="vip"),
        token(3, group="auto"),
        token(4, group="studio"),
        token(5, user_id=2),
        token(6, model_limits_enabled=1, model_limits="gpt-5.4,off-model,never-was"),
        token(7, model_limits_enabled=0, model_limits="gpt-5.4"),
        token(8, model_limits_enabled=1, model_limits=""),
        token(9, status=2),
        token(10, status=4, unlimited_quota=0),
        token(11, expired_time=1700000000),
        token(12, user_id=3),
        token(13, deleted_at="2026-01-02 03:04:05"),
        token(14, user_id=2, group="studio"),
        token(15, group="gone"),
        token(16, user_id=2, group="auto"),
        token(17, user_id=99),
        token(19, user_id=4, group="auto"),
        token(18, allow_ips="10.0.0.1\n10.1.0.0/16, ,not-an-address"),
    ],
    "users": [user(1), user(2, "studio"), user(3, status=2), user(4, "automatic")],
    "options": [
        option("GroupRatio", {"default": 1, "vip": 0.8, "studio": 1.5}),
        option("UserUsableGroups", {"default": "Everybody", "vip": "Very important", "gone": "Gone"}),
        option("AutoGroups", ["default", "studio"]),
        option("group_ratio_setting.group_special_usable_group", {"automatic": {"+:auto": "Automatic"}}),
    ],
    "models": [{"id": 1, "model_name": "hidden-model", "status": 0, "name_rule": 0}],
}
ONE_API: dict[str, Any] = {
    "channels": [channel(1, "gpt-4o,gpt-4o-mini,", group="default,vip"), channel(2, "deepseek-chat", type=36)],
    "tokens": [
        token(1, models=""),
        token(2, models=None, user_id=2),
        token(3, models="gpt-4o,deepseek-chat", user_id=2),
        token(4, status=3, expired_time=1700000000),
        token(5, subnet="10.0.0.0/8,192.168.1.5"),
    ],
    "users": [user(1), user(2, "vip")],
}


def listed(client: Client, plaintext: str, address: str = "10.0.0.1") -> set[str] | None:
    """The models that the key lists; None if it is refused."""
    answer = client.get("/v1/models", headers={"authorization": f"Bearer {plaintext}"}, REMOTE_ADDR=address)
    if answer.status_code == 401:
        return None
    assert answer.status_code == 200, answer.content
    return {row["id"] for row in answer.json()["data"]}


def holds(client: Client, file: Path) -> None:
    """Asserts that every key of the file lists the models of its rules, in all its spellings."""
    networks = {row["key"]: row.get("allow_ips") or row.get("subnet") or "" for row in rows(file, "tokens")}
    expected = visible(file, now=int(time.time()))
    assert expected
    for plaintext, models in expected.items():
        first = networks[plaintext].replace("\n", ",").split(",")[0] or "127.0.0.1"
        address = str(ipaddress.ip_network(first.strip())[0])
        for spelling in (plaintext, f"sk-{plaintext}", f"sk-{plaintext}-1"):
            assert listed(client, spelling, address) == models, plaintext[:12]


@pytest.mark.parametrize(("dialect", "content"), [("one-api", ONE_API), ("new-api", NEW_API)])
def test_every_key_lists_the_models_of_its_gateways_rules(
    client: Client, tmp_path: Path, dialect: str, content: Any
) -> None:
    file = sqlite_gateway(tmp_path, dialect, **content)

    call_command("import_gateway", sqlite=str(file), apply=True)

    holds(client, file)


@pytest.mark.parametrize("name", ["one-api.db", "new-api.db"])
def test_the_real_tables_are_migrated_with_one_command(client: Client, name: str) -> None:
    file = REAL / "gateways" / name
    if not file.is_file():
        pytest.skip(f"{file} is not on this machine")

    call_command("import_gateway", sqlite=str(file), apply=True)

    holds(client, file)


@pytest.mark.parametrize(("dialect", "content"), [("one-api", ONE_API), ("new-api", NEW_API)])
def test_a_postgresql_gateway_gives_the_same(client: Client, tmp_path: Path, dialect: str, content: Any) -> None:
    with postgres_gateway(dialect, **content) as dsn:
        call_command("import_gateway", dsn=dsn, apply=True)

    holds(client, sqlite_gateway(tmp_path, dialect, **content))


def test_a_key_used_from_elsewhere_is_refused(client: Client, tmp_path: Path) -> None:
    call_command("import_gateway", sqlite=str(sqlite_gateway(tmp_path, "new-api", **NEW_API)), apply=True)

    headers = {"authorization": f"Bearer sk-{key(18)}"}
    assert client.get("/v1/models", headers=headers, REMOTE_ADDR="10.1.2.3").status_code == 200
    assert client.get("/v1/models", headers=headers, REMOTE_ADDR="203.0.113.9").status_code == 403


def test_an_invalid_list_of_addresses_gives_no_access(client: Client, tmp_path: Path) -> None:
    content: Any = {
        "channels": [channel(1, "gpt-4o")],
        "tokens": [token(1, allow_ips="office\nhome")],
        "users": [user(1)],
    }

    call_command("import_gateway", sqlite=str(sqlite_gateway(tmp_path, "new-api", **content)), apply=True)

    assert listed(client, key(1)) is None


def test_an_exhausted_budget_and_the_owner_are_stored(tmp_path: Path) -> None:
    call_command("import_gateway", sqlite=str(sqlite_gateway(tmp_path, "new-api", **NEW_API)), apply=True)

    token_row = Token.objects.get(name="token 10")
    assert (token_row.enabled, token_row.is_over_budget) == (True, True)
    assert token_row.note == "Token 10 of new-api, user user1 (1)."
    assert not Token.objects.filter(name="token 13").exists()
    assert token_row.history.get().history_change_reason == "Migrated from new-api; groups: default"


def test_a_second_run_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = sqlite_gateway(tmp_path, "new-api", **NEW_API)
    call_command("import_gateway", sqlite=str(file), apply=True)
    capsys.readouterr()

    call_command("import_gateway", sqlite=str(file), apply=True, format="json")

    report = json.loads(capsys.readouterr().out)
    assert report["outcome"] == "done"
    assert {name: count for name, count in report["counts"].items() if count} == {
        "upstream_keys_left_out": 6,
        "tokens_here_already": 18,
        "tokens_skipped": 1,
    }
    assert report["structure"] == {}


def test_jumps_that_are_not_accepted_are_held_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def gateway(number: int, ratio: float) -> str:
        ratios = dict.fromkeys(("gpt-5.4", "deepseek-chat"), ratio)
        options = [option("ModelRatio", ratios), option("CompletionRatio", dict.fromkeys(ratios, 4))]
        tokens = [token(token_number) for token_number in range(1, number + 1)]
        (tmp_path / str(number)).mkdir()
        tables: dict[str, Any] = {
            "channels": [channel(1, ",".join(ratios))],
            "tokens": tokens,
            "users": [user(1)],
            "options": options,
        }
        return str(sqlite_gateway(tmp_path / str(number), "new-api", **tables))

    call_command("import_gateway", sqlite=gateway(1, 1), apply=True)
    repriced = gateway(2, 10)
    with pytest.raises(SystemExit) as stop:
        call_command("import_gateway", sqlite=repriced, apply=True)
    assert (stop.value.code, Token.objects.count()) == (3, 1)

    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        call_command("import_gateway", sqlite=repriced, apply=True, accept_jumps=["gpt-*"])

    assert (stop.value.code, Token.objects.count()) == (3, 2)
    assert set(PriceSheet.objects.filter(lines__amount="20").values_list("model__name", flat=True)) == {"gpt-5.4"}
    text = capsys.readouterr().out
    assert "Migrated, without the models that are held back:" in text
    assert "If this is correct, repeat with --accept-jumps deepseek-chat." in text
    call_command("import_gateway", sqlite=repriced, apply=True, accept_jumps=["deepseek-chat"])
