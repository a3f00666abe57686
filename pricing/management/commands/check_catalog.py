"""`check_catalog`: finds what is wrong in the catalog, its prices and its tokens, and changes nothing."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.exact import write_json
from catalog.progress import show_progress
from pricing.curation.health_checks import RULES, Finding, Rule, examine

SHOWN = 10


class Command(BaseCommand):
    help = "Finds what is wrong in the catalog, its prices and its tokens. Exit: 0 nothing found, 1 something found."

    def add_arguments(self, parser: ArgumentParser) -> None:
        names = ", ".join(rule.name for rule in RULES)
        parser.add_argument(
            "--only",
            metavar="RULE",
            action="append",
            default=[],
            help=f"Only this rule; repeatable. There are {names}.",
        )
        parser.add_argument("--ignore", metavar="RULE", action="append", default=[], help="Not this rule; repeatable.")
        parser.add_argument("--all", action="store_true", help=f"Show all findings, not {SHOWN} of each rule.")
        parser.add_argument("--format", choices=["text", "json"], default="text", help="json: all findings.")

    def handle(self, *args: Any, **options: Any) -> None:
        rules = _chosen(options["only"], options["ignore"])
        with show_progress(self, options):
            found = examine(rules, at=timezone.now())
        if options["format"] == "json":
            self.stdout.write(write_json([_as_json(rule, findings) for rule, findings in found]).decode())
        else:
            self._tell(found, len(rules), shown=None if options["all"] else SHOWN)
        if found:
            sys.exit(1)

    def _tell(self, found: Sequence[tuple[Rule, list[Finding]]], asked: int, *, shown: int | None) -> None:
        for rule, findings in found:
            self.stdout.write(f"{rule.title} ({len(findings)}) [{rule.name}]")
            for finding in findings[:shown]:
                self.stdout.write(f"  {finding.row}: {finding.problem}")
            if shown is not None and len(findings) > shown:
                self.stdout.write(f"  and {len(findings) - shown} more: --all shows them")
            self.stdout.write(f"  -> {rule.remedy}\n\n")
        total = sum(len(findings) for _, findings in found)
        self.stdout.write(f"{asked} rules, {total} findings." if total else f"{asked} rules, nothing found.")


def _chosen(only: Iterable[str], ignored: Iterable[str]) -> list[Rule]:
    known = {rule.name for rule in RULES}
    for name in (*only, *ignored):
        if name not in known:
            raise CommandError(f"There is no rule {name!r}; there are {', '.join(sorted(known))}.", returncode=2)
    wanted = set(only) or known
    return [rule for rule in RULES if rule.name in wanted and rule.name not in set(ignored)]


def _as_json(rule: Rule, findings: Iterable[Finding]) -> dict[str, Any]:
    rows = [{"row": str(each.row), "kind": each.row._meta.label, "problem": each.problem} for each in findings]
    return {"rule": rule.name, "title": rule.title, "remedy": rule.remedy, "findings": rows}
