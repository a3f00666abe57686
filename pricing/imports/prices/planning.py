"""Plans the prices of an import: which models need a new sheet, and which figures change.

Sheets are immutable: a changed price is a new sheet from the moment of the import, and an equal price writes nothing.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from catalog.imports.context import Findings, PlanContext
from catalog.models.pin import price_field
from catalog.prices import Sheet
from catalog.progress import track
from catalog.source_trust import BY_HAND, WithheldChange, outranks
from catalog.sources.records import Document, Record
from pricing.engine.combinations import unpriced_combinations
from pricing.engine.formatting.lines import changes, described, label
from pricing.engine.line_keys import line_key
from pricing.imports.prices.changes import PriceChange, compare, outdated_details
from pricing.imports.prices.merging import Authority, Withheld
from pricing.imports.prices.past import plan_past
from pricing.imports.prices.plan import PricePlan
from pricing.imports.prices.references import compare_elsewhere, compare_first_prices
from pricing.imports.prices.stored import StoredSheet, stored_sheets
from pricing.imports.prices.timeline import Ending, Offer, Timeline, TimelinePlanner
from pricing.imports.prices.validity import why_invalid, without_unjudged_lines
from pricing.imports.prices.withholding import withhold_past, withhold_pinned
from pricing.models import PriceSheet
from pricing.published.prices import in_force


def plan_prices(
    document: Document,
    context: PlanContext,
    *,
    role: str,
    stated: Mapping[str, Mapping[str, Sheet]] = MappingProxyType({}),
) -> PricePlan:
    """Plans which models of the document need a new sheet of this role; writes nothing.

    `stated`: role -> model -> its price, if the document has prices of several roles.
    """
    plan, authority = PricePlan(role), Authority(context.policy)
    # A whole catalog lists its prices by role, beside its models.
    priced_elsewhere = {name for sheets in document.structure.prices.values() for name in sheets}
    offers = {record.name: _offer_of(record, context.findings) for record in document.records}
    dated = {name for name, offer in offers.items() if offer.has_dates}
    stored = stored_sheets(role, at=context.at, dated=dated)
    for name, offer in track(list(offers.items()), "Comparing prices"):
        if offer.current is None and name not in priced_elsewhere:
            plan.without.append(name)
        if offer.current is not None or offer.has_dates:
            sheets = stored.get(name, [])
            _add(plan, name, TimelinePlanner(sheets, offer, authority, at=context.at).plan(), authority, context)
    if role == PriceSheet.Role.LIST:
        plan_past(plan, document, context)
    withhold_pinned(plan, stored, context)
    withhold_past(plan, stored, authority, context)
    for name, change in plan.price_changes:
        _report_outdated(name, change, authority, context.findings)
    _report_combinations(plan, context)
    priced = {name for name, sheets in stored.items() if in_force(sheets, context.at)}
    compare_first_prices(plan, priced, stated=_current(stated, at=context.at), at=context.at)
    compare_elsewhere(plan, document, at=context.at)
    return plan


def end_prices(plan: PricePlan, names: Iterable[str], *, at: dt.datetime) -> None:
    """Adds to the plan that the prices of these models end now; prices that were announced stay."""
    ended = list(names)
    if not ended:
        return
    stored = stored_sheets(plan.role, at=at, dated=ended)
    for name in ended:
        started = [sheet for sheet in stored.get(name, ()) if sheet.starts_at < at]
        if (current := in_force(started, at)) is not None:
            # A sheet before it would be current again.
            plan.endings[name] = [Ending(sheet, at, is_now=True, is_covered=sheet is not current) for sheet in started]
            plan.unpriced[name] = "from now on"


def _current(stated: Mapping[str, Mapping[str, Sheet]], *, at: dt.datetime) -> dict[str, dict[str, Sheet]]:
    """The prices that can be stored and that apply now."""
    return {
        role: {name: sheet for name, sheet in sheets.items() if sheet.applies_at(at) and why_invalid(sheet) is None}
        for role, sheets in stated.items()
    }


def _report_combinations(plan: PricePlan, context: PlanContext) -> None:
    """Adds a finding for each new price that has no own price for a combination of conditions."""
    for name, sheet in {**plan.new, **{name: change.prices for name, change in plan.changed.items()}}.items():
        for sentence in unpriced_combinations(sheet.lines):
            context.findings.add(sentence, name)


def _offer_of(record: Record, findings: Findings) -> Offer:
    """The valid prices of a record."""
    current = _valid(record.prices, record.name, "the price in this row was not imported", findings)
    announced = [_valid(sheet, record.name, "an announced price was left out", findings) for sheet in record.announced]
    return Offer(
        current,
        [sheet for sheet in announced if sheet is not None],
        has_ended=record.prices is None and bool(record.past),
        is_announced_whole=None not in announced,
    )


def _valid(sheet: Sheet | None, name: str, consequence: str, findings: Findings) -> Sheet | None:
    if sheet is None:
        return None
    sheet = without_unjudged_lines(sheet, name, findings)
    if problem := why_invalid(sheet):
        findings.leave_out(f"{problem}; {consequence}", name)
        return None
    return sheet if sheet.lines else None


def _add(plan: PricePlan, name: str, timeline: Timeline, authority: Authority, context: PlanContext) -> None:
    """Adds the changes of one model to the plan."""
    stored = timeline.periods[0].stored
    for sheet in timeline.new:
        if sheet.starts_at is not None:
            before = timeline.price_before(sheet.starts_at) or Sheet(sheet.currency, ())
            plan.announced.setdefault(name, []).append(compare(before, sheet))
        elif stored is None:
            plan.new[name] = sheet
        else:
            plan.changed[name] = compare(stored.sheet, sheet)
    if timeline.withdrawn:
        plan.withdrawn[name] = timeline.withdrawn
    if timeline.endings:
        plan.endings[name] = timeline.endings
    if moment := timeline.unpriced_from:
        plan.unpriced[name] = "from now on" if moment == context.at else f"from {moment:%Y-%m-%d} on"
    if timeline.withheld is not None:
        plan.withheld[name] = _as_change(timeline.withheld)
    elif stored is not None and name not in plan.changed:
        plan.unchanged += 1
        context.policy.note_pinned(name, price_field(plan.role), stored.sheet, stored.sheet)
    if confirmed := _confirmed(timeline, authority):
        plan.confirmed[name] = confirmed


def _as_change(withheld: Withheld) -> WithheldChange:
    offered = {change.label: change.texts[1] or "none" for change in changes(withheld.stored, withheld.offered)}
    return WithheldChange(described(withheld.stored), offered, withheld.reason)


def _report_outdated(name: str, change: PriceChange, authority: Authority, findings: Findings) -> None:
    start = f" from {change.prices.starts_at:%Y-%m-%d} on" if change.prices.starts_at else ""
    for line in outdated_details(change):
        what = f"the base price changes{start}, but {label(line)} stays as {authority.writer_of(line)} states it"
        findings.add(f"{what}; check whether it is outdated", name)


def _confirmed(timeline: Timeline, authority: Authority) -> dict[int, list[int]]:
    """Sheet -> the positions of its lines that a source of a lower rank wrote, too.

    They become lines of the importing source, so that no source of a lower rank may change them. A line
    that the source states only for a part of the sheet's time remains the other source's. A file by hand that repeats
    a price writes nothing.
    """
    if authority.writer.trust >= BY_HAND or authority.is_operator:
        return {}
    confirmed: dict[int, set[int]] = {}
    for period in timeline.periods:
        if period.stored is None or not period.is_same:
            continue
        stated = _confirmed_lines(period.stored, period.price, authority) if isinstance(period.price, Sheet) else ()
        confirmed.setdefault(period.stored.key, set(stated)).intersection_update(stated)
    return {key: sorted(positions) for key, positions in confirmed.items() if positions}


def _confirmed_lines(stored: StoredSheet, price: Sheet, authority: Authority) -> list[int]:
    if stored.runs == {stored.run} and authority.is_own(stored):
        return []
    positions = []
    stated = {line_key(line) for line in price.lines if line.run is None}
    for position, line in enumerate(stored.lines):
        writer = authority.writer_of(line)
        if writer is not None and outranks(authority.writer, writer) and line_key(line) in stated:
            positions.append(position)
    return positions
