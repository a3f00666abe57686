"""`create_aliases`: makes the ids of an import that are spellings of models aliases of these models, with --apply."""

import fnmatch
from argparse import ArgumentParser
from dataclasses import asdict
from functools import partial
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError
from django.utils import timezone

from catalog.error_messages import InputError, printable, reason
from catalog.exact import write_json
from catalog.models import ImportRun
from catalog.names.typed_lists import split_all
from catalog.progress import show_progress
from pricing.impact.impact import ACCEPT_LOSS, Impact
from pricing.impact.observing import preview
from pricing.imports.aliases import Spelling, create_aliases, last_run, spellings_of_run
from pricing.imports.exit_codes import Exit, PlanningCommand
from pricing.imports.guards import Guard
from pricing.management.commands.rollback_import import find_run


class Command(PlanningCommand):
    help = "Lists the ids of a source that are other spellings of models, and makes the safe ones aliases with --apply."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("import", metavar="SOURCE|RUN", help="A source, whose last import is used, or a run.")
        parser.add_argument(
            "--only",
            metavar="GLOB",
            action="append",
            default=[],
            help="Only ids that match, e.g. 'openai/*'. Repeatable.",
        )
        parser.add_argument(
            "--apply", action="store_true", help="Create the safe aliases, as one run that can be undone."
        )
        parser.add_argument(
            "--accept-loss",
            action="store_true",
            help="Accept that keys lose more than 5 %% of their models, or all of them.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Only list them, also with --apply.")
        parser.add_argument("--format", choices=["text", "json"], default="text", help="json: the complete list.")

    def handle(self, *args: Any, **options: Any) -> None:
        only = split_all(options["only"])
        run, now = last_run(options["import"]) or find_run(options["import"]), timezone.now()
        try:
            with show_progress(self, options):
                spellings = [
                    spelling
                    for spelling in spellings_of_run(run, at=now)
                    if not only or any(fnmatch.fnmatchcase(spelling.name, glob) for glob in only)
                ]
                models = {spelling.name: spelling.model for spelling in spellings if spelling.is_safe}
                is_applied = bool(models) and options["apply"] and not options["dry_run"]
                create = partial(create_aliases, run, models, at=now, accept_loss=True)
                impact = preview(create, at=now)[1] if models else Impact(now)
                guards = [] if options["accept_loss"] else [str(Guard(ACCEPT_LOSS, text)) for text in impact.guards()]
                created = create()[0] if is_applied and not guards else None
        except InputError as error:
            raise CommandError(str(error), returncode=Exit.BAD_INPUT) from None
        except DatabaseError as error:
            raise CommandError(
                f"The database refused the aliases, nothing was written: {reason(error)}", returncode=Exit.FAILED
            ) from None
        self._write(spellings, created, impact, guards, options["format"])
        if guards:
            raise SystemExit(Exit.GUARD_STOPPED)
        if models and created is None:
            raise SystemExit(Exit.PLAN_WAITS)

    def _write(
        self, spellings: list[Spelling], created: ImportRun | None, impact: Impact, guards: list[str], form: str
    ) -> None:
        if form == "json":
            listed = [asdict(spelling) | {"safe": spelling.is_safe} for spelling in spellings]
            run = None if created is None else created.pk
            report = {"run": run, "aliases": listed, "guards": guards, "impact": impact.as_json()}
            self.stdout.write(write_json(report).decode())
            return
        for spelling in spellings:
            what = "alias, merging two models" if spelling.is_duplicate else "alias"
            doubts = f" NOT SAFE: {'; '.join(spelling.doubts)}." if spelling.doubts else ""
            self.stdout.write(f"{spelling.name} → {spelling.model} ({what}): {spelling.price}.{doubts}")
        for line in [*([] if impact.is_empty else impact.lines()), *guards]:
            self.stdout.write(f"  {printable(line)}")
        safe = sum(spelling.is_safe for spelling in spellings)
        if created is not None:
            self.stdout.write(f"{safe} created by {created}. To undo this: rollback_import {created.pk}")
        else:
            self.stdout.write(f"{safe} of {len(spellings)} are safe." + (" To create them: --apply" if safe else ""))
