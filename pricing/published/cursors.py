"""Where a list of changes was cut, as a text that leads on from there. Imports no models."""

import base64
import binascii
import datetime as dt

from catalog.exact import InexactError, read_json, write_json
from pricing.engine.timestamps import MomentError, read_moment

# The order of the list: microseconds before 1970 of when a change is told, its model, and those of when it counts.
Place = tuple[int, str, int]
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


class CursorError(ValueError):
    """A text that no list gave; the message goes on after the name of the parameter."""


def place_of(told_at: dt.datetime, model: str, at: dt.datetime) -> Place:
    return (EPOCH - told_at) // MICROSECOND, model, (EPOCH - at) // MICROSECOND


def write_cursor(since: dt.datetime, place: Place) -> str:
    return base64.urlsafe_b64encode(write_json([since.isoformat(), *place])).decode().rstrip("=")


def read_cursor(text: str) -> tuple[dt.datetime, Place]:
    """Since when the list is, and the place of the last change that was told."""
    try:
        match read_json(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)):
            case [str(since), int(told), str(model), int(at)]:
                return read_moment(since), (told, model, at)
    except (binascii.Error, InexactError, MomentError, ValueError):
        pass
    raise CursorError("is not one that this list gave.")
