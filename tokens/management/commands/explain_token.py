"""`explain_token`: explains why a key can see a model, or why not."""

import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.db.snapshot import snapshot
from catalog.exact import write_json
from tokens.auth.explaining import explain
from tokens.models import Token


class Command(BaseCommand):
    help = (
        "Shows every condition between a token and a model, whether it holds, and the row that decides it. "
        "Exit code: 0 if the model is visible, 1 if not, 2 if there is no such token."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key_id", metavar="KEYID", help="The key id, as the admin and issue_token show it.")
        parser.add_argument("model", metavar="MODEL", help="The id or an alias of the model, as clients send it.")
        parser.add_argument(
            "--address", metavar="IP", default="", help="Also check this client address against the token's networks."
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        key_id, now = options["key_id"], timezone.now()
        try:
            with snapshot():
                token = Token.objects.named(key_id)
                explanation = explain(token, options["model"], at=now, address=options["address"], key_id=key_id)
        except Token.DoesNotExist as error:
            raise CommandError(str(error), returncode=2) from None
        if options["format"] == "json":
            document = {"visible": explanation.visible, "callable": explanation.callable, **asdict(explanation)}
            self.stdout.write(write_json(document).decode())
        else:
            for gate in explanation.gates:
                self.stdout.write(f"{'yes' if gate.passed else 'NO '}  {gate.asks}: {gate.because}")
            but = " but may not call it" if explanation.visible and not explanation.callable else ""
            self.stdout.write(f"{token} {'can' if explanation.visible else 'cannot'} see {explanation.name}{but}.")
            if explanation.visible and explanation.narrowed_from:
                clients = " and ".join(explanation.narrowed_from)
                self.stdout.write(f"NARROW_DIALECTS hides the model from clients of {clients}, which cannot call it.")
            if explanation.visible and not explanation.list_names:
                self.stdout.write("Lists of models leave the model out.")
            elif explanation.visible and explanation.is_listed_otherwise:
                self.stdout.write(f"Lists of models have it as {', '.join(explanation.list_names)}.")
            if explanation.visible and not explanation.in_price_list:
                self.stdout.write("The price list, the public pages and the exports leave the model out.")
        if not explanation.visible:
            sys.exit(1)
