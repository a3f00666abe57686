"""The price part of an import: which models need a new sheet, which figures change, and writing the sheets.

Sheets are immutable: a changed price is a new sheet from the moment of the import, and an equal price writes nothing.
Past list prices fill the time before the first stored sheet, if the source has them with dates.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from catalog.exact import digits
from catalog.imports.context import Findings, PlanContext, WriteContext
from catalog.imports.facts import model_keys
from catalog.imports.provenance import run_writers
from catalog.models import AIModel
from catalog.models.pin import price_field
from catalog.prices import Line, Sheet
from catalog.progress import track
from catalog.source_trust import PERSON, WithheldChange
from catalog.sources.records import Document
from pricing.engine.conditions import ConditionError, check_conditions
from pricing.engine.equality import same_amount, same_price
from pricing.engine.formatting.lines import changes, described, pairs
from pricing.engine.money import CURRENCY, HIGHEST, METER, UNITS, is_excessive
from pricing.models import PriceLine, PriceSheet
from pricing.published.prices import written_lines

# A price that moves by more than this factor, or to or from 0, needs an operator's confirmation.
LARGEST_MOVE = 4
# A line of these kinds may be about all meters.
MAY_HAVE_NO_METER = frozenset({PriceLine.Kind.MULTIPLIER, PriceLine.Kind.DYNAMIC, PriceLine.Kind.INCLUDED})


@dataclass(frozen=True)
class PriceChange:
    """A price that differs from the current one; `moves` has the old and new amount of each figure."""

    prices: Sheet
    moves: Mapping[str, tuple[str | None, str | None]]
    jumps: tuple[str, ...] = ()
    before: Sheet | None = None


@dataclass
class PricePlan:
    """What an import will change in the prices of one role."""

    role: str
    new: dict[str, Sheet] = field(default_factory=dict)
    changed: dict[str, PriceChange] = field(default_factory=dict)
    # Scheduled prices, each compared with the price before it.
    announced: dict[str, list[PriceChange]] = field(default_factory=dict)
    # Prices before the first stored one, each with its start; without an end: until the import.
    past: dict[str, list[Sheet]] = field(default_factory=dict)
    # Model -> the change that is not allowed.
    withheld: dict[str, WithheldChange] = field(default_factory=dict)
    unchanged: int = 0
    without: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.new or self.changed or self.announced or self.past)

    @property
    def jumps(self) -> dict[str, tuple[str, ...]]:
        """Model -> the figures that move too far to go unnoticed."""
        announced = [(name, change) for name, changes in self.announced.items() for change in changes]
        return {name: change.jumps for name, change in [*announced, *self.changed.items()] if change.jumps}

    def narrowed(self, models: Collection[str]) -> "PricePlan":
        """What the plan changes in these models."""
        return replace(
            self,
            new={name: sheet for name, sheet in self.new.items() if name in models},
            changed={name: change for name, change in self.changed.items() if name in models},
            announced={name: changes for name, changes in self.announced.items() if name in models},
            past={name: sheets for name, sheets in self.past.items() if name in models},
        )


def plan_prices(document: Document, context: PlanContext, *, role: str) -> PricePlan:
    """Plans which models of the document need a new sheet of this role; writes nothing."""
    plan = PricePlan(role)
    stored = _in_force(role, at=context.at)
    # A whole catalog lists its prices by role, beside its models.
    priced_elsewhere = {name for sheets in document.structure.prices.values() for name in sheets}
    for record in track(document.records, "Comparing prices"):
        sheet = _without_unjudged_lines(record.prices, record.name, context.findings) if record.prices else None
        if sheet is not None and (problem := _why_invalid(sheet)):
            context.findings.add(f"{problem}; the price in this row was not imported", record.name)
            sheet = None
        if sheet is None or not sheet.lines:
            if record.name not in priced_elsewhere:
                plan.without.append(record.name)
        elif record.name not in stored:
            plan.new[record.name] = sheet
        elif same_price(stored[record.name], sheet, with_facts=sheet.states_facts):
            plan.unchanged += 1
            context.policy.note_pinned(record.name, price_field(role), stored, stored)
        else:
            plan.changed[record.name] = _change(stored[record.name], sheet)
    _plan_announced(plan, document, stored, context)
    if role == PriceSheet.Role.LIST:
        _plan_past(plan, document, context)
    if not context.policy.is_unrestricted:
        _withhold(plan, stored, context)
    return plan


def _withhold(plan: PricePlan, stored: Mapping[str, Sheet], context: PlanContext) -> None:
    """Removes from the plan the prices that the source may not set."""
    changed = [*plan.changed, *plan.announced, *plan.past]
    in_force = PriceSheet.objects.in_force(at=context.at) if changed else PriceSheet.objects.none()
    runs = dict(in_force.filter(role=plan.role).values_list("model__name", "run"))
    writers = run_writers() if changed else {}
    for name in dict.fromkeys([*plan.new, *changed]):
        run = runs.get(name)
        writer = None if name not in runs else PERSON if run is None else writers.get(run, PERSON)
        is_past = not (name in plan.new or name in plan.changed or name in plan.announced)
        why_withheld = context.policy.why_past_withheld if is_past else context.policy.why_price_withheld
        if reason := why_withheld(name, plan.role, writer):
            offered = _moves(plan, name)
            if not is_past:
                context.policy.note_pinned(name, price_field(plan.role), None, offered)
            plan.withheld[name] = WithheldChange(described(stored.get(name)), offered, reason)
            for part in (plan.new, plan.changed, plan.announced, plan.past):
                part.pop(name, None)


def _moves(plan: PricePlan, name: str) -> dict[str, str]:
    """The figures in which the source differs; of past prices only their first day."""
    if name in plan.new:
        return described(plan.new[name])
    moved = [plan.changed[name]] if name in plan.changed else plan.announced.get(name, [])
    if not moved:
        return {"past prices": f"from {plan.past[name][0].starts_at:%Y-%m-%d}"}
    return {
        change.label: change.texts[1] or "none" for price in moved for change in changes(price.before, price.prices)
    }


def _plan_announced(plan: PricePlan, document: Document, stored: Mapping[str, Sheet], context: PlanContext) -> None:
    records = [record for record in document.records if record.announced]
    known = _announced(plan.role, at=context.at) if records else {}
    for record in records:
        before = record.prices or stored.get(record.name) or Sheet("USD", ())
        for announced in record.announced:
            sheet = _without_unjudged_lines(announced, record.name, context.findings)
            if problem := _why_invalid(sheet):
                context.findings.add(f"{problem}; an announced price was left out", record.name)
                continue
            same = known.get((record.name, sheet.starts_at))
            if same is None or not same_price(same, sheet, with_facts=sheet.states_facts):
                plan.announced.setdefault(record.name, []).append(_change(before, sheet))
            before = sheet


def _plan_past(plan: PricePlan, document: Document, context: PlanContext) -> None:
    at = context.at
    records = [record for record in document.records if record.past]
    starts = _first_starts(record.name for record in records) if records else {}
    for record in records:
        released_on, first = starts.get(record.name, (None, None))
        day = released_on or record.released_on
        released = None if day is None else dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
        for past in record.past:
            start, end = past.starts_at or released, min(past.ends_at or at, first or at, at)
            if start is None or start >= end:
                continue
            sheet = _without_unjudged_lines(past, record.name, context.findings)
            if problem := _why_invalid(sheet):
                context.findings.add(f"{problem}; a past price was left out", record.name)
                continue
            # Without the moment of the import the plan is still the same a minute later.
            dated = replace(sheet, starts_at=start, ends_at=end if end < at else None)
            plan.past.setdefault(record.name, []).append(dated)


def _first_starts(names: Iterable[str]) -> dict[str, tuple[dt.date | None, dt.datetime | None]]:
    """Model id -> the day of its release, and when its first list price takes effect."""
    first = models.Min("sheets__starts_at", filter=models.Q(sheets__role=PriceSheet.Role.LIST))
    rows = AIModel.objects.filter(name__in=list(names)).annotate(first=first)
    return {name: (day, start) for name, day, start in rows.values_list("name", "released_on", "first")}


def _without_unjudged_lines(sheet: Sheet, name: str, findings: Findings) -> Sheet:
    """The sheet without lines whose conditions cannot be evaluated; these are stored unchanged among its facts."""
    lines: list[Line] = []
    unjudged: list[dict[str, Any]] = []
    for line in sheet.lines:
        try:
            check_conditions(list(line.conditions))
        except ConditionError as error:
            problem = str(error).rstrip(".")
            findings.add(f"{line.meter or line.kind}: {problem}; the line is stored as a fact and sets no price", name)
            unjudged.append({**vars(line), "conditions": list(line.conditions)})
        else:
            lines.append(line)
    if not unjudged:
        return sheet
    return replace(sheet, lines=tuple(lines), facts={**sheet.facts, "unjudged": unjudged})


def _why_invalid(sheet: Sheet) -> str | None:
    """Why the sheet cannot be a price from any source; None if it is valid."""
    try:
        CURRENCY(sheet.currency)
        for line in sheet.lines:
            if line.meter or line.kind not in MAY_HAVE_NO_METER:
                METER(line.meter)
    except ValidationError as error:
        return " ".join(error.messages).rstrip(".")
    for line in sheet.lines:
        name = line.meter or line.kind
        if line.unit and line.unit not in UNITS:
            return f"{name} has the unknown unit {line.unit[:32]}"
        if len(line.meter) > 128:
            return f"the meter {name[:64]}… is longer than 128 characters"
        if line.amount is not None and line.amount < 0:
            return f"{name} is negative"
        if line.kind == "absolute" and line.amount is not None and is_excessive(line.amount, line.per, line.unit):
            return f"{name} is more than ${digits(HIGHEST)}" + (" per million tokens" if line.unit == "token" else "")
    return None


def _in_force(role: str, *, at: dt.datetime) -> dict[str, Sheet]:
    """Model id -> its current price of this role."""
    sheets = list(
        PriceSheet.objects.in_force(at=at).filter(role=role).values_list("pk", "model__name", "currency", "facts")
    )
    lines = written_lines([sheet[0] for sheet in sheets])
    return {name: Sheet(currency, tuple(lines.get(key, ())), facts=facts) for key, name, currency, facts in sheets}


def _announced(role: str, *, at: dt.datetime) -> dict[tuple[str, dt.datetime | None], Sheet]:
    """Model id and start -> the scheduled price of this role; the newer one, if there are two."""
    sheets = PriceSheet.objects.filter(role=role, starts_at__gt=at).order_by("pk")
    rows = list(sheets.values_list("pk", "model__name", "currency", "facts", "starts_at"))
    lines = written_lines([row[0] for row in rows])
    return {
        (name, starts): Sheet(currency, tuple(lines.get(key, ())), facts=facts)
        for key, name, currency, facts, starts in rows
    }


def _change(old: Sheet, new: Sheet) -> PriceChange:
    lines = pairs(old, new)
    moves = {change.label: change.texts for change in changes(old, new)}
    jumps = [label for label in moves if _is_jump(*lines[label])]
    if old.currency != new.currency:
        moves["currency"] = (old.currency, new.currency)
        jumps.append("currency")
    if old.lines and {line.unit for line in old.lines}.isdisjoint(line.unit for line in new.lines):
        jumps.append("unit")
    if not moves:
        moves["facts"] = (None, None)
    return PriceChange(new, moves, tuple(jumps), old)


def _is_jump(old: Line | None, new: Line | None) -> bool:
    if old is None or new is None or same_amount(old, new):
        return False
    if old.amount is None or new.amount is None:
        return True
    before, after = old.amount * new.per, new.amount * old.per
    return before == 0 or after == 0 or after > before * LARGEST_MOVE or before > after * LARGEST_MOVE


def apply_prices(plan: PricePlan, context: WriteContext) -> None:
    """Writes a sheet for each new, changed, announced or past price; call it inside a transaction."""
    changed = ((name, change.prices) for name, change in plan.changed.items())
    announced = ((name, change.prices) for name, changes in plan.announced.items() for change in changes)
    past = (
        (name, replace(sheet, ends_at=sheet.ends_at or context.at))
        for name, sheets in plan.past.items()
        for sheet in sheets
    )
    prices = [*plan.new.items(), *changed, *announced, *past]
    models = model_keys(name for name, _ in prices)
    PriceSheet.objects.write(
        [(models[name], sheet) for name, sheet in prices if name in models],
        role=plan.role,
        starts_at=context.at,
        run=context.run,
        reason=context.reason,
        author=context.actor,
    )
