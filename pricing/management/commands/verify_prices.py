"""`verify_prices`: compares the list prices with the newest stored public price books, and changes nothing."""

import datetime as dt
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.db import revision
from catalog.db.snapshot import snapshot
from catalog.exact import write_json
from catalog.names.typed_lists import split_names
from catalog.progress import announce, show_progress
from pricing.verification.books import newest_editions
from pricing.verification.matrix import matrix
from pricing.verification.quorum import BOOKS, MOST_DAYS, USUAL_BOOKS
from pricing.verification.report import as_json, as_text
from pricing.verification.since import since_of

SHOWN = 20


class Command(BaseCommand):
    help = (
        "Compares every published first-party list price with the newest stored documents of public price books. "
        "Exit code: 0 no quorum disagrees, 1 a quorum disagrees with a price, 2 nothing to compare with."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--against",
            metavar="SOURCES",
            default=",".join(USUAL_BOOKS),
            help=f"The books, separated by commas, of: {', '.join(BOOKS)}. Default: {','.join(USUAL_BOOKS)}.",
        )
        parser.add_argument(
            "--older-than",
            metavar="DAYS",
            type=int,
            default=MOST_DAYS,
            help=f"Documents that were last fetched more days ago have no vote. Default: {MOST_DAYS}.",
        )
        parser.add_argument("--all", action="store_true", help=f"Show all figures, not only {SHOWN} per state.")
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="Output format. json has all figures."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        readers = _readers(options["against"])
        now = timezone.now()
        with show_progress(self, options), snapshot():
            announce("Reading the documents")
            older_than = dt.timedelta(days=max(options["older_than"], 0))
            editions = newest_editions(readers, at=now, older_than=older_than)
            if not editions:
                names = ", ".join(readers)
                raise CommandError(f"No document of {names} is stored. Import one first.", returncode=2)
            result = matrix(editions, version=revision.version(), at=now)
            since = since_of([row for row in result.rows if row.state != "agrees" and row.cells])
        if options["format"] == "json":
            self.stdout.write(write_json(as_json(result, since, readers=readers, at=now)).decode())
        else:
            most = None if options["all"] else SHOWN
            self.stdout.write("\n".join(as_text(result, since, readers=readers, most=most)))
        if result.is_outvoted:
            sys.exit(1)


def _readers(text: str) -> list[str]:
    readers = list(dict.fromkeys(name.replace("-", "_") for name in split_names(text)))
    for reader in readers:
        if reader not in BOOKS:
            raise CommandError(f"There is no book {reader!r}: use some of {', '.join(BOOKS)}.", returncode=2)
    if not readers:
        raise CommandError("--against names no book.", returncode=2)
    return readers
