"""Writes many rows with their history, in one transaction and few statements.

They bypass the managers of tracked models, so they raise the revision themselves: see catalog/db/revision.py.
"""

from collections.abc import Collection, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any, TypeVar

from django.contrib.auth.models import AbstractBaseUser
from django.db import connections, models, router, transaction
from django.utils import timezone
from simple_history.utils import get_history_model_for_model

from catalog.db.audit import columns_of, deed, enter_rows, is_said
from catalog.db.changes import models_of, models_of_query
from catalog.db.history import name_actor
from catalog.db.import_context import current_reason
from catalog.db.revision import bump_for, hold
from catalog.progress import track

M = TypeVar("M", bound=models.Model)

# SQLite accepts 32,766 values per statement; the widest table has about twenty columns.
BATCH = 500
# For statements whose only values are keys.
KEYS = 10_000


def update_with_history(rows: models.QuerySet[M], *, reason: str = "", **values: Any) -> int:
    """Sets the same values on all rows of a queryset, with a history row each; returns the number of rows.

    The database copies the rows in batches, so that any number of them needs little memory.
    """
    model = rows.model
    if not values.keys().isdisjoint(getattr(model, "deciding_columns", ())):
        raise TypeError("Other columns depend on these values: write the rows with update_rows().")
    plain = models.QuerySet[M](model)
    touched = {field.name: timezone.now() for field in model._meta.concrete_fields if getattr(field, "auto_now", False)}
    with transaction.atomic():
        hold()
        # A queryset that joins other tables may contain a row twice.
        keys = list(dict.fromkeys(rows.order_by().values_list("pk", flat=True)))
        if keys:
            bump_for(model, partial(models_of_query, rows, values))
        switched = values.keys() == {"enabled"} and not is_said()
        with deed("enabled" if values["enabled"] else "disabled") if switched else nullcontext():
            for batch in track(batches(keys, KEYS), f"Writing {model._meta.verbose_name_plural}"):
                plain.filter(pk__in=batch).update(**touched, **values)
                write_history(model, batch, kind="~", reason=reason)
    return len(keys)


def update_rows(
    rows: Sequence[M], *, fields: Sequence[str], reason: str = "", actor: AbstractBaseUser | None = None
) -> None:
    """Writes the named fields of rows that have new values, with a history row each.

    bulk_update would write a CASE with one branch per row and field: it takes minutes for thousands of rows.
    """
    if not rows:
        return
    model = type(rows[0])
    touched = [field.name for field in model._meta.concrete_fields if getattr(field, "auto_now", False)]
    with transaction.atomic():
        bump_for(model, partial(models_of, rows))
        names = dict.fromkeys([*fields, *touched, *_complete(rows, fields)])
        columns = [model._meta.get_field(name) for name in names]
        BulkWriter(model, columns).update(rows)
        write_history(model, keys_of(rows), kind="~", reason=reason, actor=actor)


def create_rows(rows: list[M], *, reason: str = "", actor: AbstractBaseUser | None = None) -> list[M]:
    """Inserts rows with a history row each; returns them with their keys."""
    if not rows:
        return []
    with transaction.atomic():
        insert_rows(rows)
        write_history(type(rows[0]), keys_of(rows), kind="+", reason=reason, actor=actor)
    return rows


def insert_with_keys(rows: Sequence[M], *, reason: str = "", actor: AbstractBaseUser | None = None) -> None:
    """Inserts deleted rows again, with the keys and times that they had, and with a history row each."""
    if not rows:
        return
    model = type(rows[0])
    with transaction.atomic():
        bump_for(model, partial(models_of, rows, may_move=False))
        _complete(rows, [field.name for field in model._meta.concrete_fields])
        for row in rows:
            row.save_base(raw=True, force_insert=True)
        if hasattr(model, "history"):
            write_history(model, keys_of(rows), kind="+", reason=reason, actor=actor)


def insert_rows(rows: Sequence[M]) -> None:
    """Inserts rows without history and sets their keys, in half the time of bulk_create."""
    if not rows:
        return
    model = type(rows[0])
    with transaction.atomic():
        bump_for(model, partial(models_of, rows))
        _complete(rows, [field.name for field in model._meta.concrete_fields])
        writer = BulkWriter(model, [field for field in model._meta.concrete_fields if not field.primary_key])
        writer.insert(rows)
        if len(rows) >= BATCH:
            writer.analyze()


