"""`export_catalog`: writes the catalog and its prices in a format that another program reads."""

import codecs
import os
import tempfile
from argparse import ArgumentParser
from collections.abc import Collection, Iterable
from itertools import chain
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.db import revision
from catalog.db.snapshot import snapshot
from catalog.names.typed_lists import split_all
from catalog.progress import show_progress
from catalog.sources.rows import SourceError
from catalog.sources.yaml_catalog import SECTIONS
from catalog.sources.yaml_folders import files_of
from pricing.export.document import Document
from pricing.export.formats import FORMATS
from pricing.export.yaml_catalog import EXTRA, HEAD, sections
from pricing.published.rows import Reading
from tokens.access.visibility import public_scope

DEFAULT_SECTIONS = tuple(name for name in SECTIONS if name not in EXTRA)


class Command(BaseCommand):
    help = "Writes the catalog in a format: what visitors see, or with yaml the whole catalog."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("format", metavar="FORMAT", help=f"The format: {', '.join(FORMATS)}.")
        parser.add_argument(
            "--output",
            metavar="F",
            help="Write to this file, completely or not at all. For yaml also a folder: one file for each section. "
            "Default: stdout.",
        )
        parser.add_argument(
            "--with",
            dest="extra",
            metavar="SECTIONS",
            action="append",
            default=[],
            help=f"Only for yaml: sections that it has only on request: {', '.join(EXTRA)}. Tokens have no keys.",
        )
        parser.add_argument(
            "--site", metavar="URL", default="", help="The address of the gateway, for formats with links."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        export_format = FORMATS.get(options["format"])
        if export_format is None:
            raise CommandError(f"There is no format {options['format']!r}: use one of {', '.join(FORMATS)}.")
        extra, output = split_all(options["extra"]), options["output"]
        is_folder = bool(output) and (output.endswith(os.sep) or Path(output).is_dir())
        if (extra or is_folder) and options["format"] != "yaml":
            raise CommandError("Only yaml has sections and can be written to a folder.")
        if unknown := [name for name in extra if name not in EXTRA]:
            raise CommandError(f"There is no section {unknown[0]!r}: use {' or '.join(EXTRA)}.")
        with show_progress(self, options), snapshot():
            if is_folder:
                write_folder(Path(output), extra)
                return
            if extra:
                parts = (part for _, parts in sections(at=timezone.now(), extra=extra) for part in parts)
                self._write(Document(HEAD, parts, separator=b""), output)
                return
            reading = Reading(public_scope(), timezone.now(), revision.read(), site=options["site"].rstrip("/"))
            # Inside: the document is read from the database while it is written.
            self._write(export_format.render(reading), output)

    def _write(self, document: Document, output: str | None) -> None:
        if output:
            write_file(Path(output), document.pieces())
            return
        decoder = codecs.getincrementaldecoder("utf-8")()
        for piece in document.pieces():
            self.stdout.write(decoder.decode(piece), ending="")


def write_folder(folder: Path, extra: Collection[str]) -> None:
    """Writes one file for each section. Other catalog files in the folder would contain the same entries again."""
    names = {f"{name}.yaml" for name in (*DEFAULT_SECTIONS, *extra)}
    try:
        folder.mkdir(exist_ok=True)
        others = [file for file in files_of(folder) if str(file.relative_to(folder)) not in names]
    except SourceError as error:
        raise CommandError(str(error)) from None
    except OSError as error:
        raise CommandError(f"{folder} cannot be written: {error.strerror or error}.") from None
    if others:
        raise CommandError(
            f"{others[0]} is not a file of this export, so the folder would contain entries twice. Remove it, or "
            "choose another folder."
        )
    for name, parts in sections(at=timezone.now(), extra=extra):
        write_file(folder / f"{name}.yaml", chain([HEAD], parts))


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
