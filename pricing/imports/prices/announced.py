"""Scheduled prices of an import."""

from collections.abc import Mapping

from catalog.imports.context import PlanContext
from catalog.prices import Sheet
from catalog.sources.records import Document
from pricing.engine.equality import same_price
from pricing.imports.prices.changes import compare
from pricing.imports.prices.plan import PricePlan
from pricing.imports.prices.stored import scheduled_sheets
from pricing.imports.prices.validity import why_invalid, without_unjudged_lines


def plan_announced(plan: PricePlan, document: Document, stored: Mapping[str, Sheet], context: PlanContext) -> None:
    """Adds the scheduled prices of the document to the plan."""
    records = [record for record in document.records if record.announced]
    known = scheduled_sheets(plan.role, at=context.at) if records else {}
    for record in records:
        before = record.prices or stored.get(record.name) or Sheet("USD", ())
        for announced in record.announced:
            sheet = without_unjudged_lines(announced, record.name, context.findings)
            if problem := why_invalid(sheet):
                context.findings.add(f"{problem}; an announced price was left out", record.name)
                continue
            same = known.get((record.name, sheet.starts_at))
            if same is None or not same_price(same, sheet, with_facts=sheet.states_facts):
                plan.announced.setdefault(record.name, []).append(compare(before, sheet))
            before = sheet