def _complete(rows: Sequence[M], fields: Collection[str]) -> Collection[str]:
    """Sets the columns that depend on others of the same row, if its class has such columns; returns their names."""
    complete = getattr(type(rows[0]), "complete", None)
    return complete(rows, fields) if complete else ()


class BulkWriter:
    """Writes some columns of many rows of one table, in the fastest way of each database.

    PostgreSQL gets one list per column, SQLite one list per row: psycopg is slow with thousands of placeholders.
    """

    def __init__(self, model: type[models.Model], columns: Sequence[Any], *, is_raw: bool = False) -> None:
        """`is_raw`: columns that saves set, such as the time of the last change, are written as they are."""
        self.is_raw = is_raw
        self.connection = connections[router.db_for_write(model)]
        self.columns = columns
        self.key: Any = model._meta.pk
        self.table = self.quoted(model._meta.db_table)
        self.plural_name = model._meta.verbose_name_plural
        self.takes_lists = self.connection.vendor == "postgresql"

    def insert(self, rows: Sequence[models.Model]) -> None:
        names = ", ".join(self.quoted(column.column) for column in self.columns)
        for batch in track(batches(rows, BATCH), f"Writing {self.plural_name}"):
            if self.takes_lists:
                source, values = f"SELECT * FROM {self.lists(self.columns)}", self.by_column(batch, self.columns)  # noqa: S608
            else:
                places = f"({', '.join(['%s'] * len(self.columns))})"
                source = "VALUES " + ", ".join([places] * len(batch))
                values = [value for row in self.by_row(batch, self.columns) for value in row]
            statement = f"INSERT INTO {self.table} ({names}) {source} RETURNING {self.quoted(self.key.column)}"
            with self.connection.cursor() as cursor:
                cursor.execute(statement, values)
                keys = cursor.fetchall()
            for row, (key,) in zip(batch, keys, strict=True):
                row.pk = key
                row._state.adding = False  # noqa: SLF001

    def analyze(self) -> None:
        """Updates PostgreSQL's statistics of the table; SQLite needs none.

        PostgreSQL itself updates them a minute later and without uncommitted rows. Until then it plans joins as if the
        table were empty, and reads the table once for every row of the other one.
        """
        if self.connection.vendor == "postgresql":
            with self.connection.cursor() as cursor:
                cursor.execute(f"ANALYZE {self.table}")

    def update(self, rows: Sequence[models.Model]) -> None:
        columns = [*self.columns, self.key]
        names = [self.quoted(column.column) for column in columns]
        with self.connection.cursor() as cursor:
            if self.takes_lists:
                places = ", ".join(f"{name} = updated.{name}" for name in names[:-1])
                source = f"{self.lists(columns)} AS updated ({', '.join(names)})"
                key = names[-1]
                statement = f"UPDATE {self.table} SET {places} FROM {source} WHERE {self.table}.{key} = updated.{key}"  # noqa: S608
                cursor.execute(statement, self.by_column(rows, columns))
            else:
                places = ", ".join(f"{name} = %s" for name in names[:-1])
                statement = f"UPDATE {self.table} SET {places} WHERE {names[-1]} = %s"  # noqa: S608
                cursor.executemany(statement, self.by_row(rows, columns))

    def lists(self, columns: Sequence[Any]) -> str:
        types = (
            column.rel_db_type(self.connection) if column is self.key else column.db_type(self.connection)
            for column in columns
        )
        return f"UNNEST({', '.join(f'%s::{column_type}[]' for column_type in types)})"

    def by_row(self, rows: Sequence[models.Model], columns: Sequence[Any]) -> list[list[Any]]:
        return [
            [column.get_db_prep_save(self.value(column, row), self.connection) for column in columns] for row in rows
        ]

    def value(self, column: Any, row: models.Model) -> Any:
        return getattr(row, column.attname) if self.is_raw else column.pre_save(row, row.pk is None)

    def by_column(self, rows: Sequence[models.Model], columns: Sequence[Any]) -> list[list[Any]]:
        return [list(values) for values in zip(*self.by_row(rows, columns), strict=True)]

    def quoted(self, name: str) -> str:
        return self.connection.ops.quote_name(name)


