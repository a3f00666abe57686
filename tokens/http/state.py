"""Reads what decides whether a response may be sent again: the counters, and the token of the request.

One query, on connections of its own outside Django's pool, which would check them at every request.
"""

import threading
from typing import Any, NamedTuple

from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import load_backend

from catalog import caches
from catalog.db.revision import ROW, Counters
from tokens.auth import token_rows
from tokens.auth.token_rows import RawRow
from tokens.context import ReuseTerms

SELECT_COUNTERS = f"SELECT {', '.join(Counters.__annotations__)} FROM catalog_revision WHERE id = {ROW}"  # noqa: S608


class State(NamedTuple):
    """The counters, and the rows of a token (none if no token was asked for)."""

    counters: Counters
    rows: tuple[RawRow, ...] = ()

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
        return cls(SELECT_COUNTERS, token % "?" if vendor == "sqlite" else token)


class StateReader:
    """Reads the state on one connection per thread, which stays open."""

    def __init__(self) -> None:
        self._local = threading.local()
        caches.register(self)

    def read(self, digest: str | None) -> State | None:
        """The state now; None if there is no such token, or if the database does not answer: Django then decides."""
        local = self._local
        try:
            if getattr(local, "cursor", None) is None:
                self._open()
            if digest is None:
                counters = local.cursor.execute(local.statements.counters, (), **local.options).fetchone()
                return State(Counters(*counters)) if counters else None
            raw = local.cursor.execute(local.statements.token, (digest,), **local.options).fetchall()
        except getattr(local, "errors", Error):
            self.clear()
            return None
        if not raw:
            return None
        rows, counters = token_rows.split(raw)
        return State(counters, rows)

    def clear(self) -> None:
        """Closes this thread's connection."""
        wrapper = getattr(self._local, "wrapper", None)
        self._local.__dict__.clear()
        if wrapper is not None:
            wrapper.close()

    def _open(self) -> None:
        wrapper = self._connect()
        local = self._local
        # The cursor does not keep its wrapper alive.
        local.wrapper, local.errors = wrapper, (wrapper.Database.Error, Error)  # type: ignore[attr-defined]
        local.statements = Statements.of(wrapper.vendor)
        local.cursor, local.options = cursor_of(wrapper)

    def _connect(self) -> BaseDatabaseWrapper:
        configured = connections.settings["default"]
        options = {name: value for name, value in configured["OPTIONS"].items() if name != "pool"}
        wrapper: BaseDatabaseWrapper = load_backend(configured["ENGINE"]).DatabaseWrapper(
            configured | {"OPTIONS": options}, "default"
        )
        wrapper.ensure_connection()
        return wrapper


def cursor_of(wrapper: BaseDatabaseWrapper) -> tuple[Any, dict[str, Any]]:
    """The driver's own cursor, and the options of its `execute`."""
    if wrapper.vendor != "postgresql":
        return wrapper.connection.cursor(), {}
    from psycopg import Cursor

    # Planning the statement takes longer than running it, so the server prepares it once per connection.
    return Cursor(wrapper.connection), {"prepare": True}
