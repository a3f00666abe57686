"""`import_catalog`: shows what a document would change in the catalog and its prices, and applies it with --apply."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import DatabaseError
from django.utils import timezone

from catalog.error_messages import InputError, reason
from catalog.exact import write_json
from catalog.imports.documents import read_catalog, read_file
from catalog.imports.fetching import Fetched, FetchError, fetch, without_secrets
from catalog.models import ImportRun, Source
from catalog.names.typed_lists import split_all
from catalog.progress import announce, show_progress
from catalog.sources import SOURCES
from pricing.imports.exit_codes import Exit, PlanningCommand, outcome_of
from pricing.imports.options import Options, accepted_jumps
from pricing.imports.pipeline import apply_import, make_plan
from pricing.imports.plan import ImportPlan
from pricing.imports.structure.pruning import DELETE, MODES
from pricing.imports.text_report import LINES_SHOWN, summary
from pricing.models import PriceSheet


class Command(PlanningCommand):
    help = "Plans an import of models and prices from a source, and applies it with --apply."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", metavar="SOURCE", help=f"One of: {', '.join(SOURCES)}.")
        document = parser.add_mutually_exclusive_group(required=True)
        document.add_argument("--file", metavar="F", help="The source's document; for yaml also a folder.")
        document.add_argument(
            "--url",
            metavar="U",
            nargs="?",
            const="",
            help="Fetch the document. Without U: from the source's own address.",
        )
        parser.add_argument(
            "--channel",
            metavar="C",
            default="",
            help="Offer the models on this channel. It is created if it does not exist.",
        )
        parser.add_argument(
            "--group", metavar="G", default="", help="The group that reaches the channel. Default: default."
        )
        parser.add_argument(
            "--only", metavar="GLOB", action="append", default=[], help="Only ids that match, e.g. 'gpt-*'. Repeatable."
        )
        parser.add_argument(
            "--provider",
            metavar="P",
            action="append",
            default=[],
            help="Import this provider's offers, if the source lists several. Repeatable; the first has priority. "
            "Default: the offers of the models' own vendors.",
        )
        parser.add_argument(
            "--as",
            dest="role",
            choices=PriceSheet.Role.values,
            default="",
            help="The role of the prices. Default: list for price maps, sell for a gateway's price list.",
        )
        parser.add_argument(
            "--publish", action="store_true", help="Publish the models. Without it, new models are drafts."
        )
        parser.add_argument(
            "--prune",
            nargs="?",
            const=DELETE,
            default="",
            choices=MODES,
            help="Remove what the file no longer contains, in the sections that it has. With draft, models become "
            "drafts instead. Put it after SOURCE. Only for yaml.",
        )
        parser.add_argument("--apply", action="store_true", help="Apply the plan, completely or not at all.")
        parser.add_argument("--dry-run", action="store_true", help="Only show the plan, also with --apply.")
        parser.add_argument(
            "--allow-removals",
            action="store_true",
            help="Accept that many models are no longer in the source, or are removed.",
        )
        parser.add_argument(
            "--accept-loss",
            action="store_true",
            help="Accept that keys lose more than 5 %% of their models, or all of them.",
        )
        parser.add_argument(
            "--accept-jumps",
            metavar="GLOB",
            nargs="*",
            help="Accept prices that move more than fourfold, to or from 0, to another unit, or tenfold away from a "
            "price of another role: those of the models that match, e.g. gpt-5 'claude-*'. Models with other jumps are "
            "held back, and the rest is applied. Without GLOB: of all models. Put it after SOURCE.",
        )
        parser.add_argument(
            "--accept-placeholders",
            metavar="GLOB",
            action="append",
            default=[],
            help="Import the price of ids that match, although it may be what a gateway shows for a missing price. "
            "Repeatable.",
        )
        parser.add_argument(
            "--overrule",
            action="store_true",
            help="Also change values of people and more trusted sources. Pinned fields stay unchanged.",
        )
        parser.add_argument("--all", action="store_true", help="Show all lines of the plan, not a few of each kind.")
        parser.add_argument("--format", choices=["text", "json"], default="text", help="json: the complete report.")

    def handle(self, *args: Any, **options: Any) -> None:
        apply = options["apply"] and not options["dry_run"]
        try:
            plan, run = self._run(options, apply=apply)
        except (InputError, FetchError) as error:
            raise CommandError(str(error), returncode=Exit.BAD_INPUT) from None
        except DatabaseError as error:
            raise CommandError(
                f"The database refused the import, nothing was written: {reason(error)}", returncode=Exit.FAILED
            ) from None
        outcome = outcome_of(plan, applied=run is not None)
        self._write(plan, run, outcome, options)
        if outcome != Exit.DONE:
            sys.exit(outcome)

    def _run(self, options: dict[str, Any], *, apply: bool) -> tuple[ImportPlan, ImportRun | None]:
        import_options = _options(options)
        is_fetched = options["file"] is None
        content, origin, fetched = self._fetch(options, import_options) if is_fetched else self._read(options)
        now = timezone.now()
        with show_progress(self, options):
            if not apply:
                return make_plan(content, import_options, at=now, origin=origin), None
            return apply_import(content, import_options, at=now, origin=origin, fetched=fetched)

    def _read(self, options: dict[str, Any]) -> tuple[bytes, str, None]:
        path = Path(options["file"])
        read = read_catalog if options["source"] == "yaml" else read_file
        return read(path), path.name, None

    def _fetch(self, options: dict[str, Any], import_options: Options) -> tuple[bytes, str, Fetched | None]:
        """The document at the address, or the stored one if the host says that it has not changed."""
        source = Source.objects.filter(slug=import_options.source.slug).first()
        url = options["url"] or (source.url if source else "") or import_options.source.url
        if not url:
            raise InputError(f"{import_options.source.name} has no known address. Give one after --url.")
        known = source.last_fetched if source and source.url == without_secrets(url) else None
        with show_progress(self, options):
            announce(f"Fetching {without_secrets(url)}")
            response = (
                fetch(url, etag=source.etag, last_modified=source.last_modified) if source and known else fetch(url)
            )
        if isinstance(response, Fetched):
            return response.content, without_secrets(url), response
        if known is None:
            raise FetchError("The host answered 304 (not modified) to an unconditional request.")
        self.stderr.write(f"Unchanged since {known.taken_at:%Y-%m-%d %H:%M} UTC.", style_func=lambda text: text)
        return known.content, without_secrets(url), None

    def _write(self, plan: ImportPlan, run: ImportRun | None, outcome: Exit, options: dict[str, Any]) -> None:
        if options["format"] == "json":
            self.stdout.write(write_json({"outcome": outcome.name.lower(), **plan.report()}).decode())
        else:
            self.stdout.write(
                summary(plan, run=run.pk if run else None, limit=sys.maxsize if options["all"] else LINES_SHOWN)
            )


def _options(options: dict[str, Any]) -> Options:
    source = SOURCES.get(options["source"])
    if source is None:
        raise InputError(f"There is no source {options['source']!r}. Use one of: {', '.join(SOURCES)}.")
    return Options(
        source=source,
        role=options["role"],
        channel=options["channel"],
        group=options["group"],
        only=tuple(split_all(options["only"])),
        providers=tuple(split_all(options["provider"])),
        publish=options["publish"],
        allow_removals=options["allow_removals"],
        accept_loss=options["accept_loss"],
        accept_jumps=accepted_jumps(options["accept_jumps"]),
        accept_placeholders=tuple(split_all(options["accept_placeholders"])),
        overrule=options["overrule"],
        prune=options["prune"],
    )
