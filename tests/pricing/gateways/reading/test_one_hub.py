"""Reads databases of one-hub and done-hub: the program, patterns of channels, settings of tokens, older schemas."""

import sqlite3
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pricing.gateways.reading.databases import sqlite_file
from pricing.gateways.reading.gateway import Gateway
from pricing.gateways.reading.reader import read_gateway
from tests.pricing.gateways.databases import channel, group, option, price, sqlite_gateway, token, user


def read(folder: Path, program: str = "one-hub", **rows: Any) -> Gateway:
    with sqlite_file(sqlite_gateway(folder, program, **rows)) as tables:
        return read_gateway(tables)


def without_columns(folder: Path, program: str, removed: Iterable[str], **rows: Any) -> Gateway:
    """The gateway in an older version, which did not have these columns (`table.column`) and tables yet."""
    file = sqlite_gateway(folder, program, **rows)
    with sqlite3.connect(file) as database:
        for name in removed:
            table, _, column = name.partition(".")
            # The names are those of this test.
            database.execute(f'ALTER TABLE "{table}" DROP COLUMN "{column}"' if column else f'DROP TABLE "{table}"')
    database.close()
    with sqlite_file(file) as tables:
        return read_gateway(tables)


@pytest.mark.parametrize("program", ["one-hub", "done-hub"])
def test_the_program_is_recognized_by_its_columns(tmp_path: Path, program: str) -> None:
    assert read(tmp_path, program).dialect.name == program


@pytest.mark.parametrize(
    "removed",
    [
        ["prices.long_context"],
        ["channels.cost_ratio", "channels.header_override", "channels.pass_through_body"],
        ["prices.long_context", "channels.cost_ratio", "user_groups.description", "users.linuxdo_id"],
    ],
)
def test_an_older_done_hub_is_still_one(tmp_path: Path, removed: list[str]) -> None:
    assert without_columns(tmp_path, "done-hub", removed).dialect.name == "done-hub"


def test_an_older_one_hub_is_read(tmp_path: Path) -> None:
    gateway = without_columns(
        tmp_path,
        "one-hub",
        [
            "user_groups", "model_info", "model_owned_by", "migrations", "tokens.setting", "tokens.backup_group",
            "tokens.group", "prices.extra_ratios", "prices.locked", "channels.disabled_stream",
        ],
        channels=[channel(1, "a")],
        prices=[price("a", 1, 2)],
        tokens=[{name: value for name, value in token(1).items() if name != "group"}],
        options=[option("GroupRatio", {"default": 1, "vip": 0.5})],
    )  # fmt: skip

    assert gateway.dialect.name == "one-hub"
    assert [(row.name, row.rate, row.is_public) for row in gateway.groups or ()] == [
        ("default", Decimal(1), True),
        ("vip", Decimal("0.5"), False),
    ]
    assert (gateway.tokens[0].limits, gateway.tokens[0].group) == (None, "")
    assert gateway.findings == (
        "the database has no table of groups; the option GroupRatio of its older version was used",
    )


def test_names_of_a_pattern_are_offered_if_they_have_a_price_of_their_own(tmp_path: Path) -> None:
    rows: dict[str, Any] = {
        "channels": [
            channel(1, "x-*,other", group="default,vip", model_mapping='{"x-mapped": "real", "y": "z"}'),
            channel(2, "x-exact", group="default,vip"),
        ],
        "prices": [price(name, 1, 1) for name in ("x-*", "x-1", "x-big-*", "x-exact", "other", "y-1")],
        "user_groups": [group(1, "default"), group(2, "vip")],
    }

    one_hub, done_hub = read(tmp_path, "one-hub", **rows), read(tmp_path, "done-hub", **rows)

    assert one_hub.channels[0].models == ("x-*", "other", "x-1", "x-big-*", "x-mapped")
    assert one_hub.channels[0].billed_names == {"x-mapped": "real"}
    # done-hub charges such a call under the pattern.
    assert done_hub.channels[0].models == ("x-*", "other")


def test_done_hub_charges_the_called_name_if_the_target_of_its_pattern_says_so(tmp_path: Path) -> None:
    gateway = read(
        tmp_path,
        "done-hub",
        channels=[channel(1, "x-*,y-*", model_mapping='{"x-*": "+up", "y-*": "y-up"}')],
        prices=[price("x-1", 1, 1), price("y-1", 1, 1)],
    )

    assert gateway.channels[0].models == ("x-*", "y-*", "x-1")
    assert gateway.channels[0].upstream_names == {"x-*": "up", "x-1": "up", "y-*": "y-up"}
    assert gateway.channels[0].billed_names == {"y-*": "y-up"}


def test_an_exact_name_of_another_group_leaves_the_pattern_to_the_rest(tmp_path: Path) -> None:
    gateway = read(
        tmp_path,
        channels=[channel(1, "x-*", group="default,vip"), channel(2, "x-1", group="vip")],
        prices=[price("x-1", 1, 1)],
    )

    assert gateway.channels[0].models == ("x-*", "x-1")


