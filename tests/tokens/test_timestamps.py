"""Timestamps of the API are ISO 8601, read in any zone and written in UTC."""

import datetime as dt

import pytest

from tokens.timestamps import TimestampError, format_timestamp, parse_timestamp

MORNING = dt.datetime(2026, 1, 31, 8, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31", dt.datetime(2026, 1, 31, tzinfo=dt.UTC)),
        (" 2026-01-31T08:00:00Z ", MORNING),
        ("2026-01-31T08:00:00", MORNING),
        ("2026-01-31T16:00:00+08:00", MORNING),
        ("2026-01-31T16:00:00 08:00", MORNING),
        ("2026-01-31T08:00:00.000001Z", MORNING + dt.timedelta(microseconds=1)),
    ],
)
def test_a_timestamp_is_read_in_its_own_zone_or_in_utc(text: str, moment: dt.datetime) -> None:
    assert parse_timestamp(text) == moment
    assert parse_timestamp(text).tzinfo is dt.UTC


@pytest.mark.parametrize("text", ["", "lately", "2026-02-30", "1999-12-31", "2101-01-01", "9999-12-31T23:59:59-12:00"])
def test_what_is_not_a_timestamp_of_a_price_is_refused(text: str) -> None:
    with pytest.raises(TimestampError, match=r"2026-01-31T08:00:00Z, from 2000 to 2100\.$"):
        parse_timestamp(text)


def test_microseconds_are_written_unless_seconds_are_requested() -> None:
    moment = (MORNING + dt.timedelta(microseconds=7)).astimezone(dt.timezone(dt.timedelta(hours=8)))
    assert format_timestamp(MORNING) == "2026-01-31T08:00:00Z"
    assert format_timestamp(moment) == "2026-01-31T08:00:00.000007Z"
    assert format_timestamp(moment, timespec="seconds") == "2026-01-31T08:00:00Z"
