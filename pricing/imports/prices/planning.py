"""Plans the prices of an import: which models need a new sheet, and which figures change.

Sheets are immutable: a changed price is a new sheet from the moment of the import, and an equal price writes nothing.
"""

from catalog.imports.context import PlanContext
from catalog.models.pin import price_field
from catalog.progress import track
from catalog.sources.records import Document
from pricing.engine.combinations import unpriced_combinations
from pricing.engine.equality import same_price
from pricing.imports.prices.announced import plan_announced
from pricing.imports.prices.changes import compare
from pricing.imports.prices.past import plan_past
from pricing.imports.prices.plan import PricePlan
from pricing.imports.prices.references import compare_elsewhere, compare_first_prices
from pricing.imports.prices.stored import current_sheets
from pricing.imports.prices.validity import why_invalid, without_unjudged_lines
from pricing.imports.prices.withholding import withhold
from pricing.models import PriceSheet


def plan_prices(document: Document, context: PlanContext, *, role: str) -> PricePlan:
    """Plans which models of the document need a new sheet of this role; writes nothing."""
    plan = PricePlan(role)
    stored = current_sheets(role, at=context.at)
    # A whole catalog lists its prices by role, beside its models.
    priced_elsewhere = {name for sheets in document.structure.prices.values() for name in sheets}
    for record in track(document.records, "Comparing prices"):
        sheet = without_unjudged_lines(record.prices, record.name, context.findings) if record.prices else None
        if sheet is not None and (problem := why_invalid(sheet)):
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
            plan.changed[record.name] = compare(stored[record.name], sheet)
    plan_announced(plan, document, stored, context)
    if role == PriceSheet.Role.LIST:
        plan_past(plan, document, context)
    if not context.policy.is_unrestricted:
        withhold(plan, stored, context)
    _report_combinations(plan, context)
    compare_first_prices(plan, stored, at=context.at)
    compare_elsewhere(plan, document, at=context.at)
    return plan


def _report_combinations(plan: PricePlan, context: PlanContext) -> None:
    """Adds a finding for each new price that has no own price for a combination of conditions."""
    for name, sheet in {**plan.new, **{name: change.prices for name, change in plan.changed.items()}}.items():
        for sentence in unpriced_combinations(sheet.lines):
            context.findings.add(sentence, name)
