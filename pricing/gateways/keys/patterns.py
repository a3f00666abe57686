"""Converts a gateway's lists of allowed and blocked models into patterns of a key. Imports no models.

A gateway compares the name in its list with the name that it looks up for a call: new-api looks up one name for all
variants of some models, so `gpt-4-gizmo-*` in a list covers all of them, and `gpt-4-gizmo-abc` none. Every other
entry is one name, even if it contains a `*` or looks like a selector of this application.
"""

from collections.abc import Callable, Iterable, Iterator

from catalog.sources.completion_ratios import GIZMOS, THINKING
from tokens.scope import literal

MatchedName = Callable[[str], str]


def allow_patterns(limits: Iterable[str], matched_name: MatchedName, names: Iterable[str]) -> tuple[list[str], bool]:
    """Patterns of exactly the calls that the gateway allows, and whether entries were left out that allow no call."""
    entries = list(limits)
    effective = [entry for entry in entries if matched_name(entry) == entry]
    return _patterns(effective, matched_name, names), len(effective) < len(entries)


def deny_patterns(blocked: Iterable[str], matched_name: MatchedName, names: Iterable[str]) -> tuple[list[str], bool]:
    """Patterns of exactly the calls that the gateway refuses, and whether entries were left out that refuse no call.

    The gateway does not trim: an entry with a space around it blocks nothing.
    """
    entries = list(blocked)
    effective = [entry for entry in entries if matched_name(entry) == entry == entry.strip()]
    return _patterns(effective, matched_name, names), len(effective) < len(entries)


def _patterns(entries: Iterable[str], matched_name: MatchedName, names: Iterable[str]) -> list[str]:
    known = list(names)
    patterns: list[str] = []
    for entry in entries:
        variants = list(_variants(entry)) if matched_name is not str else []
        if variants:
            others = (name for name in known if matched_name(name) == entry)
            patterns += [*variants, *map(literal, others)]
        else:
            patterns.append(literal(entry))
    return list(dict.fromkeys(patterns))


def _variants(entry: str) -> Iterator[str]:
    """Patterns of the names for which new-api looks up this one; empty if it is looked up for itself alone."""
    for family in GIZMOS:
        if entry == f"{family}-*":
            yield f"{family}*"
    for family in THINKING:
        if entry == f"{family}-thinking-*":
            # A longer family has the same start: gemini-2.5-flash-lite is not a gemini-2.5-flash.
            is_start = any(other != family and other.startswith(family) for other in THINKING)
            yield from (
                (f"{family}-thinking-*", f"{family}-preview*-thinking-*") if is_start else [f"{family}*-thinking-*"]
            )
