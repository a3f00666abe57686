"""`import_usage`: imports usage counts from a file of CSV or JSON lines; they rank popular models."""

import csv
import os
from argparse import ArgumentParser
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from catalog.error_messages import InputError, reason
from catalog.exact import InexactError, read_json, write_json
from catalog.imports.documents import open_file
from catalog.progress import report, show_progress
from pricing.usage.quantities import UsageError
from pricing.usage.totals import FIELDS, Report, check_report, check_source, record_usage

COLUMNS = ("model", "day", "requests")
BAD_INPUT = 4
LONGEST_LINE = 64 * 1024
# How often the progress is reported, in lines.
LINES = 1_000
UNKNOWN_SHOWN = 100


class Command(BaseCommand):
    help = (
        "Imports usage counts from a CSV file with the columns model, day, requests and optionally tokens and source, "
        "or from a file with a JSON object with these names in each line. Any number of lines."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--file", metavar="F", required=True, help="The file of CSV or JSON lines.")
        parser.add_argument(
            "--reporter",
            metavar="NAME",
            default="import_usage",
            help="The name of the reporter. Its earlier counts of the same days are replaced. Default: import_usage.",
        )
        parser.add_argument(
            "--source",
            metavar="NAME",
            default="",
            help="The part of the reporter that counted, e.g. a worker. Counts of other sources stay. A column source "
            "of the file comes first.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Only check the file and show what would be stored.")
        parser.add_argument("--format", choices=["text", "json"], default="text", help="Output format.")

    def handle(self, *args: Any, **options: Any) -> None:
        today, dry_run = timezone.now().date(), options["dry_run"]
        try:
            with show_progress(self, options), open_file(Path(options["file"])) as file:
                lines = Lines(file)
                try:
                    lines.source = check_source(options["source"])
                    recorded = record_usage(
                        lines.reports(), reporter=options["reporter"][:64], today=today, dry_run=dry_run
                    )
                except (UsageError, InexactError, csv.Error) as error:
                    place = f"Line {lines.number}: " if lines.number else ""
                    problem = f"It is not valid CSV: {error}." if isinstance(error, csv.Error) else error
                    raise CommandError(f"{place}{problem} Nothing was stored.", returncode=BAD_INPUT) from None
        except InputError as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None
        except DatabaseError as error:
            raise CommandError(
                f"The database refused the counts: {reason(error)} Some may be stored. Repeat the command: the same "
                "counts replace them."
            ) from None
        if options["format"] == "json":
            result = {"kept": recorded.taken, "unknown": recorded.unknown, "dry_run": dry_run}
            self.stdout.write(write_json(result).decode())
            return
        self.stdout.write(f"{recorded.taken} counts {'would be ' if dry_run else ''}stored.")
        if recorded.unknown:
            shown, more = recorded.unknown[:UNKNOWN_SHOWN], len(recorded.unknown) - UNKNOWN_SHOWN
            names = ", ".join(shown) + (f" and {more} more" if more > 0 else "")
            self.stdout.write(
                f"{'Would be stored' if dry_run else 'Stored'} by name, because they are not in the catalog: {names}."
            )
        if dry_run:
            self.stdout.write("Nothing was written. To store the counts, repeat without --dry-run.")


class Lines:
    """The lines of a file, one at a time; `number` is that of the current one, 0 after the last."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        # The source of counts without their own.
        self.source = ""
        self.size = os.fstat(file.fileno()).st_size
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        read = 0
        while line := self.file.readline(LONGEST_LINE):
            self.number += 1
            read += len(line)
            if len(line) == LONGEST_LINE:
                raise UsageError(f"It is longer than {LONGEST_LINE:,} characters.")
            if self.number % LINES == 0:
                report("Reading usage counts", read, self.size)
            try:
                yield line.decode("utf-8-sig" if self.number == 1 else "utf-8")
            except UnicodeDecodeError:
                raise UsageError("It is not UTF-8 text.") from None
        self.number = 0

    def reports(self) -> Iterator[Report]:
        lines = iter(self)
        first = next(lines, "")
        return self._of_json(first, lines) if first.lstrip().startswith("{") else self._of_csv(first, lines)

    def _of_csv(self, first: str, lines: Iterator[str]) -> Iterator[Report]:
        rows = csv.reader(lines, strict=True)
        columns = next(csv.reader([first]), [])
        missing = [name for name in COLUMNS if name not in columns]
        if missing:
            raise UsageError(f"The first line must name the columns; {missing[0]} is missing.")
        if unknown := sorted({*columns} - {*FIELDS}):
            raise UsageError(f"There is no column {unknown[0][:80]!r}. The columns are {', '.join(FIELDS)}.")
        for row in rows:
            if row:
                yield check_report(_values(dict(zip(columns, row, strict=False))), source=self.source)

    def _of_json(self, first: str, lines: Iterator[str]) -> Iterator[Report]:
        for line in chain([first], lines):
            if line.strip():
                yield self._of_object(line)

    def _of_object(self, line: str) -> Report:
        value = read_json(line)
        if not isinstance(value, dict):
            raise UsageError("It must be an object with model, day, requests and tokens.")
        # Popularity is measured by requests: a line without them is a mistake.
        return check_report({"requests": None} | value, source=self.source)


def _values(row: dict[str, str]) -> dict[str, Any]:
    """The values of a row of CSV, without those that are empty and may be left out."""
    counts = {"requests": _count(row.get("requests")), "tokens": _count(row.get("tokens") or "0")}
    source = {"source": row["source"]} if row.get("source") else {}
    return {name: row.get(name) for name in ("model", "day")} | counts | source


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else None
