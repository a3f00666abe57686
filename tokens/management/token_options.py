"""The options of the commands that issue and change tokens."""

import argparse
import datetime as dt
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from catalog.names.groups import normal_group_name
from catalog.names.typed_lists import split_all, split_names
from tokens.budgets import PERIODS
from tokens.durations import parse_future_moment
from tokens.models import Token, TokenGroup
from tokens.models.budgets import TERMS
from tokens.operators.tokens import Terms, find_group
from tokens.patterns.typed import split_patterns

# A group that stands for the automatic ones.
AUTOMATIC = "auto"


@dataclass(frozen=True)
class Option:
    """An option that sets one column of a token; without one, a token has the column's default."""

    flag: str
    column: str
    metavar: str
    help: str
    is_repeatable: bool = False
    choices: tuple[str, ...] | None = None
    # How the value is read; the moment is now.
    read: Callable[[Any, dt.datetime], Any] = lambda value, now: value  # noqa: ARG005

    @property
    def clearing_flag(self) -> str:
        return f"--no-{self.flag[2:]}"


def _moment(text: str, now: dt.datetime) -> dt.datetime:
    return parse_future_moment(text, now=now)


OPTIONS = (
    Option("--group", "groups", "G", "A group of the token; auto: the automatic groups.", is_repeatable=True),
    Option(
        "--first-group",
        "first_group",
        "G",
        "The one of its groups whose price applies if several reach a model. Without one: group default, then the "
        "others by name, then the automatic groups in their order.",
        read=lambda slug, _: find_group(slug),
    ),
    Option(
        "--allow",
        "allow",
        "P",
        "A pattern of models it can see, e.g. 'gpt-*', vendor:openai or 'price:input<=5'. Without one: all models.",
        is_repeatable=True,
        read=lambda texts, _: split_patterns(texts),
    ),
    Option(
        "--deny",
        "deny",
        "P",
        "A pattern of models it can never see.",
        is_repeatable=True,
        read=lambda texts, _: split_patterns(texts),
    ),
    Option(
        "--ip",
        "networks",
        "CIDR",
        "A network it may be used from. Without one: everywhere.",
        is_repeatable=True,
        read=lambda texts, _: split_all(texts),
    ),
    Option("--starts", "starts_at", "WHEN", "Not valid before this time; same formats as --expires.", read=_moment),
    Option(
        "--expires",
        "expires_at",
        "WHEN",
        "Not valid from this time: 30d, 2027-01-31 or an ISO 8601 date and time. Without it: never expires.",
        read=_moment,
    ),
    Option("--rate", "rate_limit", "N/PERIOD", "Its rate limit, e.g. 60/minute. Without it: that of its groups."),
    Option(
        "--budget",
        "budget_amount",
        "N",
        "What its calls may cost per period, e.g. 5 or 0.5; 0 refuses all calls. Without it: no budget.",
    ),
    Option("--budget-currency", "budget_currency", "C", "The currency of the budget, e.g. EUR (default: USD)."),
    Option(
        "--budget-period",
        "budget_period",
        "PERIOD",
        "The period of the budget, by the calendar in UTC: day, month, or total, which never resets (default: total).",
        choices=PERIODS,
    ),
    Option("--note", "note", "TEXT", "A note for operators."),
)


def add_options(parser: ArgumentParser, *, updates: bool = False) -> None:
    """Adds the options; those that are not given are absent. With `updates`, each has one that clears the column."""
    for option in OPTIONS:
        target = parser.add_mutually_exclusive_group() if updates else parser
        more = ["Repeatable, or a list with commas."] if option.is_repeatable else []
        if updates and option.is_repeatable:
            more = ["Repeatable, or a list with commas; replaces all."]
        target.add_argument(
            option.flag,
            dest=option.column,
            metavar=option.metavar,
            action="append" if option.is_repeatable else "store",
            choices=option.choices,
            default=argparse.SUPPRESS,
            help=" ".join([option.help, *more]),
        )
        if updates and option.column not in TERMS[1:]:
            flags = [option.clearing_flag, *(["--allow-all"] if option.column == "allow" else [])]
            target.add_argument(
                *flags,
                dest=option.column,
                action="store_const",
                const=None,
                default=argparse.SUPPRESS,
                help=f"Removes what {option.flag} sets.",
            )
    switch = parser.add_mutually_exclusive_group()
    switch.add_argument(
        "--over-budget",
        dest="is_over_budget",
        action="store_true",
        default=argparse.SUPPRESS,
        help="It can list models but may not call them, whatever it has spent.",
    )
    switch.add_argument(
        "--within-budget",
        dest="is_over_budget",
        action="store_false",
        default=argparse.SUPPRESS,
        help="It may call models as far as its budget allows.",
    )


def read_options(options: Mapping[str, Any], *, now: dt.datetime, token: Token | None = None) -> Terms:
    """What the given options set, of a new token or this one; ValueError for a value that is not valid."""
    fields: dict[str, Any] = {}
    groups = None
    for option in OPTIONS:
        if option.column not in options:
            continue
        value = options[option.column]
        if option.is_repeatable and not all(map(split_names, value or ())):
            # An empty allow list would hide all models, and an empty deny list none.
            raise ValueError(f"{option.column}: {option.flag} needs a value, and has an empty one.")
        if option.column == "groups":
            names = split_groups(value or ())
            fields["uses_auto_groups"] = AUTOMATIC in names
            groups = [find_group(name) for name in names if name != AUTOMATIC]
        elif value is None or (option.column == "expires_at" and value == "never"):
            field: Any = Token._meta.get_field(option.column)
            fields[option.column] = field.get_default()
        else:
            fields[option.column] = option.read(value, now)
    if "is_over_budget" in options:
        fields["is_over_budget"] = options["is_over_budget"]
    has_budget = "budget_amount" in fields or (token is not None and token.budget_amount is not None)
    if not has_budget and not fields.keys().isdisjoint(TERMS):
        raise ValueError("The token has no budget. Add --budget.")
    return Terms(fields, groups)


def messages_of(error: ValidationError) -> Iterator[str]:
    """Each message, with its field if it has one."""
    for field, messages in error.message_dict.items():
        yield from messages if field == NON_FIELD_ERRORS else (f"{field}: {message}" for message in messages)


def split_groups(texts: Iterable[str]) -> list[str]:
    """The names of groups in several texts. A group may have a name with a separator such as `、`."""
    known = set(TokenGroup.objects.values_list("slug", flat=True))
    names = (
        [text] if normal_group_name(text) in known else split_names(text, fold=lambda name: name) for text in texts
    )
    return list(dict.fromkeys(name for several in names for name in several))
