"""An import plan as a short text: how much changes, what was found, and what to do next."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from catalog.error_messages import count, printable
from catalog.exact import digits
from pricing.engine.formatting.lines import changes
from pricing.engine.formatting.lines import summary as price_summary
from pricing.imports.plan import ImportPlan
from pricing.imports.prices.changes import PriceChange
from pricing.imports.prices.plan import PricePlan

LINES_SHOWN = 5
# The kinds of lines that disappear.
KINDS_SHOWN = 20


def summary(plan: ImportPlan, *, run: int | None = None, limit: int = LINES_SHOWN) -> str:
    """The plan for a person at a terminal, with `limit` lines of each part; the JSON report is complete.

    `run` is the number of the import run that applied the plan.
    """
    parts = [
        _models(plan, limit),
        _prices(plan, limit),
        _dated_prices(plan, limit),
        _other_sources(plan),
        _others(plan, limit),
        section("Suspicious", _suspicious(plan), limit),
        section("Not changed, although the source says otherwise", _withheld(plan, limit), limit),
        section("No longer in the source, nothing is deleted", plan.missing, limit),
        section("New ids that may be existing models", _unmatched(plan), limit),
        section("Rows of aliases", [f"{name} is {model}" for name, model in plan.aliases.items()], limit),
        _findings(plan, limit),
        _unmapped(plan, limit),
        _impact(plan),
        _next_step(plan, run),
    ]
    return printable("\n".join(part for part in parts if part))


def section(title: str, lines: Sequence[str], limit: int, how: str = "") -> str:
    """A title with the number of lines, and the first of them; empty without lines."""
    if not lines:
        return ""
    rest = more(len(lines), limit, how)
    return "\n".join([f"{title} ({len(lines):,}):", *(f"  {line}" for line in lines[:limit]), *rest])


def _suspicious(plan: ImportPlan) -> list[str]:
    return [f"{name}: {'; '.join(sentences)}" for name, sentences in plan.suspicious.items()]


def _impact(plan: ImportPlan) -> str:
    """What it does to keys and prices: the same lines as everywhere."""
    if plan.impact is None or plan.is_empty:
        return ""
    lines = plan.impact.lines()
    return lines[0] if plan.impact.is_empty else section("Impact", lines, len(lines))


def _withheld(plan: ImportPlan, limit: int) -> list[str]:
    changes = [
        (name, field, change) for name, fields in plan.facts.withheld.items() for field, change in fields.items()
    ]
    changes += [(name, f"{plan.prices.role} price", change) for name, change in plan.prices.withheld.items()]
    return [
        f"{name}: {what} {_short(change.stored, limit)}, not {_short(change.offered, limit)} ({change.reason})"
        for name, what, change in changes
    ]


def _unmatched(plan: ImportPlan) -> list[str]:
    return [
        f"{name} may be {match.model} ({match.rule}): {plan.suggested_prices.get(name, 'one of them has no price')}"
        for name, match in plan.unmatched.items()
    ]


def _models(plan: ImportPlan, limit: int) -> str:
    facts = plan.facts
    line = (
        f"{plan.options.source.name}: {count(len(facts.new), 'new model')}, {len(facts.changed)} changed, "
        f"{facts.unchanged} unchanged, {len(plan.missing)} no longer in the source."
    )
    names = [f"  New: {_names(facts.new, limit)}"] if facts.new else []
    examples = [f"  {name}: {_changes(changes, limit)}" for name, changes in list(facts.changed.items())[:limit]]
    return "\n".join([line, *names, *examples, *more(len(facts.changed), limit)])


def _changes(changes: Mapping[str, tuple[object, object]], limit: int) -> str:
    return ", ".join(f"{name} {_short(old, limit)} → {_short(new, limit)}" for name, (old, new) in changes.items())


def _short(value: object, limit: int) -> str:
    """A value in words; only its beginning, unless all lines are shown."""
    if isinstance(value, dict):
        value = [f"{label} {amount}" for label, amount in value.items()]
    if isinstance(value, Decimal):
        value = digits(value)
    if isinstance(value, bool):
        value = "yes" if value else "no"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value if value is not None else "")
    text = text or "nothing"
    return text if len(text) <= 40 or limit > LINES_SHOWN else f"{text[:39]}…"


def _prices(plan: ImportPlan, limit: int) -> str:
    prices = plan.prices
    if plan.structure.prices and prices.is_empty:
        # A whole catalog lists its prices by role; they are counted with its structure.
        return ""
    line = (
        f"Prices ({prices.role}): {len(prices.new)} new, {len(prices.changed)} changed, {prices.unchanged} unchanged, "
        f"{count(len(prices.without), 'model')} without one."
    )
    if prices.without:
        line += f" Without one: {_names(prices.without, limit)}."
    return "\n".join([line, *_price_rows(prices, limit)])


def _price_rows(prices: PricePlan, limit: int) -> list[str]:
    """The new and changed current prices of one role."""
    new = [f"  {name}: nothing → {price_summary(sheet, limit)}" for name, sheet in prices.new.items()]
    if limit <= LINES_SHOWN:
        new = [f"  New: {_names(prices.new, limit)}"] if new else []
    changed = [f"  {name}: {_moves(change, limit)}" for name, change in list(prices.changed.items())[:limit]]
    return [*new, *changed, *more(len(prices.changed), limit)]


def _moves(change: PriceChange, limit: int) -> str:
    # Facts beside the prices can be all that changes.
    sentences = [line.sentence for line in changes(change.before, change.prices)] or [
        f"{name} {_short(old, limit)} → {_short(new, limit)}" for name, (old, new) in change.moves.items()
    ]
    most = 3 if limit <= LINES_SHOWN else len(sentences)
    return "; ".join([*sentences[:most], *(["…"] if len(sentences) > most else [])])


def _dated_prices(plan: ImportPlan, limit: int) -> str:
    plans = [plan.prices, *plan.structure.prices.values()]
    lines = [
        f"{name}: {sentence}" for prices in plans for name in prices.touched for sentence in prices.announcements(name)
    ]
    return section("Announced prices, and ends of prices", lines, limit)


def _other_sources(plan: ImportPlan) -> str:
    """How many lines disappear, and how many of other sources stay: they change what customers pay in some cases."""
    prices, counts = plan.prices, plan.prices.counts()
    lines = []
    if removed := prices.removed:
        kinds = Counter(label for labels in removed.values() for label in labels)
        most = [f"{label} ({count})" for label, count in kinds.most_common(KINDS_SHOWN)]
        rest = counts["removed_lines"] - sum(count for _, count in kinds.most_common(KINDS_SHOWN))
        others = f" and {count(rest, 'other line')}" if rest else ""
        disappear = f"{count(counts['removed_lines'], 'line')} of {count(len(removed), 'model')}"
        lines.append(f"Lines that disappear: {disappear}: {'; '.join(most)}{others}.")
    if number := counts["lines_of_other_sources"]:
        lines.append(f"Lines of other sources that stay beside changed prices: {number}.")
    if number := counts["added_lines"]:
        lines.append(f"Lines added beside those of other sources: {number}.")
    if prices.confirmed:
        lines.append(f"Prices of less trusted sources that this source confirms: {_names(prices.confirmed)}.")
    return "\n".join(lines)


def _others(plan: ImportPlan, limit: int) -> str:
    facts, structure = plan.facts, plan.structure
    lines = []
    if facts.channel:
        created = " (new)" if facts.new_channel else ""
        joins = f", group {plan.joins_group} will reach it" if plan.joins_group else ""
        lines.append(f"Channel {facts.channel}{created}{joins}: {count(len(facts.offers), 'new offer')}.")
        if facts.offers:
            lines[-1] += f" Offered: {_names(facts.offers, limit)}."
    if facts.vendors:
        lines.append(f"New vendors: {_names(facts.vendors, limit)}.")
    if facts.without_vendor:
        lines.append(f"Unknown vendor, listed under Other: {_names(facts.without_vendor, limit)}.")
    if past := plan.prices.past:
        lines.append(
            f"Past prices: {sum(map(len, past.values()))} of {_names(past, limit)}, before the first stored one."
        )
    for name, counts in structure.counts().items():
        counted = ", ".join(f"{number} {what}" for what, number in counts.items())
        lines.append(f"{name.replace('_', ' ').capitalize()}: {counted}.")
        if name in structure.tables:
            rows = structure.tables[name].changes
            removed = [" ".join(key) for key in structure.tables[name].removed]
            lines += [f"  Removed: {_names(removed, limit)}"] if removed else []
            lines += [f"  {' '.join(key)}: {_changes(changes, limit)}" for key, changes in list(rows.items())[:limit]]
            lines += more(len(rows), limit)
        else:
            lines += _price_rows(structure.prices[name.removesuffix(" prices")], limit)
    if structure.joins:
        lines.append(f"Groups that reach channels: {len(structure.joins)} new.")
        lines += [f"  {group} → {channel}" for group, channel in structure.joins[:limit]]
        lines += more(len(structure.joins), limit)
    if structure.leaves:
        lines.append(f"Groups that no longer reach channels: {len(structure.leaves)}.")
        lines += [f"  {group} → {channel}" for group, channel in structure.leaves[:limit]]
        lines += more(len(structure.leaves), limit)
    return "\n".join(lines)


def _findings(plan: ImportPlan, limit: int) -> str:
    findings = sorted(plan.findings.by_sentence.items(), key=lambda finding: -len(finding[1]))
    lines = [f"{_names(models)}: {text}." if models else f"{text}." for text, models in findings]
    return section("Findings", lines, 2 * limit)


def _unmapped(plan: ImportPlan, limit: int) -> str:
    keys = [f"{key} ({number})" for key, number in plan.findings.unmapped.most_common()]
    return f"Unknown keys, not imported: {_names(keys, max(limit, 8))}." if keys else ""


def _next_step(plan: ImportPlan, run: int | None) -> str:
    guards = [f"  {guard}" for guard in plan.guards]
    if guards and run is not None:
        return "\n".join([f"Applied as import run {run}, without the models that are held back:", *guards])
    if guards:
        return "\n".join(["Stopped. Nothing was written:", *guards])
    if plan.is_empty:
        return "Nothing to do."
    if run is not None:
        return f"Applied as import run {run}. To undo it: rollback_import {run}"
    return "Nothing was written. To apply this plan, repeat the command with --apply."


def _names(names: Iterable[str], limit: int = LINES_SHOWN) -> str:
    listed: Sequence[str] = list(names)
    others = f" and {len(listed) - limit} more" if len(listed) > limit else ""
    return ", ".join(listed[:limit]) + others


def more(number: int, limit: int, how: str = "") -> list[str]:
    """A line that says how many are not shown, if some are not, and `how` to see them."""
    return [f"  … and {number - limit:,} more{how}."] if number > limit else []
