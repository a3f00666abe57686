"""`import_usage`: imports usage counts from a CSV file; they rank popular models."""

import csv
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from catalog.error_messages import InputError, reason
from catalog.exact import write_json
from catalog.imports.documents import read_file
from pricing.published.popularity import Report, UsageError, check_report, record_usage

COLUMNS = ("model", "day", "requests")
BAD_INPUT = 4


class Command(BaseCommand):
    help = "Imports usage counts from a CSV file with the columns model, day, requests and optionally tokens."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--file", metavar="F", required=True, help="The CSV file.")
        parser.add_argument(
            "--reporter",
            metavar="NAME",
            default="import_usage",
            help="The name of the reporter. Its earlier counts of the same days are replaced. Default: import_usage.",
        )

        parser.add_argument("--dry-run", action="store_true", help="Only check the file and show what would be stored.")
        parser.add_argument("--format", choices=["text", "json"], default="text", help="Output format.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = read_file(Path(options["file"])).decode("utf-8-sig")
            reports = list(_reports(text))
            today, dry_run = timezone.now().date(), options["dry_run"]
            unknown = record_usage(reports, reporter=options["reporter"][:64], today=today, dry_run=dry_run)
        except InputError as error:
            raise CommandError(str(error), returncode=BAD_INPUT) from None
        except UnicodeDecodeError as error:
            raise CommandError(f"The file is not UTF-8 text (byte {error.start}).", returncode=BAD_INPUT) from None
        except DatabaseError as error:
            raise CommandError(f"The database refused the import, nothing was stored: {reason(error)}") from None
        except (UsageError, csv.Error) as error:
            raise CommandError(f"{error} Nothing was stored.", returncode=BAD_INPUT) from None
        unknown_models = set(unknown)
        stored = sum(report.model not in unknown_models for report in reports)
        if options["format"] == "json":
            result = {"kept": stored, "unknown": unknown, "dry_run": dry_run}
            self.stdout.write(write_json(result).decode())
            return
        self.stdout.write(f"{stored} counts {'would be ' if dry_run else ''}stored.")
        if unknown:
            self.stdout.write(f"Left out, because they are not in the catalog: {', '.join(unknown)}.")
        if dry_run:
            self.stdout.write("Nothing was written. To store the counts, repeat without --dry-run.")


def _reports(text: str) -> Iterator[Report]:
    rows = csv.DictReader(text.splitlines(), strict=True)
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise UsageError(f"The first line must name the columns; {missing[0]} is missing.")
    for row in rows:
        try:
            yield check_report(row["model"], row["day"], _count(row["requests"]), _count(row.get("tokens") or "0"))
        except UsageError as error:
            raise UsageError(f"Line {rows.line_num}: {error}") from None


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else None
