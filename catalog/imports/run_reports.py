"""An import run's report as people read it: titled sections of lines. Imports no models."""

from collections.abc import Iterator, Mapping
from typing import Any

# A first import brings thousands of new names, which nobody reads on a page; the rest is counted.
LINES_SHOWN = 200
TITLES = {
    "guards": "What stopped it",
    "suspicious": "Worth a look",
    "findings": "Findings",
    "unmatched": "New ids that may be models here",
    "aliases": "Rows of aliases, taken for their models",
    "unmapped": "Left out: keys that nothing here has a place for, and how often they stand",
    "changed": "Changed models",
    "prices changed": "Changed prices",
    "kept": "Kept, though the source says otherwise",
    "prices kept": "Prices kept, though the source says otherwise",
    "rates": "Rates of groups",
    "missing": "No longer in the source",
    "without_vendor": "Without a vendor",
    "prices without": "Without a price any more",
    "new": "New models",
    "prices new": "New prices",
    "offers models": "Newly offered",
    "vendors": "New vendors",
    "endpoint_types": "New endpoint types",
    "popular": "Places among the popular models",
}


def counted(counts: Mapping[str, int]) -> dict[str, int]:
    """What there was any of, under names for people: new_prices as new prices."""
    return {name.replace("_", " "): count for name, count in counts.items() if count}


def sections(report: Mapping[str, Any]) -> list[tuple[str, int, list[str]]]:
    """Title, number of lines and the first of the lines of each part that has any."""
    parts = dict(report)
    for name in ("prices", "offers"):
        if isinstance(parts.get(name), dict):
            parts |= {f"{name} {key}": value for key, value in parts.pop(name).items()}
    if isinstance(parts.get("unmatched"), dict):
        parts["unmatched"] = {
            name: f"{match['candidate']} ({match['rule']})" for name, match in parts["unmatched"].items()
        }
    parts |= {name: _kept(parts[name]) for name in ("kept", "prices kept") if parts.get(name)}
    found = []
    for name, title in TITLES.items():
        lines = list(_lines(parts.get(name)))
        if lines:
            found.append((title, len(lines), lines[:LINES_SHOWN]))
    return found


def _kept(part: Mapping[str, Any]) -> dict[str, Any]:
    """Each model's, or each of its fields', present and offered value and the reason, in words."""

    def worded(value: Any) -> Any:
        if isinstance(value, list):
            return f"{_worded(value[0])}, not {_worded(value[1])} ({value[2]})"
        return {name: worded(each) for name, each in value.items()}

    return {name: worded(value) for name, value in part.items()}


def _lines(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (f"{name}: {_worded(value)}" for name, value in part.items())
    elif isinstance(part, list):
        yield from (_worded(value) for value in part)


def _worded(value: Any) -> str:
    if isinstance(value, dict) and "finding" in value:
        return str(value["finding"]) + (f" ({_names(value['models'])})" if value.get("models") else "")
    if isinstance(value, dict):
        return "; ".join(f"{name} {_worded(part)}" for name, part in value.items())
    if isinstance(value, list):
        return " → ".join(_worded(part) for part in value) if len(value) == 2 else ", ".join(map(_worded, value))
    return "(none)" if value in (None, "") else str(value)


def _names(models: list[str]) -> str:
    return ", ".join(models[:5]) + (f" and {len(models) - 5:,} more" if len(models) > 5 else "")
