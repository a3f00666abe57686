"""The one rule of what is published: the sell sheet in force, else the list sheet times the discount that fits best.

Whoever shows, compares or charges a price asks here. A group's rate comes on top, where there is a group.
"""

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from catalog.caches import process_cache
from catalog.db.bulk import KEYS, batches
from catalog.models import AIModel
from catalog.prices import Line, Sheet
from pricing.engine.validation import is_judged
from pricing.models import CurrencyRate, DiscountRule, GroupRate, PriceLine, PriceSheet

Role = PriceSheet.Role
PUBLIC_ROLES = (Role.SELL, Role.LIST)
# A longer list of keys is filtered in memory: SQLite takes 32,766 values in a statement.
MAX_KEYS = 500


@dataclass(frozen=True)
class Dated:
    """A sheet with the time that it is in force for."""

    key: int
    role: str
    starts_at: dt.datetime
    ends_at: dt.datetime | None
    known_at: dt.datetime
    sheet: Sheet


def published_sheets(
    visible: Iterable[AIModel], *, at: dt.datetime, groups: Collection[str] | None
) -> dict[int, Sheet]:
    """Model key -> what customers pay at a moment, before a group's rate; models without a price are left out.

    As readers in these groups may see it; None is the operator, who sees all.
    """
    by_key = {model.pk: model for model in visible}
    sheets = sheets_in_force(by_key, roles=PUBLIC_ROLES, at=at)
    rules = list(DiscountRule.objects.in_force(at=at).select_related("vendor", "model"))
    found = {
        key: compose(by_key[key], of_model.get(Role.SELL), of_model.get(Role.LIST), rules)
        for key, of_model in sheets.items()
    }
    rates = CurrencyRate.objects.on_file(on=at.date())
    return {
        key: _with_rate(sheet if groups is None else sheet.seen_by(groups), rates)
        for key, sheet in found.items()
        if sheet is not None
    }


def compose(model: AIModel, sell: Sheet | None, listed: Sheet | None, rules: Iterable[DiscountRule]) -> Sheet | None:
    """The published sheet of a model, of the sheets and rules in force."""
    if sell is not None or listed is None:
        return sell
    rule = best_rule(rules, model)
    return listed if rule is None else listed.times(rule.multiplier, rule=f"discount for {rule.target}")


def best_rule(rules: Iterable[DiscountRule], model: AIModel) -> DiscountRule | None:
    """The most special rule that is for this model; of equals the one that began last."""
    fitting = (rule for rule in rules if fits(rule, model))
    return max(fitting, key=lambda rule: (_speciality(rule), rule.starts_at, rule.pk), default=None)


def fits(rule: DiscountRule, model: AIModel) -> bool:
    if rule.model_id is not None:
        return rule.model_id == model.pk
    if rule.vendor_id is not None:
        return rule.vendor_id == model.vendor_id
    return rule.series in ("", model.series)


def _speciality(rule: DiscountRule) -> int:
    return 3 if rule.model_id is not None else 2 if rule.series else 1 if rule.vendor_id is not None else 0


def sheets_in_force(keys: Iterable[int], *, roles: Sequence[str], at: dt.datetime) -> dict[int, dict[str, Sheet]]:
    """Model key -> role -> the sheet in force."""
    wanted = set(keys)
    in_force = PriceSheet.objects.in_force(at=at).filter(role__in=roles)
    if len(wanted) <= MAX_KEYS:
        in_force = in_force.filter(model__in=wanted)
    rows = list(in_force.values_list("pk", "model", "role", "currency", "facts"))
    lines = lines_of([row[0] for row in rows])
    found: defaultdict[int, dict[str, Sheet]] = defaultdict(dict)
    for key, model, role, currency, facts in rows:
        if model in wanted:
            found[model][role] = Sheet(currency, lines.get(key, ()), facts=facts)
    return found


def lines_of(sheets: Sequence[int]) -> Mapping[int, tuple[Line, ...]]:
    """Sheet key -> its lines, in order, as far as they say a price."""
    return {sheet: _judged(lines) for sheet, lines in written_lines(sheets).items()}


def _judged(lines: list[Line]) -> tuple[Line, ...]:
    """The lines, or, where a request cannot be judged by one of them, that nobody can say the price.

    Without that line the price would be another one, and a wrong number is worse than none; `check_catalog` names it.
    """
    return tuple(lines) if all(map(is_judged, lines)) else (Line("", None, kind="dynamic"),)


