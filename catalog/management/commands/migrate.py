"""Django's `migrate`, one at a time: of replicas that start together, the first migrates and the others wait.

It also goes back to a migration that a squashed one replaces, which Django's own command refuses.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as Migrate
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import AmbiguityError, MigrationLoader

from catalog.db.locking import one_at_a_time


class Command(Migrate):
    def execute(self, *args: Any, **options: Any) -> str | None:
        # Before the system checks: some of them open the database.
        refuse_missing_folder(options["database"])
        return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        with one_at_a_time("migrate", using=options["database"]):
            target = replaced_target(options)
            if target is None:
                super().handle(*args, **options)
            else:
                self.go_to(target, **options)

    def go_to(self, target: tuple[str, str], **options: Any) -> None:
        """Lists the steps to a migration that a squashed one replaces, and takes them."""
        executor = MigrationExecutor(connections[options["database"]])
        executor.loader = every_step(executor.loader)
        for migration, is_backwards in executor.migration_plan([target]):
            if options["verbosity"]:
                self.stdout.write(f"  {'Unapply' if is_backwards else 'Apply'} {migration}")
        if not (options["plan"] or options["check_unapplied"]):
            executor.migrate([target], fake=options["fake"])


def replaced_target(options: dict[str, Any]) -> tuple[str, str] | None:
    """The migration that is asked for, if a squashed one replaces it in this database."""
    app, name = options["app_label"], options["migration_name"]
    if not name:
        return None
    loader = MigrationLoader(connections[options["database"]])
    try:
        target = app, loader.get_migration_by_prefix(app, name).name
    except (AmbiguityError, KeyError):
        # Django's own command reports it.
        return None
    return None if target in loader.graph.nodes else target


def every_step(loader: MigrationLoader) -> MigrationLoader:
    """The loader with all migrations that squashed ones replace, instead of the squashed ones."""
    loader.replace_migrations = False  # type: ignore[attr-defined]
    loader.build_graph()
    for key, migration in loader.replacements.items():
        loader.graph.remove_replacement_node(key, migration.replaces)
    return loader


def refuse_missing_folder(using: str = DEFAULT_DB_ALIAS) -> None:
    """CommandError if the folder of the SQLite file is missing: SQLite creates only the file."""
    connection = connections[using]
    if connection.vendor != "sqlite" or connection.is_in_memory_db():  # type: ignore[attr-defined]
        return
    folder = Path(str(connection.settings_dict["NAME"])).absolute().parent
    if not folder.is_dir():
        raise CommandError(f"The database's folder {folder} does not exist: create it, or change DATABASE_URL.")
