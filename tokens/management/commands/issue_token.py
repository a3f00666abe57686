"""`issue_token`: creates a token and prints its key, which is shown only once."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from catalog.exact import write_json
from tokens.auth.sight import sight_of_token
from tokens.keys import UnfitKeyError
from tokens.management.token_options import add_options, messages_of, read_options
from tokens.models import Token
from tokens.operators.tokens import Terms, issue


class Command(BaseCommand):
    help = "Creates a token and prints its key to stdout. The key cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help="The user of the token, e.g. 'Acme production'.")
        add_options(parser)
        parser.add_argument(
            "--take-over",
            action="store_true",
            help="Read an existing key of another system from stdin and store its digest.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Check the arguments and create nothing.")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                token, plaintext = issue_with(options)
                sight = sight_of_token(token, at=timezone.now())
                transaction.set_rollback(options["dry_run"])
        except ValidationError as error:
            raise CommandError(" ".join(messages_of(error))) from None
        except UnfitKeyError as error:
            raise CommandError(f"The key cannot be used. {error}") from None
        except ValueError as error:
            raise CommandError(str(error)) from None
        if options["dry_run"]:
            self.stderr.write(f"The arguments are valid. The token {sight}.")
            self.stderr.write("Run it without --dry-run to create the token.")
            return
        self.stderr.write(f"Token {token.key_id} has been created. It {sight}.")
        if options["format"] == "json":
            self.stdout.write(write_json({"key_id": token.key_id, "key": plaintext, "sees": sight.as_json()}).decode())
        elif plaintext:
            self.stdout.write(plaintext)


def issue_with(options: dict[str, Any]) -> tuple[Token, str | None]:
    """The token that the options describe, and its key; None in place of a key that was taken over."""
    chosen = read_options(options, now=timezone.now())
    terms = Terms({"name": options["name"], **chosen.fields}, chosen.groups)
    if options["take_over"]:
        return issue(terms, taken_over=sys.stdin.readline().strip())[0], None
    return issue(terms)
