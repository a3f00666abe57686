"""The one rule of published prices: the current sell sheet, else the list sheet times the most specific discount.

Everything that shows, compares or charges a price reads it here. The rate of a group is applied afterwards.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from django.db.models import ExpressionWrapper, F, TextField

from catalog.db.bulk import KEYS, batches
from catalog.db.fields import ExactDecimalField, ExactJSONField
from catalog.models import AIModel
from catalog.prices import Line, Sheet, only_money
from pricing.engine.money import is_factor
from pricing.engine.validation import has_valid_conditions, number_faults
from pricing.models import CurrencyRate, DiscountRule, PriceLine, PriceSheet
from pricing.published.boundaries import PUBLIC_ROLES

Role = PriceSheet.Role
# In place of lines that cannot be evaluated.
UNKNOWN = (Line("", None, kind="dynamic"),)
# A longer list of keys is filtered in memory: SQLite allows 32,766 values in a statement.
MAX_KEYS = 500
# What decodes the columns of lines and sheets.
AMOUNT, CONDITIONS, FACTS = ExactDecimalField(), ExactJSONField(), ExactJSONField()


class Stored(Protocol):
    """The key of a stored sheet, and when it applies."""

    @property
    def key(self) -> int: ...
    @property
    def starts_at(self) -> dt.datetime: ...
    @property
    def ends_at(self) -> dt.datetime | None: ...


StoredT = TypeVar("StoredT", bound=Stored)


class PricedModel(Protocol):
    """What decides a model's price beside its sheets: a row of the database, or an entry of lists in memory."""

    @property
    def pk(self) -> int: ...
    @property
    def vendor_id(self) -> int: ...
    @property
    def series(self) -> str: ...
    @property
    def charged_sides(self) -> frozenset[str]: ...


# Not the protocol alone: Django's descriptors have other types on the class than on its rows.
Priced = AIModel | PricedModel


@dataclass(frozen=True)
class Dated:
    """A sheet and when it applies; `known_at` is when it was recorded."""

    key: int
    role: str
    starts_at: dt.datetime
    ends_at: dt.datetime | None
    known_at: dt.datetime
    sheet: Sheet


@dataclass(frozen=True)
class Factors:
    """The discount rules and currency rates that apply at a moment, to read once for many batches of models."""

    # What a rule is for: the column of a model and its value; ("", "") for all models.
    rules: Mapping[tuple[str, object], Sequence[DiscountRule]]
    rates: Mapping[str, CurrencyRate]

    @classmethod
    def read(cls, *, at: dt.datetime) -> "Factors":
        rules: defaultdict[tuple[str, object], list[DiscountRule]] = defaultdict(list)
        for rule in DiscountRule.objects.in_force(at=at).select_related("vendor", "model"):
            rules[_target(rule)].append(rule)
        return cls(rules, CurrencyRate.objects.on_file(on=at.date()))

    def without_rule(self, rule: DiscountRule) -> "Factors":
        """The factors that would apply without this rule."""
        others = {target: [other for other in rules if other.pk != rule.pk] for target, rules in self.rules.items()}
        return replace(self, rules=others)

    def rules_for(self, model: Priced) -> list[DiscountRule]:
        """The rules that may apply to the model, without looking at those of all others."""
        targets = (("model", model.pk), ("vendor", model.vendor_id), ("series", model.series), ("", ""))
        return [rule for target in targets for rule in self.rules.get(target, ())]


def published_sheets(
    visible: Iterable[Priced], *, at: dt.datetime, groups: Collection[str] | None, factors: Factors | None = None
) -> dict[int, Sheet]:
    """Model key -> what customers pay at a moment, before a group's rate; models without a price are left out.

    Sheets are as readers in these groups may see them; None is the operator, who sees all lines. `factors` are those of
    the moment, if the caller has read them.
    """
    by_key = {model.pk: model for model in visible}
    sheets = sheets_in_force(by_key, roles=PUBLIC_ROLES, at=at)
    return publish(by_key, sheets, groups=groups, factors=factors or Factors.read(at=at))


def publish(
    models: Mapping[int, Priced],
    sheets: Mapping[int, Mapping[str, Sheet]],
    *,
    groups: Collection[str] | None,
    factors: Factors,
) -> dict[int, Sheet]:
    """What `published_sheets` returns, from sheets by model and role; those of costs are not looked at."""
    # Many models have equal sheets, which `sheets_in_force` returns as one object, and so they have one result.
    results: dict[Hashable, Sheet | None] = {}
    published: dict[int, Sheet] = {}
    for key, by_role in sheets.items():
        model, sell, listed = models[key], by_role.get(Role.SELL), by_role.get(Role.LIST)
        rules = factors.rules_for(model)
        origin = (id(sell), id(listed), model.charged_sides, *(rule.pk for rule in rules))
        if origin not in results:
            sheet = compose(model, sell, listed, rules)
            results[origin] = sheet and with_rate(sheet if groups is None else sheet.seen_by(groups), factors.rates)
        if (result := results[origin]) is not None:
            published[key] = result
    return published


