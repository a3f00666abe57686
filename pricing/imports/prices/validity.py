"""Which prices of a source can be stored."""

from dataclasses import replace
from typing import Any

from catalog.imports.context import Findings
from catalog.prices import Line, Sheet, only_money
from catalog.vocabulary import currency_fault
from pricing.engine.money import UNITS, is_meter
from pricing.engine.validation import condition_fault, duplicate_faults, number_faults
from pricing.models import PriceLine

# A line of these kinds may be about all meters.
MAY_HAVE_NO_METER = frozenset({PriceLine.Kind.MULTIPLIER, PriceLine.Kind.DYNAMIC, PriceLine.Kind.INCLUDED})


def without_unjudged_lines(sheet: Sheet, name: str, findings: Findings) -> Sheet:
    """The sheet without lines that cannot be evaluated; these are stored unchanged among its facts."""
    for problem in duplicate_faults(sheet.lines):
        findings.add(f"{problem}; the last one applies", name)
    lines: list[Line] = []
    unjudged: list[dict[str, Any]] = []
    for line in sheet.lines:
        if problem := _why_unjudged(line):
            findings.add(f"{line.meter or line.kind}: {problem}; the line is stored as a fact and sets no price", name)
            fact = {**vars(line), "conditions": list(line.conditions)}
            del fact["run"]
            unjudged.append(fact)
        else:
            lines.append(line)
    if not unjudged:
        return sheet
    # Prices of 0 are not the whole price if another line has no unit.
    lines = lines if only_money(sheet.lines) else []
    return replace(sheet, lines=tuple(lines), facts={**sheet.facts, "unjudged": unjudged})


def _why_unjudged(line: Line) -> str:
    """Why no price can be computed from a line; empty if it can."""
    if not line.is_money:
        return f"is counted in {line.unit}, which is not money" if line.unit else "has no unit, so it is not a price"
    return condition_fault(line) or ""


def why_invalid(sheet: Sheet) -> str | None:
    """Why the sheet cannot be a price from any source; None if it is valid."""
    if fault := currency_fault(sheet.currency):
        return fault.rstrip(".")
    for line in sheet.lines:
        name = line.meter or line.kind
        if not line.meter and line.kind not in MAY_HAVE_NO_METER:
            return f"a line of the kind {line.kind} has no meter"
        if line.meter and not is_meter(line.meter):
            return f"{line.meter[:64]!r} is not a valid meter: use e.g. input, output or input.cache_read"
        if line.unit and line.unit not in UNITS:
            return f"{name} has the unknown unit {line.unit[:32]}"
        if len(line.meter) > 128:
            return f"the meter {name[:64]}… is longer than 128 characters"
    return next(number_faults(sheet.lines, currency=sheet.currency), None)
