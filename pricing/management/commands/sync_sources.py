"""`sync_sources`: fetches and plans every due source; one instance works at a time, across all machines."""

import contextlib
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection
from django.utils import timezone

from catalog.db.history import actor_scope
from catalog.error_messages import InputError, count, reason
from catalog.exact import write_json
from catalog.progress import show_progress
from pricing.imports.scheduled import FetchOutcome, fetch_due
from pricing.retention.pruning import prune_on_schedule
from pricing.usage.unknown import assign_known
from pricing.verification.books import store_missing_extracts
from tokens.durations import parse_duration


class Command(BaseCommand):
    help = "Fetches every due source, and leaves changes to review or applies them, as the source's policy says."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--every", metavar="SPAN", default="", help="Repeat without end, every 1h, 30m or 1d.")
        parser.add_argument("--once", action="store_true", help="Run once, also without --every.")
        parser.add_argument("--source", metavar="SLUG", default="", help="Only this source, whether it is due or not.")
        parser.add_argument("--dry-run", action="store_true", help="Only list which sources are due.")
        parser.add_argument("--format", choices=["text", "json"], default="text", help="json: one line per source.")

    @actor_scope("sync_sources, on schedule")
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            every = parse_duration(options["every"]) if options["every"] and not options["once"] else None
        except ValueError as error:
            raise CommandError(str(error)) from None
        if every is not None and every.total_seconds() < 60:
            raise CommandError("Sources are fetched at most once a minute. Use for example --every 1h.")
        succeeded = self._round(options)
        self._read_books(options)
        self._assign_usage(options)
        self._prune(options)
        if every is None and not succeeded:
            raise CommandError("Some sources could not be imported. See above.")
        with contextlib.suppress(KeyboardInterrupt):
            while every is not None:
                connection.close()
                time.sleep(every.total_seconds())
                self._round(options)
                self._read_books(options)
                self._assign_usage(options)
                self._prune(options)

    def _round(self, options: dict[str, Any]) -> bool:
        """Whether all sources could be imported."""
        succeeded = True
        try:
            fetched = 0
            for outcome in self._outcomes(options):
                self._write(outcome, options["format"])
                succeeded = succeeded and not outcome.error
                fetched += 1
            if not fetched and options["format"] == "text":
                self.stdout.write("No source is due.")
        except InputError as error:
            raise CommandError(str(error)) from None
        except DatabaseError as error:
            self.stderr.write(f"The database cannot be used: {reason(error)}")
            return False
        return succeeded

    def _read_books(self, options: dict[str, Any]) -> None:
        """Stores what documents of price books state for pages, if their imports did not."""
        if options["dry_run"]:
            return
        try:
            store_missing_extracts(at=timezone.now())
        except DatabaseError as error:
            self.stderr.write(f"Price books cannot be read: {reason(error)}")

    def _assign_usage(self, options: dict[str, Any]) -> None:
        """Assigns reported usage of unknown models to those that have come into the catalog since."""
        if options["dry_run"] or options["source"]:
            return
        try:
            assigned = assign_known(on=timezone.now().date())
        except DatabaseError as error:
            self.stderr.write(f"Usage cannot be assigned: {reason(error)}")
            return
        if assigned.requests and options["format"] == "text":
            self.stdout.write(f"Usage of models that were unknown: {count(assigned.requests, 'call')} assigned.")

    def _prune(self, options: dict[str, Any]) -> None:
        """Removes old data once a day, if PRUNE_KEEP_DAYS says so; after the sources, which matter more."""
        if options["dry_run"] or options["source"]:
            return
        try:
            removed = prune_on_schedule(at=timezone.now())
        except DatabaseError as error:
            self.stderr.write(f"Old data cannot be removed: {reason(error)}")
            return
        if removed is not None and options["format"] == "text":
            self.stdout.write(f"Old data: {count(sum(part.rows for part in removed), 'row')} removed.")

    def _outcomes(self, options: dict[str, Any]) -> Iterator[FetchOutcome]:
        outcomes = fetch_due(slug=options["source"], dry_run=options["dry_run"])
        while True:
            with show_progress(self, options):
                outcome = next(outcomes, None)
            if outcome is None:
                return
            yield outcome

    def _write(self, outcome: FetchOutcome, output_format: str) -> None:
        out = self.stderr if outcome.error and output_format == "text" else self.stdout
        out.write(write_json(outcome.as_json()).decode() if output_format == "json" else str(outcome))
        out.flush()
