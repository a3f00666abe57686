"""Reads what decides whether a response may be sent again: the counters, and the token of the request.

One query, on connections of its own outside Django's pool, which would check them at every request.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, Protocol

import psycopg
from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend
from psycopg.pq import DiagnosticField, ExecStatus

from catalog import caches
from catalog.db.revision import ROW, Counters
from tokens.auth import token_rows
from tokens.auth.token_rows import RawRow
from tokens.context import ReuseTerms

logger = logging.getLogger("modelbook.database")

SELECT_COUNTERS = f"SELECT {', '.join(Counters.__annotations__)} FROM catalog_revision WHERE id = {ROW}"  # noqa: S608

# The two statements on PostgreSQL's server.
COUNTERS_NAME, TOKEN_NAME = b"modelbook_counters", b"modelbook_token"
# An error of PostgreSQL.
NO_SUCH_STATEMENT = b"26000"


class State(NamedTuple):
    """The counters, and the rows of a token (none if no token was asked for)."""

    counters: Counters
    rows: tuple[RawRow, ...] = ()

    @classmethod
    def of(cls, raw: Sequence[RawRow], *, has_token: bool) -> "State | None":
        """The state from the rows that one of the `Statements` returned; None if it returned none."""
        if not raw:
            return None
        if not has_token:
            return cls(Counters(*map(int, raw[0])))
        rows, counters = token_rows.split(raw)
        return cls(counters, rows)

    def meets(self, terms: ReuseTerms) -> bool:
        """Whether everything that the response was built from is unchanged."""
        if any(getattr(self.counters, name) != value for name, value in terms.counters):
            return False
        identity = terms.identity
        if identity is None:
            return True
        # Most responses do not depend on the last columns.
        return len(self.rows) == len(identity.rows) and all(
            now[: len(then)] == then for now, then in zip(self.rows, identity.rows, strict=True)
        )


class Statements(NamedTuple):
    """The two statements in the form that the driver of the database takes."""

    counters: str
    # Its parameter is a digest.
    token: str

    @classmethod
    def of(cls, vendor: str) -> "Statements":
        token = token_rows.statement()
        return cls(SELECT_COUNTERS, token % ("?" if vendor == "sqlite" else "$1"))


class Link(Protocol):
    """An open connection of one thread; its methods raise one of its `errors` if the database does not answer."""

    errors: tuple[type[Exception], ...]

    def read(self, digest: str | None) -> list[RawRow]:
        """The rows of the token, or those of the counters."""


class SqliteLink:
    """A connection to a file."""

    def __init__(self, wrapper: BaseDatabaseWrapper) -> None:
        self.errors: tuple[type[Exception], ...] = (sqlite3.Error,)
        self._cursor = wrapper.connection.cursor()
        self._statements = Statements.of(wrapper.vendor)

    def read(self, digest: str | None) -> list[RawRow]:
        counters, token = self._statements
        done = self._cursor.execute(counters) if digest is None else self._cursor.execute(token, (digest,))
        rows: list[RawRow] = done.fetchall()
        return rows


class PostgresLink:
    """A connection to a server, by the functions of PostgreSQL's own library.

    The server plans each statement once, because planning takes longer than running it, and values stay bytes:
    together a fifth of the processor time of a cursor.
    """

    def __init__(self, wrapper: BaseDatabaseWrapper) -> None:
        self.errors: tuple[type[Exception], ...] = (psycopg.Error,)
        self._server = wrapper.connection.pgconn
        self._statements = Statements.of(wrapper.vendor)
        self._is_prepared = prepare(self._server, self._statements)

    def read(self, digest: str | None) -> list[RawRow]:
        parameters = [] if digest is None else [digest.encode()]
        if self._is_prepared:
            result = self._server.exec_prepared(COUNTERS_NAME if digest is None else TOKEN_NAME, parameters)
            # A pool between us and the server may have given this connection another one.
            self._is_prepared = result.error_field(DiagnosticField.SQLSTATE) != NO_SUCH_STATEMENT
        if not self._is_prepared:
            statement = self._statements.counters if digest is None else self._statements.token
            result = self._server.exec_params(statement.encode(), parameters)
        if result.status != ExecStatus.TUPLES_OK:
            raise psycopg.Error
        return token_rows.read_raw(result)


def prepare(server: Any, statements: Statements) -> bool:
    """Prepares the two statements on the server; whether it did."""
    named = {COUNTERS_NAME: statements.counters, TOKEN_NAME: statements.token}
    return all(server.prepare(name, sql.encode()).status == ExecStatus.COMMAND_OK for name, sql in named.items())


LINKS: Mapping[str, Callable[[BaseDatabaseWrapper], Link]] = {"sqlite": SqliteLink, "postgresql": PostgresLink}


class StateReader:
    """Reads the state on one connection per thread, which stays open; `options` are those of the connection."""

    def __init__(self, **options: Any) -> None:
        self._local = threading.local()
        self._options = options
        caches.register(self)

    def read(self, digest: str | None) -> State | None:
        """The state now; None if there is no such token, or if the database does not answer: Django then decides."""
        try:
            link: Link = getattr(self._local, "link", None) or self._open()
            raw = link.read(digest)
        except (Error, *getattr(self._local, "errors", ())):
            self.clear()
            return None
        return State.of(raw, has_token=digest is not None)

    def clear(self) -> None:
        """Closes this thread's connection."""
        wrapper = getattr(self._local, "wrapper", None)
        self._local.__dict__.clear()
        if wrapper is not None:
            wrapper.close()

    def _open(self) -> Link:
        # The link does not keep its wrapper alive.
        wrapper = self._local.wrapper = connect(**self._options)
        link = self._local.link = LINKS[wrapper.vendor](wrapper)
        self._local.errors = link.errors
        return link


