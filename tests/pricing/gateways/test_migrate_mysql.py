"""A gateway on MySQL is migrated like one on SQLite: the same columns, other types, and the gateway's own DSN."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from pricing.gateways.reading.databases import GO_DSN
from tests.mysql import throwaway_mysql
from tests.pricing.gateways.databases import sqlite_gateway
from tests.pricing.gateways.test_migrate import NEW_API, ONE_API, holds
from tests.samples import REAL
from tokens.models import Token

pytestmark = pytest.mark.django_db
NAME, PASSWORD = "oneapi", "only:for@this/test"
DATABASES = ["one-api", "new-api", "one-api.db", "new-api.db"]
# As GORM makes them on MySQL, by the kind of what SQLite has.
TYPES = {
    "integer": "bigint",
    "bigint": "bigint",
    "numeric": "tinyint(1)",
    "datetime": "datetime(3)",
    "real": "double",
    "json": "json",
}


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    with throwaway_mysql() as port:
        yield port


@pytest.fixture(params=DATABASES)
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param.endswith(".db"):
        real: Path = REAL / "gateways" / request.param
        if not real.is_file():
            pytest.skip(f"{real} is not on this machine")
        return real
    rows: dict[str, Any] = NEW_API if request.param == "new-api" else ONE_API
    return sqlite_gateway(tmp_path, request.param, **rows)


def addresses(port: int) -> dict[str, str]:
    return {
        "url": f"mysql://gateway:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/{NAME}",
        "go": f"gateway:{PASSWORD}@tcp(127.0.0.1:{port})/{NAME}?charset=utf8mb4&parseTime=True",
    }


def copy(file: Path, port: int) -> None:
    """Copies the tables of a SQLite file to MySQL, for a user with read access only."""
    import pymysql

    with (
        closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as source,
        closing(pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"DROP DATABASE IF EXISTS {NAME}")
        cursor.execute(f"CREATE DATABASE {NAME} CHARACTER SET utf8mb4")
        cursor.execute(f"USE {NAME}")
        cursor.execute("CREATE OR REPLACE USER gateway@127.0.0.1 IDENTIFIED BY %s", [PASSWORD])
        cursor.execute(f"GRANT SELECT ON {NAME}.* TO gateway@127.0.0.1")
        tables = source.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        for (table,) in tables.fetchall():
            columns = source.execute("SELECT name, type FROM pragma_table_info(?)", [table]).fetchall()
            listed = ", ".join(f"`{name}` {TYPES.get(kind.lower(), 'longtext')}" for name, kind in columns)
            cursor.execute(f"CREATE TABLE `{table}` ({listed})")
            places = ", ".join(["%s"] * len(columns))
            rows = source.execute(f'SELECT * FROM "{table}"').fetchall()  # noqa: S608
            cursor.executemany(f"INSERT INTO `{table}` VALUES ({places})", rows)  # noqa: S608


@pytest.mark.parametrize("spelling", ["url", "go"])
def test_every_key_lists_the_same_as_in_the_gateway(client: Client, server: int, file: Path, spelling: str) -> None:
    copy(file, server)

    call_command("import_gateway", dsn=addresses(server)[spelling], apply=True)

    holds(client, file)


def test_a_second_run_changes_nothing_and_a_wrong_password_is_not_shown(
    server: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy(sqlite_gateway(tmp_path, "new-api", **NEW_API), server)
    for _ in range(2):
        call_command("import_gateway", dsn=addresses(server)["go"], apply=True)
    assert "Nothing to do" in capsys.readouterr().out
    assert Token.objects.exists()

    with pytest.raises(CommandError, match="Access denied") as refused:
        call_command("import_gateway", dsn=f"gateway:hunter2@tcp(127.0.0.1:{server})/{NAME}")
    assert refused.value.returncode == 4
    assert "hunter2" not in str(refused.value)


def test_a_password_may_contain_any_character() -> None:
    match = GO_DSN.match(addresses(3306)["go"])
    assert match is not None
    assert (match["user"], match["password"], match["name"]) == ("gateway", PASSWORD, NAME)
