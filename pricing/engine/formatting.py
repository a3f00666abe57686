"""How the figures of prices read for people: in plans and reviews, on sheets and in the check-up. Imports no models."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from catalog.exact import digits, multiply, write_json
from catalog.prices import Line, Sheet
from pricing.engine.money import per_million


def figures_of(prices: Sheet | None) -> dict[str, str]:
    """Figures for people, by name: a million tokens are the measure, anything else is as the source has it."""
    return {label: amount_of(figure) for label, figure in labelled(prices).items()}


def labelled(prices: Sheet | None) -> dict[str, Line]:
    """Figures under names for people that tell them apart, by a number where meter, unit and conditions are alike."""
    found: dict[str, Line] = {}
    for figure in prices.lines if prices else ():
        label = base = label_of(figure)
        number = 2
        while label in found:
            label, number = f"{base} ({number})", number + 1
        found[label] = figure
    return found


def differences(before: Sheet | None, after: Sheet) -> dict[str, tuple[str, str]]:
    """Line -> how it reads in the one and in the other, where that differs."""
    old, new = figures_of(before), figures_of(after)
    found = {label: (old.get(label, "none"), new.get(label, "none")) for label in {**old, **new}}
    if before is not None and before.currency != after.currency:
        found["currency"] = (before.currency, after.currency)
    return {label: pair for label, pair in found.items() if pair[0] != pair[1]}


def moved(old: Line | None, new: Line | None) -> tuple[str | None, str | None]:
    """Both amounts, for as many units as the one that counts more of them at once, where that is exact."""
    most = max(figure.per for figure in (old, new) if figure)
    return _for_so_many(most, old), _for_so_many(most, new)


def _for_so_many(most: int, figure: Line | None) -> str | None:
    if figure is None or figure.amount is None:
        return None
    amount, per = figure.amount, figure.per
    if most % per == 0:
        amount, per = multiply(amount, Decimal(most // per)), most
    return digits(amount) if per == 1 else f"{digits(amount)} per {per}"


def amount_of(figure: Line) -> str:
    """One figure for people, e.g. `2.5 per 1M` or `0.04 per image`."""
    if figure.amount is None:
        return figure.kind
    if figure.unit == "token":
        return f"{digits(per_million(figure.amount, figure.per))} per 1M"
    return f"{digits(figure.amount)} per {f'{figure.per:,} ' if figure.per != 1 else ''}{figure.unit or 'unit'}"


def label_of(figure: Line | Line) -> str:
    """A figure's name for people, e.g. `input, token [prompt_tokens gt 200000]`."""
    what = figure.meter or "all"
    what = f"{what}, {figure.unit}" if figure.unit else what
    what = what if figure.kind == "absolute" else f"{what} ({figure.kind})"
    if not figure.conditions:
        return what
    return f"{what} [{told_conditions(figure.conditions)}]"


def told_conditions(conditions: Any) -> str:
    """Conditions for people, e.g. `prompt_tokens gt 200000; service_tier eq flex`; what is none is told as it is."""
    listed = conditions if isinstance(conditions, list | tuple) else [conditions]
    return "; ".join(dict.fromkeys(map(_condition, listed)))


def _condition(each: Any) -> str:
    is_sound = isinstance(each, Mapping) and {"dim", "op", "value"} <= each.keys()
    return f"{each['dim']} {each['op']} {_value(each['value'])}" if is_sound else _value(each)


def _value(value: Any) -> str:
    return value if isinstance(value, str) else write_json(value).decode()
