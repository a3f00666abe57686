"""An import plan as a short text: how much of what, what was found, and what to do next."""

from collections.abc import Iterable, Sequence

from pricing.imports.plan import ImportPlan

SHOWN = 5


def summary(plan: ImportPlan, *, applied: bool, shown: int = SHOWN) -> str:
    """The plan for a person at a terminal, with so many lines of each part; the whole of it is in the JSON report."""
    parts = [
        _counts(plan, shown),
        _prices(plan, shown),
        _others(plan),
        _listed("Suspicious", _suspicious(plan), shown),
        _listed("Kept, though the source says otherwise", _kept(plan), shown),
        _listed("Missing from the source, nothing is deleted", plan.missing, shown),
        _listed("New ids that may be models here", _unmatched(plan), shown),
        _listed("Rows of aliases", [f"{name} is {model}" for name, model in plan.aliases.items()], shown),
        _findings(plan, shown),
        _unmapped(plan, shown),
        _next(plan, applied=applied),
    ]
    text = "\n".join(part for part in parts if part)
    # Ids and names come from strangers: no escape sequence of theirs reaches the terminal.
    return "".join(letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text)


def _listed(title: str, lines: Sequence[str], shown: int) -> str:
    return (
        "\n".join([f"{title} ({len(lines)}):", *(f"  {line}" for line in lines[:shown]), *_more(len(lines), shown)])
        if lines
        else ""
    )


def _suspicious(plan: ImportPlan) -> list[str]:
    return [f"{name}: {'; '.join(odd)}" for name, odd in plan.suspicious.items()]


def _kept(plan: ImportPlan) -> list[str]:
    fields = [(name, what, each) for name, of_model in plan.facts.withheld.items() for what, each in of_model.items()]
    fields += [(name, f"{plan.prices.role} price", each) for name, each in plan.prices.withheld.items()]
    return [
        f"{name}: {what} {_short(each.stored)}, not {_short(each.offered)} ({each.reason})"
        for name, what, each in fields
    ]


def _unmatched(plan: ImportPlan) -> list[str]:
    return [f"{name} may be {match.model} ({match.rule})" for name, match in plan.unmatched.items()]


def _counts(plan: ImportPlan, shown: int) -> str:
    facts = plan.facts
    line = (
        f"{plan.options.source.name}: {len(facts.new)} new models, {len(facts.changed)} changed, "
        f"{facts.unchanged} unchanged, {len(plan.missing)} missing from the source."
    )
    examples = [f"  {name}: {_changes(changes)}" for name, changes in list(facts.changed.items())[:shown]]
    return "\n".join([line, *examples, *_more(len(facts.changed), shown)])


def _changes(changes: dict[str, tuple[object, object]]) -> str:
    return ", ".join(f"{name} {_short(old)} -> {_short(new)}" for name, (old, new) in changes.items())


def _short(value: object) -> str:
    if isinstance(value, dict):
        value = [f"{label} {amount}" for label, amount in value.items()]
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = text or "nothing"
    return text if len(text) <= 40 else f"{text[:39]}…"


def _prices(plan: ImportPlan, shown: int) -> str:
    prices = plan.prices
    if plan.structure and prices.is_empty:
        # Told with all else that a whole catalog has beside its models.
        return ""
    line = (
        f"Prices ({prices.role}): {len(prices.new)} new, {len(prices.changed)} changed, {prices.unchanged} unchanged, "
        f"{len(prices.without)} models without one."
    )
    examples = []
    for name, change in list(prices.changed.items())[:shown]:
        moves = [f"{label} {old or 'none'} -> {new or 'none'}" for label, (old, new) in list(change.moves.items())[:3]]
        examples.append(f"  {name}: {', '.join(moves)}" + (", …" if len(change.moves) > 3 else ""))
    return "\n".join([line, *examples, *_more(len(prices.changed), shown)])


def _others(plan: ImportPlan) -> str:
    facts = plan.facts
    lines = []
    if facts.channel:
        made = " (new)" if facts.new_channel else ""
        joins = f", which group {plan.joins_group} will reach" if plan.joins_group else ""
        lines.append(f"Channel {facts.channel}{made}{joins}: {len(facts.offers)} models more on offer.")
    if facts.vendors:
        lines.append(f"New vendors: {_names(facts.vendors)}.")
    if facts.without_vendor:
        lines.append(f"Vendor not known, under Other: {_names(facts.without_vendor)}.")
    if facts.endpoint_types:
        lines.append(f"New endpoint types: {_names(facts.endpoint_types)}.")
    lines += [
        f"Rate of group {group}: {old if old is not None else 1} -> {new}." for group, (old, new) in plan.rates.items()
    ]
    if plan.popular:
        lines.append(f"Popular models: {len(plan.popular)} new or moved.")
    if past := plan.prices.past:
        lines.append(f"Past prices: {sum(map(len, past.values()))} of {_names(past)}, from before the first one here.")
    for name, counts in (plan.structure.counts() if plan.structure else {}).items():
        lines.append(f"{name.replace('_', ' ').capitalize()}: {counts['new']} new, {counts['changed']} changed.")
    return "\n".join(lines)


def _findings(plan: ImportPlan, shown: int) -> str:
    found = sorted(plan.findings.by_sentence.items(), key=lambda each: -len(each[1]))
    lines = [f"  {_names(models)}: {text}." if models else f"  {text}." for text, models in found[: 2 * shown]]
    return "\n".join([f"Found ({len(found)}):", *lines, *_more(len(found), 2 * shown)]) if found else ""


def _unmapped(plan: ImportPlan, shown: int) -> str:
    unmapped = plan.findings.unmapped.most_common()
    return (
        f"Keys with no place here: {_names([f'{key} ({count})' for key, count in unmapped], max(shown, 8))}."
        if unmapped
        else ""
    )


def _next(plan: ImportPlan, *, applied: bool) -> str:
    if plan.guards:
        return "\n".join(["Stopped, nothing was written:", *(f"  {guard}" for guard in plan.guards)])
    if plan.is_empty:
        return "Nothing to do."
    return "Applied." if applied else "Nothing was written. To carry it out, repeat with --apply."


def _names(names: Iterable[str], shown: int = SHOWN) -> str:
    listed: Sequence[str] = list(names)
    more = f" and {len(listed) - shown} more" if len(listed) > shown else ""
    return ", ".join(listed[:shown]) + more


def _more(number: int, shown: int) -> list[str]:
    return [f"  … and {number - shown} more."] if number > shown else []
