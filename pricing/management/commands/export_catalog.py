"""`export_catalog`: writes the catalog and its prices in a form that another program reads."""

import os
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.progress import show_progress
from pricing.export.formats import FORMATS
from tokens.access.visibility import public_scope


class Command(BaseCommand):
    help = "Writes the catalog in a format: what visitors see, or with yaml all of it but tokens and the past."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("format", metavar="FORMAT", help=f"One of: {', '.join(FORMATS)}.")
        parser.add_argument("--output", metavar="F", help="Write to this file, whole or not at all; default: stdout.")
        parser.add_argument("--site", metavar="URL", default="", help="Where the gateway is, for formats that say so.")

    def handle(self, *args: Any, **options: Any) -> None:
        form = FORMATS.get(options["format"])
        if form is None:
            raise CommandError(f"There is no format {options['format']!r}; there are {', '.join(FORMATS)}.")
        with show_progress(self, options):
            content = form.render(public_scope(), timezone.now(), options["site"].rstrip("/"))
        if options["output"]:
            write_file(Path(options["output"]), content)
        else:
            self.stdout.write(content.decode(), ending="")


def write_file(path: Path, content: bytes) -> None:
    """In one step: a reader finds the old file or the new one."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        part = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            # As any new file: mkstemp's are for their owner alone.
            part.chmod(0o644)
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror or error}.") from None
