"""`revoke_token`: shuts a token out, or only a key that was replaced, from the next request on, in every process."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.exact import write_json
from tokens.models import Token


class Command(BaseCommand):
    help = (
        "Disables a token: its key, and old ones in their grace, are refused from the next request on. "
        "Of a key that a rotation has replaced, only that key is ended."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key_id", metavar="KEYID", help="As the admin and issue_token show it.")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be done.")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            token = Token.objects.named(options["key_id"])
        except Token.DoesNotExist as error:
            raise CommandError(str(error)) from None
        if token.key_id != options["key_id"]:
            self._end(token, options)
            return
        was_enabled = token.enabled
        if not options["dry_run"]:
            Token.objects.filter(pk=token.pk).set_enabled(False)
        if options["format"] == "json":
            self.stdout.write(write_json({"key_id": token.key_id, "was_enabled": was_enabled}).decode())
        elif not was_enabled:
            self.stdout.write(f"{token} was disabled already.")
        else:
            self.stdout.write(f"{token} {'would be' if options['dry_run'] else 'is'} disabled.")

    def _end(self, token: Token, options: dict[str, Any]) -> None:
        """Ends a replaced key; the token and its other keys go on."""
        now = timezone.now()
        retired = token.retired_keys.filter(key_id=options["key_id"])
        # Before it is ended, for what is told of it.
        key = retired.latest("pk")
        was_valid = key.valid_until > now
        if not options["dry_run"]:
            retired.end(at=now)
        if options["format"] == "json":
            answer = {"key_id": key.key_id, "replaced_by": token.key_id, "was_valid": was_valid}
            self.stdout.write(write_json(answer).decode())
        elif not was_valid:
            self.stdout.write(f"{key}, a replaced key of {token}, had ended already.")
        else:
            deed = "would be ended" if options["dry_run"] else "is ended"
            self.stdout.write(f"{key}, a replaced key of {token}, {deed}. The token's own key goes on working.")
