"""What has begun stays: what a person writes begins and ends now or later, so that past prices are what they were."""

import datetime as dt

from django.core.exceptions import ValidationError

# A form that was filled in, or a row that was made, a moment before it is checked still means now.
GRACE = dt.timedelta(minutes=1)


def check_not_past(name: str, moment: dt.datetime | None, *, now: dt.datetime) -> None:
    """What a person writes begins now or later: what was charged until now stays as it was.

    Imports and migrations, which bring history along, write rows in bulk and are not checked.
    """
    if moment is not None and moment < now - GRACE:
        raise ValidationError({name: "That is past: what was charged until now stays as it was."})


def check_end(before: dt.datetime | None, after: dt.datetime | None, *, now: dt.datetime) -> None:
    """The end of what has begun moves only ahead of now, and what has ended does not come back."""
    if before is not None and before <= now:
        raise ValidationError({"ends_at": "That has ended: what was charged until now stays as it was."})
    check_not_past("ends_at", after, now=now)
