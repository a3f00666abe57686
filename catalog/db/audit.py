"""Writes the audit trail: one entry per history row and per event, in the transaction of the change.

There are two chains of hashes. Entries of history rows are written by the holder of the revision's lock, which may be
a long import, so other events have a chain of their own. Each chain has a row with its end, which is locked while
entries are added; a transaction that needs both takes that of events last.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.auth.models import AbstractBaseUser
from django.db import connections, models, router, transaction
from django.utils import timezone
from simple_history.models import registered_models
from simple_history.utils import get_history_model_for_model

from catalog.db import chain
from catalog.db.history import LONGEST_ACTOR, current_actor, describe, name_user, request_user
from catalog.exact import write_json
from catalog.request_id import current_address, current_request_id

CHANGES, EVENTS = "changes", "events"
# The columns of an entry in the order of its hash, which follows them.
FIELDS = (
    "stream", "number", "at", "actor", "actor_key", "action", "kind", "object_key", "name", "reason", "detail",
    "changes", "request_id", "address", "run", "previous_key_id", "history", "columns", "digest",
)  # fmt: skip
ACTIONS = {"+": "created", "~": "changed", "-": "deleted"}
# These change when operators and runs are deleted; entries have their keys, and `actor` is the name.
UNSIGNED = ("history_user_id", "run_id")
LONGEST_NAME = 255
WRITTEN_AT_ONCE = 1000


@dataclass(frozen=True)
class Deed:
    """What is done beyond what the history row says, e.g. the rotation of a key."""

    action: str
    detail: str = ""
    previous_key_id: str = ""


_deed: ContextVar[Deed | None] = ContextVar("deed", default=None)
# What is called with new history rows: their model and the keys of the rows.
Listener = Callable[[type[models.Model], Sequence[int]], None]
_listeners: list[Listener] = []


def listen_with(listener: Listener) -> None:
    """Calls a function after history rows are entered, in the transaction of the change: apps above send events."""
    if listener not in _listeners:
        _listeners.append(listener)


def is_said() -> bool:
    """Whether a block says what its changes are."""
    return _deed.get() is not None


@contextmanager
def deed(action: str, *, detail: str = "", previous_key_id: str = "") -> Iterator[None]:
    """Says in words what the changes inside the block are; `action` is a participle, e.g. rotated."""
    token = _deed.set(Deed(action, detail, previous_key_id))
    try:
        yield
    finally:
        _deed.reset(token)


def record(
    action: str,
    *,
    about: models.Model | None = None,
    kind: str = "",
    name: str = "",
    actor: AbstractBaseUser | str | None = None,
    reason: str = "",
    detail: str = "",
    changes: Mapping[str, tuple[Any, Any]] | None = None,
    run: int | None = None,
    address: str = "",
    previous_key_id: str = "",
) -> None:
    """Records an event that has no history row, in the caller's transaction or in one of its own.

    `action` is a participle, e.g. signed in. `about` is the object; without one, `kind` and `name` name it. `changes`
    has a pair of old and new values, texts or whole numbers, by the name of the field. Nobody's secret may be in any
    of them. The request, its address and its operator are found; `actor` names somebody else. Call it at the end of a
    transaction: until that ends, other events wait, except after those of an import run.
    """
    user: Any = request_user() if actor is None else None if isinstance(actor, str) else actor
    if about is not None:
        kind, name = kind or about._meta.label_lower, name or str(about)
    entry = {
        "at": timezone.now(),
        "actor": name_user(user) if user else actor[:LONGEST_ACTOR] if isinstance(actor, str) else current_actor(),
        "actor_key": None if user is None else user.pk,
        "action": action,
        "kind": kind,
        "object_key": "" if about is None else str(about.pk),
        "name": name[:LONGEST_NAME],
        "reason": reason,
        "detail": detail,
        "changes": write_json({field: list(pair) for field, pair in (changes or {}).items()}).decode(),
        "request_id": current_request_id(),
        "address": address or current_address(),
        "run": run,
        "previous_key_id": previous_key_id,
        "history": None,
        "columns": None,
        "digest": None,
    }
    with transaction.atomic():
        append(EVENTS if run is None else CHANGES, [entry])


def append(stream: str, entries: Iterable[dict[str, Any]]) -> None:
    """Adds entries to the end of a chain; they have all FIELDS but the first two, in this order."""
    head_table, table = (apps.get_model("catalog", name) for name in ("AuditHead", "AuditEntry"))
    connection = connections[router.db_for_write(table)]
    quoted = connection.ops.quote_name
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    head = quoted(head_table._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT number, hash FROM {head} WHERE stream = %s{lock}", [stream])  # noqa: S608
        row = cursor.fetchone()
        if row is None:
            # It is only missing in a flushed test database.
            head_table.objects.bulk_create(
                [head_table(stream=stream, number=0, hash=chain.FIRST)], ignore_conflicts=True
            )
            append(stream, entries)
            return
        number, previous = row[0], bytes(row[1])
        rows = []
        for entry in entries:
            number += 1
            values = [stream, number, *entry.values()]
            previous = chain.hash_of(previous, values)
            rows.append([*values, previous])
        for start in range(0, len(rows), WRITTEN_AT_ONCE):
            _insert(cursor, connection, table, rows[start : start + WRITTEN_AT_ONCE])
        statement = f"UPDATE {head} SET number = %s, hash = %s WHERE stream = %s"  # noqa: S608
        cursor.execute(statement, [number, previous, stream])


def _insert(cursor: Any, connection: Any, table: Any, rows: Sequence[Sequence[Any]]) -> None:
    fields = [table._meta.get_field(name) for name in (*FIELDS, "hash")]
    names = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    into = f"INSERT INTO {connection.ops.quote_name(table._meta.db_table)} ({names})"
    if connection.vendor == "postgresql" and len(rows) > 1:
        lists = ", ".join(f"%s::{field.db_type(connection)}[]" for field in fields)
        columns = [list(values) for values in zip(*rows, strict=True)]
        cursor.execute(f"{into} SELECT * FROM UNNEST({lists})", columns)  # noqa: S608
        return
    moment = FIELDS.index("at")
    places = ", ".join(["%s"] * len(fields))
    adapt = connection.ops.adapt_datetimefield_value
    adapted = [
        [*row[:moment], at if isinstance(at := row[moment], str) else adapt(at), *row[moment + 1 :]] for row in rows
    ]
    cursor.executemany(f"{into} VALUES ({places})", adapted)


@dataclass(frozen=True)
class Columns:
    """What is read of the history rows of one table, in the order of their digests."""

    kind: str
    table: str
    # Columns of the table, then columns of tables of relations, as table.column.
    names: tuple[str, ...]
    own: tuple[str, ...]
    relations: tuple[tuple[str, str], ...]
    fingerprint: int

    @classmethod
    def of_names(cls, kind: str, table: str, names: Sequence[str]) -> "Columns":
        own = tuple(name for name in names if "." not in name)
        relations = tuple((parts[0], parts[2]) for name in names if "." in name for parts in [name.partition(".")])
        return cls(kind, table, tuple(names), own, relations, chain.fingerprint(kind, names))

    def selected(self, connection: Any) -> str:
        """The own columns and UNSIGNED, as SQL. An expression keeps SQLite from converting values, and from failing."""
        sign = "+" if connection.vendor == "sqlite" else ""
        return ", ".join(f"{sign}{connection.ops.quote_name(name)}" for name in (*self.own, *UNSIGNED))

    def digests(self, cursor: Any, connection: Any, rows: Sequence[Sequence[Any]]) -> list[bytes]:
        """The digests of rows with the columns of `selected`."""
        signed = [row[: len(self.own)] for row in rows]
        if not self.relations:
            return [chain.digest_of(self.fingerprint, row) for row in signed]
        keys = [row[self.own.index("history_id")] for row in rows]
        related = [self._related(cursor, connection, relation, keys) for relation in self.relations]
        return [
            chain.digest_of(self.fingerprint, [*row, *(others.get(key, "") for others in related)])
            for key, row in zip(keys, signed, strict=True)
        ]

    def in_order(self, rows: Iterable[Sequence[Any]]) -> list[Sequence[Any]]:
        """The rows in the order in which they were written."""
        at = self.own.index("history_id")
        return sorted(rows, key=lambda row: row[at])

    def _related(self, cursor: Any, connection: Any, relation: tuple[str, str], keys: Sequence[int]) -> dict[int, str]:
        """Key of a history row -> the keys of the rows that it was related to, in order, separated by commas."""
        table, column = (connection.ops.quote_name(name) for name in relation)
        cursor.execute(
            f"SELECT history_id, {column} FROM {table} WHERE history_id BETWEEN %s AND %s "  # noqa: S608
            f"ORDER BY history_id, {column}",
            [min(keys), max(keys)],
        )
        related: dict[int, str] = {}
        for key, other in cursor.fetchall():
            related[key] = f"{related[key]},{other}" if key in related else str(other)
        return related


def recorded_models() -> list[Any]:
    """The models with a history, in a fixed order."""
    found = {model for model in registered_models.values() if hasattr(model._meta, "simple_history_manager_attribute")}
    return sorted(found, key=lambda model: model._meta.label_lower)


@cache
def columns_of(model: type[models.Model]) -> Columns:
    """The columns that the history of a model has now."""
    history: Any = get_history_model_for_model(model)
    names = sorted({field.column for field in history._meta.concrete_fields} - {*UNSIGNED})
    related = sorted(
        f"{copies._meta.db_table}.{copies._meta.get_field(relation.m2m_reverse_field_name()).column}"
        for relation in history._history_m2m_fields  # noqa: SLF001
        for copies in [getattr(history, relation.name).model]
    )
    return Columns.of_names(model._meta.label_lower, history._meta.db_table, [*names, *related])


def remember_columns() -> None:
    """Stores the columns of all histories: later versions verify digests of this one with them."""
    table = apps.get_model("catalog", "AuditColumns")
    columns = [columns_of(model) for model in recorded_models()]
    table.objects.bulk_create(
        [table(id=each.fingerprint, kind=each.kind, names=" ".join(each.names)) for each in columns],
        ignore_conflicts=True,
    )


def enter_saved(sender: Any, history_instance: Any, **_: Any) -> None:
    """Enters the history row of a single save, when its relations are written."""
    model, connection = history_instance.instance_type, connections[router.db_for_write(sender)]
    quoted = connection.ops.quote_name
    columns = columns_of(model)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns.selected(connection)} FROM {quoted(columns.table)} WHERE history_id = %s",  # noqa: S608
            [history_instance.pk],
        )
        row = cursor.fetchone()
    said = None if history_instance.history_type != "~" or is_said() else describe(history_instance)
    with deed(said[0], detail=said[1]) if said else nullcontext():
        enter_rows(model, [row])


def enter_rows(model: type[models.Model], rows: Sequence[Sequence[Any]]) -> None:
    """Enters new history rows of a model with the columns of `selected`, in the order of their keys."""
    if not rows:
        return
    columns = columns_of(model)
    connection = connections[router.db_for_write(model)]
    with connection.cursor() as cursor:
        digests = columns.digests(cursor, connection, rows)
    append(CHANGES, _entries(model, rows, digests))
    at = columns.own.index("history_id")
    for listener in _listeners:
        listener(model, [row[at] for row in rows])


def _entries(
    model: type[models.Model], rows: Sequence[Sequence[Any]], digests: Sequence[bytes]
) -> Iterator[dict[str, Any]]:
    columns, said, address = columns_of(model), _deed.get() or Deed(""), current_address()
    # A class may have a word of its own for its new rows.
    actions = {**ACTIONS, "+": getattr(model, "created_as", ACTIONS["+"])}
    key: Any = model._meta.pk
    place = {name: number for number, name in enumerate((*columns.own, *UNSIGNED))}
    for row, digest, name in zip(rows, digests, _names(model, place, rows), strict=True):
        yield {
            "at": row[place["history_date"]],
            "actor": row[place["actor"]],
            "actor_key": row[place["history_user_id"]],
            "action": said.action or actions[row[place["history_type"]]],
            "kind": columns.kind,
            "object_key": str(row[place[key.column]]),
            "name": name,
            "reason": row[place["history_change_reason"]] or "",
            "detail": said.detail,
            "changes": "{}",
            "request_id": row[place["request_id"]],
            "address": address,
            "run": row[place["run_id"]],
            "previous_key_id": said.previous_key_id,
            "history": row[place["history_id"]],
            "columns": columns.fingerprint,
            "digest": digest,
        }


def _names(model: Any, place: Mapping[str, int], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """The name of each row's object: the columns that `named_by` lists, also of rows that it refers to."""
    parts: list[tuple[int, dict[Any, Any] | None]] = []
    for path in model.named_by:
        name, _, other = path.partition("__")
        field: Any = model._meta.get_field(name)
        at = place[field.column]
        found = None
        if other:
            keys = {row[at] for row in rows if row[at] is not None}
            others = models.QuerySet[Any](field.related_model).filter(pk__in=keys)
            found = dict(others.values_list("pk", other))
        parts.append((at, found))
    for row in rows:
        values = (row[at] if found is None else found.get(row[at]) for at, found in parts)
        yield " ".join(str(value) for value in values if value not in (None, ""))[:LONGEST_NAME]
