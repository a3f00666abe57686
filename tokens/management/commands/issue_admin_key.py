"""`issue_admin_key`: issues a key for the management API and prints it, which is shown only once."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from catalog.exact import write_json
from catalog.names.typed_lists import split_all
from tokens.durations import parse_future_moment
from tokens.management.token_options import messages_of
from tokens.models import SCOPES
from tokens.operators.admin_keys import idle_scopes, issue


class Command(BaseCommand):
    help = (
        "Issues a key for the management API and prints it to stdout. The key cannot be shown again. It acts as the "
        "operator, within its scopes."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME", help="The operator whom the key represents.")
        parser.add_argument(
            "--scope",
            dest="scopes",
            action="append",
            required=True,
            metavar="S",
            help=f"What the key may do, as far as the operator may: {', '.join(SCOPES)}. Repeatable, or a list with "
            "commas. Each scope includes reading what it changes.",
        )
        parser.add_argument(
            "--expires",
            metavar="WHEN",
            help="Not valid from this time: 30d, 2027-01-31 or an ISO 8601 date and time. Without it: never expires.",
        )
        parser.add_argument(
            "--ip",
            dest="networks",
            action="append",
            default=[],
            metavar="CIDR",
            help="A network it may be used from. Repeatable, or a list with commas. Without one: everywhere.",
        )
        parser.add_argument("--name", help="What uses the key, e.g. Shop. Without it: its scopes.")
        parser.add_argument("--dry-run", action="store_true", help="Check the arguments and issue nothing.")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        operator = User.objects.filter(username=options["username"]).first()
        if operator is None:
            raise CommandError(f"There is no operator named {options['username']}.")
        scopes = split_all(options["scopes"])
        try:
            expires_at = options["expires"] and parse_future_moment(options["expires"], now=timezone.now())
            with transaction.atomic():
                key, plaintext = issue(
                    operator,
                    name="+".join(scopes) if options["name"] is None else options["name"],
                    scopes=scopes,
                    networks=split_all(options["networks"]),
                    expires_at=expires_at,
                )
                transaction.set_rollback(options["dry_run"])
        except ValidationError as error:
            raise CommandError(" ".join(messages_of(error))) from None
        except ValueError as error:
            raise CommandError(str(error)) from None
        for scope in idle_scopes(operator, key.scopes):
            self.stderr.write(f"{operator} has no permission that the scope {scope} includes.")
        if options["dry_run"]:
            self.stderr.write("The arguments are valid. Run it without --dry-run to issue the key.")
            return
        self.stderr.write(f"Admin key {key.key_id} has been issued. It acts as {operator}.")
        if options["format"] == "json":
            self.stdout.write(write_json({"key_id": key.key_id, "key": plaintext}).decode())
        else:
            self.stdout.write(plaintext)
