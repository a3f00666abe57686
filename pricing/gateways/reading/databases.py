"""Opens another gateway's database read-only: a SQLite file, PostgreSQL or MySQL. Imports no models."""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, unquote, urlsplit

Row = Mapping[str, Any]

SECONDS_TO_CONNECT = 10
# The form of gateways written in Go: user:password@tcp(host:3306)/name?options.
GO_DSN = re.compile(
    r"(?P<user>[^:@/]*)(?::(?P<password>.*))?@tcp\((?P<host>[^():]+)(?::(?P<port>\d+))?\)/(?P<name>[^?]+)"
)


class DatabaseUnreadableError(ValueError):
    """The database cannot be read; the message is one sentence for the operator, without a password."""


class Tables(Protocol):
    """The database access that a migration needs."""

    def names(self) -> frozenset[str]:
        """The tables of the database, without views and the database's own tables."""

    def columns(self, table: str) -> frozenset[str]:
        """The table's columns; empty if there is no such table."""

    def count(self, table: str) -> int:
        """The number of rows of an existing table, without those marked as deleted."""

    def rows(self, table: str, columns: Iterable[str]) -> Iterator[Row]:
        """All rows in order of id, with those of `columns` that the table has."""


@contextmanager
def sqlite_file(path: Path) -> Iterator[Tables]:
    """A SQLite file, opened read-only."""
    if not path.is_file():
        raise DatabaseUnreadableError(f"{path} is not a file: check the path.")
    address = f"file:{quote(str(path.resolve()))}?mode=ro"
    if not path.with_name(path.name + "-wal").exists():
        # No process is writing, so the file is readable even in a folder where SQLite cannot create side files.
        address += "&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            connection.text_factory = lambda text: text.decode(errors="replace")
            connection.execute("BEGIN")
            yield _SqliteTables(connection)
    except sqlite3.Error as error:
        raise DatabaseUnreadableError(f"{path} cannot be read as a SQLite database: {error}.") from None


@contextmanager
def server(dsn: str) -> Iterator[Tables]:
    """A PostgreSQL or MySQL database at the gateway's own address (SQL_DSN)."""
    if dsn.startswith(("postgres://", "postgresql://")) or re.search(r"\bdbname=", dsn):
        with _postgresql(dsn) as tables:
            yield tables
    else:
        with _mysql(_mysql_options(dsn)) as tables:
            yield tables


class _SqliteTables:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def names(self) -> frozenset[str]:
        statement = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        return frozenset(row["name"] for row in self.connection.execute(statement))

    def count(self, table: str) -> int:
        number: int = self.connection.execute(_count(table, self.columns(table), quote='"')).fetchone()["number"]
        return number

    def columns(self, table: str) -> frozenset[str]:
        # Views are not read: a gateway's data is in tables.
        table_row = self.connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [table])
        if table_row.fetchone() is None:
            return frozenset()
        return frozenset(
            row["name"] for row in self.connection.execute("SELECT name FROM pragma_table_info(?)", [table])
        )

    def rows(self, table: str, columns: Iterable[str]) -> Iterator[Row]:
        statement = _select(table, self.columns(table), columns, quote='"')
        for row in self.connection.execute(statement) if statement else ():
            yield dict(row)


class _ServerTables:
    """PostgreSQL and MySQL: the same statements, with different quotes."""

    def __init__(self, connection: Any, *, quote: str, schema: str) -> None:
        self.connection = connection
        self.quote = quote
        self.schema = schema

    def names(self) -> frozenset[str]:
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT table_name AS name FROM information_schema.tables "  # noqa: S608
                f"WHERE table_schema = {self.schema} AND table_type = 'BASE TABLE'"
            )
            return frozenset(row["name"] for row in cursor.fetchall())

    def count(self, table: str) -> int:
        with self.connection.cursor() as cursor:
            cursor.execute(_count(table, self.columns(table), quote=self.quote))
            number: int = cursor.fetchone()["number"]
            return number

    def columns(self, table: str) -> frozenset[str]:
        with self.connection.cursor() as cursor:
            cursor.execute(
                f"SELECT column_name AS name FROM information_schema.columns WHERE table_schema = {self.schema} "  # noqa: S608
                "AND table_name = %s",
                [table],
            )
            return frozenset(row["name"] for row in cursor.fetchall())

    def rows(self, table: str, columns: Iterable[str]) -> Iterator[Row]:
        statement = _select(table, self.columns(table), columns, quote=self.quote)
        if statement:
            with self.connection.cursor() as cursor:
                cursor.execute(statement)
                yield from cursor.fetchall()


