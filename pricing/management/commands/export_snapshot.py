"""`export_snapshot`: gives back what a source said, byte for byte as it was received."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.imports.pipeline import InputError
from catalog.models import ImportRun
from catalog.sources.rawrows import raw_rows
from catalog.sources.rows import SourceError
from pricing.management.commands.export_catalog import write_file
from pricing.management.commands.rollback_import import find_run


class Command(BaseCommand):
    help = "Writes the document of an import run, or one model's row of it, exactly as it was received."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", metavar="RUN", help="Its number, as the admin and the history name it.")
        parser.add_argument("--model", metavar="ID", help="Only the rows of this model, one below the other.")
        parser.add_argument("--output", metavar="F", help="Write to this file, whole or not at all; default: stdout.")

    def handle(self, *args: Any, **options: Any) -> None:
        run = find_run(options["run"])
        try:
            content = run.snapshot.content
            if options["model"] is not None:
                content = _rows(content, options["model"], run)
        except (InputError, SourceError) as error:
            raise CommandError(str(error)) from None
        if options["output"]:
            write_file(Path(options["output"]), content)
            return
        try:
            sys.stdout.buffer.write(content)
            sys.stdout.flush()
        except OSError as error:
            raise CommandError(f"The document cannot be written: {error.strerror or error}.") from None


def _rows(content: bytes, model: str, run: ImportRun) -> bytes:
    rows = raw_rows(content, model)
    if not rows:
        raise InputError(f"The document of {run} has no row of {model[:255]!r}.")
    return b"".join(row + b"\n" for row in rows)
