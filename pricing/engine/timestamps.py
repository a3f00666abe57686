"""Reading dates and moments that callers write. Imports no models."""

import datetime as dt
import re

# Beyond these no price can be, and zones would lead out of what Python counts.
YEARS = range(2000, 2101)
# A plus sign in an address arrives as a space.
ZONE_AFTER_SPACE = re.compile(r" (\d\d:?\d\d)$")


class MomentError(ValueError):
    """A text that is no moment; the message goes on after the name of the parameter."""


def read_moment(text: str) -> dt.datetime:
    """A date (its first moment, UTC) or a moment in ISO 8601; without a zone it is meant in UTC."""
    try:
        value = dt.datetime.fromisoformat(ZONE_AFTER_SPACE.sub(r"+\1", text.strip()))
    except ValueError:
        value = None
    if value is None or value.year not in YEARS:
        raise MomentError("is a date such as 2026-01-31 or a moment such as 2026-01-31T08:00:00Z.")
    return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


def format_moment(value: dt.datetime) -> str:
    """A moment as the API writes it: ISO 8601 in UTC, with a Z."""
    return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
