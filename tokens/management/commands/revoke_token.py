"""`revoke_token`: shuts a key out, from the next request on, in every process."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog.exact import write_json
from tokens.models import Token


class Command(BaseCommand):
    help = "Disables a token: its key, and old ones in their grace, are refused from the next request on."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key_id", metavar="KEYID", help="As the admin and issue_token show it.")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be done.")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            token = Token.objects.named(options["key_id"])
        except Token.DoesNotExist as error:
            raise CommandError(str(error)) from None
        was_enabled = token.enabled
        if not options["dry_run"]:
            Token.objects.filter(pk=token.pk).set_enabled(False)
        if options["format"] == "json":
            self.stdout.write(write_json({"key_id": token.key_id, "was_enabled": was_enabled}).decode())
        elif not was_enabled:
            self.stdout.write(f"{token} was disabled already.")
        else:
            self.stdout.write(f"{token} {'would be' if options['dry_run'] else 'is'} disabled.")
