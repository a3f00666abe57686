"""`export_snapshot`: gives back what a source said, byte for byte as it was received."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from pricing.management.commands.export_catalog import write_file
from pricing.management.commands.rollback_import import find_run


class Command(BaseCommand):
    help = "Writes the document of an import run exactly as it was received."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", metavar="RUN", help="Its number, as the admin and the history name it.")
        parser.add_argument("--output", metavar="F", help="Write to this file, whole or not at all; default: stdout.")

    def handle(self, *args: Any, **options: Any) -> None:
        content = find_run(options["run"]).snapshot.content
        if options["output"]:
            write_file(Path(options["output"]), content)
            return
        try:
            sys.stdout.buffer.write(content)
            sys.stdout.flush()
        except OSError as error:
            raise CommandError(f"The document cannot be written: {error.strerror or error}.") from None
