"""All rows of a database as JSON and back, through the models as they are at a migration, not as they are today."""

import json
from collections.abc import Sequence
from typing import Any

from django.core.management.color import no_style
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection, models, transaction
from django.db.migrations.executor import MigrationExecutor

from catalog.db.fields import ExactJSONField
from catalog.exact import read_json, write_json
from catalog.management.commands.migrate import every_step

# Permissions and content types are made by `migrate` itself.
APPS = ("auth", "catalog", "tokens", "pricing")
LEFT_OUT = ("auth_permission", "auth_group_permissions", "auth_user_user_permissions")

Node = tuple[str, str]


def newest() -> list[Node]:
    """The last migration of each app."""
    return sorted(executor_of_every_step().loader.graph.leaf_nodes())


def migrate(nodes: Sequence[Node]) -> None:
    executor = executor_of_every_step()
    executor.migrate([node for node in nodes if node in executor.loader.graph.nodes])
    if nodes == newest():
        # As the command does: it makes the content types, which pages read.
        emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)


def executor_of_every_step() -> MigrationExecutor:
    """Migrates step by step, without the squashed migrations: a release may be between two steps."""
    executor = MigrationExecutor(connection)
    executor.loader = every_step(executor.loader)
    return executor


def dump(nodes: Sequence[Node]) -> bytes:
    """The rows of a database that is migrated to these nodes."""
    tables = {
        model._meta.db_table: [as_texts(row) for row in model._base_manager.order_by("pk")]
        for model in tables_at(nodes)
    }
    return json.dumps({"migrations": nodes, "tables": tables}, indent=1, ensure_ascii=False).encode() + b"\n"


def load(content: bytes) -> None:
    """Migrates an empty database to where the file was written, and puts its rows there instead of the ones made."""
    document = json.loads(content)
    nodes = [(app, name) for app, name in document["migrations"]]
    migrate(nodes)
    there = tables_at(nodes)
    with transaction.atomic():
        for model in there:
            model._base_manager.all().delete()
        for model in there:
            rows = document["tables"].pop(model._meta.db_table)
            model._base_manager.bulk_create([from_texts(model, row) for row in rows])
        assert document["tables"] == {}, "the file has tables that its migrations do not make"
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), there):
            cursor.execute(statement)


def tables_at(nodes: Sequence[Node]) -> list[type[models.Model]]:
    loader = executor_of_every_step().loader
    apps = loader.project_state([node for node in nodes if node in loader.graph.nodes]).apps
    tracked = [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in APPS and model._meta.db_table not in LEFT_OUT
    ]
    return sorted(tracked, key=lambda model: model._meta.db_table)


def as_texts(row: models.Model) -> dict[str, str | None]:
    """Column -> its value as text, null where there is none."""
    return {field.attname: text_of(field, row) for field in row._meta.concrete_fields}


def text_of(field: Any, row: models.Model) -> str | None:
    value = getattr(row, field.attname)
    if value is None:
        return None
    if isinstance(field, ExactJSONField):
        return write_json(value).decode()
    if isinstance(field, models.BooleanField):
        return json.dumps(value)
    return str(field.value_to_string(row))


def from_texts(model: type[models.Model], texts: dict[str, str | None]) -> models.Model:
    fields: dict[str, Any] = {field.attname: field for field in model._meta.concrete_fields}
    return model(**{name: value_of(fields[name], text) for name, text in texts.items()})


def value_of(field: Any, text: str | None) -> Any:
    if text is None:
        return None
    if isinstance(field, ExactJSONField):
        return read_json(text)
    if isinstance(field, models.BooleanField):
        return json.loads(text)
    return field.target_field.to_python(text) if isinstance(field, models.ForeignKey) else field.to_python(text)
