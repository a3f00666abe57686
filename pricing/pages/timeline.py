"""How the price of a model went and will go: the steps, what moved at each, and their plot."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext as _

from catalog.models import AIModel
from pricing.book import Sheet
from pricing.models import DiscountRule
from pricing.pages import words
from pricing.pages.shelf import for_group
from pricing.pages.tables import figures_of
from pricing.pages.tags import Tag, headline_line, plain_token_lines, state_of, tag_of
from pricing.pages.visit import Public
from pricing.publishing import dated_sheets, fits, published_of

WIDTH, HEIGHT = 640, 180
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 14, 26

# A sheet may have fifty figures; a line of text has no room for them.
MOST_TOLD = 6


@dataclass(frozen=True)
class Move:
    """A figure that changed; empty where there was or will be none."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Step:
    """What the price was from a moment on; the newest known figures of all its parts."""

    at: dt.datetime
    sheet: Sheet | None
    tag: Tag
    moves: tuple[Move, ...]
    is_announced: bool

    @property
    def told(self) -> tuple[Move, ...]:
        """The moves that there is room for."""
        return self.moves[:MOST_TOLD]

    @property
    def untold(self) -> int:
        return len(self.moves) - len(self.told)

    @property
    def state(self) -> str:
        """What there is instead of a price; empty where there is one."""
        return words.state(self.tag.state)


def steps_of(model: AIModel, public: Public, *, at: dt.datetime) -> list[Step]:
    """Every change of what the group pays, the oldest first, the announced ones last; the group's rate is today's."""
    sheets = dated_sheets([model.pk]).get(model.pk, [])
    about = Q(model=model) | Q(model=None, vendor=None) | Q(vendor=model.vendor_id)
    rules = [rule for rule in DiscountRule.objects.filter(about).select_related("model", "vendor") if fits(rule, model)]
    spans = [(each.starts_at, each.ends_at) for each in sheets] + [(rule.starts_at, rule.ends_at) for rule in rules]
    moments = {moment for span in spans for moment in span if moment}
    steps: list[Step] = []
    for moment in sorted(moments):
        sheet = published_of(model, sheets, rules, at=moment)
        sheet = sheet and for_group(sheet.seen_by({public.slug}), public)
        before = steps[-1].sheet if steps else None
        moves = moves_between(before, sheet)
        if moves or (steps and state_of(before) != state_of(sheet)) or (sheet and not steps):
            tag = tag_of(sheet)
            steps.append(Step(moment, sheet, tag, moves if steps else opening(tag), moment > at))
    return steps


def moves_between(before: Sheet | None, after: Sheet | None) -> tuple[Move, ...]:
    old = figures_of(before) if before else {}
    new = figures_of(after) if after else {}
    return tuple(
        Move(label, old.get(label, ""), new.get(label, ""))
        for label in {**old, **new}
        if old.get(label) != new.get(label)
    )


def opening(tag: Tag) -> tuple[Move, ...]:
    """The first price, in short: all of its figures would say nothing of a change."""
    figures = ((_("Input"), tag.input), (_("Output"), tag.output), ("", tag.single))
    return tuple(Move(label, "", figure) for label, figure in figures if figure)


@dataclass(frozen=True)
class Curve:
    """A price over time as SVG paths: what was, and what is announced."""

    kind: str
    label: str
    past: str
    future: str


@dataclass(frozen=True)
class Plot:
    curves: tuple[Curve, ...]
    # (y, label) of the price axis and (x, label, anchor) of the time axis.
    prices: tuple[tuple[str, str], ...]
    dates: tuple[tuple[str, str, str], ...]
    today: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def plot_of(steps: Sequence[Step], *, at: dt.datetime) -> Plot | None:
    """The plot of two steps or more in one currency; None where there is nothing to see."""
    currencies = {step.sheet.currency for step in steps if step.sheet}
    series = _series(steps)
    amounts = [amount for points in series.values() for amount in points if amount is not None]
    if len(steps) < 2 or len(currencies) != 1 or not any(amounts):
        return None
    start, end = steps[0].at, max(at, steps[-1].at)
    if end > at:
        # The last step gets some room, else nobody would see it.
        end += (end - start) / 12
    scale = _Scale(start, end, max(amounts))
    curves = tuple(
        Curve(kind, _label(kind), *scale.paths(steps, points, now=at))
        for kind, points in series.items()
        if any(point is not None for point in points)
    )
    top = max(amounts)
    currency = currencies.pop()
    return Plot(
        curves,
        prices=tuple((scale.y(part), words.money(part, currency)) for part in (top, top / 2, Decimal(0))),
        dates=_dates(steps, scale, at=at),
        today=scale.x(at) if at < end else "",
    )


def _label(kind: str) -> str:
    return {"input": _("Input"), "output": _("Output")}.get(kind) or _("Price")


def _series(steps: Sequence[Step]) -> dict[str, list[Decimal | None]]:
    """Input and output where tokens are priced, else the headline."""
    if any(step.tag.input or step.tag.output for step in steps):
        return {meter: [_token_price(step, meter) for step in steps] for meter in ("output", "input")}
    return {"single": [_headline(step) for step in steps]}


def _token_price(step: Step, meter: str) -> Decimal | None:
    line = plain_token_lines(step.sheet).get(meter) if step.sheet else None
    return None if line is None else words.shown_amount(line)


def _headline(step: Step) -> Decimal | None:
    return words.shown_amount(headline_line(step.sheet)) if step.sheet and step.tag.state == "priced" else None


def _dates(steps: Sequence[Step], scale: "_Scale", *, at: dt.datetime) -> tuple[tuple[str, str, str], ...]:
    first, last = steps[0].at, max(at, steps[-1].at)
    return (
        (scale.x(first), first.date().isoformat(), "start"),
        (scale.x(last), last.date().isoformat(), "end"),
    )


@dataclass(frozen=True)
class _Scale:
    start: dt.datetime
    end: dt.datetime
    top: Decimal

    def x(self, moment: dt.datetime) -> str:
        share = (moment - self.start) / (self.end - self.start)
        return f"{LEFT + share * (WIDTH - LEFT - RIGHT):.1f}"

    def y(self, amount: Decimal) -> str:
        return f"{HEIGHT - BOTTOM - float(amount / self.top) * (HEIGHT - TOP - BOTTOM):.1f}"

    def paths(self, steps: Sequence[Step], points: Sequence[Decimal | None], *, now: dt.datetime) -> tuple[str, str]:
        """The steps up to now and those after it; a gap where there was no price."""
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
