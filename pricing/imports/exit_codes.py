"""Exit codes of the commands that plan before they apply."""

import enum
from argparse import ArgumentParser
from collections.abc import Callable, Sized
from typing import Any, NoReturn, Protocol

from django.core.management.base import BaseCommand, CommandParser

# The exit code of argparse.
ARGPARSE_ERROR = 2


class Exit(enum.IntEnum):
    DONE = 0
    FAILED = 1
    PLAN_WAITS = 2
    GUARD_STOPPED = 3
    BAD_INPUT = 4


class Plan(Protocol):
    @property
    def guards(self) -> Sized: ...
    @property
    def is_empty(self) -> bool: ...


def outcome_of(plan: Plan, *, applied: bool) -> Exit:
    if plan.guards:
        return Exit.GUARD_STOPPED
    return Exit.DONE if applied or plan.is_empty else Exit.PLAN_WAITS


class PlanningCommand(BaseCommand):
    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """A parser whose errors exit as bad input: argparse's own code would mean that a plan is pending."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.exit = _exit_of(parser)  # type: ignore[method-assign]
        return parser


def _exit_of(parser: ArgumentParser) -> Callable[..., NoReturn]:
    leave = parser.exit

    def leave_with(status: int = 0, message: str | None = None) -> NoReturn:
        leave(Exit.BAD_INPUT if status == ARGPARSE_ERROR else status, message)

    return leave_with
