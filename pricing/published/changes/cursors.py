"""Positions in a list of changes, and the cursors that continue it from there. Imports no models."""

import datetime as dt
from collections.abc import Collection, Sequence

from tokens.access.cursors import decode_cursor, encode_cursor
from tokens.timestamps import TimestampError, parse_timestamp

# Sort key of a change: microseconds before 1970 of when it was reported, its model, those of when it applies, its kind.
Place = tuple[int, str, int, str]
PRICE = "price"
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


class CursorError(ValueError):
    """A text that no list returned; the message continues a sentence that starts with the parameter's name."""


def place_of(reported_at: dt.datetime, model: str, at: dt.datetime, kind: str) -> Place:
    return (EPOCH - reported_at) // MICROSECOND, model, (EPOCH - at) // MICROSECOND, kind


def write_cursor(since: dt.datetime, kinds: Collection[str], place: Place) -> str:
    return encode_cursor([since.isoformat(), *place, ",".join(kinds)])


def read_cursor(text: str) -> tuple[dt.datetime, Sequence[str], Place]:
    """The start of the list, its kinds (empty: all), and the place of the last change before the cut."""
    try:
        match decode_cursor(text):
            case [str(since), int(reported), str(model), int(at), str(kind), str(kinds)]:
                return parse_timestamp(since), kinds.split(","), (reported, model, at, kind)
            case [str(since), int(reported), str(model), int(at)]:
                # Earlier versions listed prices alone.
                return parse_timestamp(since), (), (reported, model, at, PRICE)
    except TimestampError:
        pass
    raise CursorError("is not a cursor that this list returned.")