def compose(model: Priced, sell: Sheet | None, listed: Sheet | None, rules: Iterable[DiscountRule]) -> Sheet | None:
    """The published sheet of a model, from its current sheets and the current rules."""
    sheet = sell
    if sell is None and listed is not None:
        rule = best_rule(rules, model)
        sheet = listed if rule is None else multiplied(listed, rule.multiplier, rule=f"discount for {rule.target}")
    return None if sheet is None else replace(sheet, charged_sides=model.charged_sides)


def multiplied(sheet: Sheet, factor: Decimal, *, rule: str) -> Sheet:
    """The sheet times a discount or group rate that is named `rule`; unknown if no price has such a factor."""
    return sheet.times(factor, rule=rule) if is_factor(factor) else replace(sheet, lines=UNKNOWN)


def best_rule(rules: Iterable[DiscountRule], model: Priced) -> DiscountRule | None:
    """The most specific rule that applies to this model; ties: the most recent wins."""
    matching = (rule for rule in rules if fits(rule, model))
    return max(matching, key=lambda rule: (_specificity(rule), rule.starts_at, rule.pk), default=None)


def fits(rule: DiscountRule, model: Priced) -> bool:
    """Whether the rule applies to the model."""
    if rule.model_id is not None:
        return rule.model_id == model.pk
    if rule.vendor_id is not None:
        return rule.vendor_id == model.vendor_id
    return rule.series in ("", model.series)


def _target(rule: DiscountRule) -> tuple[str, object]:
    """What `fits` compares with a model."""
    if rule.model_id is not None:
        return "model", rule.model_id
    if rule.vendor_id is not None:
        return "vendor", rule.vendor_id
    return ("series", rule.series) if rule.series else ("", "")


def _specificity(rule: DiscountRule) -> int:
    return 3 if rule.model_id is not None else 2 if rule.series else 1 if rule.vendor_id is not None else 0


def sheets_in_force(keys: Iterable[int], *, roles: Sequence[str], at: dt.datetime) -> dict[int, dict[str, Sheet]]:
    """Model key -> role -> the sheet that is current at a moment."""
    models = set(keys)
    current = PriceSheet.objects.in_force(at=at).filter(role__in=roles)
    if len(models) <= MAX_KEYS:
        current = current.filter(model__in=models)
    rows = list(
        current.annotate(facts_text=as_text("facts")).values_list("pk", "model", "role", "currency", "facts_text")
    )
    lines = lines_of([row[0] for row in rows])
    sheets: defaultdict[int, dict[str, Sheet]] = defaultdict(dict)
    # One object for equal sheets: thousands of models have the prices of others.
    equal: dict[Hashable, Sheet] = {}
    for key, model, role, currency, facts in rows:
        if model in models:
            its_lines = lines.get(key, ())
            content = (currency, id(its_lines), facts)
            if content not in equal:
                equal[content] = Sheet(currency, its_lines, facts=FACTS.from_db_value(facts))
            sheets[model][role] = equal[content]
    return sheets


def as_text(column: str) -> Any:
    """The column as it is stored, to decode equal values once."""
    return ExpressionWrapper(F(column), output_field=TextField())


def lines_of(sheets: Sequence[int]) -> Mapping[int, tuple[Line, ...]]:
    """Sheet key -> its lines in order without figures that are not money, or one dynamic line if a line is invalid.

    Sheets with equal lines have one tuple.
    """
    checked: dict[tuple[int, ...], tuple[Line, ...]] = {}
    lines_by_sheet = {}
    for sheet, lines in written_lines(sheets).items():
        # Equal lines are one object.
        content = tuple(map(id, lines))
        if content not in checked:
            checked[content] = _checked(lines)
        lines_by_sheet[sheet] = checked[content]
    return lines_by_sheet


def _checked(lines: list[Line]) -> tuple[Line, ...]:
    """The lines; if one has invalid conditions or a number that no price has, a dynamic line instead of all of them.

    Without the invalid line the price would be wrong, and no price is better than a wrong one. `check_catalog` reports
    the line.
    """
    is_valid = all(map(has_valid_conditions, lines)) and not any(number_faults(lines, currency=""))
    return only_money(lines) if is_valid else UNKNOWN


