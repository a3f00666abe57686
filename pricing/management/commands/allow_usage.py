"""`allow_usage`: allows a key to report usage, or withdraws that."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.db.history import name_operator
from catalog.exact import write_json
from pricing.usage.reporters import is_reporter, set_reporter
from tokens.models import Token


class Command(BaseCommand):
    help = (
        "Allows a key, such as that of a gateway, to report usage to /api/usage. It can then report calls of all keys, "
        "which count against their budgets."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key_id", metavar="KEYID", help="The key id, as the admin and issue_token show it.")
        parser.add_argument("--revoke", action="store_true", help="Withdraw the permission instead.")
        parser.add_argument("--dry-run", action="store_true", help="Show what would be done, and change nothing.")
        parser.add_argument("--format", choices=["text", "json"], default="text", help="json: the same as JSON.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            token = Token.objects.named(options["key_id"])
        except Token.DoesNotExist as error:
            raise CommandError(str(error)) from None
        may_report = not options["revoke"]
        if options["dry_run"]:
            changed = is_reporter(token.pk) != may_report
        else:
            changed = set_reporter(token.pk, may_report=may_report, reason=f"allow_usage, by {name_operator()}")
        if options["format"] == "json":
            body = {"key_id": token.key_id, "may_report": may_report, "changed": changed, "dry_run": options["dry_run"]}
            self.stdout.write(write_json(body).decode())
        elif not changed:
            state = "could already report" if may_report else "could not report"
            self.stdout.write(f"{token} {state} usage. Nothing was changed.")
        else:
            verb = "would be" if options["dry_run"] else "is now"
            self.stdout.write(f"{token} {verb} {'allowed' if may_report else 'not allowed any more'} to report usage.")
