"""The history of a price with announced changes: its steps, what changed at each, and their chart."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext as _

from catalog.models import AIModel
from catalog.prices import Line, Sheet
from pricing.engine.equality import same_price
from pricing.engine.formatting import amounts, labels, moments
from pricing.engine.formatting.lines import changes, label
from pricing.engine.headline import headline, input_and_output, token_prices
from pricing.models import DiscountRule
from pricing.pages.price_tables import brief_price
from pricing.pages.price_tags import PriceTag, price_tag, state_of
from pricing.pages.visitor import PublicGroups
from pricing.published.audience import apply_group_rate
from pricing.published.prices import dated_sheets, fits, priced_or_none, published_steps
from tokens.access.charging import first_starts

# The drawing is stretched to the width of the page; its labels are not.
WIDTH, HEIGHT = 560, 180
TOP, BOTTOM = 14, 26

# A sheet can have fifty prices, too many for a line of text.
MAX_MOVES = 6


@dataclass(frozen=True)
class Move:
    """A price that changed; `old` or `new` is empty if there is none."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Step:
    """The price from a moment on."""

    at: dt.datetime
    sheet: Sheet | None
    tag: PriceTag
    moves: tuple[Move, ...]
    is_announced: bool
    is_retirement: bool = False

    @property
    def shown_moves(self) -> tuple[Move, ...]:
        """All moves, or only those of the headline if there are too many."""
        if len(self.moves) <= MAX_MOVES:
            return self.moves
        leads = _headline_labels(self.sheet)
        return tuple(move for move in self.moves if move.label in leads)

    @property
    def hidden_moves(self) -> str:
        """How many moves are not shown, in words; empty if there is no price any more."""
        number = len(self.moves) - len(self.shown_moves)
        if not number or not (self.shown_moves or self.state == ""):
            return ""
        return (_("and %(number)s more") if self.shown_moves else _("%(number)s other prices")) % {"number": number}

    @property
    def time(self) -> str:
        """From when, in the time zone of the pages: 2026-11-30 08:00 UTC."""
        return moments.minute(self.at)

    @property
    def state(self) -> str:
        """The state of a model without a price; empty for a priced one."""
        return labels.state("retired" if self.is_retirement else self.tag.state)


def steps_of(model: AIModel, public: PublicGroups, *, at: dt.datetime) -> list[Step]:
    """Every change of the price for the group, the oldest first; the last one is the retirement."""
    sheets = dated_sheets([model.pk]).get(model.pk, [])
    about = Q(model=model) | Q(model=None, vendor=None) | Q(vendor=model.vendor_id)
    rules = [rule for rule in DiscountRule.objects.filter(about).select_related("model", "vendor") if fits(rule, model)]
    spans = [(sheet.starts_at, sheet.ends_at) for sheet in sheets] + [(rule.starts_at, rule.ends_at) for rule in rules]
    rates = public.rates()
    turns = {moment for span in spans for moment in span if moment} | set(rates.moments)
    steps: list[Step] = []
    starts_at = first_starts([model.pk], public.scope).get(model.pk)
    for moment, published in published_steps(model, sheets, rules, turns, starts_at=starts_at):
        seen = published and published.seen_by({public.slug})
        sheet = priced_or_none(seen and apply_group_rate(seen, public.slug, rates.at(moment)).folded())
        before = steps[-1].sheet if steps else None
        if same_price(before, sheet):
            continue
        tag, is_retirement = price_tag(sheet), moment == model.retires_at
        moves = () if is_retirement else moves_between(before, sheet) if steps else opening(tag)
        steps.append(Step(moment, sheet, tag, moves, moment > at, is_retirement))
    return steps


def moves_between(before: Sheet | None, after: Sheet | None) -> tuple[Move, ...]:
    return tuple(
        Move(change.label, *(change.words or (_text(line, currency) for line, currency in change.sides)))
        for change in changes(before, after)
    )


def _text(line: Line | None, currency: str) -> str:
    if line is None:
        return ""
    return brief_price(line, currency) if line.kind == "absolute" else amounts.line_amount(line, currency)


def _headline_labels(sheet: Sheet | None) -> set[str]:
    """The labels of the prices that a list shows."""
    if sheet is None or state_of(sheet) != "priced":
        return set()
    return set(map(label, input_and_output(sheet).values() or [headline(sheet)]))


def opening(tag: PriceTag) -> tuple[Move, ...]:
    """The first price, as the list shows it."""
    figures = [(_("Input"), tag.input), (_("Output"), tag.output), ("", tag.single)]
    figures += [("+", fee) for fee in tag.fees]
    return tuple(Move(name, "", figure) for name, figure in figures if figure)


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
    width: int = WIDTH
    height: int = HEIGHT
    bottom: int = HEIGHT - BOTTOM


def plot_of(steps: Sequence[Step], *, at: dt.datetime) -> Plot | None:
    """The chart of two or more steps in one currency over more than a day; else None."""
    currencies = {step.sheet.currency for step in steps if step.sheet}
    series = _series(steps)
    plotted = [amount for points in series.values() for amount in points if amount is not None]
    if len(steps) < 2 or len(currencies) != 1 or not any(plotted):
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
    )


def _label(kind: str) -> str:
    return {"input": _("Input"), "output": _("Output")}.get(kind) or _("Price")


def _series(steps: Sequence[Step]) -> dict[str, list[Decimal | None]]:
    """The amounts of input and output if tokens are the headline, else of the headline."""
    if any(step.tag.input or step.tag.output for step in steps):
        return {meter: [_token_price(step, meter) for step in steps] for meter in ("output", "input")}
    return {"single": [_headline(step) for step in steps]}


def _token_price(step: Step, meter: str) -> Decimal | None:
    line = token_prices(step.sheet).get(meter) if step.sheet else None
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
