"""`export_snapshot`: writes the document of an import run, byte for byte."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.db.snapshot import snapshot
from catalog.error_messages import InputError
from pricing.management.commands.export_catalog import write_file
from pricing.management.commands.rollback_import import find_run


class Command(BaseCommand):
    help = "Writes the document of an import run, exactly as received."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", metavar="RUN", help="The run's number, shown in the admin and in histories.")
        parser.add_argument(
            "--output", metavar="F", help="Write to this file, completely or not at all. Default: stdout."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with snapshot():
                content = find_run(options["run"]).snapshot.content
        except InputError as error:
            raise CommandError(str(error)) from None
        if options["output"]:
            write_file(Path(options["output"]), [content])
            return
        try:
            sys.stdout.buffer.write(content)
            sys.stdout.flush()
        except OSError as error:
            raise CommandError(f"The document cannot be written: {error.strerror or error}.") from None
