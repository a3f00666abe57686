"""Enters all history rows that exist into the audit trail, in the order of their times, in batches.

The code is that of catalog/db/audit.py at the time of this migration, without the models.
"""

import datetime as dt
import heapq
from collections.abc import Iterator
from typing import Any

from django.db import migrations

from catalog.db import chain

# Kind of object -> the columns that name it: a column, or a column with the table that it refers to and the name there.
NAMES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "catalog.aimodel": (("name", "", ""),),
    "catalog.channel": (("name", "", ""),),
    "catalog.codexprofile": (("model_id", "catalog_aimodel", "name"),),
    "catalog.endpointtype": (("name", "", ""),),
    "catalog.fieldpin": (("model_id", "catalog_aimodel", "name"), ("field", "", "")),
    "catalog.modelalias": (("name", "", ""),),
    "catalog.offer": (("model_id", "catalog_aimodel", "name"), ("channel_id", "catalog_channel", "name")),
    "catalog.source": (("name", "", ""),),
    "catalog.vendor": (("name", "", ""),),
    "pricing.currencyrate": (("currency", "", ""),),
    "pricing.discountrule": (
        ("model_id", "catalog_aimodel", "name"),
        ("series", "", ""),
        ("vendor_id", "catalog_vendor", "name"),
    ),
    "pricing.grouprate": (("group_id", "tokens_tokengroup", "slug"),),
    "pricing.popularmodel": (("model_id", "catalog_aimodel", "name"),),
    "pricing.pricesheet": (("model_id", "catalog_aimodel", "name"), ("role", "", "")),
    "pricing.usagereporter": (("token_id", "tokens_token", "name"), ("token_id", "tokens_token", "key_id")),
    "tokens.modelrelease": (("model_id", "catalog_aimodel", "name"), ("group_id", "tokens_tokengroup", "slug")),
    "tokens.token": (("name", "", ""), ("key_id", "", "")),
    "tokens.tokengroup": (("slug", "", ""),),
}
# Kind of object -> the table and column with what a history row was related to.
RELATIONS = {
    "tokens.token": ("tokens_historicaltoken_groups", "tokengroup_id"),
    "tokens.tokengroup": ("tokens_historicaltokengroup_channels", "channel_id"),
}
ACTIONS = {"+": "created", "~": "changed", "-": "deleted"}
UNSIGNED = ("history_user_id", "run_id")
BATCH = 300
Entry = dict[str, Any]


def enter(apps: Any, schema_editor: Any) -> None:
    connection = schema_editor.connection
    table, heads = apps.get_model("catalog", "AuditEntry"), apps.get_model("catalog", "AuditHead")
    number, previous, batch = 0, chain.FIRST, []
    histories = (read(apps, connection, kind) for kind in sorted(NAMES))
    for entry in heapq.merge(*histories, key=lambda entry: (str(entry["at"]), entry["kind"], entry["history"])):
        number += 1
        values = {"stream": "changes", "number": number, **entry}
        previous = chain.hash_of(previous, values.values())
        values["changes"] = {}
        values["at"] = moment(entry["at"])
        batch.append(table(**values, hash=previous))
        if len(batch) == BATCH:
            table.objects.using(connection.alias).bulk_create(batch)
            batch = []
    table.objects.using(connection.alias).bulk_create(batch)
    heads.objects.using(connection.alias).filter(stream="changes").update(number=number, hash=previous)


def read(apps: Any, connection: Any, kind: str) -> Iterator[Entry]:
    """The entries of one history, in the order of its keys."""
    app, _, name = kind.partition(".")
    history = apps.get_model(app, f"historical{name}")
    names = sorted({field.column for field in history._meta.concrete_fields} - {*UNSIGNED})
    relation = RELATIONS.get(kind)
    covered = [*names, ".".join(relation)] if relation else names
    columns = chain.fingerprint(kind, covered)
    # A later migration of the same upgrade may add a column.
    apps.get_model("catalog", "AuditColumns").objects.using(connection.alias).get_or_create(
        id=columns, defaults={"kind": kind, "names": " ".join(covered)}
    )
    quoted = connection.ops.quote_name
    sign = "+" if connection.vendor == "sqlite" else ""
    selected = ", ".join(f"{sign}{quoted(column)}" for column in (*names, *UNSIGNED))
    statement = (
        f"SELECT {selected} FROM {quoted(history._meta.db_table)} "  # noqa: S608
        f"WHERE history_id > %s ORDER BY history_id LIMIT {BATCH}"
    )
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(statement, [last])
            rows = [dict(zip((*names, *UNSIGNED), row, strict=True)) for row in cursor.fetchall()]
            if not rows:
                return
            keys = [row["history_id"] for row in rows]
            related = related_keys(cursor, relation, keys) if relation else None
            titles = titles_of(cursor, connection, kind, rows)
        for row, title in zip(rows, titles, strict=True):
            signed = [row[name] for name in names]
            if related is not None:
                signed.append(related.get(row["history_id"], ""))
            yield {
                "at": row["history_date"],
                "actor": row["actor"],
                "actor_key": row["history_user_id"],
                "action": ACTIONS[row["history_type"]],
                "kind": kind,
                "object_key": str(row["id"]),
                "name": title,
                "reason": row["history_change_reason"] or "",
                "detail": "",
                "changes": "{}",
                "request_id": row["request_id"],
                "address": "",
                "run": row["run_id"],
                "previous_key_id": "",
                "history": row["history_id"],
                "columns": columns,
                "digest": chain.digest_of(columns, signed),
            }
        last = keys[-1]


def related_keys(cursor: Any, relation: tuple[str, str], keys: list[int]) -> dict[int, str]:
    table, column = relation
    cursor.execute(
        f"SELECT history_id, {column} FROM {table} WHERE history_id BETWEEN %s AND %s "  # noqa: S608
        f"ORDER BY history_id, {column}",
        [min(keys), max(keys)],
    )
    related: dict[int, str] = {}
    for key, other in cursor.fetchall():
        related[key] = f"{related[key]},{other}" if key in related else str(other)
    return related


def titles_of(cursor: Any, connection: Any, kind: str, rows: list[dict[str, Any]]) -> list[str]:
    titles: list[list[str]] = [[] for _ in rows]
    for column, table, name in NAMES[kind]:
        found: dict[Any, Any] | None = None
        if table:
            keys = sorted({row[column] for row in rows if row[column] is not None})
            places = ", ".join(["%s"] * len(keys)) or "NULL"
            cursor.execute(f"SELECT id, {name} FROM {table} WHERE id IN ({places})", keys)  # noqa: S608
            found = dict(cursor.fetchall())
        for title, row in zip(titles, rows, strict=True):
            title.append(row[column] if found is None else found.get(row[column], ""))
    return [" ".join(str(part) for part in title if part)[:255] for title in titles]


def moment(at: Any) -> dt.datetime:
    """A time as it is stored, which is text on SQLite."""
    stored: dt.datetime = dt.datetime.fromisoformat(at) if isinstance(at, str) else at
    return stored.replace(tzinfo=dt.UTC) if stored.tzinfo is None else stored


def remove(apps: Any, schema_editor: Any) -> None:
    """Removes all entries: their rows lose their names next."""
    apps.get_model("catalog", "AuditEntry").objects.using(schema_editor.connection.alias).all().delete()
    apps.get_model("catalog", "AuditHead").objects.using(schema_editor.connection.alias).update(
        number=0, hash=chain.FIRST
    )


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0017_add_audit_trail"),
        ("tokens", "0013_name_actors"),
        ("pricing", "0008_name_actors"),
    ]

    operations = [migrations.RunPython(enter, remove)]