def delete_rows(rows: Sequence[M], *, reason: str = "", actor: AbstractBaseUser | None = None) -> None:
    """Deletes rows with a history row each; IntegrityError if other rows refer to them."""
    if not rows:
        return
    model = type(rows[0])
    with transaction.atomic():
        bump_for(model, partial(models_of, rows))
        if hasattr(model, "history"):
            write_history(model, keys_of(rows), kind="-", reason=reason, actor=actor)
        for keys in batches(keys_of(rows), KEYS):
            chosen = model._default_manager.filter(pk__in=keys)
            chosen._raw_delete(chosen.db)  # noqa: SLF001


def write_history(
    model: type[models.Model],
    keys: Sequence[Any],
    *,
    kind: str,
    reason: str = "",
    actor: AbstractBaseUser | None = None,
) -> None:
    """Writes a history row for each row with one of these keys, as stored now; `kind` is +, ~ or -.

    The database copies the rows: reading and writing thousands of them here would double the time.
    """
    history = get_history_model_for_model(model)
    connection = connections[router.db_for_write(history)]
    user = actor or history.get_default_history_user(model())
    columns = columns_of(model)
    change: dict[str, Any] = {
        "history_date": timezone.now(),
        "history_type": kind,
        "history_change_reason": reason or current_reason(),
        "history_user": None if user is None else user.pk,
    }
    # The other columns of history rows: see catalog/db/history.py.
    own = {field.name for field in history.tracked_fields} | change.keys() | {"history_id"}
    change |= {field.name: field.get_default() for field in history._meta.concrete_fields if field.name not in own}
    change["actor"] = name_actor(user)
    change_fields: list[Any] = [history._meta.get_field(name) for name in change]
    values = [
        field.get_db_prep_save(value, connection) for field, value in zip(change_fields, change.values(), strict=True)
    ]
    quoted = connection.ops.quote_name
    copied = [quoted(field.column) for field in history.tracked_fields]
    into = ", ".join([*copied, *(quoted(field.column) for field in change_fields)])
    places = ", ".join([*copied, *("%s" for _ in values)])
    key: Any = model._meta.pk
    source = f"{quoted(model._meta.db_table)} WHERE {quoted(key.column)}"
    with connection.cursor() as cursor:
        for batch in batches(keys, KEYS):
            chosen = ", ".join(["%s"] * len(batch))
            cursor.execute(
                f"INSERT INTO {quoted(history._meta.db_table)} ({into}) "  # noqa: S608
                f"SELECT {places} FROM {source} IN ({chosen}) ORDER BY {quoted(key.column)} "
                f"RETURNING {columns.selected(connection)}",
                [*values, *batch],
            )
            written = cursor.fetchall()
            for relation in getattr(history, "_history_m2m_fields", ()) if kind != "-" else ():
                cursor.execute(_copy_relation(history, relation, chosen), batch)
            enter_rows(model, columns.in_order(written))


def _copy_relation(history: Any, relation: Any, chosen: str) -> str:
    """The statement that copies what rows are related to into their newest history rows, as a save does."""
    copies, through = getattr(history, relation.name).model, relation.remote_field.through
    quoted = connections[router.db_for_write(history)].ops.quote_name
    columns = [quoted(field.column) for field in through._meta.concrete_fields]
    row = quoted(through._meta.get_field(relation.m2m_field_name()).column)
    copied = ", ".join(f"related.{column}" for column in columns)
    return (
        f"INSERT INTO {quoted(copies._meta.db_table)} ({', '.join(columns)}, history_id) "  # noqa: S608
        f"SELECT {copied}, MAX(newest.history_id) FROM {quoted(through._meta.db_table)} AS related "
        f"JOIN {quoted(history._meta.db_table)} AS newest ON newest.id = related.{row} "
        f"WHERE related.{row} IN ({chosen}) GROUP BY {copied}"
    )


def keys_of(rows: Sequence[models.Model]) -> list[Any]:
    return [row.pk for row in rows]


def batches(rows: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]
