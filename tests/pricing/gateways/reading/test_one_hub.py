"""Databases of one-hub and done-hub are recognized and read, in older versions and on other servers too."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
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
        ("the database has no table of groups; the option GroupRatio of its older version was used", None),
    )


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


class ServerTables:
    """Rows as the drivers of PostgreSQL return them: parsed JSON, booleans, exact numbers."""

    def __init__(self, **tables: list[dict[str, Any]]) -> None:
        self.tables = tables

    def names(self) -> frozenset[str]:
        return frozenset(self.tables)

    def count(self, table: str) -> int:
        return len(self.tables[table])

    def columns(self, table: str) -> frozenset[str]:
        return frozenset(column for row in self.tables.get(table, ()) for column in row)

    def rows(self, table: str, columns: Iterable[str]) -> Iterator[Mapping[str, Any]]:
        asked = set(columns)
        yield from ({name: row[name] for name in row if name in asked} for row in self.tables.get(table, ()))


def test_rows_of_a_server_are_read_alike() -> None:
    setting = {"limits": {"limit_model_setting": {"enabled": True, "models": ["a"]}}}
    gateway = read_gateway(
        ServerTables(
            channels=[channel(1, "a", plugin=None)],
            tokens=[token(1, setting=setting, unlimited_quota=True)],
            prices=[
                price("a", 1, 2, locked=False)
                | {
                    "input": Decimal("1.10"),
                    "extra_ratios": {"cached_tokens": 0.1},
                    "long_context": {"threshold": 10, "input_ratio": 1.5, "output_ratio": 0},
                }
            ],
            user_groups=[group(1, "default", ratio=1) | {"ratio": Decimal("1.00"), "enable": True, "public": False}],
        )
    )
    row = gateway.prices.row_for("a") if gateway.prices else None

    assert row is not None
    assert row.long_context is not None
    assert (row.input, row.ratios) == (Decimal("1.1"), {"cached_tokens": Decimal("0.1")})
    assert (row.long_context.input, row.long_context.output) == (Decimal("1.5"), Decimal(1))
    assert gateway.tokens[0].limits == ("a",)
    assert not gateway.tokens[0].is_over_budget
    assert [(each.enabled, each.is_public, each.rate) for each in gateway.groups or ()] == [(True, False, Decimal(1))]
