"""Charts of the overview, drawn on the server as SVG; the figures are in a table beside each of them."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from catalog.exact import plain
from pricing.pages.model_page.price_chart import BOTTOM, HEIGHT, TOP

# What the top of an axis may begin with.
FACTORS = [Decimal(factor) for factor in ("1", "1.2", "1.5", "2", "2.5", "3", "4", "5", "6", "8", "10")]
# The part of the room of a day that its bar takes.
BAR = 0.7


@dataclass(frozen=True)
class Bar:
    """A day and its figure; without a report, it has no figure, and no height."""

    day: dt.date
    text: str
    # Percent of the width of the chart, and pixels.
    x: str = ""
    width: str = ""
    y: str = ""
    height: str = ""


@dataclass(frozen=True)
class BarChart:
    """A figure of each day. Positions across are in percent, so that the labels are not stretched."""

    title: str
    bars: Sequence[Bar]
    # (y, label) of the axis.
    marks: Sequence[tuple[str, str]]
    sum: str
    height: int = HEIGHT
    bottom: int = HEIGHT - BOTTOM

    @property
    def ends(self) -> tuple[dt.date, dt.date]:
        """The first and the last day."""
        return self.bars[0].day, self.bars[-1].day


def bar_chart(
    title: str,
    figures: Mapping[dt.date, Decimal],
    days: Sequence[dt.date],
    *,
    show: Callable[[Decimal], str],
    sum_of: Callable[[Sequence[Decimal]], Decimal],
) -> BarChart:
    """A bar for each of the days that has a figure; `show` writes a figure."""
    top = _top_of_axis(max(figures.values(), default=Decimal(0)))
    room = 100 / len(days)
    field = HEIGHT - TOP - BOTTOM
    bars = []
    for number, day in enumerate(days):
        if day not in figures:
            bars.append(Bar(day, "not reported"))
            continue
        # A day with a small figure is not a day without one.
        height = max(float(max(figures[day], Decimal(0)) / top) * field, 1)
        x = number * room + room * (1 - BAR) / 2
        sizes = (f"{x:.2f}%", f"{room * BAR:.2f}%", f"{HEIGHT - BOTTOM - height:.1f}", f"{height:.1f}")
        bars.append(Bar(day, show(figures[day]), *sizes))
    marks = [(f"{HEIGHT - BOTTOM - float(part / top) * field:.1f}", show(part)) for part in (top, Decimal(0))]
    return BarChart(title, bars, marks, show(sum_of(list(figures.values()))))


def _top_of_axis(highest: Decimal) -> Decimal:
    """A number with one digit, or two, that is at least the highest figure."""
    if highest <= 0:
        return Decimal(1)
    step = Decimal(1).scaleb(highest.adjusted())
    return next(plain(step * factor) for factor in FACTORS if step * factor >= highest)