def written_lines(sheets: Sequence[int]) -> Mapping[int, list[Line]]:
    """Sheet key -> its lines in order, as they are stored; equal lines are one object.

    Reads by a list of keys: with the sheets as a subquery, PostgreSQL chooses a slow plan until it has counted the rows
    of a large import.
    """
    columns = ("sheet", "meter", "amount_text", "per", "unit", "kind", "conditions_text", "facts_text", "run")
    lines: defaultdict[int, list[Line]] = defaultdict(list)
    equal: dict[Hashable, Line] = {}
    for batch in batches(sheets, KEYS):
        rows = PriceLine.objects.filter(sheet__in=batch).order_by("sheet", "position")
        texts = {f"{column}_text": as_text(column) for column in ("amount", "conditions", "facts")}
        for row in rows.annotate(**texts).values_list(*columns).iterator(chunk_size=5000):
            content = row[1:]
            line = equal.get(content)
            if line is None:
                line = equal[content] = _line(*content)
            lines[row[0]].append(line)
    return lines


def _line(
    meter: str, amount: Any, per: int, unit: str, kind: str, conditions: str, facts: str, run: int | None
) -> Line:
    """The line of a row as it is stored."""
    listed = CONDITIONS.from_db_value(conditions)
    # A value that is not a list was stored by hand. It becomes an invalid condition, so that it is reported.
    listed = tuple(listed) if isinstance(listed, list) else ({"not a list": listed},)
    return Line(meter, AMOUNT.from_db_value(amount), per, unit, kind, listed, FACTS.from_db_value(facts), run)


def dated_sheets(keys: Iterable[int]) -> dict[int, list[Dated]]:
    """Model key -> all of its list and sell sheets: past, current and announced."""
    models = set(keys)
    rows = PriceSheet.objects.filter(role__in=PUBLIC_ROLES)
    if len(models) <= MAX_KEYS:
        rows = rows.filter(model__in=models)
    values = list(rows.values_list("pk", "model", "role", "starts_at", "ends_at", "created_at", "currency", "facts"))
    lines = lines_of([value[0] for value in values])
    dated: defaultdict[int, list[Dated]] = defaultdict(list)
    for key, model, role, starts_at, ends_at, known_at, currency, facts in values:
        if model in models:
            sheet = Sheet(currency, lines.get(key, ()), facts=facts)
            dated[model].append(Dated(key, role, starts_at, ends_at, known_at, sheet))
    return dated


def published_of(
    model: AIModel, sheets: Sequence[Dated], rules: Iterable[DiscountRule], *, at: dt.datetime
) -> Sheet | None:
    """What `published_sheets` returns for a model at a moment, from sheets and rules of all times."""
    current_rules = [rule for rule in rules if rule.starts_at <= at and (rule.ends_at is None or rule.ends_at > at)]
    sell, listed = (_sheet_of_role(sheets, role, at=at) for role in PUBLIC_ROLES)
    return compose(model, sell, listed, current_rules)


def published_steps(
    model: AIModel,
    sheets: Sequence[Dated],
    rules: Sequence[DiscountRule],
    moments: Iterable[dt.datetime],
    *,
    starts_at: dt.datetime | None = None,
) -> Iterator[tuple[dt.datetime, Sheet | None]]:
    """Each moment and the published price from then on, the oldest first; the last one is the retirement, without one.

    Prices that would apply before the reader gets the model, at `starts_at`, or after it retires are left out: it is
    not offered then at any price.
    """
    ends_at = model.retires_at
    if starts_at is not None:
        moments = {starts_at, *(moment for moment in moments if moment > starts_at)}
    for moment in sorted(moments):
        if ends_at is None or moment < ends_at:
            yield moment, published_of(model, sheets, rules, at=moment)
    if ends_at is not None:
        yield ends_at, None


def priced_or_none(sheet: Sheet | None) -> Sheet | None:
    """The sheet; None if lists say that its model has no price, whatever single figures it has."""
    return None if sheet is None or sheet.state == "unpriced" else sheet


def _sheet_of_role(sheets: Sequence[Dated], role: str, *, at: dt.datetime) -> Sheet | None:
    current = in_force((dated for dated in sheets if dated.role == role), at)
    return None if current is None else current.sheet


def in_force(sheets: Iterable[StoredT], at: dt.datetime) -> StoredT | None:
    """The one of these sheets of a model and role that `PriceSheet.objects.in_force` selects."""
    open_sheets = (sheet for sheet in sheets if sheet.starts_at <= at and (sheet.ends_at is None or sheet.ends_at > at))
    return max(open_sheets, key=lambda sheet: (sheet.starts_at, sheet.key), default=None)


def with_rate(sheet: Sheet, rates: Mapping[str, CurrencyRate]) -> Sheet:
    rate = rates.get(sheet.currency)
    return sheet if rate is None else replace(sheet, per_usd=rate.per_usd)
