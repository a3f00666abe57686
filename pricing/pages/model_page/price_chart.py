"""The chart of a price over time, with announced changes, as SVG paths."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from pricing.engine.formatting import amounts, moments
from pricing.engine.headline import headline, token_prices
from pricing.pages.model_page.history import Step

# The drawing is stretched to the width of the page; its labels are not.
WIDTH, HEIGHT = 560, 180
TOP, BOTTOM = 14, 26


@dataclass(frozen=True)
class Curve:
    """A price over time as SVG paths, until now and announced."""

    kind: str
    label: str
    past: str
    future: str


@dataclass(frozen=True)
class Plot:
    curves: tuple[Curve, ...]
    # (y, label) of the price axis, and of the time axis (x in percent of the width, label, anchor).
    prices: tuple[tuple[str, str], ...]
    dates: tuple[tuple[str, str, str], ...]
    today: str
    # What the prices are paid for.
    unit: str
    width: int = WIDTH
    height: int = HEIGHT
    bottom: int = HEIGHT - BOTTOM


def plot_of(steps: Sequence[Step], *, at: dt.datetime) -> Plot | None:
    """The chart of two or more steps in one currency and unit over more than a day; else None."""
    currencies = {step.sheet.currency for step in steps if step.sheet}
    series, units = _series(steps), _units(steps)
    plotted = [amount for points in series.values() for amount in points if amount is not None]
    if len(steps) < 2 or len(currencies) != 1 or len(units) != 1 or not any(plotted):
        return None
    start, end = steps[0].at, max(at, steps[-1].at)
    if start.date() == end.date():
        return None
    if end > at:
        # Makes room for the last step.
        end += (end - start) / 12
    scale = _Scale(start, end, max(plotted))
    curves = tuple(
        Curve(kind, _label(kind), *scale.paths(steps, points, now=at))
        for kind, points in series.items()
        if any(point is not None for point in points)
    )
    top = max(plotted)
    currency = currencies.pop()
    return Plot(
        curves,
        prices=tuple((scale.y(part), amounts.short_money(part, currency)) for part in (top, top / 2, Decimal(0))),
        dates=_dates(steps, scale, at=at),
        today=scale.x(at) if at < end else "",
        unit=units.pop(),
    )


def _label(kind: str) -> str:
    return {"input": _("Input"), "output": _("Output")}.get(kind) or _("Price")


def _series(steps: Sequence[Step]) -> dict[str, list[Decimal | None]]:
    """The amounts of input and output if tokens are the headline, else of the headline."""
    if any(step.tag.input or step.tag.output for step in steps):
        return {meter: [_token_price(step, meter) for step in steps] for meter in ("output", "input")}
    return {"single": [_headline(step) for step in steps]}


def _units(steps: Sequence[Step]) -> set[str]:
    """What the plotted prices are paid for."""
    if any(step.tag.input or step.tag.output for step in steps):
        return {amounts.per_tokens()}
    return {amounts.per(headline(step.sheet)) for step in steps if step.sheet and step.tag.state == "priced"}


def _token_price(step: Step, meter: str) -> Decimal | None:
    # An amount beside a price that depends on the request, or is included in a plan, is not what is paid.
    is_known = step.tag.state in ("priced", "free")
    line = token_prices(step.sheet).get(meter) if step.sheet and is_known else None
    return None if line is None else amounts.shown_amount(line)


def _headline(step: Step) -> Decimal | None:
    return amounts.shown_amount(headline(step.sheet)) if step.sheet and step.tag.state == "priced" else None


def _dates(steps: Sequence[Step], scale: "_Scale", *, at: dt.datetime) -> tuple[tuple[str, str, str], ...]:
    first, last = steps[0].at, max(at, steps[-1].at)
    return (
        (f"{scale.share(first):.1%}", moments.day(first), "start"),
        (f"{scale.share(last):.1%}", moments.day(last), "end"),
    )


@dataclass(frozen=True)
class _Scale:
    start: dt.datetime
    end: dt.datetime
    top: Decimal

    def share(self, moment: dt.datetime) -> float:
        return (moment - self.start) / (self.end - self.start)

    def x(self, moment: dt.datetime) -> str:
        return f"{self.share(moment) * WIDTH:.1f}"

    def y(self, amount: Decimal) -> str:
        return f"{HEIGHT - BOTTOM - float(amount / self.top) * (HEIGHT - TOP - BOTTOM):.1f}"

    def paths(self, steps: Sequence[Step], points: Sequence[Decimal | None], *, now: dt.datetime) -> tuple[str, str]:
        """The path until now and the path after it, with a gap where there was no price."""
        past, future = [], []
        ends = [*(step.at for step in steps[1:]), self.end]
        before: str | None = None
        for step, until, amount in zip(steps, ends, points, strict=True):
            if amount is None:
                before = None
                continue
            y, begin = self.y(amount), min(max(step.at, self.start), self.end)
            rise = f"M{self.x(begin)} {before}V{y}" if before else f"M{self.x(begin)} {y}"
            if step.at >= now:
                future.append(f"{rise}H{self.x(until)}")
            else:
                past.append(f"{rise}H{self.x(min(until, now))}")
                if until > now:
                    future.append(f"M{self.x(now)} {y}H{self.x(until)}")
            before = y
        return "".join(past), "".join(future)
