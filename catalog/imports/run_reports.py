"""The report of an import run as people read it: titled sections of lines. Imports no models."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

# A first import adds thousands of models, which nobody reads on a page; the rest is counted.
LINES_SHOWN = 200
TITLES = {
    "guards": "Why it was stopped",
    "impact.lines": "Impact",
    "suspicious": "Suspicious",
    "findings": "Findings",
    "price_rules": "Prices by rules of the gateway's program",
    "left_out": "Not carried over",
    "unmatched": "New ids that may be existing models",
    "new_aliases": "New aliases, and their models",
    "aliases": "Rows of aliases, assigned to their models",
    "unmapped": "Unknown keys, not imported, and how often they appear",
    "changed": "Changed models",
    "prices.changed": "Changed prices",
    "prices.announcements": "Announced prices, and ends of prices",
    "prices.removed": "Lines that disappear",
    "prices.added": "Lines added beside those of other sources",
    "prices.confirmed": "Prices of less trusted sources that this source confirms",
    "kept": "Not changed, although the source says otherwise",
    "prices.kept": "Prices not changed, although the source says otherwise",
    "rates": "Group rates",
    "popular": "Popular models",
    "missing": "No longer in the source",
    "without_vendor": "Without a vendor",
    "prices.without": "Without a price",
    "new": "New models",
    "prices.new": "New prices",
    "offers.models": "New offers",
    "vendors": "New vendors",
}

# The tables of operators' roles and of customers' keys.
ABOUT_PEOPLE = ("tokens", "roles")
# In the guard that names keys.
ACCEPT_LOSS = "--accept-loss"
# The parts that state prices or rates.
WITH_PRICES = ("prices", "suspicious", "jumps", "placeholders", "price_rules", "rates")
# The names of keys in a finding about an alias, as tokens/auth/alias_effects.py writes it.
NAMES_OF_KEYS = re.compile(r"( \d+ keys?) \(.*\)(?=, because the alias )", re.DOTALL)


def without_keys(finding: str) -> str:
    """A finding for people who may not see all keys: it counts them."""
    return NAMES_OF_KEYS.sub(r"\1", finding)


def without_prices(report: Mapping[str, Any]) -> dict[str, Any]:
    """The report for people who may not see prices."""
    parts = {name: part for name, part in report.items() if name not in WITH_PRICES}
    if isinstance(parts.get("structure"), dict):
        parts["structure"] = {name: part for name, part in parts["structure"].items() if name != "rates"}
    if isinstance(parts.get("unmatched"), dict):
        parts["unmatched"] = {
            name: {key: value for key, value in match.items() if key != "prices"}
            for name, match in parts["unmatched"].items()
        }
    return parts


def without_names(report: Mapping[str, Any]) -> dict[str, Any]:
    """The report for people who may not see all keys, groups and prices: its impact in numbers."""
    parts = dict(report)
    if isinstance(parts.get("impact"), dict):
        numbers = counted(parts["impact"].get("counts") or {})
        parts["impact"] = {"lines": [f"{number:,} {name} change" for name, number in numbers.items()]}
    if isinstance(parts.get("structure"), dict):
        parts["structure"] = {name: part for name, part in parts["structure"].items() if name not in ABOUT_PEOPLE}
    if isinstance(parts.get("findings"), list):
        parts["findings"] = [_without_keys(finding) for finding in parts["findings"]]
    if isinstance(parts.get("guards"), list):
        parts["guards"] = [guard for guard in parts["guards"] if ACCEPT_LOSS not in str(guard)]
    return parts


def _without_keys(finding: Any) -> Any:
    """A finding with its models; runs of earlier versions have only its text."""
    if isinstance(finding, Mapping):
        return {**finding, "finding": without_keys(finding["finding"])}
    return without_keys(str(finding))


def counted(counts: Mapping[str, int]) -> dict[str, int]:
    """The counts that are not 0, under names for people: new_prices as new prices."""
    return {name.replace("_", " "): count for name, count in counts.items() if count}


def sections(report: Mapping[str, Any]) -> list[tuple[str, int, list[str]]]:
    """Title, number of lines and first lines of each part of the report that has any."""
    parts = dict(report)
    for name in ("prices", "offers", "impact"):
        if isinstance(parts.get(name), dict):
            parts |= {f"{name}.{key}": value for key, value in parts.pop(name).items()}
    if isinstance(parts.get("unmatched"), dict):
        parts["unmatched"] = {
            name: f"{match['candidate']} ({match['rule']})" + (f": {match['prices']}" if match.get("prices") else "")
            for name, match in parts["unmatched"].items()
        }
    parts |= {name: _withheld(parts[name]) for name in ("kept", "prices.kept") if parts.get(name)}
    for name in ("prices.announcements", "prices.added"):
        parts[name] = {model: "; ".join(sentences) for model, sentences in (parts.get(name) or {}).items()}
    titled = [(title, list(_lines(parts.get(name)))) for name, title in TITLES.items()]
    # Version 0.1.0 did not list the endpoint types of price lists under structure.
    tables = {"endpoint_types": {"new": parts.get("endpoint_types") or [], "changed": {}}} | parts.get("structure", {})
    # The prices of a whole catalog, by role.
    tables |= {f"{role} prices": part for role, part in tables.pop("prices", {}).items()}
    titled += [
        (name.replace("_", " ").capitalize(), _table_lines(part, is_left=name == "leaves"))
        for name, part in tables.items()
        if name not in TITLES
    ]
    return [(title, len(lines), lines[:LINES_SHOWN]) for title, lines in titled if lines]


def _table_lines(part: Any, *, is_left: bool = False) -> list[str]:
    """The new, changed and removed rows of one table of the structure, or the groups that reach channels, or left."""
    if isinstance(part, list):
        return [f"group {group} {'no longer reaches' if is_left else 'reaches'} {channel}" for group, channel in part]
    removed = (f"{name} (removed)" for name in part.get("removed", ()))
    return [*(f"{name} (new)" for name in part["new"]), *_lines(part["changed"]), *removed]


def _withheld(part: Mapping[str, Any]) -> dict[str, Any]:
    """Each model's, or each of its fields', stored and offered value and the reason, in words."""

    def in_words(value: Any) -> Any:
        if isinstance(value, list):
            return f"{_text(value[0])}, not {_text(value[1])} ({value[2]})"
        return {name: in_words(change) for name, change in value.items()}

    return {name: in_words(value) for name, value in part.items()}


def _lines(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (f"{name}: {_text(value)}" for name, value in part.items())
    elif isinstance(part, list):
        yield from (_text(value) for value in part)


def _text(value: Any) -> str:
    if isinstance(value, dict) and "finding" in value:
        return str(value["finding"]) + (f" ({_names(value['models'])})" if value.get("models") else "")
    if isinstance(value, dict):
        return "; ".join(f"{name} {_text(part)}" for name, part in value.items())
    if isinstance(value, list):
        return " → ".join(map(_text, value)) if len(value) == 2 else ", ".join(map(_text, value))
    return "(none)" if value in (None, "") else str(value)


def _names(models: list[str]) -> str:
    return ", ".join(models[:5]) + (f" and {len(models) - 5:,} more" if len(models) > 5 else "")
