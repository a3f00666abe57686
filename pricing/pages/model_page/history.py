"""The history of a price with announced changes: its steps, and what changed at each, in words."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext as _

from catalog.exact import multiply
from catalog.models import AIModel
from catalog.prices import Line, Sheet
from pricing.engine.equality import same_price
from pricing.engine.formatting import amounts, labels, moments
from pricing.engine.formatting.lines import Change, changes, usual_place
from pricing.models import DiscountRule
from pricing.pages.price_tags import PriceTag, price_tag
from pricing.pages.visitor import PublicGroups
from pricing.published.audience import apply_group_rate
from pricing.published.prices import dated_sheets, fits, priced_or_none, published_steps
from tokens.access.charging import first_starts

# A sheet can have fifty prices: so many changes are written out, the others on request.
MOST_SHOWN = 5
FEW = 2
# A factor with more decimals is a coincidence of two prices, and not how a price was changed.
FACTOR_DECIMALS = 4


@dataclass(frozen=True)
class Move:
    """A price that changed, with its unit; `old` is empty for a new price."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Step:
    """The price from a moment on. `summary` says what the moves have in common, e.g. All prices × 1.2."""

    at: dt.datetime
    sheet: Sheet | None
    tag: PriceTag
    moves: tuple[Move, ...]
    is_announced: bool
    is_retirement: bool = False
    summary: str = ""
    # Whether there is another step on the same day, so that the day alone does not say which is which.
    shares_day: bool = False

    @property
    def date(self) -> str:
        """The day, with the time if there are several steps on it."""
        return self.time if self.shares_day else moments.day(self.at)

    @property
    def shown_moves(self) -> tuple[Move, ...]:
        """All moves, or the first ones if there are many."""
        if self.state:
            return ()
        return self.moves if len(self.moves) <= MOST_SHOWN else self.moves[:FEW]

    @property
    def other_moves(self) -> tuple[Move, ...]:
        """The moves that are shown on request."""
        return self.moves[len(self.shown_moves) :]

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
        changed, is_retirement = sorted_changes(before, sheet), moment == model.retires_at
        moves = () if is_retirement else tuple(map(move, changed))
        summary = common_factor(changed, before, sheet)
        steps.append(Step(moment, sheet, price_tag(sheet), moves, moment > at, is_retirement, summary))
    days = Counter(moments.day(step.at) for step in steps)
    return [replace(step, shares_day=days[moments.day(step.at)] > 1) for step in steps]


def sorted_changes(before: Sheet | None, after: Sheet | None) -> list[Change]:
    """What changed, prices without conditions first, in the order in which people look for them."""

    def place(change: Change) -> tuple[bool, bool, int]:
        line = change.new or change.old
        return (line is None, bool(line and line.conditions), usual_place(line) if line else 0)

    return sorted(changes(before, after), key=place)


def move(change: Change) -> Move:
    if change.words:
        return Move(change.label, *change.words)
    old, new = (None if line is None else _text(line, currency) for line, currency in change.sides)
    if change.old and change.has_one_unit:
        # What they are paid for is said once.
        old = amounts.short_price(change.old, change.currencies[0])
    return Move(change.label, old or "", new or _("no separate price"))


def _text(line: Line, currency: str) -> str:
    return amounts.short_price_per(line, currency) if line.kind == "absolute" else amounts.line_amount(line, currency)


def common_factor(changed: Sequence[Change], before: Sheet | None, after: Sheet | None) -> str:
    """All prices × 1.2, or 12 prices × 1.2: the factor of most of many changes; empty if they have none in common."""
    if before is None or after is None or before.currency != after.currency:
        return ""
    factors = Counter(factor for factor in map(factor_of, changed) if factor is not None)
    if not factors:
        return ""
    factor, number = factors.most_common(1)[0]
    paid = {id(line) for line in after.lines if line.kind == "absolute" and line.amount}
    words = {"factor": amounts.number(factor), "number": amounts.number(number)}
    if number == len(changed) and number == len(paid) and number > 1:
        return _("All prices × %(factor)s") % words
    return _("%(number)s prices × %(factor)s") % words if number > FEW else ""


def factor_of(change: Change) -> Decimal | None:
    """The new price divided by the old one, if that is a number of a few decimals."""
    old, new = change.old, change.new
    if old is None or new is None or old.kind != "absolute" or not old.amount or not new.amount or old.per != new.per:
        return None
    factor = (new.amount / old.amount).quantize(Decimal(1).scaleb(-FACTOR_DECIMALS)).normalize()
    return factor if multiply(old.amount, factor) == new.amount else None
