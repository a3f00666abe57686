"""`export_catalog`: writes the catalog and its prices in a format that another program reads."""

import codecs
import os
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.db import revision
from catalog.db.snapshot import snapshot
from catalog.progress import show_progress
from pricing.export.formats import FORMATS
from pricing.published.rows import Reading
from tokens.access.visibility import public_scope


class Command(BaseCommand):
    help = "Writes the catalog in a format: what visitors see, or with yaml everything except tokens and history."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("format", metavar="FORMAT", help=f"The format: {', '.join(FORMATS)}.")
        parser.add_argument(
            "--output", metavar="F", help="Write to this file, completely or not at all. Default: stdout."
        )
        parser.add_argument(
            "--site", metavar="URL", default="", help="The address of the gateway, for formats with links."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        export_format = FORMATS.get(options["format"])
        if export_format is None:
            raise CommandError(f"There is no format {options['format']!r}: use one of {', '.join(FORMATS)}.")
        with show_progress(self, options), snapshot():
            reading = Reading(public_scope(), timezone.now(), revision.read(), site=options["site"].rstrip("/"))
            document = export_format.render(reading)
            # Inside: the document is read from the database while it is written.
            if options["output"]:
                write_file(Path(options["output"]), document.pieces())
            else:
                decoder = codecs.getincrementaldecoder("utf-8")()
                for piece in document.pieces():
                    self.stdout.write(decoder.decode(piece), ending="")


def write_file(path: Path, pieces: Iterable[bytes]) -> None:
    """Replaces the file in one step: readers see the old content or the new content."""
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        part = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.writelines(pieces)
            # The mode of an ordinary new file: mkstemp's files are only readable by their owner.
            part.chmod(0o644)
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror or error}.") from None
