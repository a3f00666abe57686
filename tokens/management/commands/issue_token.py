"""`issue_token`: makes a token and prints its key, which is shown this once."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from catalog.exact import write_json
from tokens.durations import read_moment
from tokens.keys import UnfitKeyError
from tokens.models import Token, TokenGroup


class Command(BaseCommand):
    help = "Makes a token; stdout holds its key and nothing else, this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help="Who or what uses it, e.g. 'Acme production'.")
        parser.add_argument(
            "--group", metavar="G", action="append", help="What it reaches; default: default; auto: the automatic ones."
        )
        parser.add_argument(
            "--allow", metavar="P", action="append", help="May see only what matches, e.g. 'gpt-*' or vendor:openai."
        )
        parser.add_argument("--deny", metavar="P", action="append", default=[], help="Never sees what matches.")
        parser.add_argument("--ip", metavar="CIDR", action="append", default=[], help="May call only from there.")
        parser.add_argument("--starts", metavar="WHEN", default="", help="Refused before; like --expires.")
        parser.add_argument("--expires", metavar="WHEN", default="", help="30d, 2027-01-31 or an ISO 8601 moment.")
        parser.add_argument("--rate", metavar="N/PERIOD", default="", help="At most so often, e.g. 60/minute.")
        parser.add_argument(
            "--over-budget", action="store_true", help="It may list models and call none, until that is taken back."
        )
        parser.add_argument("--note", default="", help="For operators.")
        parser.add_argument(
            "--take-over", action="store_true", help="Read a key that clients have already from stdin; keep its digest."
        )
        parser.add_argument("--dry-run", action="store_true", help="Only check what is given.")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                token, plaintext = issue(options)
                transaction.set_rollback(options["dry_run"])
        except ValidationError as error:
            raise CommandError(" ".join(_sentences(error))) from None
        except UnfitKeyError as error:
            raise CommandError(f"The key cannot be taken over. {error}") from None
        except ValueError as error:
            raise CommandError(str(error)) from None
        if options["dry_run"]:
            self.stderr.write("Nothing is wrong with it; without --dry-run it will be made.")
            return
        self.stderr.write(f"Token {token.key_id} is made.")
        if options["format"] == "json":
            self.stdout.write(write_json({"key_id": token.key_id, "key": plaintext}).decode())
        elif plaintext:
            self.stdout.write(plaintext)


def issue(options: dict[str, Any]) -> tuple[Token, str | None]:
    """The token that the options describe, and its key if that is new."""
    slugs = options["group"] or [TokenGroup.DEFAULT]
    fields = {
        "allow": options["allow"],
        "deny": options["deny"],
        "networks": options["ip"],
        "starts_at": read_moment(options["starts"], now=timezone.now()) if options["starts"] else None,
        "expires_at": read_moment(options["expires"], now=timezone.now()) if options["expires"] else None,
        "rate_limit": options["rate"],
        "is_over_budget": options["over_budget"],
        "uses_auto_groups": "auto" in slugs,
        "note": options["note"],
    }
    # The columns of the key are filled in below, and not given by anybody.
    Token(name=options["name"], **fields).full_clean(exclude=["key_id", "digest", "pepper", "masked"])
    groups = [_group(slug) for slug in slugs if slug != "auto"]
    if not options["take_over"]:
        return Token.objects.issue(options["name"], groups=groups, **fields)
    plaintext = sys.stdin.readline().strip()
    return Token.objects.take_over(options["name"], plaintext=plaintext, groups=groups, **fields), None


def _sentences(error: ValidationError) -> Iterator[str]:
    """Each with the field that it is about, where it is about one."""
    for field, sentences in error.message_dict.items():
        yield from sentences if field == NON_FIELD_ERRORS else (f"{field}: {each}" for each in sentences)


def _group(slug: str) -> TokenGroup:
    if slug == TokenGroup.DEFAULT:
        return TokenGroup.objects.default()
    group = TokenGroup.objects.filter(slug=slug).first()
    if group is None:
        known = ", ".join(TokenGroup.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
        raise ValueError(f"There is no group {slug!r}; there are: {known}.")
    return group
