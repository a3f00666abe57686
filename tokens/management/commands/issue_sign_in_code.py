"""`issue_sign_in_code`: a code that signs an operator in once, if the provider or the password is not available."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from catalog.db.audit import record
from tokens.operators.sign_in.codes import issue_code


class Command(BaseCommand):
    help = (
        "Prints a code, nothing else, which signs the operator in at /admin/account/code/: once, within ten minutes. "
        "It replaces the password or the OpenID Connect provider, not the second factor."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username", metavar="USERNAME", help="The name of an active operator.")

    def handle(self, *args: Any, **options: Any) -> None:
        operator = User.objects.filter(username=options["username"], is_active=True, is_staff=True).first()
        if operator is None:
            raise CommandError(f"There is no active operator named {options['username']}.")
        code = issue_code(operator)
        record("sign-in code issued", about=operator)
        self.stdout.write(code)
