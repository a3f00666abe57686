"""`reset_mfa`: removes the second factors of an operator who has lost them, and ends the operator's sessions."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from catalog.exact import write_json
from tokens.operators.sign_in.recovery import remove_second_factors


class Command(BaseCommand):
    help = (
        "Removes an operator's authenticator app, passkeys and recovery codes, and ends all sessions. "
        "With ADMIN_MFA=required, the operator sets up a new second factor at the next sign-in."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME", help="The name with which the operator signs in.")
        parser.add_argument("--dry-run", action="store_true", help="Show what would be removed, and change nothing.")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        operator = User.objects.filter(username=options["username"]).first()
        if operator is None:
            raise CommandError(f"There is no operator named {options['username']}.")
        removed = remove_second_factors(operator, dry_run=options["dry_run"])
        if options["format"] == "json":
            document = {"username": operator.username, "factors": removed.factors, "sessions": removed.sessions}
            self.stdout.write(write_json(document).decode())
            return
        would = "would be " if options["dry_run"] else ""
        factors = ", ".join(removed.factors) or "nothing"
        self.stdout.write(f"{operator.username}: {would}removed: {factors}; sessions {would}ended: {removed.sessions}.")
