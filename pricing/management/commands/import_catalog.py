"""`import_catalog`: shows what a source would change in the catalog and its prices, and carries it out with --apply."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError
from django.utils import timezone

from catalog.error_messages import InputError, reason
from catalog.exact import write_json
from catalog.imports.documents import read_file
from catalog.imports.fetching import Fetched, FetchError, fetch, without_secrets
from catalog.models import Source
from catalog.progress import announce, show_progress
from catalog.sources import SOURCES
from pricing.imports.exit_codes import Exit, PlanningCommand, outcome_of
from pricing.imports.pipeline import apply_import, make_plan
from pricing.imports.plan import ImportPlan, Options
from pricing.imports.text_report import LINES_SHOWN, summary
from pricing.models import PriceSheet


class Command(PlanningCommand):
    help = "Plans an import of models and prices from a source, and carries it out with --apply."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", metavar="SOURCE", help=f"One of: {', '.join(SOURCES)}.")
        given = parser.add_mutually_exclusive_group(required=True)
        given.add_argument("--file", metavar="F", help="The source's document.")
        given.add_argument(
            "--url", metavar="U", nargs="?", const="", help="Fetch the document; without U, from where it is published."
        )
        parser.add_argument(
            "--channel", metavar="C", default="", help="Offer the models on this channel; made if missing."
        )
        parser.add_argument(
            "--group", metavar="G", default="", help="The group that reaches the channel; default: default."
        )
        parser.add_argument(
            "--only", metavar="GLOB", action="append", default=[], help="Only ids like this, e.g. 'gpt-*'. Repeatable."
        )
        parser.add_argument(
            "--provider",
            metavar="P",
            action="append",
            default=[],
            help="Of a source that lists many providers, take this one's offers. Repeatable, the first comes first. "
            "Default: the offers of the vendors themselves.",
        )
        parser.add_argument(
            "--as",
            dest="role",
            choices=PriceSheet.Role.values,
            default="",
            help="What the prices are. Default: list for price maps, sell for a gateway's price list.",
        )
        parser.add_argument(
            "--publish", action="store_true", help="Publish the models; without it new ones are drafts."
        )
        parser.add_argument("--apply", action="store_true", help="Carry the plan out, all of it or nothing.")
        parser.add_argument("--dry-run", action="store_true", help="Only show the plan, whatever else is given.")
        parser.add_argument("--allow-removals", action="store_true", help="Accept that many models are gone.")
        parser.add_argument("--accept-jumps", action="store_true", help="Accept prices that move more than fourfold.")
        parser.add_argument(
            "--overrule",
            action="store_true",
            help="Change what people or more trusted sources have said, too; what is pinned stays.",
        )
        parser.add_argument("--all", action="store_true", help="Show every line of the plan, not a few of each kind.")
        parser.add_argument("--format", choices=["text", "json"], default="text", help="json: the whole report.")

    def handle(self, *args: Any, **options: Any) -> None:
        apply = options["apply"] and not options["dry_run"]
        try:
            plan, applied = self._run(options, apply=apply)
        except (InputError, FetchError) as error:
            raise CommandError(str(error), returncode=Exit.BAD_INPUT) from None
        except DatabaseError as error:
            raise CommandError(
                f"The database refused the import, nothing was written: {reason(error)}", returncode=Exit.FAILED
            ) from None
        outcome = outcome_of(plan, applied=applied)
        self._write(plan, outcome, options)
        if outcome != Exit.DONE:
            sys.exit(outcome)

    def _run(self, options: dict[str, Any], *, apply: bool) -> tuple[ImportPlan, bool]:
        asked = _options(options)
        content, origin, fetched = self._fetch(options, asked) if options["file"] is None else self._read(options)
        now = timezone.now()
        with show_progress(self, options):
            if not apply:
                return make_plan(content, asked, at=now, origin=origin), False
            plan, run = apply_import(content, asked, at=now, origin=origin, fetched=fetched)
        return plan, run is not None

    def _read(self, options: dict[str, Any]) -> tuple[bytes, str, None]:
        path = Path(options["file"])
        return read_file(path), path.name, None

    def _fetch(self, options: dict[str, Any], asked: Options) -> tuple[bytes, str, Fetched | None]:
        """The document at the address; the one that was fetched there before, if the host says that it is the same."""
        source = Source.objects.filter(slug=asked.source.slug).first()
        url = options["url"] or (source.url if source else "") or asked.source.url
        if not url:
            raise InputError(f"Nobody knows where {asked.source.name} is published: give the address after --url.")
        known = source.last_fetched if source and source.url == without_secrets(url) else None
        with show_progress(self, options):
            announce(f"Fetching {without_secrets(url)}")
            answer = (
                fetch(url, etag=source.etag, last_modified=source.last_modified) if source and known else fetch(url)
            )
        if isinstance(answer, Fetched):
            return answer.content, without_secrets(url), answer
        if known is None:
            raise FetchError("The host says that nothing has changed, and was not asked.")
        self.stderr.write(f"Unchanged since {known.taken_at:%Y-%m-%d %H:%M} UTC.", style_func=lambda text: text)
        return known.content, without_secrets(url), None

    def _write(self, plan: ImportPlan, outcome: Exit, options: dict[str, Any]) -> None:
        if options["format"] == "json":
            self.stdout.write(write_json({"outcome": outcome.name.lower(), **plan.report()}).decode())
        else:
            self.stdout.write(
                summary(plan, applied=outcome == Exit.DONE, shown=sys.maxsize if options["all"] else LINES_SHOWN)
            )


def _options(options: dict[str, Any]) -> Options:
    source = SOURCES.get(options["source"])
    if source is None:
        raise InputError(f"There is no source {options['source']!r}; there are {', '.join(SOURCES)}.")
    return Options(
        source=source,
        role=options["role"],
        channel=options["channel"],
        group=options["group"],
        only=tuple(options["only"]),
        providers=tuple(options["provider"]),
        publish=options["publish"],
        allow_removals=options["allow_removals"],
        accept_jumps=options["accept_jumps"],
        overrule=options["overrule"],
    )
