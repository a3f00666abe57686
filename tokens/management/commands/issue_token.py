"""`issue_token`: creates a token and prints its key, which is shown only once."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from catalog.exact import write_json
from tokens.durations import parse_future_moment
from tokens.keys import UnfitKeyError
from tokens.models import Token, TokenGroup


class Command(BaseCommand):
    help = "Creates a token and prints its key to stdout. The key cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help="The user of the token, e.g. 'Acme production'.")
        parser.add_argument(
            "--group",
            metavar="G",
            action="append",
            help="A group of the token (default: default); auto: the automatic groups. Repeatable.",
        )
        parser.add_argument(
            "--first-group",
            metavar="G",
            help="The one of its groups whose price applies if several reach a model (default: group default, then the "
            "others by name, then the automatic groups in their order).",
        )
        parser.add_argument(
            "--allow",
            metavar="P",
            action="append",
            help="A pattern of models it can see, e.g. 'gpt-*' or vendor:openai (default: all). Repeatable.",
        )
        parser.add_argument(
            "--deny", metavar="P", action="append", default=[], help="A pattern of models it can never see. Repeatable."
        )
        parser.add_argument(
            "--ip",
            metavar="CIDR",
            action="append",
            default=[],
            help="A network it may be used from (default: everywhere). Repeatable.",
        )
        parser.add_argument(
            "--starts", metavar="WHEN", default="", help="Not valid before this time; same formats as --expires."
        )
        parser.add_argument(
            "--expires",
            metavar="WHEN",
            default="",
            help="Not valid from this time: 30d, 2027-01-31 or an ISO 8601 date and time (default: never).",
        )
        parser.add_argument(
            "--rate",
            metavar="N/PERIOD",
            default="",
            help="Its rate limit, e.g. 60/minute (default: that of its groups).",
        )
        parser.add_argument(
            "--over-budget",
            action="store_true",
            help="It can list models but may not call them, until this is changed in the admin.",
        )
        parser.add_argument("--note", default="", help="A note for operators.")
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
                token, plaintext = issue(options)
                transaction.set_rollback(options["dry_run"])
        except ValidationError as error:
            raise CommandError(" ".join(_messages(error))) from None
        except UnfitKeyError as error:
            raise CommandError(f"The key cannot be used. {error}") from None
        except ValueError as error:
            raise CommandError(str(error)) from None
        if options["dry_run"]:
            self.stderr.write("The arguments are valid. Run it without --dry-run to create the token.")
            return
        self.stderr.write(f"Token {token.key_id} has been created.")
        if options["format"] == "json":
            self.stdout.write(write_json({"key_id": token.key_id, "key": plaintext}).decode())
        elif plaintext:
            self.stdout.write(plaintext)


def issue(options: dict[str, Any]) -> tuple[Token, str | None]:
    """The token that the options describe, and its key; None in place of a key that was taken over."""
    slugs = options["group"] or [TokenGroup.DEFAULT]
    fields = {
        "allow": options["allow"],
        "deny": options["deny"],
        "networks": options["ip"],
        "starts_at": parse_future_moment(options["starts"], now=timezone.now()) if options["starts"] else None,
        "expires_at": parse_future_moment(options["expires"], now=timezone.now()) if options["expires"] else None,
        "rate_limit": options["rate"],
        "is_over_budget": options["over_budget"],
        "uses_auto_groups": "auto" in slugs,
        "first_group": _group(options["first_group"]) if options["first_group"] else None,
        "note": options["note"],
    }
    # The columns of the key are set below, not by the options.
    Token(name=options["name"], **fields).full_clean(exclude=["key_id", "digest", "pepper", "masked"])
    groups = [_group(slug) for slug in slugs if slug != "auto"]
    if not options["take_over"]:
        return Token.objects.issue(options["name"], groups=groups, **fields)
    plaintext = sys.stdin.readline().strip()
    return Token.objects.take_over(options["name"], plaintext=plaintext, groups=groups, **fields), None


def _messages(error: ValidationError) -> Iterator[str]:
    """Each message, with its field if it has one."""
    for field, messages in error.message_dict.items():
        yield from messages if field == NON_FIELD_ERRORS else (f"{field}: {message}" for message in messages)


def _group(slug: str) -> TokenGroup:
    if slug == TokenGroup.DEFAULT:
        return TokenGroup.objects.default()
    group = TokenGroup.objects.filter(slug=slug).first()
    if group is None:
        slugs = ", ".join(TokenGroup.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
        raise ValueError(f"There is no group {slug!r}. Use one of: {slugs}.")
    return group
