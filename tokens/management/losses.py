"""What a command does to keys: it says so, and stops if one loses many models, until --accept-loss is given."""

from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.management.base import BaseCommand

from catalog.admin.impact import Effect
from catalog.error_messages import printable

# The exit code of plans that a guard stopped, see pricing/imports/exit_codes.py.
GUARD_STOPPED = 3


def add_accept_loss(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--accept-loss",
        action="store_true",
        help="Accept that keys lose more than 5 %% of their models, or all of them.",
    )


def open_guards(effect: Effect, options: Mapping[str, Any]) -> list[str]:
    """Why the change is not stored; empty if nothing must be accepted, or if it is. A key may end itself."""
    guards = [] if options["accept_loss"] else effect.guards(may_end=True)
    return [f"{guard} If this is correct, repeat with --accept-loss." for guard in guards]


def write_effect(command: BaseCommand, effect: Effect, guards: Sequence[str]) -> None:
    """Writes the effect, if there is one, and the guards that stopped it."""
    lines = [] if effect.is_empty else effect.lines()
    for line in [*lines, *guards, *(["Nothing was changed."] if guards else [])]:
        command.stdout.write(f"  {printable(line)}")


def stop_if_guarded(guards: Sequence[str]) -> None:
    if guards:
        raise SystemExit(GUARD_STOPPED)
