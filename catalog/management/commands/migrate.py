"""Django's `migrate`, one at a time: of replicas that start together, the first migrates and the others wait."""

from typing import Any

from django.core.management.commands.migrate import Command as Migrate

from catalog.db.locking import one_at_a_time


class Command(Migrate):
    def handle(self, *args: Any, **options: Any) -> None:
        with one_at_a_time("migrate", using=options["database"]):
            super().handle(*args, **options)
