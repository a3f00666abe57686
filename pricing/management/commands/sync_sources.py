"""`sync_sources`: fetches and plans every source that is due; on however many machines, one at a time does it."""

import contextlib
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.utils import timezone

from catalog.db.locking import one_at_a_time
from catalog.error_messages import reason
from catalog.exact import write_json
from catalog.models import Source
from catalog.progress import show_progress
from pricing.imports.scheduled import FetchOutcome, visit
from tokens.durations import parse_duration


class Command(BaseCommand):
    help = "Fetches every source that is due, and leaves what changed to review or applies it as its policy says."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--every", metavar="SPAN", default="", help="Go on for ever, looking every 1h, 30m, 1d.")
        parser.add_argument("--once", action="store_true", help="Look once and end; so without --every, too.")
        parser.add_argument("--source", metavar="SLUG", default="", help="Only this source, due or not.")
        parser.add_argument("--dry-run", action="store_true", help="Only say which sources are due.")
        parser.add_argument("--format", choices=["text", "json"], default="text", help="json: a line a source.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            every = parse_duration(options["every"]) if options["every"] and not options["once"] else None
        except ValueError as error:
            raise CommandError(str(error)) from None
        if every is not None and every.total_seconds() < 60:
            raise CommandError("Sources are asked once a minute at most: write e.g. --every 1h.")
        fine = self._round(options)
        if every is None and not fine:
            raise CommandError("Not every source could be imported; see above.")
        with contextlib.suppress(KeyboardInterrupt):
            while every is not None:
                connection.close()
                time.sleep(every.total_seconds())
                self._round(options)

    def _round(self, options: dict[str, Any]) -> bool:
        """Whether all went well."""
        fine = True
        try:
            with one_at_a_time("sync_sources"):
                asked = 0
                for done in self._visits(options):
                    self._tell(done, options["format"])
                    fine = fine and not done.error
                    asked += 1
                if not asked and options["format"] == "text":
                    self.stdout.write("No source is due.")
        except DatabaseError as error:
            self.stderr.write(f"The database cannot be used: {reason(error)}")
            return False
        return fine

    def _visits(self, options: dict[str, Any]) -> Iterator[FetchOutcome]:
        # Chosen when the lock is held: another machine may just have seen to them.
        for source in _chosen(options["source"]):
            if options["dry_run"]:
                yield FetchOutcome(source, "due")
                continue
            with show_progress(self, options):
                done = visit(source, at=timezone.now())
            yield done

    def _tell(self, done: FetchOutcome, form: str) -> None:
        out = self.stderr if done.error and form == "text" else self.stdout
        out.write(write_json(done.as_json()).decode() if form == "json" else str(done))
        out.flush()


def _chosen(slug: str) -> list[Source]:
    if not slug:
        return Source.objects.due(at=timezone.now())
    source = Source.objects.filter(slug=slug).first()
    if source is None or not source.url:
        raise CommandError(f"There is no source {slug!r} with an address; the admin lists them under Sources.")
    return [source]