def _select(table: str, existing: frozenset[str], columns_read: Iterable[str], *, quote: str) -> str:
    columns = [column for column in columns_read if column in existing]
    if not columns:
        return ""
    listed = ", ".join(_quoted(column, quote) for column in columns)
    order = f" ORDER BY {quote}id{quote}" if "id" in existing else ""
    return f"SELECT {listed} FROM {_quoted(table, quote)}{order}"  # noqa: S608


def _count(table: str, existing: frozenset[str], *, quote: str) -> str:
    present = f" WHERE {quote}deleted_at{quote} IS NULL" if "deleted_at" in existing else ""
    return f"SELECT COUNT(*) AS number FROM {_quoted(table, quote)}{present}"  # noqa: S608


def _quoted(name: str, quote: str) -> str:
    """The name of a table or column, which may be any text: other programs' databases have their own."""
    return quote + name.replace(quote, quote * 2) + quote


@contextmanager
def _postgresql(dsn: str) -> Iterator[Tables]:
    import psycopg
    from psycopg.rows import dict_row

    try:
        with psycopg.connect(dsn, row_factory=dict_row, connect_timeout=SECONDS_TO_CONNECT) as connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            yield _ServerTables(connection, quote='"', schema="current_schema()")
    except psycopg.Error as error:
        raise _unreadable(error, dsn) from None


@contextmanager
def _mysql(options: Mapping[str, Any]) -> Iterator[Tables]:
    try:
        import pymysql
        import pymysql.cursors
    except ImportError:
        raise DatabaseUnreadableError(
            "Reading MySQL needs another package: run pip install 'modelbook[mysql]', then repeat."
        ) from None
    try:
        connection = pymysql.connect(
            **options,
            charset="utf8mb4",
            connect_timeout=SECONDS_TO_CONNECT,
            cursorclass=pymysql.cursors.DictCursor,
        )
        with closing(connection):
            with connection.cursor() as cursor:
                cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
            yield _ServerTables(connection, quote="`", schema="DATABASE()")
    except pymysql.Error as error:
        raise _unreadable(error, str(options["password"])) from None


def _mysql_options(dsn: str) -> dict[str, Any]:
    """Connection options from mysql://user:password@host:3306/name or from the form of Go."""
    if match := GO_DSN.match(dsn):
        parsed = {key: match[key] or "" for key in ("user", "password", "host", "name", "port")}
    else:
        try:
            parts = urlsplit(dsn)
            port = str(parts.port or "")
        except ValueError:
            parts, port = urlsplit(""), ""
        if parts.scheme not in ("mysql", "mariadb") or not parts.hostname:
            raise DatabaseUnreadableError(
                "This is not a valid address: use "
                "postgres://user:password@host:5432/name, mysql://user:password@host:3306/name "
                "or user:password@tcp(host:3306)/name."
            )
        parsed = {
            "user": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "host": parts.hostname,
            "name": parts.path.strip("/"),
            "port": port,
        }
    return {
        "user": parsed["user"],
        "password": parsed["password"],
        "host": parsed["host"],
        "database": parsed["name"],
        "port": int(parsed["port"] or 3306),
    }


def _unreadable(error: Exception, secret: str) -> DatabaseUnreadableError:
    """The first line of the driver's message, without the address, which contains a password."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    line = lines[0]
    for word in (secret, *re.findall(r"://[^:@/]*:([^@]*)@", secret), *re.findall(r"password=(\S+)", secret)):
        line = line.replace(word, "…") if word else line
    return DatabaseUnreadableError(f"The database cannot be read: {line.rstrip('.')}.")
