"""Durations and moments as operators write them: 24h, 30d, 2027-01-31, 2027-01-31T12:00:00+02:00."""

import datetime as dt
import re

from tokens.timestamps import parse_iso

DURATION = re.compile(r"(?P<number>[0-9]{1,6}) ?(?P<unit>[smhdw]?)")
# A moment plus a duration must not exceed the calendar, which ends with the year 9999.
MAX_DURATION = dt.timedelta(days=36_525)
MAX_MOMENT = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_duration(text: str) -> dt.timedelta:
    """`24h`, `7d`, `0`; ValueError with a message for anything else."""
    match = DURATION.fullmatch(text.strip())
    if match is None or not (match["unit"] or int(match["number"]) == 0):
        raise ValueError(f"{text!r} is not a valid duration. Write e.g. 90m, 24h, 7d, or 0.")
    duration = dt.timedelta(**{UNITS[match["unit"] or "s"]: int(match["number"])})
    if duration > MAX_DURATION:
        raise ValueError(f"{text!r} is more than a hundred years. Write a shorter duration.")
    return duration


def parse_future_moment(text: str, *, now: dt.datetime) -> dt.datetime:
    """`parse_moment`, which must be after now; ValueError with a message."""
    moment = parse_moment(text, now=now)
    if moment <= now:
        raise ValueError(f"{text!r} is not in the future. Write a later time.")
    return moment


def parse_moment(text: str, *, now: dt.datetime) -> dt.datetime:
    """`30d` from now, or an ISO 8601 date or date and time, in UTC if it has no offset; ValueError with a message."""
    if DURATION.fullmatch(text.strip()):
        moment = now + parse_duration(text)
    else:
        try:
            moment = parse_iso(text.strip())
        except ValueError:
            message = f"{text!r} is not a valid time. Write e.g. 30d, 2027-01-31 or 2027-01-31T12:00:00Z."
            raise ValueError(message) from None
    if moment > MAX_MOMENT:
        raise ValueError(f"{text!r} is after the year 9999. Write an earlier time.")
    return moment
