"""Repricing: new sell sheets for many models by a rule, and the prices that apply after sheets end.

A sheet is never edited: a new price is a new sheet, and the old one remains as history.
"""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cached_property

from django.contrib.auth.models import AbstractBaseUser

from catalog.exact import multiply, plain, write_json
from catalog.models import AIModel
from catalog.prices import Line, Sheet, without_prices
from pricing.curation.margins import Margin, margins
from pricing.curation.rate_card import row_of
from pricing.curation.summaries import sheet_value
from pricing.engine.equality import price_key, same_price
from pricing.engine.formatting.amounts import in_one_measure, line_amount, money
from pricing.engine.formatting.lines import changes, pairs
from pricing.models import DiscountRule, PriceSheet
from pricing.published.prices import Factors, compose, fits, publish, sheets_in_force

Role = PriceSheet.Role


@dataclass(frozen=True)
class Rule:
    """Derives a sell price from the price of role `base`: times a multiplier, rounded to significant `digits`."""

    base: str
    multiplier: Decimal
    digits: int | None = None

    def of(self, sheet: Sheet) -> Sheet:
        return replace(sheet, lines=tuple(map(self._line, sheet.lines)), facts=without_prices(sheet.facts))

    def _line(self, line: Line) -> Line:
        if line.kind != "absolute" or line.amount is None:
            return line
        return line.at(self._rounded(multiply(line.amount, self.multiplier)), line.per)

    def _rounded(self, amount: Decimal) -> Decimal:
        if self.digits is None:
            return amount
        return plain(Context(prec=self.digits, rounding=ROUND_HALF_UP).plus(amount))


@dataclass(frozen=True)
class Move:
    """A price before and after; None for no price."""

    title: str
    counted: str
    before: Decimal | None
    after: Decimal | None
    currency: str

    @property
    def prices(self) -> tuple[str, str]:
        """Both in words, every digit of them."""
        before, after = (
            "none" if amount is None else money(amount, self.currency) for amount in (self.before, self.after)
        )
        return before, after

    @property
    def percent(self) -> Decimal | None:
        if not self.before or self.after is None:
            return None
        return (self.after - self.before) * 100 / self.before


@dataclass(frozen=True)
class Step:
    """One model's new price; `before` is what customers pay without it."""

    model: AIModel
    before: Sheet | None
    after: Sheet
    margins: tuple[Margin, ...] = ()

    @property
    def losses(self) -> list[Margin]:
        return [margin for margin in self.margins if margin.is_loss]

    @property
    def margin(self) -> Decimal | None:
        """The lowest margin of its prices in percent; None if no cost is known."""
        return min((margin.share for margin in self.margins if margin.share is not None), default=None)

    @property
    def moves(self) -> list[Move]:
        return list(_moves(self.before, self.after))


@dataclass(frozen=True)
class Repricing:
    """The new prices of a rule from a moment on, and the skipped models with the reason."""

    at: dt.datetime
    steps: Sequence[Step]
    skipped: Sequence[tuple[AIModel, str]]

    @property
    def losses(self) -> int:
        return sum(bool(step.losses) for step in self.steps)

    @cached_property
    def fingerprint(self) -> str:
        """Identifies the change, so that only the previewed change is applied."""
        keys = [(step.model.pk, price_key(step.before), price_key(step.after)) for step in self.steps]
        return hashlib.sha256(write_json(keys)).hexdigest()


def plan_repricing(models: Iterable[AIModel], rule: Rule, *, at: dt.datetime) -> Repricing:
    """The new sell price of each model from the prices that are current at that moment; writes nothing."""
    listed = {model.pk: model for model in models}
    sheets = sheets_in_force(listed, roles=Role.values, at=at)
    published = publish(listed, sheets, groups=None, factors=Factors.read(at=at))
    ending = PriceSheet.objects.in_force(at=at).exclude(ends_at=None)
    ends = {(model, role): ends_at for model, role, ends_at in ending.values_list("model", "role", "ends_at")}
    promotions = list(DiscountRule.objects.in_force(at=at).exclude(ends_at=None))
    new: dict[int, Sheet] = {}
    skipped: list[tuple[AIModel, str]] = []
    for key, model in listed.items():
        of_model = sheets.get(key, {})
        base = of_model.get(rule.base)
        after = Sheet("", ()) if base is None else rule.of(base)
        reason = _why_skipped(rule, base, ends_at=ends.get((key, rule.base)))
        if not reason and same_price(published.get(key), after):
            # A price that a promotion sets is the same only until the promotion ends.
            is_sold = Role.SELL in of_model
            is_promoted = not is_sold and any(fits(promotion, model) for promotion in promotions)
            if not is_promoted and (key, Role.SELL if is_sold else Role.LIST) not in ends:
                reason = "customers already pay that price"
        if reason:
            skipped.append((model, reason))
        else:
            new[key] = after
    return Repricing(at, _steps(listed, published, new, sheets, at=at), skipped)


