"""Keys of Veloera and of new-api of August 2026, and the comparison of what they could do with what they can do."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import AIModel, Offer
from pricing.gateways.keys.comparison import answers
from pricing.gateways.reading.databases import sqlite_file
from pricing.gateways.reading.reader import read_gateway
from tests import world
from tests.pricing.gateways.databases import channel, group, key, option, price, sqlite_gateway, token, user
from tokens.models import Token

pytestmark = pytest.mark.django_db


def migrate(folder: Path, dialect: str, **rows: Any) -> Any:
    """Migrates a gateway with these rows; returns the report."""
    out = io.StringIO()
    file = sqlite_gateway(folder, dialect, **rows)
    call_command("import_gateway", sqlite=str(file), apply=True, format="json", stdout=out)
    return json.loads(out.getvalue())


def lists(client: Client, number: int) -> set[str] | int:
    """What the key of this token lists, or the status of its refusal."""
    answer = client.get("/v1/models", headers={"authorization": f"Bearer sk-{key(number)}"})
    return {row["id"] for row in answer.json()["data"]} if answer.status_code == 200 else answer.status_code


def calls(client: Client, number: int, model: str) -> bool:
    headers = {"authorization": f"Bearer sk-{key(number)}"}
    return client.get("/api/authorize", {"model": model}, headers=headers).status_code == 204


def differences(report: Any) -> dict[int, list[tuple[str, list[str], bool]]]:
    """Token -> its differences: what, models, expected."""
    return {
        row["token"]: [(part["what"], part["models"], part["expected"]) for part in row["differences"]]
        for row in report["keys"]["keys"]
        if row["differences"]
    }


def priced(*names: str) -> dict[str, Any]:
    return option("ModelRatio", dict.fromkeys(names, 1))


def test_a_prefix_of_a_channel_is_part_of_more_names(client: Client, tmp_path: Path) -> None:
    mapping = json.dumps({"cheap/pre-b": "real-b", "pre-a": "not-used-with-a-prefix"})
    report = migrate(
        tmp_path,
        "Veloera",
        channels=[
            channel(1, "pre-a,pre-b", model_prefix="cheap/", model_mapping=mapping),
            channel(2, "plain", model_prefix=""),
        ],
        tokens=[
            token(1),
            token(2, model_limits_enabled=1, model_limits="pre-a"),
            token(3, model_limits_enabled=1, model_limits="cheap/pre-a"),
            token(4, group="auto"),
            token(5, allow_ips="10.0.0.0/8\nnonsense"),
        ],
        users=[user(1)],
        options=[priced("pre-a", "pre-b", "plain", "real-b", "not-used-with-a-prefix", "cheap/pre-a", "cheap/pre-b")],
    )

    everything = {"pre-a", "pre-b", "cheap/pre-a", "cheap/pre-b", "plain"}
    assert lists(client, 1) == lists(client, 5) == everything
    assert (lists(client, 2), lists(client, 3), lists(client, 4)) == ({"pre-a"}, {"cheap/pre-a"}, set())
    assert calls(client, 1, "cheap/pre-a")
    assert not calls(client, 2, "cheap/pre-a")
    upstream = dict(Offer.objects.values_list("model__name", "upstream_name"))
    assert (upstream["cheap/pre-a"], upstream["cheap/pre-b"]) == ("pre-a", "real-b")
    # It lists the names of limits with the prefix as well, and refuses their calls.
    assert differences(report) == {2: [("listed only there", ["cheap/pre-a"], True)]}
    assert any("with its prefix (cheap/)" in finding for finding in report["findings"])


def test_a_model_that_begins_with_the_prefix_of_another_channel_gets_no_calls(client: Client, tmp_path: Path) -> None:
    migrate(
        tmp_path,
        "Veloera",
        channels=[
            channel(1, "a", model_prefix="pp-"),
            channel(2, "pp-a,pp-b,b"),
            channel(3, "pp-c", group="vip"),
        ],
        tokens=[token(1), token(2, group="vip")],
        users=[user(1)],
        options=[priced("a", "b", "pp-a", "pp-b", "pp-c")],
    )

    assert lists(client, 1) == {"a", "pp-a", "b"}
    assert lists(client, 2) == {"pp-c"}
    assert Offer.objects.get(model__name="pp-a", enabled=True).upstream_name == "a"


def test_block_lists_and_the_group_of_users_without_a_choice(client: Client, tmp_path: Path) -> None:
    report = migrate(
        tmp_path,
        "new-api of August",
        channels=[channel(1, "a,b,gpt-4-gizmo-x,vendor:z", group="default,plg"), channel(2, "c", group="plg")],
        tokens=[
            token(1, model_blacklist_enabled=1, model_blacklist="a,gpt-4-gizmo-*"),
            token(2, model_blacklist_enabled=1, model_blacklist=" a,gpt-4-gizmo-x,vendor:z"),
            token(3, model_blacklist_enabled=0, model_blacklist="a"),
            token(4, model_blacklist_enabled=1, model_blacklist="a", model_limits_enabled=1, model_limits="a,b"),
            token(5, user_id=2, group="default"),
            token(6, user_id=3),
            token(7, status=4, unlimited_quota=1),
            token(8, status=3, expired_time=4102444800),
        ],
        users=[user(1), user(2, "plg"), user(3, email="a@example.com", email_verified_at=0)],
        options=[
            priced("a", "b", "c", "gpt-4-gizmo-*", "vendor:z"),
            option("EmailVerificationEnabled", "true"),
            option("token_setting.require_email_verification", "true"),
        ],
    )

    common = {"a", "b", "gpt-4-gizmo-x", "vendor:z"}
    assert lists(client, 1) == {"b", "vendor:z"}
    assert lists(client, 2) == {"a", "b", "gpt-4-gizmo-x"}
    assert lists(client, 3) == lists(client, 6) == lists(client, 7) == common
    assert lists(client, 4) == {"b"}
    assert lists(client, 5) == {*common, "c"}
    assert lists(client, 8) == 401
    assert not calls(client, 1, "gpt-4-gizmo-x")
    assert (calls(client, 6, "a"), calls(client, 7, "a")) == (False, True)
    text = "\n".join(report["findings"])
    assert "token 2: names in their block lists were left out" in text
    assert "token 5: reach group plg whatever group they name" in text
    assert "require_email_verification" in text


def test_keys_that_existed_before_are_compared_too(tmp_path: Path) -> None:
    rows: dict[str, Any] = {"channels": [channel(1, "m")], "tokens": [token(1), token(2)], "users": [user(1)]}
    rows["options"] = [priced("m")]
    migrate(tmp_path, "new-api", **rows)
    Token.objects.filter(name="token 1").update(enabled=False)
    Token.objects.filter(name="token 2").update(allow=[])

    report = migrate(tmp_path, "new-api", **rows)

    assert differences(report) == {
        1: [("it is refused here", [], False)],
        2: [("listed only there", ["m"], False)],
    }
    assert report["keys"]["counts"] == {"compared": 2, "equal": 0, "different_as_expected": 0, "different": 2}


def test_channels_that_a_group_reaches_here_are_a_difference(tmp_path: Path) -> None:
    world.model("other")

    report = migrate(
        tmp_path, "new-api", channels=[channel(1, "m")], tokens=[token(1)], users=[user(1)], options=[priced("m")]
    )

    assert differences(report) == {1: [("listed only here", ["other"], False)]}


def test_a_model_that_the_gateway_has_disabled_on_its_channel_is_not_offered(client: Client, tmp_path: Path) -> None:
    ability = {"group": "default", "channel_id": 1}
    report = migrate(
        tmp_path,
        "new-api",
        channels=[channel(1, "m,n")],
        tokens=[token(1)],
        users=[user(1)],
        abilities=[{**ability, "model": "m", "enabled": 1}, {**ability, "model": "n", "enabled": 0}],
        options=[priced("m", "n")],
    )

    assert lists(client, 1) == {"m"}
    assert differences(report) == {}
    assert any("1 model is disabled there for one of its groups or all" in finding for finding in report["findings"])


def test_a_plan_has_the_comparison_of_the_migration_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = sqlite_gateway(tmp_path, "new-api", channels=[channel(1, "m")], tokens=[token(1)], users=[user(1)])

    with pytest.raises(SystemExit):
        call_command("import_gateway", sqlite=str(file), format="json")
    plan = json.loads(capsys.readouterr().out)
    assert not Token.objects.exists()
    call_command("import_gateway", sqlite=str(file), format="json", apply=True)

    assert plan["keys"] == json.loads(capsys.readouterr().out)["keys"]
    assert plan["keys"]["counts"]["compared"] == 1


def test_ids_that_cannot_be_stored_are_named_as_such_and_reach_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = "tab\tand\x1b[31mred"
    file = sqlite_gateway(
        tmp_path,
        "new-api",
        channels=[channel(1, f"m,{odd}")],
        tokens=[token(1)],
        users=[user(1)],
        options=[priced("m", odd)],
    )

    call_command("import_gateway", sqlite=str(file), apply=True)

    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert "\t" not in text
    assert "token 1: listed only there tab\N{REPLACEMENT CHARACTER}and\N{REPLACEMENT CHARACTER}[31mred" in text
    assert "(no model here has this id: the findings say why it was not imported)" in text


def test_keys_of_many_pairs_of_groups_share_the_queries_of_their_groups(tmp_path: Path) -> None:
    symbols = ["default", "a", "b", "c"]
    pairs = [(one, other) for one in symbols for other in symbols]
    file = sqlite_gateway(
        tmp_path,
        "done-hub",
        channels=[channel(number, f"m-{symbol}", group=symbol) for number, symbol in enumerate(symbols, 1)],
        tokens=[token(number, group=one, backup_group=other) for number, (one, other) in enumerate(pairs, 1)],
        users=[user(1, quota=1)],
        user_groups=[group(number, symbol) for number, symbol in enumerate(symbols, 1)],
        prices=[price(f"m-{symbol}", 1, 2) for symbol in symbols],
    )
    call_command("import_gateway", sqlite=str(file), apply=True)
    with sqlite_file(file) as tables:
        tokens = read_gateway(tables).tokens

    with CaptureQueriesContext(connection) as queries:
        found = answers(tokens, at=timezone.now())

    assert {number: found[number].listed for number in found} == {
        number: {f"m-{one}", f"m-{other}"} for number, (one, other) in enumerate(pairs, 1)
    }
    lists = [query for query in queries if f'FROM "{AIModel._meta.db_table}"' in query["sql"]]
    # Inside a transaction that writes, each list takes five statements.
    assert len(lists) == 5 * len(symbols)
