"""`import_gateway`: plans a migration from another gateway's database, and applies it with --apply."""

import sys
from argparse import ArgumentParser
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from django.core.management.base import CommandError
from django.db import DatabaseError
from django.utils import timezone

from catalog.error_messages import UNMIGRATED, InputError, is_unmigrated, printable
from catalog.exact import InexactError, write_json
from catalog.imports.documents import read_file
from catalog.imports.fetching import Fetched, FetchError, fetch
from catalog.progress import announce, show_progress
from catalog.sources.rows import SourceError
from pricing.gateways import text_report
from pricing.gateways.keys import text_report as key_report
from pricing.gateways.keys.asking import GatewayUnavailableError, verify_keys
from pricing.gateways.keys.comparison import Comparison
from pricing.gateways.migrate import MigrationPlan, apply_migration, rehearse_migration
from pricing.gateways.prices.listing import read_listing
from pricing.gateways.reading.databases import DatabaseUnreadableError, Tables, server, sqlite_file
from pricing.gateways.reading.gateway import Gateway, Listing
from pricing.gateways.reading.reader import read_gateway
from pricing.imports.exit_codes import Exit, PlanningCommand, outcome_of
from pricing.imports.options import accepted_jumps


class Command(PlanningCommand):
    help = (
        "Plans a migration from the database of new-api, Veloera, one-api, one-hub or done-hub; --apply runs it. "
        "Upstream keys are not imported."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--sqlite", metavar="F", help="The gateway's SQLite file. It is only read.")
        source.add_argument(
            "--dsn",
            metavar="D",
            help="The gateway's SQL_DSN: postgres://… or user:password@tcp(host)/name. The database is only read.",
        )
        parser.add_argument(
            "--pricing",
            metavar="P",
            default="",
            help="The running gateway's price list, /api/pricing: its address, the gateway's address, or a file. Its "
            "prices win.",
        )
        parser.add_argument("--apply", action="store_true", help="Apply the plan, completely or not at all.")
        parser.add_argument("--dry-run", action="store_true", help="Only show the plan, even with --apply.")
        parser.add_argument(
            "--verify",
            metavar="URL",
            help="Ask the running gateway which models each key lists, and show how that differs from the lists here. "
            "Without --apply, this is all that is done.",
        )
        parser.add_argument(
            "--accept-jumps",
            metavar="GLOB",
            nargs="*",
            help="Accept prices that change more than fourfold: those of the models that match, e.g. gpt-5 'claude-*'. "
            "Models with other jumps are held back, and the rest is applied. Without GLOB: of all models.",
        )
        parser.add_argument(
            "--accept-loss",
            action="store_true",
            help="Accept that keys that are here already lose more than 5 %% of their models, or all of them.",
        )
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="Output format. json has the whole report."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        apply = options["apply"] and not options["dry_run"]
        try:
            with show_progress(self, options):
                announce("Reading the gateway's database")
                with _database(options) as tables:
                    gateway = read_gateway(tables)
                if options["pricing"]:
                    announce("Reading the gateway's price list")
                    gateway = replace(gateway, listing=_listing(gateway, options["pricing"]))
                result = Result()
                if apply or not options["verify"]:
                    accepted = Accepted(accepted_jumps(options["accept_jumps"]), options["accept_loss"])
                    result.plan, result.applied = _migrate(gateway, accepted, apply=apply)
                if options["verify"] and result.may_verify:
                    announce("Asking the running gateway")
                    result.verify(options["verify"], gateway)
        except (DatabaseUnreadableError, InputError, FetchError) as error:
            raise CommandError(str(error), returncode=Exit.BAD_INPUT) from None
        except (InexactError, SourceError) as error:
            raise CommandError(f"--pricing: {error}", returncode=Exit.BAD_INPUT) from None
        except DatabaseError as error:
            # The database's own message may contain data of the gateway.
            why = UNMIGRATED if is_unmigrated(error) else type(error).__name__
            raise CommandError(
                f"This installation's database refused the migration, nothing was written: {why}",
                returncode=Exit.FAILED,
            ) from None
        self.stdout.write(write_json(result.report()).decode() if options["format"] == "json" else result.summary())
        if result.problem:
            raise CommandError(result.problem, returncode=Exit.FAILED)
        if result.outcome != Exit.DONE:
            sys.exit(result.outcome)


class Accepted(NamedTuple):
    """What the operator confirms."""

    jumps: bool | tuple[str, ...]
    loss: bool


@dataclass
class Result:
    """The plan, if there is one, and the comparison with the running gateway, if it was asked for."""

    plan: MigrationPlan | None = None
    applied: bool = False
    verification: Comparison | None = None
    # Why the gateway could not be asked.
    problem: str = ""

    @property
    def may_verify(self) -> bool:
        """A plan that a guard stopped changed no key."""
        return self.plan is None or self.applied or self.plan.is_empty

    def verify(self, url: str, gateway: Gateway) -> None:
        try:
            self.verification = verify_keys(url, gateway, at=timezone.now())
        except GatewayUnavailableError as error:
            self.problem = str(error)

    @property
    def outcome(self) -> Exit:
        outcome = outcome_of(self.plan, applied=self.applied) if self.plan else Exit.DONE
        is_different = bool(self.problem or (self.verification and self.verification.unexpected))
        return Exit.FAILED if is_different and outcome == Exit.DONE else outcome

    def report(self) -> dict[str, Any]:
        """The result as JSON; never a key."""
        report = {"outcome": self.outcome.name.lower()} | (text_report.report(self.plan) if self.plan else {})
        if self.problem:
            return report | {"verification": {"error": self.problem}}
        return report | ({"verification": self.verification.report()} if self.verification else {})

    def summary(self) -> str:
        parts = [text_report.summary(self.plan, applied=self.applied)] if self.plan else []
        if self.verification:
            parts.append(key_report.summary(self.verification, asked="the running gateway"))
        return printable("\n".join(parts))


def _migrate(gateway: Gateway, accepted: Accepted, *, apply: bool) -> tuple[MigrationPlan, bool]:
    now = timezone.now()
    if not apply:
        return rehearse_migration(gateway, at=now, accept_jumps=accepted.jumps, accept_loss=accepted.loss), False
    return apply_migration(gateway, at=now, accept_jumps=accepted.jumps, accept_loss=accepted.loss)


def _listing(gateway: Gateway, place: str) -> Listing:
    """The price list of the running gateway, at an address or in a file."""
    if not gateway.dialect.lists_prices:
        raise InputError(
            f"--pricing is for new-api and its forks: {gateway.dialect.name} publishes no such list, and its database "
            "and rules have all prices."
        )
    if "://" not in place:
        return read_listing(read_file(Path(place)))
    is_site = urlsplit(place).path in ("", "/")
    response = fetch(urljoin(place, "/api/pricing") if is_site else place)
    if not isinstance(response, Fetched):
        raise FetchError("The host answered 304 (not modified) to an unconditional request.")
    return read_listing(response.content)


def _database(options: dict[str, Any]) -> AbstractContextManager[Tables]:
    return sqlite_file(Path(options["sqlite"])) if options["sqlite"] else server(options["dsn"])
