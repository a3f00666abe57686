"""An impact in sentences, which every plan, page and message shows in the same words."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from catalog.error_messages import count

if TYPE_CHECKING:
    from pricing.impact.impact import Access, GroupImpact, Impact, KeyImpact, PriceImpact

NO_EFFECT = "No key loses or gains a model, and no price changes."
# Keys and models that a sentence names, and prices that are listed.
KEYS_SHOWN = 3
NAMES_SHOWN = 10
LINES_SHOWN = 20

T = TypeVar("T")


def sentences(impact: "Impact") -> list[str]:
    """All of it: keys, groups, visitors, prices; each part with its first lines and how many more there are."""
    keys = _grouped(impact.keys, by=lambda key: (key.end, key.access))
    prices = _grouped(impact.prices, by=lambda price: (price.model, price.sentence))
    return [
        *_first([_of_keys(alike) for alike in keys], "more lines about keys"),
        *_first([_of_group(group) for group in impact.groups], "more groups"),
        *_of_visitors(impact.visitors),
        *_first([_of_prices(alike, impact.public_groups) for alike in prices], "more prices"),
    ]


def guard_sentence(keys: Sequence["KeyImpact"]) -> str:
    """Why the change must be confirmed; these keys lose much."""
    shown = ", ".join(f"{key.name} ({key.access.figures})" for key in keys[:KEYS_SHOWN])
    more = ", …" if len(keys) > KEYS_SHOWN else ""
    verb = "loses" if len(keys) == 1 else "lose"
    whose = "its" if len(keys) == 1 else "their"
    return f"{count(len(keys), 'key')} {verb} more than 5 % of {whose} models, or all of them: {shown}{more}."


def names_in_words(names: Sequence[str]) -> str:
    """a, b, c and 7 more"""
    shown = ", ".join(names[:NAMES_SHOWN])
    return shown if len(names) <= NAMES_SHOWN else f"{shown} and {len(names) - NAMES_SHOWN:,} more"


def _of_keys(keys: Sequence["KeyImpact"]) -> str:
    key, is_one = keys[0], len(keys) == 1
    names = ", ".join(key.name for key in keys[:KEYS_SHOWN]) + (", …" if len(keys) > KEYS_SHOWN else "")
    subject = f"The key {names}" if is_one else f"{len(keys):,} keys ({names})"
    if key.end:
        end = f"{'is' if is_one else 'are'} {key.end}"
        loss = f" and {'loses its' if is_one else 'lose their'} {count(key.access.before, 'model')}"
        return f"{subject} {end}{loss if key.access.before else ''}."
    return f"{subject} {_join(_clauses(key.access, is_one=is_one))}."


def _of_group(group: "GroupImpact") -> str:
    if group.is_deleted:
        return f"The group {group.group} is deleted; it reached {count(group.access.before, 'model')}."
    access, clauses = group.access, []
    if access.loses:
        clauses.append(f"no longer reaches {_share(access)} ({names_in_words(access.loses)})")
    if access.gains:
        clauses.append(f"also reaches {count(len(access.gains), 'model')} ({names_in_words(access.gains)})")
    clauses += _of_aliases(access, is_one=True)
    return f"The group {group.group} {_join(clauses)}."


def _of_visitors(access: "Access") -> Iterator[str]:
    if access.is_empty:
        return
    clauses = []
    if access.loses:
        clauses.append(f"no longer see {_share(access)} of the price list ({names_in_words(access.loses)})")
    if access.gains:
        clauses.append(f"also see {count(len(access.gains), 'model')} ({names_in_words(access.gains)})")
    yield f"Visitors without a key {_join([*clauses, *_of_aliases(access, is_one=False)])}."


def _of_prices(prices: Sequence["PriceImpact"], public: frozenset[str]) -> str:
    groups = [price.group for price in prices]
    readers = f"group {groups[0]}" if len(groups) == 1 else f"groups {_join(groups)}"
    visitors = " and visitors" if not public.isdisjoint(groups) else ""
    return f"The price of {prices[0].model} for {readers}{visitors}: {prices[0].sentence}."


def _clauses(access: "Access", *, is_one: bool) -> list[str]:
    """What a key loses and gains, with a verb for one or several keys."""
    s = "s" if is_one else ""
    clauses = []
    if access.loses:
        clauses.append(f"lose{s} {_share(access)} ({names_in_words(access.loses)})")
    if access.gains:
        clauses.append(f"gain{s} {count(len(access.gains), 'model')} ({names_in_words(access.gains)})")
    return clauses + _of_aliases(access, is_one=is_one)


def _of_aliases(access: "Access", *, is_one: bool) -> list[str]:
    clauses = []
    if access.lost_aliases:
        clauses.append(f"can no longer use the {_aliases(access.lost_aliases)}")
    if access.new_aliases:
        clauses.append(f"can use the new {_aliases(access.new_aliases)}")
    if access.unlisted:
        it = "it" if is_one else "they"
        verb = "no longer lists" if is_one else "no longer list"
        them = "it" if len(access.unlisted) == 1 else "them"
        clauses.append(f"{verb} {names_in_words(access.unlisted)} ({it} can still use {them})")
    return clauses


def _share(access: "Access") -> str:
    """3 of 112 models; all 112 models"""
    if not access.after and len(access.loses) == access.before:
        return "the only model" if access.before == 1 else f"all {access.before:,} models"
    return f"{len(access.loses):,} of {count(access.before, 'model')}"


def _aliases(names: Sequence[str]) -> str:
    return f"{'alias' if len(names) == 1 else 'aliases'} {names_in_words(names)}"


def _join(parts: Sequence[str]) -> str:
    """a, b and c"""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def _first(lines: Sequence[str], more: str) -> list[str]:
    left = len(lines) - LINES_SHOWN
    return [*lines[:LINES_SHOWN], *([f"And {left:,} {more}."] if left > 0 else [])]


def _grouped(rows: Iterable[T], *, by: Callable[[T], Hashable]) -> list[list[T]]:
    """The rows with an equal value together, in the order of their first ones."""
    groups: dict[Hashable, list[T]] = {}
    for row in rows:
        groups.setdefault(by(row), []).append(row)
    return list(groups.values())
