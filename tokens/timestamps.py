"""Timestamps of the API: ISO 8601, written in UTC with a Z. Imports no models."""

import datetime as dt
import re
from typing import Literal

# Prices lie within these years; beyond them, converting a time zone could leave the calendar.
YEARS = range(2000, 2101)
# A plus sign in a query string is decoded as a space.
ZONE_AFTER_SPACE = re.compile(r" (\d\d:?\d\d)$")


class TimestampError(ValueError):
    """A text that is not a valid timestamp; the message continues a sentence that starts with the parameter's name."""


def parse_timestamp(text: str) -> dt.datetime:
    """The moment in UTC of an ISO 8601 date or timestamp; a date is its first moment, and UTC is the default zone."""
    try:
        value = parse_iso(ZONE_AFTER_SPACE.sub(r"+\1", text.strip()))
    except ValueError:
        value = None
    if value is None or value.year not in YEARS:
        raise TimestampError(
            "must be a date such as 2026-01-31 or a timestamp such as 2026-01-31T08:00:00Z, "
            f"from {YEARS[0]} to {YEARS[-1]}."
        )
    return value.astimezone(dt.UTC)


def parse_iso(text: str) -> dt.datetime:
    """A date or timestamp in its own time zone, else in UTC; ValueError for anything else."""
    value = dt.datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=dt.UTC)


def format_timestamp(value: dt.datetime, *, timespec: Literal["auto", "seconds"] = "auto") -> str:
    """2026-01-31T08:00:00Z; with microseconds if there are any, unless `timespec` is seconds."""
    return value.astimezone(dt.UTC).isoformat(timespec=timespec).replace("+00:00", "Z")