def written_lines(sheets: Sequence[int]) -> Mapping[int, list[Line]]:
    """Sheet key -> its lines, in order, as they are written.

    By the keys themselves: with the sheets as a subquery, PostgreSQL goes astray until it has counted the rows of a
    large import.
    """
    columns = ("sheet", "meter", "amount", "per", "unit", "kind", "conditions", "facts")
    found: defaultdict[int, list[Line]] = defaultdict(list)
    for some in batches(sheets, KEYS):
        rows = PriceLine.objects.filter(sheet__in=some).order_by("sheet", "position")
        stored = rows.values_list(*columns).iterator(chunk_size=5000)
        for sheet, meter, amount, per, unit, kind, conditions, facts in stored:
            # A value that is not a list was stored by hand: it stays, as a condition that nothing can judge.
            listed = tuple(conditions) if isinstance(conditions, list) else ({"not a list": conditions},)
            found[sheet].append(Line(meter, amount, per, unit, kind, listed, facts))
    return found


def dated_sheets(keys: Iterable[int]) -> dict[int, list[Dated]]:
    """Model key -> every list and sell sheet that it ever had or is announced to have."""
    wanted = set(keys)
    rows = PriceSheet.objects.filter(role__in=PUBLIC_ROLES)
    if len(wanted) <= MAX_KEYS:
        rows = rows.filter(model__in=wanted)
    values = list(rows.values_list("pk", "model", "role", "starts_at", "ends_at", "created_at", "currency", "facts"))
    lines = lines_of([value[0] for value in values])
    found: defaultdict[int, list[Dated]] = defaultdict(list)
    for key, model, role, starts_at, ends_at, known_at, currency, facts in values:
        if model in wanted:
            sheet = Sheet(currency, lines.get(key, ()), facts=facts)
            found[model].append(Dated(key, role, starts_at, ends_at, known_at, sheet))
    return found


def published_of(
    model: AIModel, sheets: Sequence[Dated], rules: Iterable[DiscountRule], *, at: dt.datetime
) -> Sheet | None:
    """What `published_sheets` says of a model at a moment, from sheets and rules of all times."""
    in_force = [rule for rule in rules if rule.starts_at <= at and (rule.ends_at is None or rule.ends_at > at)]
    return compose(model, _newest(sheets, Role.SELL, at=at), _newest(sheets, Role.LIST, at=at), in_force)


def _newest(sheets: Sequence[Dated], role: str, *, at: dt.datetime) -> Sheet | None:
    """As PriceSheet.objects.in_force has it."""
    begun = (each for each in sheets if each.role == role and each.starts_at <= at)
    open_ones = (each for each in begun if each.ends_at is None or each.ends_at > at)
    last = max(open_ones, key=lambda each: (each.starts_at, each.key), default=None)
    return None if last is None else last.sheet


def _with_rate(sheet: Sheet, rates: Mapping[str, CurrencyRate]) -> Sheet:
    rate = rates.get(sheet.currency)
    return sheet if rate is None else replace(sheet, per_usd=rate.per_usd)


@process_cache(maxsize=4)
def turns(_revision: int) -> list[dt.datetime]:
    """Every moment at which the published list changes by itself, in order; kept for as long as the revision stands.

    Sheets and discounts begin and end by the moment, and rates of groups begin by it; models retire and rates of
    currencies begin by the day.
    """
    moments: set[dt.datetime | None] = set()
    for rows in (PriceSheet.objects.filter(role__in=PUBLIC_ROLES), DiscountRule.objects.all()):
        for column in ("starts_at", "ends_at"):
            moments.update(rows.values_list(column, flat=True).distinct())
    moments.update(GroupRate.objects.values_list("starts_at", flat=True).distinct())
    days = {
        *AIModel.objects.exclude(retires_on=None).values_list("retires_on", flat=True).distinct(),
        *CurrencyRate.objects.values_list("as_of", flat=True).distinct(),
    }
    moments.update(dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC) for day in days if day)
    return sorted(moment for moment in moments if moment is not None)


def last_turn(revision: int, *, at: dt.datetime) -> dt.datetime | None:
    """The last moment up to `at` at which the list changed by itself: until the next one it stays the same."""
    found = turns(revision)
    position = bisect_right(found, at)
    return found[position - 1] if position else None
