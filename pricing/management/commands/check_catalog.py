"""`check_catalog`: reports problems in the catalog, its prices and its tokens, and changes nothing."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.db.snapshot import snapshot
from catalog.error_messages import count
from catalog.exact import write_json
from catalog.names.typed_lists import split_all
from catalog.progress import show_progress
from pricing.curation.checks.rules import Finding, Rule
from pricing.curation.health_checks import RULES, as_json, run_checks

SHOWN = 10


class Command(BaseCommand):
    help = "Reports problems in the catalog, its prices and its tokens. Exit code: 0 no problems, 1 problems."

    def add_arguments(self, parser: ArgumentParser) -> None:
        names = ", ".join(rule.name for rule in RULES)
        parser.add_argument(
            "--only",
            metavar="RULE",
            action="append",
            default=[],
            help=f"Check only this rule; repeatable. The rules: {names}.",
        )
        parser.add_argument(
            "--ignore", metavar="RULE", action="append", default=[], help="Do not check this rule; repeatable."
        )
        parser.add_argument("--all", action="store_true", help=f"Show all findings, not only {SHOWN} per rule.")
        parser.add_argument(
            "--format", choices=["text", "json"], default="text", help="Output format. json has all findings."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        rules = _choose_rules(split_all(options["only"]), split_all(options["ignore"]))
        with show_progress(self, options), snapshot():
            results = run_checks(rules, at=timezone.now())
        if options["format"] == "json":
            self.stdout.write(write_json([as_json(rule, findings) for rule, findings in results]).decode())
        else:
            self._write(results, len(rules), most=None if options["all"] else SHOWN)
        if results:
            sys.exit(1)

    def _write(self, results: Sequence[tuple[Rule, list[Finding]]], checked: int, *, most: int | None) -> None:
        for rule, findings in results:
            self.stdout.write(f"{rule.title} ({len(findings)}) [{rule.name}]")
            for finding in findings[:most]:
                self.stdout.write(f"  {finding.row}: {finding.problem}")
            if most is not None and len(findings) > most:
                self.stdout.write(f"  and {len(findings) - most} more: use --all to show them")
            self.stdout.write(f"  -> {rule.remedy}\n\n")
        total = sum(len(findings) for _, findings in results)
        self.stdout.write(f"{count(checked, 'rule')}, {count(total, 'finding') if total else 'no findings'}.")


def _choose_rules(only: Iterable[str], ignored: Iterable[str]) -> list[Rule]:
    known = {rule.name for rule in RULES}
    for name in (*only, *ignored):
        if name not in known:
            raise CommandError(f"There is no rule {name!r}: use one of {', '.join(sorted(known))}.", returncode=2)
    chosen = set(only) or known
    return [rule for rule in RULES if rule.name in chosen and rule.name not in set(ignored)]