@pytest.mark.parametrize(
    ("setting", "limits"),
    [
        (None, None),
        ("{broken", None),
        ('{"limits": null}', None),
        ('{"limits": {"limit_model_setting": {"enabled": false, "models": ["a"]}}}', None),
        ('{"limits": {"limit_model_setting": {"enabled": true, "models": ["a", "B", "a"]}}}', ("a", "B")),
        ('{"limits": {"limit_model_setting": {"enabled": true, "models": []}}}', ()),
        ('{"limits": {"limit_model_setting": {"enabled": true, "models": null}}}', ()),
        # Names are compared as they are: neither trimmed nor as patterns.
        ('{"limits": {"limit_model_setting": {"enabled": true, "models": [" a", "b-*", "b-1"]}}}', ("b-1",)),
        # The form before the migration of both programs.
        ('{"limits": {"enabled": true, "models": ["a"]}}', ("a",)),
        ('{"limits": {"enabled": false, "models": ["a"]}}', None),
    ],
)
def test_limits_are_exact_names(tmp_path: Path, setting: str | None, limits: tuple[str, ...] | None) -> None:
    assert read(tmp_path, tokens=[token(1, setting=setting)]).tokens[0].limits == limits


def test_limits_in_their_old_form_are_ignored_after_the_migration(tmp_path: Path) -> None:
    old = '{"limits": {"enabled": true, "models": ["a"]}}'
    migrated = read(tmp_path, tokens=[token(1, setting=old)], migrations=[{"id": "202510160002"}])

    assert migrated.tokens[0].limits is None


@pytest.mark.parametrize(
    ("whitelist", "networks", "is_locked"),
    [
        ('["127.0.0.1", "10.1.2.3/8", "127.0.0.1"]', ("127.0.0.1", "10.0.0.0/8"), False),
        ('["bad", "::1"]', ("::1",), False),
        ('["bad", " 127.0.0.1"]', (), True),
        ("[]", (), False),
        ("null", (), False),
    ],
)
def test_addresses_are_exact_or_networks(
    tmp_path: Path, whitelist: str, networks: tuple[str, ...], is_locked: bool
) -> None:
    setting = f'{{"limits": {{"limits_ip_setting": {{"enabled": true, "whitelist": {whitelist}}}}}}}'

    read_token = read(tmp_path, tokens=[token(1, setting=setting)]).tokens[0]

    assert (read_token.networks, read_token.is_locked) == (networks, is_locked)


def test_descriptions_and_vendors_are_facts_of_the_model(tmp_path: Path) -> None:
    gateway = read(
        tmp_path,
        channels=[channel(1, "a,b,c")],
        prices=[price("a", 1, 1, channel_type=1001), price("b*", 1, 1, channel_type=99)],
        model_owned_by=[{"id": 1001, "name": "Acme", "icon": "https://example.com/a.svg"}],
        model_info=[
            {
                "id": 1, "model": "a", "name": "Model A", "description": "d", "context_length": 128000, "max_tokens": 0,
                "input_modalities": '["text","file"]', "output_modalities": "[]", "tags": '["chat"]',
            },
            {"id": 2, "model": "gone", "name": "Gone"},
        ],
    )  # fmt: skip
    a, b, c = gateway.models

    assert (a.description, a.tags, a.vendor) == ("d", "chat", 1001)
    assert a.metadata == {"display_name": "Model A", "context_length": 128000, "input_modalities": ("text", "pdf")}
    assert (b.vendor, c.vendor, b.metadata) == (None, None, {})
    assert [kind.names for kind in gateway.left_out if kind.subject == "model_info"] == [("gone",)]


def test_users_and_deleted_rows(tmp_path: Path) -> None:
    gateway = read(
        tmp_path,
        channels=[channel(1, "a"), channel(2, "b", deleted_at="2026-01-01"), channel(3, "c", group="")],
        users=[user(1, quota=5), user(2, deleted_at="2026-01-01"), user(3, group="", quota=0), user(4, status=2)],
        tokens=[token(1), token(2, deleted_at="2026-01-01")],
        user_groups=[group(1, "default"), group(2, "off", enable=0), group(3, "no") | {"ratio": "x"}],
    )

    assert [each.id for each in gateway.channels] == [1, 3]
    assert gateway.channels[1].groups == ()
    assert [(each.enabled, each.group) for each in (gateway.users or {}).values()] == [
        (True, "default"),
        (False, "default"),
        (True, ""),
        (False, "default"),
    ]
    assert (gateway.users or {})[3].is_over_budget
    assert (len(gateway.tokens), gateway.deleted_tokens) == (1, 1)
    assert [(each.name, each.enabled, each.rate) for each in gateway.groups or ()] == [
        ("default", True, Decimal(1)),
        ("off", False, Decimal(1)),
        ("no", True, Decimal(0)),
    ]
