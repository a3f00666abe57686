"""Past prices do not change: what a person enters starts and ends now or later."""

import datetime as dt

from django.core.exceptions import ValidationError

# Why a row of dated prices cannot be deleted.
IN_EFFECT = "They have taken effect: deleting them would change past prices."
# A form that was filled in, or a row that was created, shortly before the check still means now.
GRACE = dt.timedelta(minutes=1)


def check_not_past(name: str, moment: dt.datetime | None, *, now: dt.datetime) -> None:
    """ValidationError for field `name` if `moment` is past: it would change prices that were charged.

    Imports and migrations may contain past prices. They write rows in bulk, without this check.
    """
    if moment is not None and moment < now - GRACE:
        raise ValidationError({name: "This time is past, and past prices cannot change. Enter a later time."})


def check_end(before: dt.datetime | None, after: dt.datetime | None, *, now: dt.datetime) -> None:
    """ValidationError if a new end is past, or if the row has already expired."""
    if before is not None and before <= now:
        raise ValidationError({"ends_at": "This has already expired, and past prices cannot change. Add a new one."})
    check_not_past("ends_at", after, now=now)
