"""Writes the prices of an import."""

from dataclasses import replace

from catalog.imports.context import WriteContext
from catalog.imports.facts import model_keys
from pricing.imports.prices.plan import PricePlan
from pricing.models import PriceSheet


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
