"""Prices that a source may not set: they are pinned, or past prices beside a current one that it may not set."""

from collections.abc import Mapping, Sequence

from catalog.imports.context import PlanContext
from catalog.models.pin import price_field
from catalog.prices import Sheet
from catalog.source_trust import WithheldChange
from pricing.engine.formatting.lines import changes, described
from pricing.imports.prices.merging import Authority
from pricing.imports.prices.plan import PricePlan
from pricing.imports.prices.stored import StoredSheet
from pricing.published.prices import in_force

Stored = Mapping[str, Sequence[StoredSheet]]


def withhold_pinned(plan: PricePlan, stored: Stored, context: PlanContext) -> None:
    """Removes the changes of pinned prices from the plan, and notes what the source says instead."""
    for name in dict.fromkeys([*plan.touched, *plan.withheld]):
        reason = context.policy.why_price_withheld(name, plan.role, None)
        if not reason:
            continue
        offered = plan.withheld[name].offered if name in plan.withheld else _offered(plan, name)
        past = plan.past.get(name)
        plan.remove(name)
        if offered:
            context.policy.note_pinned(name, price_field(plan.role), None, offered)
        if offered or past:
            _withhold(plan, name, stored, offered or _first_day(past or ()), reason, context)


def withhold_past(plan: PricePlan, stored: Stored, authority: Authority, context: PlanContext) -> None:
    """Removes the past prices of models whose current price the source may not set."""
    for name, sheets in list(plan.past.items()):
        current = in_force(stored.get(name, ()), context.at)
        writer = None if current is None else authority.base_writer(current)
        reason = context.policy.why_past_withheld(name, plan.role, writer)
        if name in plan.withheld or reason:
            del plan.past[name]
        if name not in plan.withheld and reason:
            _withhold(plan, name, stored, _first_day(sheets), reason, context)


def _withhold(
    plan: PricePlan, name: str, stored: Stored, offered: Mapping[str, str], reason: str, context: PlanContext
) -> None:
    current = in_force(stored.get(name, ()), context.at)
    plan.withheld[name] = WithheldChange(described(current.sheet if current else None), offered, reason)


def _first_day(past: Sequence[Sheet]) -> dict[str, str]:
    return {"past prices": f"from {past[0].starts_at:%Y-%m-%d}"}


def _offered(plan: PricePlan, name: str) -> dict[str, str]:
    """The figures and dates in which the source differs."""
    if name in plan.new:
        return described(plan.new[name])
    changed = [plan.changed[name]] if name in plan.changed else plan.announced.get(name, [])
    offered = {
        change.label: change.texts[1] or "none" for price in changed for change in changes(price.before, price.prices)
    }
    offered |= {f"price from {sheet.starts_at:%Y-%m-%d}": "none" for sheet in plan.withdrawn.get(name, [])}
    for ending in plan.endings.get(name, []):
        if not ending.is_covered:
            offered[f"end of the price from {ending.sheet.starts_at:%Y-%m-%d}"] = ending.end
    return offered
