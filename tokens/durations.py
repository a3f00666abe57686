"""Times as operators write them: 24h, 30d, 2027-01-31, 2027-01-31T12:00:00+02:00."""

import datetime as dt
import re

SPAN = re.compile(r"(?P<number>[0-9]{1,6}) ?(?P<unit>[smhdw]?)")
# What is added to a moment must not lead out of the calendar, which ends with the year 9999.
LONGEST = dt.timedelta(days=36_525)
LAST = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def read_span(text: str) -> dt.timedelta:
    """`24h`, `7d`, `0`; ValueError with a sentence for anything else."""
    match = SPAN.fullmatch(text.strip())
    if match is None or not (match["unit"] or int(match["number"]) == 0):
        raise ValueError(f"{text!r} is no span of time: write e.g. 90m, 24h, 7d, or 0.")
    span = dt.timedelta(**{UNITS[match["unit"] or "s"]: int(match["number"])})
    if span > LONGEST:
        raise ValueError(f"{text!r} is more than a hundred years.")
    return span


def read_moment(text: str, *, now: dt.datetime) -> dt.datetime:
    """`30d` from now on, or a date or moment in ISO 8601, in UTC unless it says otherwise; it lies in the future."""
    if SPAN.fullmatch(text.strip()):
        moment = now + read_span(text)
    else:
        try:
            moment = dt.datetime.fromisoformat(text.strip())
        except ValueError:
            raise ValueError(f"{text!r} is no time: write e.g. 30d, 2027-01-31 or 2027-01-31T12:00:00Z.") from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    if moment <= now:
        raise ValueError(f"{text!r} is not in the future.")
    if moment > LAST:
        raise ValueError(f"{text!r} is too far off.")
    return moment
