"""`explain_token`: why a key sees a model, or why not."""

import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.exact import write_json
from tokens.auth.explaining import explain
from tokens.models import Token


class Command(BaseCommand):
    help = (
        "Shows every gate between a token and a model, passed or not, with the row responsible. Exit: 0 visible, 1 not."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key_id", metavar="KEYID", help="As the admin and issue_token show it.")
        parser.add_argument("model", metavar="MODEL", help="An id or an alias, as clients send it.")
        parser.add_argument("--address", metavar="IP", default="", help="As if the call came from there.")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            token = Token.objects.named(options["key_id"])
        except Token.DoesNotExist as error:
            raise CommandError(str(error), returncode=2) from None
        told = explain(token, options["model"], at=timezone.now(), address=options["address"], key_id=options["key_id"])
        if options["format"] == "json":
            self.stdout.write(write_json({"visible": told.visible, "callable": told.callable, **asdict(told)}).decode())
        else:
            for gate in told.gates:
                self.stdout.write(f"{'yes' if gate.passed else 'NO '}  {gate.asks}: {gate.because}")
            but = " but may not call it" if told.visible and not told.callable else ""
            self.stdout.write(f"{token} {'sees' if told.visible else 'does not see'} {told.name}{but}.")
            if told.visible and told.narrowed_from:
                clients = " and ".join(told.narrowed_from)
                self.stdout.write(f"NARROW_DIALECTS keeps it from clients of {clients}: they have no way to call it.")
        if not told.visible:
            sys.exit(1)
