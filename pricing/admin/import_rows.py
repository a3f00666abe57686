"""An import plan as rows for people: one a model, with what is done to it figure by figure, and what is odd about it.

Only the rows of the page that is shown are made; a plan may have thousands.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.source_trust import WithheldChange
from pricing.engine.formatting.lines import changes, summary
from pricing.imports.plan import ImportPlan
from pricing.imports.prices import PriceChange

# What a new model's row tells; the rest is read when it is there.
TOLD_OF_NEW = ("vendor", "display_name", "context_length", "max_output_tokens", "capabilities", "status", "released_on")
PRICES_SHOWN = 4
VIEWS: Mapping[str, str] = {
    "all": "All",
    "suspicious": "Suspicious",
    "changed": "Changed",
    "prices": "Prices",
    "new": "New",
    "kept": "Kept",
    "missing": "Missing",
}


@dataclass(frozen=True)
class ReviewLine:
    """One thing that changes or stays: what it is called, what it is now, and what the source says."""

    what: str
    now: str
    new: str
    note: str = ""
    stays: bool = False


@dataclass
class ModelRow:
    """One model of a plan."""

    name: str
    # Words with the colour of their label.
    marks: list[tuple[str, str]] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    lines: list[ReviewLine] = field(default_factory=list)
    can_be_chosen: bool = True


def names_of(plan: ImportPlan) -> dict[str, list[str]]:
    """View -> the models in it, what is odd first."""
    facts, prices = plan.facts, plan.prices
    kept = list(dict.fromkeys([*facts.withheld, *prices.withheld]))
    every = list(dict.fromkeys([*plan.suspicious, *facts.changed, *prices.changed, *prices.announced, *plan.touched]))
    return {
        "all": [*every, *(name for name in kept if name not in set(every)), *plan.missing],
        "suspicious": list(plan.suspicious),
        "changed": list(facts.changed),
        "prices": list(dict.fromkeys([*prices.changed, *prices.announced, *prices.new, *prices.past])),
        "new": list(facts.new),
        "kept": kept,
        "missing": plan.missing,
    }


def found(names: Collection[str], text: str) -> list[str]:
    """Those whose ids hold the text."""
    wanted = text.strip().casefold()
    return [name for name in names if wanted in name.casefold()]


def row_of(plan: ImportPlan, name: str) -> ModelRow:
    facts, prices = plan.facts, plan.prices
    row = ModelRow(name, odd=plan.suspicious.get(name, []), can_be_chosen=name in set(plan.touched))
    if name in facts.new:
        row.marks.append(("New", "success"))
        row.lines += _new_facts(facts.new[name])
    for what, (old, new) in facts.changed.get(name, {}).items():
        row.lines.append(ReviewLine(_title(what), _text(old), _text(new)))
    if name in prices.new:
        row.lines.append(ReviewLine(f"{prices.role.capitalize()} price", "", summary(prices.new[name], PRICES_SHOWN)))
    for change in [prices.changed[name]] if name in prices.changed else []:
        row.lines += _moves(change)
    for change in prices.announced.get(name, []):
        start = f"from {change.prices.starts_at:%Y-%m-%d}" if change.prices.starts_at else ""
        row.lines += _moves(change, start)
    for past in prices.past.get(name, []):
        span = f"from {past.starts_at:%Y-%m-%d} until {f'{past.ends_at:%Y-%m-%d}' if past.ends_at else 'now'}"
        row.lines.append(ReviewLine(f"Past {prices.role} price", "", summary(past, PRICES_SHOWN), span))
    if name in facts.offers:
        row.lines.append(ReviewLine("Offer", "", f"on {facts.channel}"))
    row.lines += list(_structure(plan, name))
    row.lines += [_kept(_title(what), each) for what, each in facts.withheld.get(name, {}).items()]
    if name in prices.withheld:
        row.lines.append(_kept(f"{prices.role.capitalize()} price", prices.withheld[name]))
    if name in plan.missing:
        row.marks.append(("No longer in the source", "warning"))
    return row


def _new_facts(fields: Mapping[str, Any]) -> Iterator[ReviewLine]:
    told = [(name, fields[name]) for name in TOLD_OF_NEW if fields.get(name)]
    text = " · ".join(
        _text(value) if name == "vendor" else f"{_title(name).lower()} {_text(value)}" for name, value in told
    )
    yield ReviewLine("Facts", "", text or "nothing but its id")


def _moves(change: PriceChange, note: str = "") -> Iterator[ReviewLine]:
    for each in changes(change.before, change.prices):
        old, new = (text or "none" for text in each.texts)
        far = "moves far" if each.label in change.jumps else ""
        yield ReviewLine(each.label, old, new, " ".join(filter(None, (note, far))))


def beside(plan: ImportPlan) -> list[ReviewLine]:
    """The changes that belong to no model."""
    return list(_structure(plan, None))


def _structure(plan: ImportPlan, model: str | None) -> Iterator[ReviewLine]:
    for what, fields in plan.structure.changes(model=model):
        if not fields:
            yield ReviewLine(what.capitalize(), "none", "new")
        for name, (old, new) in fields.items():
            yield ReviewLine(f"{what} {name.replace('_', ' ')}".strip().capitalize(), _text(old), _text(new))


def _kept(what: str, kept: WithheldChange) -> ReviewLine:
    return ReviewLine(what, _text(kept.stored), _text(kept.offered), f"stays: {kept.reason}", stays=True)


def _title(field_name: str) -> str:
    return field_name.replace("_", " ").capitalize()


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return " · ".join(f"{label} {amount}" for label, amount in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return "none" if value in (None, "") else str(value)
