"""`catalog_diff`: compares a catalog as YAML with the database, in both directions, field by field."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from catalog.error_messages import InputError
from catalog.exact import write_json
from catalog.imports.documents import read_catalog
from catalog.progress import show_progress
from pricing.imports.differences import find_differences
from pricing.imports.exit_codes import Exit, PlanningCommand

# The exit code of a difference; that of `import_catalog` for a plan that waits.
DIFFERENT = Exit.PLAN_WAITS


class Command(PlanningCommand):
    help = "Compares a catalog as YAML with the database. Exit codes: 0 equal, 2 different, 4 invalid file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="The catalog as YAML: a file, or a folder of files.")
        parser.add_argument("--format", choices=["text", "json"], default="text", help="json: for programs.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with show_progress(self, options):
                found = find_differences(read_catalog(Path(options["file"])), at=timezone.now())
        except InputError as error:
            raise CommandError(str(error), returncode=Exit.BAD_INPUT) from None
        self.stdout.write(write_json(found.as_json()).decode() if options["format"] == "json" else str(found))
        if not found.is_empty:
            sys.exit(DIFFERENT)
