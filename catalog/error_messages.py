"""Parts of messages for people: numbers of things, and why an operation failed. Does not query the database."""

from collections.abc import Callable, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import Error

UNMIGRATED = "the database lacks tables or columns: run python manage.py migrate"
# PostgreSQL's codes for a missing table and a missing column.
MISSING = {"42P01", "42703"}


class InputError(ValueError):
    """The input cannot be imported; the message is one sentence for the person who provided it."""


class NotPermittedError(InputError):
    """The operator does not have the permission for what was asked."""


def check_all(*checks: Callable[[], None]) -> None:
    """Makes several checks; ValidationError with the errors of all, by field."""
    errors: dict[str, Any] = {}
    for check in checks:
        try:
            check()
        except ValidationError as error:
            errors = error.update_error_dict(errors)
    if errors:
        raise ValidationError(errors)


def count(number: int, one: str, several: str = "") -> str:
    """The number with its noun: 1 model, 2 models. `several` is the plural if it is not formed with -s."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def some(names: Sequence[str]) -> str:
    """The first names of a list, for a sentence."""
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


def printable(text: str) -> str:
    """The text for a terminal: ids and names are foreign text, and no escape sequence may reach the terminal."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text)


def refused(error: Error) -> str:
    """The message for a person whose change the database refused."""
    return f"The database refused it, nothing was written: {reason(error)}"


def reason(error: Error) -> str:
    """One line: what to do if tables are missing, otherwise the database's own message."""
    return UNMIGRATED if is_unmigrated(error) else first_line(error)


def is_unmigrated(error: Error) -> bool:
    text = str(error)
    is_missing_in_sqlite = text.startswith(("no such table", "no such column")) or " has no column named " in text
    return is_missing_in_sqlite or getattr(error.__cause__, "sqlstate", None) in MISSING


def first_line(error: Error) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
