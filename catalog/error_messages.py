"""What could not be done, in the words for a person at a terminal. Asks the database nothing."""

from django.db import Error

UNMIGRATED = "the database lacks tables or columns: run python manage.py migrate"
# PostgreSQL's codes for a table and for a column that is not there.
MISSING = {"42P01", "42703"}


class InputError(ValueError):
    """What was given cannot be imported; the message is one sentence for the person who gave it."""


def refused(error: Error) -> str:
    """The sentence for whoever asked for a change that the database did not take."""
    return f"The database refused it, nothing was written: {reason(error)}"


def reason(error: Error) -> str:
    """One line: what to do where tables are missing, the database's own words otherwise."""
    return UNMIGRATED if is_unmigrated(error) else first_line(error)


def is_unmigrated(error: Error) -> bool:
    text = str(error)
    is_missing_in_sqlite = text.startswith(("no such table", "no such column")) or " has no column named " in text
    return is_missing_in_sqlite or getattr(error.__cause__, "sqlstate", None) in MISSING


def first_line(error: Error) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
