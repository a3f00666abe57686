"""`revoke_token`: disables a token, or ends one retired key, from the next request on in every process."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from catalog.admin.impact import observe
from catalog.error_messages import count
from catalog.exact import write_json
from tokens.auth.sight import sight_of_token
from tokens.management.losses import write_effect
from tokens.models import Token
from tokens.operators.tokens import end_replaced_key, revoke


class Command(BaseCommand):
    help = (
        "Disables a token: its key, and retired keys in their grace period, are refused from the next request on. "
        "With the key id of a retired key, only that key is ended."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key_id", metavar="KEYID", help="The key id, as the admin and issue_token show it.")
        parser.add_argument("--dry-run", action="store_true", help="Show what would be done, and change nothing.")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            token = Token.objects.named(options["key_id"])
        except Token.DoesNotExist as error:
            raise CommandError(str(error)) from None
        if token.key_id != options["key_id"]:
            self._end(token, options)
            return
        with transaction.atomic():
            with observe(at=timezone.now()) as effect:
                was_enabled = revoke(token)
            transaction.set_rollback(options["dry_run"])
        if options["format"] == "json":
            report = {"key_id": token.key_id, "was_enabled": was_enabled, "impact": effect.as_json()}
            self.stdout.write(write_json(report).decode())
        elif not was_enabled:
            self.stdout.write(f"{token} was already disabled.")
        else:
            self.stdout.write(f"{token} {'would be' if options['dry_run'] else 'has been'} disabled.")
            # A revoked key loses its models on purpose: nothing is guarded.
            write_effect(self, effect, [])

    def _end(self, token: Token, options: dict[str, Any]) -> None:
        """Ends a retired key; the token and its other keys stay valid."""
        now = timezone.now()
        with transaction.atomic():
            with observe(at=now) as effect:
                key, was_valid = end_replaced_key(token, options["key_id"], at=now)
            transaction.set_rollback(options["dry_run"])
        models = count(sight_of_token(token, at=now).visible, "model")
        if options["format"] == "json":
            document = {"key_id": key.key_id, "replaced_by": token.key_id, "was_valid": was_valid}
            document |= {"impact": effect.as_json()}
            self.stdout.write(write_json(document).decode())
        elif not was_valid:
            self.stdout.write(f"{key}, a retired key of {token}, had already ended.")
        else:
            result = "would be ended" if options["dry_run"] else "has been ended"
            self.stdout.write(f"{key}, a retired key of {token}, {result}. The token's current key still works.")
            # The impact is that on tokens, which keep what they see.
            self.stdout.write(f"  Clients that still send the retired key lose its {models}.")
