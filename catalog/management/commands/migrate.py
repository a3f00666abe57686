"""Django's `migrate`, one at a time: of replicas that start together, the first migrates and the others wait."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as Migrate
from django.db import DEFAULT_DB_ALIAS, connections

from catalog.db.locking import one_at_a_time


class Command(Migrate):
    def handle(self, *args: Any, **options: Any) -> None:
        refuse_missing_folder(options["database"])
        with one_at_a_time("migrate", using=options["database"]):
            super().handle(*args, **options)


def refuse_missing_folder(using: str = DEFAULT_DB_ALIAS) -> None:
    """CommandError if the folder of the SQLite file is missing: SQLite creates only the file."""
    connection = connections[using]
    if connection.vendor != "sqlite" or connection.is_in_memory_db():  # type: ignore[attr-defined]
        return
    folder = Path(str(connection.settings_dict["NAME"])).absolute().parent
    if not folder.is_dir():
        raise CommandError(f"The database's folder {folder} does not exist: create it, or change DATABASE_URL.")
