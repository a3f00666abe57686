"""An import plan as rows of the review page: one per model, with each change and the reasons to look at it.

Only the rows of one page are built, because a plan may have thousands.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.source_trust import WithheldChange
from pricing.engine.formatting.lines import changes, summary
from pricing.imports.plan import ImportPlan
from pricing.imports.prices.changes import PriceChange
from pricing.imports.prices.plan import PricePlan

# The fields in the row of a new model; the others are on the model's own page.
NEW_FIELDS = (
    "vendor", "display_name", "context_length", "max_input_tokens", "max_output_tokens", "capabilities", "status",
    "released_on",
)  # fmt: skip
PRICES_SHOWN = 4
VIEWS: Mapping[str, str] = {
    "all": "All",
    "suspicious": "Suspicious",
    "jumps": "Large changes",
    "placeholders": "To confirm",
    "changed": "Changed",
    "prices": "Prices",
    "new": "New",
    "kept": "Not applied",
    "missing": "No longer listed",
}


@dataclass(frozen=True)
class ReviewLine:
    """One value of a model: its name, its current value, and the value of the source."""

    name: str
    now: str
    new: str
    note: str = ""
    is_applied: bool = True


@dataclass
class ModelRow:
    """One model of a plan."""

    name: str
    # Text and color of each label.
    marks: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    lines: list[ReviewLine] = field(default_factory=list)
    can_be_chosen: bool = True
    # Whether a price moves so far that a person must accept it.
    has_jump: bool = False
    # Whether a price may mean that there is none, so that a person must confirm it.
    has_placeholder: bool = False


def names_of(plan: ImportPlan) -> dict[str, list[str]]:
    """View -> the names of its models, suspicious ones first."""
    facts, prices = plan.facts, plan.prices
    withheld = list(dict.fromkeys([*facts.withheld, *prices.withheld]))
    changed = list(dict.fromkeys([*plan.suspicious, *facts.changed, *prices.changed, *prices.announced, *plan.touched]))
    return {
        "all": [*dict.fromkeys([*changed, *withheld, *plan.placeholders]), *plan.missing],
        "suspicious": list(plan.suspicious),
        "jumps": list(plan.jumps),
        "placeholders": list(plan.placeholders),
        "changed": list(facts.changed),
        "prices": list(dict.fromkeys([*prices.changed, *prices.announced, *prices.touched])),
        "new": list(facts.new),
        "kept": withheld,
        "missing": plan.missing,
    }


def matching(names: Collection[str], text: str) -> list[str]:
    """The names that contain the text, in any case."""
    text = text.strip().casefold()
    return [name for name in names if text in name.casefold()]


def row_of(plan: ImportPlan, name: str) -> ModelRow:
    facts, prices = plan.facts, plan.prices
    row = ModelRow(
        name,
        warnings=plan.suspicious.get(name, []),
        can_be_chosen=name in set(plan.touched),
        has_jump=name in plan.jumps,
        has_placeholder=name in plan.placeholders,
    )
    if name in facts.new:
        row.marks.append(("New", "success"))
        row.lines += _new_facts(facts.new[name])
    for field_name, (old, new) in facts.changed.get(name, {}).items():
        row.lines.append(ReviewLine(_title(field_name), _text(old), _text(new)))
    for plan_of_role in (prices, *plan.structure.prices.values()):
        row.lines += _price_changes(plan_of_role, name)
    if name in facts.offers:
        row.lines.append(ReviewLine("Offer", "", f"on {facts.channel}"))
    row.lines += list(_structure(plan, name))
    row.lines += [_not_applied(_title(what), change) for what, change in facts.withheld.get(name, {}).items()]
    if name in prices.withheld:
        row.lines.append(_not_applied(f"{prices.role.capitalize()} price", prices.withheld[name]))
    if name in plan.placeholders:
        title = f"{prices.role.capitalize()} price"
        note = "not imported: may be the placeholder for a missing price"
        row.lines.append(ReviewLine(title, *plan.placeholders[name], note, is_applied=False))
    if name in plan.missing:
        row.marks.append(("No longer listed", "warning"))
    return row


def _price_changes(prices: PricePlan, name: str) -> Iterator[ReviewLine]:
    """What changes in the prices of one role: new, current, scheduled and past ones."""
    if name in prices.new:
        far = "; ".join(f"{label} {text}" for label, text in prices.first_jumps.get(name, {}).items())
        note = f"large change: {far}" if far else ""
        yield ReviewLine(f"{prices.role.capitalize()} price", "", summary(prices.new[name], PRICES_SHOWN), note)
    if name in prices.changed:
        yield from _price_lines(prices.changed[name])
    for change in prices.announced.get(name, []):
        start = f"from {change.prices.starts_at:%Y-%m-%d}" if change.prices.starts_at else ""
        yield from _price_lines(change, start)
    yield from _withdrawals_and_ends(prices, name)
    if name in prices.confirmed:
        yield ReviewLine(f"{prices.role.capitalize()} price", "the same", "confirmed by this source")
    for past in prices.past.get(name, []):
        span = f"from {past.starts_at:%Y-%m-%d} until {f'{past.ends_at:%Y-%m-%d}' if past.ends_at else 'now'}"
        yield ReviewLine(f"Past {prices.role} price", "", summary(past, PRICES_SHOWN), span)


def _new_facts(fields: Mapping[str, Any]) -> Iterator[ReviewLine]:
    known = [(name, fields[name]) for name in NEW_FIELDS if fields.get(name)]
    text = " · ".join(
        _text(value) if name == "vendor" else f"{_title(name).lower()} {_text(value)}" for name, value in known
    )
    yield ReviewLine("Facts", "", text or "only its id")


def _price_lines(change: PriceChange, note: str = "") -> Iterator[ReviewLine]:
    for line in changes(change.before, change.prices):
        old, new = (text or "none" for text in line.texts)
        jump = f"large change: {change.jumps[line.label]}" if line.label in change.jumps else ""
        yield ReviewLine(line.label, old, new, " ".join(filter(None, (note, jump))))


def _withdrawals_and_ends(prices: PricePlan, name: str) -> Iterator[ReviewLine]:
    announced = {change.prices.starts_at for change in prices.announced.get(name, [])}
    for sheet in prices.withdrawn.get(name, []):
        moved = prices.moved_to(name, sheet)
        if sheet.starts_at in announced:
            new, note = "as announced now", "changed"
        else:
            new, note = (f"from {moved:%Y-%m-%d}", "moved") if moved else ("none", "withdrawn")
        field_name = f"Announced price from {sheet.starts_at:%Y-%m-%d}"
        yield ReviewLine(field_name, summary(sheet.sheet, PRICES_SHOWN), new, note)
    for ending in prices.endings.get(name, []):
        if not ending.is_covered:
            before = f"{ending.sheet.ends_at:%Y-%m-%d}" if ending.sheet.ends_at else "none"
            yield ReviewLine(f"End of the price since {ending.sheet.starts_at:%Y-%m-%d}", before, ending.end)


def other_changes(plan: ImportPlan) -> list[ReviewLine]:
    """The changes that are not about a single model."""
    return list(_structure(plan, None))


def _structure(plan: ImportPlan, model: str | None) -> Iterator[ReviewLine]:
    for label, fields in plan.structure.changes(model=model):
        if not fields:
            yield ReviewLine(_sentence(label), "none", "new")
        for name, (old, new) in fields.items():
            yield ReviewLine(_sentence(f"{label} {name.replace('_', ' ')}".strip()), _text(old), _text(new))


def _not_applied(name: str, change: WithheldChange) -> ReviewLine:
    note = f"not applied: {change.reason}"
    return ReviewLine(name, _text(change.stored), _text(change.offered), note, is_applied=False)


def _sentence(text: str) -> str:
    """The text with a capital at its start; the letters of names stay, because VIP and vip are two groups."""
    return text[:1].upper() + text[1:]


def _title(field_name: str) -> str:
    return field_name.replace("_", " ").capitalize()


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return " · ".join(f"{label} {amount}" for label, amount in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "none" if value in (None, "") else str(value)
