"""`update_token`: changes what a token may do, from the next request on in every process."""

import datetime as dt
from argparse import ArgumentParser
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from catalog.admin.impact import observe
from catalog.db import revision
from catalog.error_messages import count
from catalog.exact import digits, write_json
from tokens.api.budgets import terms_of
from tokens.auth.sight import sight_of_token
from tokens.budgets import Budget
from tokens.management.losses import add_accept_loss, open_guards, stop_if_guarded, write_effect
from tokens.management.token_options import AUTOMATIC, add_options, messages_of, read_options
from tokens.models import Token
from tokens.operators.tokens import Terms, change
from tokens.timestamps import format_timestamp

Values = dict[str, Any]


class Command(BaseCommand):
    help = (
        "Changes a token and prints each change. An option replaces what was set; options that are not given change "
        "nothing. The key stays the same."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("key_id", metavar="KEYID", help="The key id, as the admin and issue_token show it.")
        parser.add_argument("--name", metavar="NAME", help="The user of the token, e.g. 'Acme production'.")
        add_options(parser, updates=True)
        parser.add_argument("--dry-run", action="store_true", help="Show what would change, and change nothing.")
        add_accept_loss(parser)
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        try:
            with transaction.atomic():
                # Another change of the token waits, so that none is lost.
                revision.hold()
                token = Token.objects.named(options["key_id"])
                before = shown(token)
                terms = read_terms(options, token, now=now)
                with observe(at=now) as effect:
                    change(token, terms, reason="update_token")
                after = shown(token)
                sight = sight_of_token(token, at=now)
                guards = open_guards(effect, options)
                is_trial = options["dry_run"] or bool(guards)
                transaction.set_rollback(is_trial)
        except ValidationError as error:
            raise CommandError(" ".join(messages_of(error))) from None
        except (ValueError, Token.DoesNotExist) as error:
            raise CommandError(str(error)) from None
        changes = {name: (old, after[name]) for name, old in before.items() if old != after[name]}
        if options["format"] == "json":
            document = {name: {"before": old, "after": new} for name, (old, new) in changes.items()}
            report = {"key_id": token.key_id, "changes": document, "sees": sight.as_json()}
            self.stdout.write(write_json({**report, "guards": guards, "impact": effect.as_json()}).decode())
        else:
            self._report(token, changes, after, is_trial=is_trial)
            self.stdout.write(f"It {'would see' + str(sight).removeprefix('sees') if is_trial else sight}.")
            write_effect(self, effect, guards)
        stop_if_guarded(guards)

    def _report(self, token: Token, changes: Mapping[str, tuple[Any, Any]], after: Values, *, is_trial: bool) -> None:
        if not changes:
            self.stdout.write(f"{token} is unchanged.")
            return
        self.stdout.write(f"{token} {'would be' if is_trial else 'has been'} changed:")
        for name, (old, new) in changes.items():
            self.stdout.write(f"  {name}: {in_words(name, old)} -> {in_words(name, new)}")
        if "budget" in changes and after["budget"]:
            spent = f"{digits(token.spent)} {token.budget_currency} of it is spent in this period"
            if token.uncounted:
                spent += f", and {count(token.uncounted, 'call')} of unknown cost"
            self.stdout.write(f"  {spent}. {_outcome(token)}")


def _outcome(token: Token) -> str:
    """What the budget and the switch of a token mean for its calls."""
    if token.budget is not None and token.budget.is_spent(at=timezone.now()):
        return "It is used up: calls are refused."
    return "Calls are blocked until --within-budget." if token.is_over_budget else "Calls are allowed."


def read_terms(options: Mapping[str, Any], token: Token, *, now: dt.datetime) -> Terms:
    """What the options set; ValueError if they set nothing, or a value is not valid."""
    chosen = read_options(options, now=now, token=token)
    fields = {**chosen.fields, **({} if options["name"] is None else {"name": options["name"]})}
    if not fields and chosen.groups is None:
        raise ValueError("No option was given. Add one, e.g. --expires 30d; --help lists all.")
    return Terms(fields, chosen.groups)


def shown(token: Token) -> Values:
    """The values that the options of the command can change, in the format of JSON."""
    groups = sorted(token.groups.values_list("slug", flat=True))
    return {
        "name": token.name,
        "groups": [*groups, AUTOMATIC] if token.uses_auto_groups else groups,
        "first_group": token.first_group.slug if token.first_group else None,
        "allow": token.allow,
        "deny": token.deny,
        "networks": token.networks,
        "starts_at": _moment(token.starts_at),
        "expires_at": _moment(token.expires_at),
        "rate_limit": token.rate_limit,
        "budget": None if token.budget is None else terms_of(token.budget),
        "is_over_budget": token.is_over_budget,
        "note": token.note,
    }


def in_words(name: str, value: Any) -> str:
    """A value of `shown` for people."""
    match value:
        case dict():
            return str(Budget(Decimal(value["amount"]), value["currency"], value["period"]))
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(str, value)) or "none"
    if value:
        return str(value)
    return {"allow": "all", "starts_at": "now", "expires_at": "never"}.get(name, "none")


def _moment(moment: dt.datetime | None) -> str | None:
    return format_timestamp(moment) if moment else None
