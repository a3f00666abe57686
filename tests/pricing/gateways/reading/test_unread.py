"""Every table, column and option with content that a reader does not read is named, and no value is."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from pricing.gateways.reading.databases import Tables, sqlite_file
from pricing.gateways.reading.gateway import LeftOut
from pricing.gateways.reading.unread import Column, Option, Table, Unread, has_settings, left_out

SCRIPT = """
CREATE TABLE channels (id, name, secret_header, note, unknown, empty, created, deleted_at);
INSERT INTO channels VALUES (1, 'main', 'Bearer hunter2', 'x', 'hunter2', '{ }', 5, NULL);
INSERT INTO channels VALUES (2, 'old', 'Bearer hunter2', 'x', 'hunter2', 1, 5, '2026-01-01');
INSERT INTO channels VALUES (3, 'idle', '0.0', 'null', '[]', '0', 5, NULL);
CREATE TABLE tokens (id, used);
INSERT INTO tokens VALUES (1, 3), (2, 4), (3, 0);
CREATE TABLE options (key, value);
INSERT INTO options VALUES ('Read', '{"m": 1}'), ('Known', '{"m": 1, "n": 2}'), ('NewRatio', '{"secret": 1}'),
  ('Theme', 'hunter2'), ('registration_country', 'hunter2'),
  ('ThemePrice', '7'), ('Off', 'false'), ('Empty', '{}'), ('Pairs', '[{"model": "a"}]');
CREATE TABLE codes (id, deleted_at);
INSERT INTO codes VALUES (1, NULL), (2, NULL), (3, '2026-01-01');
CREATE TABLE "odd ""name" (id);
INSERT INTO "odd ""name" VALUES (1);
CREATE TABLE logs (id);
INSERT INTO logs VALUES (1);
CREATE TABLE vacant (id);
CREATE VIEW everything AS SELECT 1 AS id;
"""
UNREAD = Unread(
    tables={
        "channels": Table(
            read=("id", "name"),
            label=lambda row: str(row["name"]),
            label_columns=("name",),
            unread={"secret_header": Column("headers"), "note": Column("notes", lambda row: row["note"] == "y")},
            ignored=("created",),
        ),
        "tokens": Table(
            read=("id",), label=lambda row: f"token {row['id']}", unread={"used": Column("used", has_total=True)}
        ),
        "absent": Table(read=("id",), label=str, unread={"x": Column("nothing")}),
    },
    unread_tables={"codes": "codes", "vacant": "nothing", "absent_too": "nothing"},
    ignored_tables=("logs",),
    read_options=("Read",),
    unread_options={
        "Known": Option("known"),
        "Pairs": Option("pairs", lambda rules: [rule["model"] for rule in rules]),
        "Empty": Option("empty"),
        "Off": Option("off"),
    },
    ignored_options=("ThemePrice",),
)


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[Tables]:
    file = tmp_path / "gateway.db"
    with sqlite3.connect(file) as connection:
        connection.executescript(SCRIPT)
    connection.close()
    with sqlite_file(file) as opened:
        yield opened


def test_everything_with_content_is_named(tables: Tables) -> None:
    assert left_out(tables, UNREAD) == (
        LeftOut("options.Known", "known", 2, ("m", "n")),
        LeftOut("options.Pairs", "pairs", 1, ("a",)),
        LeftOut("options.unknown", "unknown options that may state prices", 1, ("NewRatio",)),
        LeftOut("options", "other settings of the program", 3, ("Theme", "ThemePrice", "registration_country")),
        LeftOut("channels.secret_header", "headers", 1, ("main",)),
        LeftOut("tokens.used", "used, 7 units in total", 2, ("token 1", "token 2")),
        LeftOut("columns", "other columns with values", 1, ("channels.unknown (1 row)",)),
        LeftOut("codes", "codes", 2),
        LeftOut("tables", "other tables with rows", 1, ('odd "name (1 row)',)),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, False),
        ("", False),
        ('{"proxy": "", "force_format": false, "list": [], "inner": {"retries": 0}}', False),
        ('{"proxy": "", "force_format": true}', True),
        ("not json", True),
    ],
)
def test_a_form_without_a_setting_says_nothing(text: str | None, expected: bool) -> None:
    assert has_settings("setting")({"setting": text}) is expected


def test_no_value_is_quoted(tables: Tables) -> None:
    assert "hunter2" not in repr(left_out(tables, UNREAD))