def connect(**options: Any) -> BaseDatabaseWrapper:
    """An open connection outside Django's pool, with these options beside those of the settings."""
    configured = connections.settings["default"]
    common = {name: value for name, value in configured["OPTIONS"].items() if name != "pool"}
    wrapper: BaseDatabaseWrapper = load_backend(configured["ENGINE"]).DatabaseWrapper(
        configured | {"OPTIONS": common | options}, "default"
    )
    wrapper.ensure_connection()
    return wrapper


# Seconds that the loop waits for a lock of SQLite, which readers seldom need.
LOCK_SECONDS = 0.05
# Seconds that a request waits for PostgreSQL before a thread answers it, which waits longer.
ANSWER_SECONDS = 1.0
# Seconds without a connection after a failure.
PAUSE_SECONDS = 1.0
# The same where the server cannot do what is needed.
LONG_PAUSE_SECONDS = 300.0
# States that are asked for in one round trip.
MAX_BATCH = 128

Then = Callable[[State | None], None]


class Loop(Protocol):
    """What the loop of a worker offers (config/server/worker.py)."""

    def watch(self, file: int, on_readable: Callable[[int], None]) -> None: ...
    def unwatch(self, file: int) -> None: ...
    def call(self, call: Callable[[], None]) -> None: ...


class InlineStates:
    """Reads states for the loop from SQLite, which answers in microseconds, from this process."""

    def __init__(self) -> None:
        self._states = StateReader(timeout=LOCK_SECONDS)

    def ask(self, digest: str | None, then: Then) -> None:
        then(self._states.read(digest))

    def end_turn(self) -> None:
        """Nothing waits."""


def _give(then: Then, state: State | None) -> None:
    """Calls `then`; if it fails, the other requests of the same round trip still get their states."""
    try:
        then(state)
    except Exception:
        logger.exception("A request could not be answered.")


