"""`prune`: removes old data that nothing needs any more."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from catalog.db.history import name_operator
from catalog.error_messages import count, reason
from catalog.exact import write_json
from catalog.progress import show_progress
from pricing.retention.pruning import as_json, prune
from tokens.durations import parse_duration


class Command(BaseCommand):
    help = (
        "Removes reports and documents of imports, usage events, events for webhooks, sessions and login attempts that "
        "are old and that neither a rollback, a history nor a past price needs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--keep", metavar="SPAN", default="90d", help="What is newer stays, e.g. 90d or 52w. Default: 90d."
        )
        parser.add_argument("--dry-run", action="store_true", help="Only show what would be removed.")
        parser.add_argument("--format", choices=["text", "json"], default="text", help="json: the same as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            keep = parse_duration(options["keep"])
        except ValueError as error:
            raise CommandError(str(error)) from None
        at = timezone.now()
        try:
            with show_progress(self, options):
                removed = prune(at=at, keep=keep, actor=name_operator(), dry_run=options["dry_run"])
        except DatabaseError as error:
            raise CommandError(f"The database refused it: {reason(error)} Repeat the command to continue.") from None
        if options["format"] == "json":
            body = {"keep_from": (at - keep).isoformat(), "dry_run": options["dry_run"], "removed": as_json(removed)}
            self.stdout.write(write_json(body).decode())
            return
        for part in removed:
            self.stdout.write(f"{part.kind:24}{part.rows:>10,}{size(part.bytes):>14}")
        rows, total = sum(part.rows for part in removed), size(sum(part.bytes for part in removed))
        verb = "would be removed" if options["dry_run"] else "removed"
        self.stdout.write(f"{count(rows, 'row')} {verb}, {total}. Older than {at - keep:%Y-%m-%d %H:%M} UTC.")
        if options["dry_run"]:
            self.stdout.write("Nothing was written. To remove it, repeat the command without --dry-run.")


def size(number: int) -> str:
    return f"{number:,} bytes" if number < 10_000 else f"{number / 1000:,.0f} KB"
