"""Prices that a source may not set: they are pinned, or from a person or a source that is trusted more."""

from collections.abc import Mapping

from catalog.imports.context import PlanContext
from catalog.imports.provenance import run_writers
from catalog.models.pin import price_field
from catalog.prices import Sheet
from catalog.source_trust import PERSON, WithheldChange
from pricing.engine.formatting.lines import changes, described
from pricing.imports.prices.plan import PricePlan
from pricing.models import PriceSheet


def withhold(plan: PricePlan, stored: Mapping[str, Sheet], context: PlanContext) -> None:
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
