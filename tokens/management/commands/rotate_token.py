"""`rotate_token`: gives a token a new key; the old one stays valid for a grace period."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.exact import write_json
from tokens.durations import parse_duration
from tokens.models import STATES, Token, WrongPepperError


class Command(BaseCommand):
    help = "Gives a token a new key and prints it to stdout. The key cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key_id", metavar="KEYID", help="The key id, as the admin and issue_token show it.")
        parser.add_argument(
            "--grace",
            metavar="SPAN",
            default="24h",
            help="How long the old key stays valid: 0, 1h, 24h (default), 7d.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be done.")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        try:
            token = Token.objects.named(options["key_id"])
            grace = parse_duration(options["grace"])
        except (ValueError, Token.DoesNotExist) as error:
            raise CommandError(str(error)) from None
        end = f"{now + grace:%Y-%m-%d %H:%M} UTC" if grace else "now"
        if options["dry_run"]:
            old = f"The old one, {token.masked}, would be valid until {end}." if token.has_key else "It has none yet."
            self.stderr.write(f"{token} would get a new key. {old}")
            return
        old = f"The old one, {token.masked}, is valid until {end}." if token.has_key else "It had none."
        try:
            plaintext = token.rotate(grace=grace, at=now)
        except WrongPepperError as error:
            raise CommandError(str(error)) from None
        self.stderr.write(f"{token.name} has a new key, {token.key_id}. {old}")
        state = token.state(at=now)
        if state in STATES.values():
            self.stderr.write(f"No key of this token is valid now. State: {state}.")
        if options["format"] == "json":
            document = {"key_id": token.key_id, "key": plaintext, "old_key_ends_at": (now + grace).isoformat()}
            self.stdout.write(write_json(document).decode())
        else:
            self.stdout.write(plaintext)
