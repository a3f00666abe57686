"""Price lines with dates, as people list them, and the sheets that they make up.

A line applies from its start (inclusive) to its end (exclusive), a line without dates always. The most specific one of
several lines for the same price applies: the one that started last, then the one that ends first.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from catalog.prices import Line, Sheet, conditions_key, is_price
from catalog.sources.rows import SourceError

DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE)
FIRST = dt.datetime.min.replace(tzinfo=dt.UTC)
LAST = dt.datetime.max.replace(tzinfo=dt.UTC)


@dataclass(frozen=True)
class DatedLine:
    """A line with its dates; `number` is its place in the file, and `facts` are facts of its sheet."""

    line: Line
    starts_at: dt.datetime | None = None
    ends_at: dt.datetime | None = None
    number: int = 0
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def subject(self) -> object:
        """Equal for lines that exclude each other; factors, free units and minimums all apply.

        A plan that includes a meter for some days replaces its price per token.
        """
        line = self.line
        if not is_price(line.kind):
            return self.number
        unit = line.unit or ("token" if line.meter.startswith(("input", "output")) else "")
        return line.meter, unit, conditions_key(line.conditions)

    @property
    def span(self) -> tuple[dt.datetime, dt.datetime]:
        return self.starts_at or FIRST, self.ends_at or LAST


def read_moment(text: str) -> dt.datetime | None:
    """The start of a day such as 2026-12-31 in UTC, or a time with its zone; None for an empty text."""
    if not text:
        return None
    try:
        if DAY.fullmatch(text):
            return dt.datetime.combine(dt.date.fromisoformat(text), dt.time(), tzinfo=dt.UTC)
        if MOMENT.fullmatch(text):
            return dt.datetime.fromisoformat(text.upper()).astimezone(dt.UTC)
    except (OverflowError, ValueError):
        pass
    raise SourceError(f"{text[:40]!r} is not a valid date: write 2026-12-31, or 2026-12-31T18:00:00Z.")


def write_moment(moment: dt.datetime | None) -> str:
    """The inverse of `read_moment`."""
    if moment is None:
        return ""
    moment = moment.astimezone(dt.UTC)
    is_day = moment.time() == dt.time()
    return moment.date().isoformat() if is_day else moment.replace(tzinfo=None).isoformat() + "Z"


def schedule(lines: Sequence[DatedLine], currency: str) -> tuple[Sheet, ...]:
    """The sheets that the lines make up, one for each time in which they do not change, in order.

    SourceError if two lines for the same price have the same dates.
    """
    _refuse_duplicates(lines)
    moments = sorted({moment for line in lines for moment in line.span})
    sheets: list[Sheet] = []
    for start, end in pairwise([FIRST, *(moment for moment in moments if FIRST < moment < LAST), LAST]):
        current = list(_lines_at(lines, start))
        if not current:
            continue
        sheet = Sheet(
            currency,
            tuple(dated.line for dated in current),
            facts=dict(fact for dated in current for fact in dated.facts),
            starts_at=None if start == FIRST else start,
            ends_at=None if end == LAST else end,
            states_facts=False,
        )
        last = sheets[-1] if sheets else None
        if (
            last is not None
            and last.ends_at == sheet.starts_at
            and (last.lines, last.facts) == (sheet.lines, sheet.facts)
        ):
            sheets[-1] = replace(last, ends_at=sheet.ends_at)
        else:
            sheets.append(sheet)
    return tuple(sheets)


def _lines_at(lines: Sequence[DatedLine], at: dt.datetime) -> Iterable[DatedLine]:
    """The lines that apply at a moment: those of one time in their order, as in a list without dates.

    Lines of several times are each at the place of the first line for the same price. A later place would let a
    promotion precede the prices under conditions that follow the usual price.
    """
    by_subject: dict[object, DatedLine | None] = {}
    for dated in lines:
        start, end = dated.span
        best = by_subject.setdefault(dated.subject, None)
        if start <= at < end and (best is None or (best.span[0], -_until(best)) < (start, -_until(dated))):
            by_subject[dated.subject] = dated
    current = [dated for dated in by_subject.values() if dated is not None]
    if len({dated.span for dated in current}) > 1:
        return current
    chosen = set(map(id, current))
    return [dated for dated in lines if id(dated) in chosen]


def _until(dated: DatedLine) -> float:
    return (dated.span[1] - FIRST).total_seconds()


def _refuse_duplicates(lines: Iterable[DatedLine]) -> None:
    numbers: dict[object, int] = {}
    for dated in lines:
        first = numbers.setdefault((dated.subject, dated.span), dated.number)
        if first != dated.number:
            raise SourceError(
                f"Line {dated.number} has the same meter, unit, conditions and dates as line {first}: keep one of them."
            )
