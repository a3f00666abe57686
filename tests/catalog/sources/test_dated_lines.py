"""Lines with dates make up one sheet for each time in which they do not change."""

import datetime as dt
from decimal import Decimal

import pytest

from catalog.prices import Line
from catalog.sources.conditions import BATCH
from catalog.sources.dated_lines import DatedLine, read_moment, schedule, write_moment
from catalog.sources.rows import SourceError


def line(amount: int, dates: str = "", *, meter: str = "input", number: int = 0, batch: bool = False) -> DatedLine:
    """`dates`: `2026-12-10/2026-12-24`, either of which may be empty."""
    start, _, end = dates.partition("/")
    price = Line(meter, Decimal(amount), 1_000_000, "token", conditions=(BATCH,) if batch else ())
    return DatedLine(price, read_moment(start), read_moment(end), number or amount)


def periods(*lines: DatedLine) -> list[str]:
    return [
        f"{write_moment(sheet.starts_at)}/{write_moment(sheet.ends_at)}: "
        + ", ".join(f"{price.meter} {price.amount}" for price in sheet.lines)
        for sheet in schedule(lines, "USD")
    ]


def test_lines_without_dates_are_one_sheet() -> None:
    assert periods(line(2), line(8, meter="output")) == ["/: input 2, output 8"]


def test_a_promotion_replaces_only_its_own_price_and_expires() -> None:
    assert periods(line(2), line(8, meter="output"), line(1, "2026-12-10/2026-12-24")) == [
        "/2026-12-10: input 2, output 8",
        "2026-12-10/2026-12-24: input 1, output 8",
        "2026-12-24/: input 2, output 8",
    ]


def test_the_line_that_started_last_applies_in_any_order() -> None:
    expected = ["2026-01-01/2026-06-01: input 3", "2026-06-01/: input 5"]
    assert periods(line(3, "2026-01-01"), line(5, "2026-06-01")) == expected
    assert periods(line(5, "2026-06-01"), line(3, "2026-01-01")) == expected


def test_of_lines_that_start_together_the_one_that_ends_first_applies() -> None:
    assert periods(line(2), line(1, "/2026-12-24")) == ["/2026-12-24: input 1", "2026-12-24/: input 2"]
    assert periods(line(4, "2026-01-01/2026-03-01"), line(3, "2026-01-01")) == [
        "2026-01-01/2026-03-01: input 4",
        "2026-03-01/: input 3",
    ]


def test_a_gap_has_no_sheet() -> None:
    assert periods(line(1, "2026-01-01/2026-02-01"), line(2, "2026-03-01")) == [
        "2026-01-01/2026-02-01: input 1",
        "2026-03-01/: input 2",
    ]


def test_a_date_that_changes_nothing_starts_no_sheet() -> None:
    assert periods(line(3, "2026-01-01"), line(2, "2025-01-01/2026-06-01")) == [
        "2025-01-01/2026-01-01: input 2",
        "2026-01-01/: input 3",
    ]


def test_a_promotion_does_not_precede_prices_under_conditions() -> None:
    promotion = line(1, "2026-12-10/2026-12-24")
    (_, during, _) = schedule([line(4), line(2, batch=True), promotion], "USD")
    assert [price.amount for price in during.lines] == [1, 2]


def test_lines_of_one_time_apply_in_their_order() -> None:
    today = (line(2, "/2026-12-10", number=1), line(1, "/2026-12-10", number=2, batch=True))
    later = (line(3, "2026-12-10", number=3, batch=True), line(6, "2026-12-10", number=4))
    assert periods(*today, *later) == ["/2026-12-10: input 2, input 1", "2026-12-10/: input 3, input 6"]


def test_a_price_that_is_included_for_some_days_replaces_the_usual_one() -> None:
    included = DatedLine(Line("input", None, kind="included"), read_moment("2026-12-10"), read_moment("2026-12-24"), 9)
    (_, during, _) = schedule([line(4), included], "USD")
    assert [price.kind for price in during.lines] == ["included"]


def test_factors_apply_together() -> None:
    factors = [DatedLine(Line("", Decimal(amount), kind="multiplier"), number=amount) for amount in (2, 3)]
    assert [len(sheet.lines) for sheet in schedule(factors, "USD")] == [2]


@pytest.mark.parametrize("dates", ["", "2026-12-10/2026-12-24", "/2026-12-24", "2026-12-10"])
def test_two_lines_for_one_price_with_the_same_dates_are_refused(dates: str) -> None:
    with pytest.raises(SourceError, match="Line 3 has the same meter, unit, conditions and dates as line 2"):
        schedule([line(1, dates, number=2), line(2, dates, number=3)], "USD")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-31", dt.datetime(2026, 12, 31, tzinfo=dt.UTC)),
        ("2026-12-31T18:00:00Z", dt.datetime(2026, 12, 31, 18, tzinfo=dt.UTC)),
        ("2026-12-31T18:00:00.25Z", dt.datetime(2026, 12, 31, 18, 0, 0, 250_000, tzinfo=dt.UTC)),
    ],
)
def test_a_moment_is_written_as_it_is_read(text: str, moment: dt.datetime) -> None:
    assert read_moment(text) == moment
    assert read_moment(write_moment(moment)) == moment


def test_a_time_zone_is_converted_to_utc() -> None:
    assert write_moment(read_moment("2027-01-01T00:00:00+08:00")) == "2026-12-31T16:00:00Z"


@pytest.mark.parametrize(
    "text",
    ["soon", "2026-13-01", "2026-02-30", "31.12.2026", "12/31/2026", "20261231", "2026-W53-1", "2026-12-31T18:00", "٢"],
)
def test_an_invalid_date_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SourceError, match="is not a valid date: write 2026-12-31, or 2026-12-31T18:00:00Z"):
        read_moment(text)