class PipelinedStates:
    """Reads states for the loop from PostgreSQL: one round trip for all requests that arrived during the one before.

    The loop never waits for the server. A thread opens the connection; as long as there is none, and if the server does
    not answer within ANSWER_SECONDS, the state is None.
    """

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._wrapper: BaseDatabaseWrapper | None = None
        # Its socket, which the driver forgets when the connection is lost.
        self._file = -1
        self._is_connecting = False
        self._retry_at = 0.0
        self._waiting: list[tuple[str | None, Then]] = []
        self._asked: list[tuple[str | None, Then]] = []
        self._asked_at = 0.0
        self._results: list[Any] = []

    def ask(self, digest: str | None, then: Then) -> None:
        """Calls `then` with the state, at a later turn of the loop."""
        if self._wrapper is None:
            self._connect()
            then(None)
        else:
            self._waiting.append((digest, then))

    def end_turn(self) -> None:
        """Sends what is asked for, unless the server still has to answer."""
        if self._asked:
            if time.monotonic() - self._asked_at > ANSWER_SECONDS:
                self._fail("no answer")
        elif self._waiting and self._wrapper is not None:
            self._asked, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            self._asked_at = time.monotonic()
            wrapper = self._wrapper
            connection = wrapper.connection.pgconn
            try:
                for digest, _ in self._asked:
                    if digest is None:
                        connection.send_query_prepared(COUNTERS_NAME, None)
                    else:
                        connection.send_query_prepared(TOKEN_NAME, [digest.encode()])
                connection.pipeline_sync()
                # A few kilobytes always fit into the socket.
                if connection.flush():
                    self._fail("nothing can be sent")
            except psycopg.Error as error:
                self._fail(type(error).__name__)

    def _read(self, _events: int) -> None:
        """The server has sent something: answers, or the end of the connection."""
        wrapper = self._wrapper
        if wrapper is None:
            return
        connection = wrapper.connection.pgconn
        try:
            connection.consume_input()
            while self._asked and not connection.is_busy():
                result = connection.get_result()
                if result is None:
                    continue
                if result.status == ExecStatus.PIPELINE_SYNC:
                    self._answer()
                elif result.status == ExecStatus.TUPLES_OK:
                    self._results.append(result)
                else:
                    self._fail("a statement failed")
                    return
        except psycopg.Error as error:
            self._fail(type(error).__name__)

    def _answer(self) -> None:
        asked, results, self._asked, self._results = self._asked, self._results, [], []
        for (digest, then), result in zip(asked, results, strict=True):
            _give(then, State.of(token_rows.read_raw(result), has_token=digest is not None))

    def _fail(self, reason: str) -> None:
        """Closes the connection, and lets threads answer whatever waits for it."""
        logger.warning("Responses are checked in threads until the database answers: %s", reason)
        wrapper, self._wrapper = self._wrapper, None
        if wrapper is not None:
            self._loop.unwatch(self._file)
            with suppress(psycopg.Error):
                wrapper.connection.close()
        self._retry_at = time.monotonic() + PAUSE_SECONDS
        asked = self._asked + self._waiting
        self._asked, self._waiting, self._results = [], [], []
        for _, then in asked:
            _give(then, None)

    def _connect(self) -> None:
        if not self._is_connecting and time.monotonic() >= self._retry_at:
            self._is_connecting = True
            threading.Thread(target=self._open, name="states", daemon=True).start()

    def _open(self) -> None:
        wrapper: BaseDatabaseWrapper | None = None
        pause = PAUSE_SECONDS
        try:
            wrapper = connect()
            connection = wrapper.connection.pgconn
            if prepare(connection, Statements.of(wrapper.vendor)):
                connection.nonblocking = 1
                connection.enter_pipeline_mode()
            else:
                # A pool between here and the server, which does not allow it later either.
                logger.warning("Responses are checked in threads: the server prepares no statements.")
                wrapper.close()
                wrapper, pause = None, LONG_PAUSE_SECONDS
        except Exception as error:  # noqa: BLE001  (whatever it is, threads answer and report it)
            logger.warning("Responses are checked in threads: %s", type(error).__name__)
            wrapper = None
        self._loop.call(partial(self._use, wrapper, pause))

    def _use(self, wrapper: BaseDatabaseWrapper | None, pause: float) -> None:
        self._is_connecting = False
        if wrapper is None:
            self._retry_at = time.monotonic() + pause
        else:
            self._wrapper = wrapper
            self._file = wrapper.connection.fileno()
            self._loop.watch(self._file, self._read)
