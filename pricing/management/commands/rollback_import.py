"""`rollback_import`: rolls back one applied import."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from catalog.error_messages import InputError, printable, reason
from catalog.exact import write_json
from catalog.models import ImportRun
from catalog.progress import show_progress
from pricing.impact.impact import ACCEPT_LOSS
from pricing.imports.exit_codes import Exit
from pricing.imports.guards import Guard
from pricing.imports.rollback import Rollback, roll_back


class Command(BaseCommand):
    help = (
        "Rolls back one import run: facts, offers and models get their earlier values, its prices end now, and tokens "
        "that it created are removed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", metavar="RUN", help="The run's number, shown in the admin and in histories.")
        parser.add_argument("--dry-run", action="store_true", help="Only show what the rollback would do.")
        parser.add_argument(
            "--accept-loss",
            action="store_true",
            help="Accept that keys lose more than 5 %% of their models, or all of them.",
        )
        parser.add_argument("--format", choices=["text", "json"], default="text", help="json: the whole report.")

    def handle(self, *args: Any, **options: Any) -> None:
        run = find_run(options["run"])
        try:
            with show_progress(self, options):
                result = roll_back(
                    run, at=timezone.now(), dry_run=options["dry_run"], accept_loss=options["accept_loss"]
                )
        except InputError as error:
            raise CommandError(str(error)) from None
        except DatabaseError as error:
            raise CommandError(f"The database refused the rollback, nothing was changed: {reason(error)}") from None
        self._write(run, result, options)
        if result.guards:
            raise SystemExit(Exit.GUARD_STOPPED)

    def _write(self, run: ImportRun, result: Rollback, options: dict[str, Any]) -> None:
        guards = [str(Guard(ACCEPT_LOSS, guard)) for guard in result.guards]
        if options["format"] == "json":
            impact = None if result.impact is None else result.impact.as_json()
            report = {"run": run.pk, **result.report(), "guards": guards, "impact": impact}
            self.stdout.write(write_json(report).decode())
            return
        self.stdout.write(f"{run}: {result}")
        for sentence in result.stays:
            self.stdout.write(f"  stays: {sentence}")
        for line in result.impact.lines() if result.impact else ():
            self.stdout.write(f"  {printable(line)}")
        if guards:
            self.stdout.write(
                printable("\n".join(["Stopped. Nothing was written:", *(f"  {line}" for line in guards)]))
            )
        elif options["dry_run"]:
            self.stdout.write("Nothing was written. To roll back, repeat the command without --dry-run.")


def find_run(name: str) -> ImportRun:
    number = name.rpartition("#")[2].strip()
    run = ImportRun.objects.filter(pk=number).first() if number.isdecimal() and len(number) < 19 else None
    if run is None:
        raise CommandError(f"There is no import run {name!r}. The admin lists them under Import runs.")
    return run
