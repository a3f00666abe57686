"""`explain_token`: explains why a key can see and call a model, or why not."""

import datetime as dt
import getpass
import sys
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from catalog.db.snapshot import snapshot
from catalog.error_messages import printable
from catalog.exact import write_json
from tokens import keys
from tokens.auth.explaining import Explanation, Request, explain_key
from tokens.auth.key_lookup import KeyLookup, KeyMatch, find_keys
from tokens.auth.model_gates import Gate
from tokens.dialects import BY_NAME
from tokens.models import Token
from tokens.timestamps import parse_iso

RESULTS = {True: "yes", False: "NO ", None: " ? "}


class Command(BaseCommand):
    help = (
        "Shows every condition between a token and a model, whether it holds, and the row that decides it. A condition "
        "that depends on an option that is not given is not checked. "
        "Exit code: 0 if the model is visible, 1 if not, 2 if there is no such token."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "key_id",
            metavar="KEY",
            help="The key id, current or replaced, as the admin and issue_token show it, or the displayed part of the "
            "key, or the name of the token. A dash reads the key itself from the standard input: arguments are visible "
            "to other users of the machine.",
        )
        parser.add_argument(
            "model",
            metavar="MODEL",
            nargs="?",
            help="The id or an alias of the model, as clients send it. Omit it to check only the key.",
        )
        parser.add_argument(
            "--address", metavar="IP", default="", help="Also check this client address against the token's networks."
        )
        parser.add_argument(
            "--call",
            metavar="PATH",
            default="",
            help="Also check the kind of call: the address of the call, e.g. /v1/chat/completions.",
        )
        parser.add_argument("--dialect", choices=sorted(BY_NAME), default="", help="Also check the lists of a client.")
        parser.add_argument(
            "--at", metavar="WHEN", type=_moment, help="Check for this moment, e.g. 2026-12-01T12:00. Default: now."
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        request = Request(
            options["model"],
            options["address"],
            options["call"],
            options["dialect"],
            # Without Redis, only the processes that serve requests know their counts.
            counts_rate=bool(settings.REDIS_URL) and options["at"] is None,
        )
        with snapshot():
            lookup = find_keys(self._key(options["key_id"]), Token.objects.all())
            match = _only_one(lookup)
            explanation = explain_key(match, request, at=options["at"] or now)
        if options["format"] == "json":
            self.stdout.write(write_json(explanation.as_json()).decode())
        else:
            for line in _lines(explanation, match.token):
                self.stdout.write(printable(line))
        if not explanation.visible:
            sys.exit(1)

    def _key(self, text: str) -> str:
        if text == "-":
            return getpass.getpass("Key: ") if sys.stdin.isatty() else sys.stdin.readline()
        if keys.looks_like_key(text):
            self.stderr.write(
                "The key is in the history of the shell, and other users could see it. Pass - to enter it."
            )
        return text


def _moment(text: str) -> dt.datetime:
    try:
        return parse_iso(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a valid moment. Write e.g. 2026-12-01T12:00:00Z.") from None


def _only_one(lookup: KeyLookup) -> KeyMatch:
    if not lookup.matches:
        raise CommandError(f"There is no such token: {lookup.problem}.", returncode=2)
    if len(lookup.matches) > 1:
        choices = ", ".join(f"{match.shown_key_id} ({match.token.name})" for match in lookup.matches)
        raise CommandError(f"Several keys may be meant. Enter the key id of one: {printable(choices)}.", returncode=2)
    return lookup.matches[0]


def _lines(explanation: Explanation, token: Token) -> list[str]:
    lines = [_line(gate) for gate in explanation.gates]
    name = explanation.name
    if name:
        but = " but may not call it" if explanation.visible and not explanation.callable else ""
        lines.append(f"{token} {'can' if explanation.visible else 'cannot'} see {name}{but}.")
    else:
        lines.append(f"{token}: the key is {'accepted' if explanation.callable else 'refused'}.")
    if explanation.answer:
        answer = explanation.answer
        lines.append(f"A call is answered with {answer.status} {answer.code}: {answer.message}")
    elif explanation.unchecked:
        lines.append(f"Not checked: {'; '.join(gate.asks for gate in explanation.unchecked)}.")
    if explanation.visible and explanation.narrowed_from:
        clients = " and ".join(explanation.narrowed_from)
        lines.append(f"NARROW_DIALECTS hides the model from clients of {clients}, which cannot call it.")
    if name and explanation.visible and not explanation.list_names:
        lines.append("Lists of models leave the model out.")
    elif explanation.visible and explanation.is_listed_otherwise:
        lines.append(f"Lists of models have it as {', '.join(explanation.list_names)}.")
    if explanation.visible and not explanation.in_price_list:
        lines.append("The price list, the public pages and the exports leave the model out.")
    return lines


def _line(gate: Gate) -> str:
    return f"{RESULTS[gate.passed]}  {gate.asks}: {'not checked: ' if gate.passed is None else ''}{gate.because}"