def plan_discount(rule: DiscountRule, *, at: dt.datetime) -> Repricing:
    """The prices that a stored discount rule changes at a moment, compared with those without it, and their margins."""
    models = {model.pk: model for model in AIModel.objects.select_related("vendor") if fits(rule, model)}
    sheets = sheets_in_force(models, roles=Role.values, at=at)
    factors = Factors.read(at=at)
    before = publish(models, sheets, groups=None, factors=factors.without_rule(rule))
    after = publish(models, sheets, groups=None, factors=factors)
    new = {key: sheet for key, sheet in after.items() if not same_price(before.get(key), sheet)}
    unpriced = [(model, "no price") for key, model in models.items() if key not in after]
    same = [(models[key], "its price stays the same") for key in after if key not in new]
    return Repricing(at, _steps(models, before, new, sheets, at=at), [*same, *unpriced])


def _steps(
    models: Mapping[int, AIModel],
    before: Mapping[int, Sheet],
    new: Mapping[int, Sheet],
    sheets: Mapping[int, Mapping[str, Sheet]],
    *,
    at: dt.datetime,
) -> list[Step]:
    """The steps to the new prices, those with losses first."""
    margins_by_model: defaultdict[int, list[Margin]] = defaultdict(list)
    for margin in margins([models[key] for key in new], new, at=at, sheets=sheets):
        margins_by_model[margin.model.pk].append(margin)
    steps = [Step(models[key], before.get(key), new[key], tuple(margins_by_model[key])) for key in new]
    return sorted(steps, key=lambda step: (not step.losses, step.model.name))


def _why_skipped(rule: Rule, base: Sheet | None, *, ends_at: dt.datetime | None) -> str:
    """Why no price can be derived from a base price; empty if one can."""
    if base is None:
        return f"no {rule.base} price"
    if not any(line.kind == "absolute" for line in base.lines):
        return f"its {rule.base} price has no amount"
    # A price derived from a promotion would outlast the promotion.
    return "" if ends_at is None else f"its {rule.base} price ends on {ends_at:%Y-%m-%d}"


def apply_repricing(plan: Repricing, *, reason: str = "", author: AbstractBaseUser | None = None) -> int:
    """Writes the sell sheets of a plan in one transaction; returns how many there are."""
    priced = [(step.model.pk, step.after) for step in plan.steps]
    return len(PriceSheet.objects.write(priced, role=Role.SELL, starts_at=plan.at, reason=reason, author=author))


def prices_after(sheets: Sequence[PriceSheet], *, at: dt.datetime) -> dict[int, tuple[str, Sheet]]:
    """Sheet key -> role and price that apply at a moment if these sheets end; sheets without such a price are left out.

    The next sheet of the same role applies; without a sell sheet, customers pay the list price with its discount.
    """
    models = {sheet.model_id: sheet.model for sheet in sheets}
    rest = PriceSheet.objects.open_at(at=at).filter(model__in=models).exclude(pk__in=[sheet.pk for sheet in sheets])
    newest = {(sheet.model_id, sheet.role): sheet for sheet in rest.order_by("starts_at", "pk").with_lines()}
    rules = list(DiscountRule.objects.in_force(at=at).select_related("vendor", "model"))
    prices: dict[int, tuple[str, Sheet]] = {}
    for sheet in sheets:
        following = newest.get((sheet.model_id, sheet.role))
        listed = newest.get((sheet.model_id, Role.LIST))
        if following is not None:
            prices[sheet.pk] = sheet.role, sheet_value(following)
        elif sheet.role == Role.SELL and listed is not None:
            published = compose(models[sheet.model_id], None, sheet_value(listed), rules)
            prices[sheet.pk] = Role.LIST.value, published or sheet_value(listed)
    return prices


def compare_lines(before: Sheet, after: Sheet | None) -> list[tuple[str, str, str | None]]:
    """Label, price before and price after of every line of two sheets; None for a price that stays the same."""
    before, after = before.folded(), after and after.folded()
    changed = {change.label: change.texts for change in changes(before, after)}
    rows: list[tuple[str, str, str | None]] = []
    for label, (old, _) in pairs(before, after).items():
        if label in changed:
            old_text, new_text = changed[label]
            rows.append((label, old_text or "none", new_text or "none"))
        elif old is not None:
            rows.append((label, line_amount(old, before.currency), None))
    return rows


def _moves(before: Sheet | None, after: Sheet) -> Iterator[Move]:
    """Every price of two sheets, discounts multiplied in; prices in two currencies are not compared."""
    old = before.folded() if before is not None and before.currency == after.currency else None
    for label, lines in pairs(after.folded(), old).items():
        new, previous = (row_of(line) if line else None for line in in_one_measure(lines))
        row = new or previous
        if row is not None and next(line for line in lines if line).kind == "absolute":
            before_amount, after_amount = (sheet_line.amount if sheet_line else None for sheet_line in (previous, new))
            yield Move(label, row.counted, before_amount, after_amount, after.currency)
