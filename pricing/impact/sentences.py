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
    # Keys that lose everything are one line, whatever each of them saw.
    keys = _grouped(impact.keys, by=lambda key: (key.end, key.on, key.access.is_emptied or key.access))
    # The sentences of thousands of prices would take seconds: only those of the first models are made.
    models = _grouped(impact.prices, by=lambda price: price.model)
    prices = [alike for model in models[:LINES_SHOWN] for alike in _grouped(model, by=_kind)]
    return [
        *_first(keys, _of_keys, "more key"),
        *_first([[group] for group in impact.groups], lambda groups: _of_group(groups[0]), "more group"),
        *_of_visitors(impact.visitors),
        *_first([*prices, *models[LINES_SHOWN:]], lambda alike: _of_prices(alike, impact.public_groups), "more price"),
    ]


def guard_sentence(keys: Sequence["KeyImpact"]) -> str:
    """Why the change must be confirmed; these keys lose much."""
    first = _named_first(keys)[:KEYS_SHOWN]
    shown = ", ".join(f"{key.name} ({key.loss.figures})" if key.name else key.loss.figures for key in first)
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
    first = [other.name for other in _named_first(keys)[:KEYS_SHOWN] if other.name]
    names = ", ".join(first) + (", …" if len(keys) > len(first) else "")
    subject = (f"The key {names}" if first else "A key") if is_one else f"{len(keys):,} keys"
    subject += f" ({names})" if first and not is_one else ""
    is_alike = all(other.access == key.access for other in keys)
    loss = f"loses its {count(key.access.before, 'model')}" if is_one else "lose all their models"
    if key.end:
        end = f"{'is' if is_one else 'are'} {key.end}"
        return f"{subject} {end}{f' and {loss}' if key.access.before else ''}."
    clauses = _clauses(key.access, is_one=is_one) if is_alike else [loss]
    if key.on:
        return f"From {key.on} on, {subject[0].lower()}{subject[1:]} {_join(clauses)}."
    return f"{subject} {_join(clauses)}."


def _of_group(group: "GroupImpact") -> str:
    subject = f"The group {group.group}" if group.group else "A group"
    if group.is_deleted:
        return f"{subject} is deleted; it reached {count(group.access.before, 'model')}."
    access, clauses = group.access, []
    if access.lost:
        clauses.append(f"no longer reaches {_share(access)} ({names_in_words(access.loses)})")
    if access.gained:
        clauses.append(f"also reaches {count(access.gained.count, 'model')} ({names_in_words(access.gains)})")
    clauses += _of_aliases(access, is_one=True)
    return f"{subject} {_join(clauses)}."


def _of_visitors(access: "Access") -> Iterator[str]:
    if access.is_empty:
        return
    clauses = []
    if access.lost:
        clauses.append(f"no longer see {_share(access)} of the price list ({names_in_words(access.loses)})")
    if access.gained:
        clauses.append(f"also see {count(access.gained.count, 'model')} ({names_in_words(access.gains)})")
    yield f"Visitors without a key {_join([*clauses, *_of_aliases(access, is_one=False)])}."


def _kind(price: "PriceImpact") -> Hashable:
    """Equal for prices of a model that are one line."""
    return (price.sentence, price.payers and (price.group, price.old_group, price.payers))


def _of_prices(prices: Sequence["PriceImpact"], public: frozenset[str]) -> str:
    groups = [price.group for price in prices if price.group]
    others = len(prices) - len(groups)
    if groups:
        shown = [*groups, *([count(others, "other")] if others else [])]
        readers = f"group {shown[0]}" if len(shown) == 1 else f"groups {_join(shown)}"
    else:
        readers = count(others, "group")
    visitors = " and visitors" if not public.isdisjoint(groups) else ""
    subject = f"The price of {prices[0].model} for {readers}{visitors}"
    if payers := prices[0].payers:
        first = [payer.name for payer in payers if payer.name][:KEYS_SHOWN]
        names = ", ".join(first) + (", …" if len(payers) > len(first) else "") if first else count(len(payers), "key")
        new, old = (slug or "another group" for slug in (prices[0].group, prices[0].old_group))
        subject = f"The price of {prices[0].model} in group {new} instead of {old} ({names})"
    return f"{subject} changes." if prices[0].is_withheld else f"{subject}: {prices[0].sentence}."


def _named_first(keys: Sequence["KeyImpact"]) -> list["KeyImpact"]:
    return sorted(keys, key=lambda key: not key.name)


def _clauses(access: "Access", *, is_one: bool) -> list[str]:
    """What a key loses and gains, with a verb for one or several keys."""
    s = "s" if is_one else ""
    clauses = []
    if access.lost:
        clauses.append(f"lose{s} {_share(access)} ({names_in_words(access.loses)})")
    if access.gained:
        clauses.append(f"gain{s} {count(access.gained.count, 'model')} ({names_in_words(access.gains)})")
    return clauses + _of_aliases(access, is_one=is_one)


def _of_aliases(access: "Access", *, is_one: bool) -> list[str]:
    clauses = []
    if access.lost_aliases:
        clauses.append(f"can no longer use the {_aliases(access.lost_aliases)}")
    if access.new_aliases:
        clauses.append(f"can use the new {_aliases(access.new_aliases)}")
    clauses += [
        f"get{'s' if is_one else ''} {redirect.after} instead of {redirect.before} under the name {redirect.name}"
        for redirect in access.redirects[:NAMES_SHOWN]
    ]
    if len(access.redirects) > NAMES_SHOWN:
        left = count(len(access.redirects) - NAMES_SHOWN, "more name")
        clauses.append(f"get{'s' if is_one else ''} other models under {left}")
    clauses += [
        f"no longer list{'s' if is_one else ''} {names_in_words(loss.lost.sorted)} for clients of {loss.clients}"
        for loss in access.lists
    ]
    if access.delisted:
        it = "it" if is_one else "they"
        verb = "no longer lists" if is_one else "no longer list"
        them = "it" if access.delisted.count == 1 else "them"
        clauses.append(f"{verb} {names_in_words(access.unlisted)} ({it} can still use {them})")
    return clauses


def _share(access: "Access") -> str:
    """3 of 112 models; all 112 models"""
    if not access.after and access.lost.count == access.before:
        return "the only model" if access.before == 1 else f"all {access.before:,} models"
    return f"{access.lost.count:,} of {count(access.before, 'model')}"


def _aliases(names: Sequence[str]) -> str:
    return f"{'alias' if len(names) == 1 else 'aliases'} {names_in_words(names)}"


def _join(parts: Sequence[str]) -> str:
    """a, b and c"""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def _first(groups: Sequence[list[T]], render: Callable[[list[T]], str], more: str) -> list[str]:
    """A line for each of the first groups, and the number of rows in the others."""
    left = sum(map(len, groups[LINES_SHOWN:]))
    return [*map(render, groups[:LINES_SHOWN]), *([f"And {count(left, more)}."] if left else [])]


def _grouped(rows: Iterable[T], *, by: Callable[[T], Hashable]) -> list[list[T]]:
    """The rows with an equal value together, in the order of their first ones."""
    groups: dict[Hashable, list[T]] = {}
    for row in rows:
        groups.setdefault(by(row), []).append(row)
    return list(groups.values())
