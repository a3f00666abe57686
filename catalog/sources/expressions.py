"""Billing expressions of new-api's language, version 1, read back into figures wherever figures can say the same.

What they cannot say is not read at all, so that no figure is ever half of a price.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, TypeGuard

from catalog.exact import InexactError, multiply
from catalog.prices import MILLION, Line
from catalog.sources.conditions import ONE_HOUR
from catalog.sources.expression_language import (
    ALWAYS,
    VARIABLES,
    AllOf,
    AnyOf,
    Asked,
    Choice,
    Compared,
    Condition,
    Field,
    Node,
    Number,
    Product,
    Sum,
    UnreadableError,
    Variable,
    is_of_the_clock,
    parse,
)
from catalog.sources.weekly_windows import windows

# Service tiers that no field of a request asks for: what it means that asks for none, and batches, which have an
# address of their own.
UNASKED_TIERS = frozenset({"", "auto", "default", "standard", "batch"})
# An expression with more to work through than this is a program and no price.
MOST_WORK = 50_000


@dataclass(frozen=True)
class Step:
    """What a meter costs where some conditions hold and the prompt is longer than so much, by variable."""

    conditions: tuple[Condition, ...]
    above: int
    amounts: tuple[Decimal, ...]


@dataclass(frozen=True)
class Case:
    """What is known of a request: which conditions hold, and how long its prompt is."""

    known: Mapping[Condition, bool] = field(default_factory=dict)
    length: int = 1

    def holds(self, node: Node) -> bool:
        if isinstance(node, Compared) and node.what == "len":
            return node.holds(self.length)
        if isinstance(node, Asked) or is_of_the_clock(node):
            return self.known[node]  # type: ignore[index]
        if isinstance(node, AllOf):
            return all(map(self.holds, node.parts))
        if isinstance(node, AnyOf):
            return any(map(self.holds, node.parts))
        raise UnreadableError


def read_expression(text: str) -> tuple[Line, ...] | None:
    """The figures of an expression, in dollars per million tokens; None where figures cannot say what it says.

    The first tier of a length is the plain price, and each further one a line above its boundary. A cache write that
    is named without one of an hour is a write of any lifetime, which is all that such a site counts.
    """
    try:
        figures = list(_Reading(parse(text)).figures())
    except (UnreadableError, InexactError):
        return None
    # What always counts comes first, for people; of one meter it does so anyway.
    return tuple(sorted(figures, key=lambda figure: bool(figure.conditions)))


class _Reading:
    """One parsed expression: what it asks of a request, and what it comes to for each answer."""

    def __init__(self, node: Node) -> None:
        self.prices, self.factors = _parted(node)
        probes: dict[Condition, None] = {}
        bounds: set[int] = set()
        size = sum(1 for _ in _walk(self.prices, probes, bounds))
        self.probes = list(probes)
        self.starts = [1, *(bound + 1 for bound in sorted(bounds) if bound > 0)]
        if size * len(self.starts) * 2 ** len(self.probes) > MOST_WORK:
            raise UnreadableError
        # A variable stands in every leaf or in none: elsewhere its tokens would cost nothing.
        named = _prices(self.prices, Case(dict.fromkeys(self.probes, False)))
        self.names = [name for name in VARIABLES if name in named]

    def figures(self) -> Iterator[Line]:
        for meter in dict.fromkeys(VARIABLES[name] for name in self.names):
            counted = [name for name in self.names if VARIABLES[name] == meter]
            for step in self._steps(self.probes, {}, counted):
                yield from _lines(meter, counted, step)
        for condition, factor in self.factors:
            yield Line("", factor, kind="multiplier", conditions=tuple(_told(_questions(condition))))

    def _steps(
        self, probes: Sequence[Condition], known: Mapping[Condition, bool], counted: Sequence[str]
    ) -> list[Step]:
        """The steps of a meter, what is asked least first: where several hold, the last counts."""
        if not probes:
            return self._by_length(known, counted)
        first, *rest = probes
        without = self._steps(rest, {**known, first: False}, counted)
        # A request has one service tier.
        excluded = {each: False for each in rest if _is_tier(first) and _is_tier(each)}
        still = [each for each in rest if each not in excluded]
        held = self._steps(still, {**known, **excluded, first: True}, counted)
        # What holds without it too need not be said again.
        said = len(without) if held[: len(without)] == without else 0
        return [*without, *(replace(step, conditions=(first, *step.conditions)) for step in held[said:])]

    def _by_length(self, known: Mapping[Condition, bool], counted: Sequence[str]) -> list[Step]:
        found: list[Step] = []
        for start in self.starts:
            prices = _prices(self.prices, Case(known, start))
            if prices.keys() != set(self.names):
                raise UnreadableError
            amounts = tuple(prices[name] for name in counted)
            if not found or found[-1].amounts != amounts:
                found.append(Step((), start - 1, amounts))
        return found


def _parted(node: Node) -> tuple[Node, list[tuple[Condition, Decimal]]]:
    """The prices, and the factors behind them that count always or where a line can ask for it."""
    if not isinstance(node, Product) or isinstance(node.parts[0], Number | Variable):
        return node, []
    found: list[tuple[Condition, Decimal]] = []
    for part in node.parts[1:]:
        match part:
            case Number(value):
                found.append((ALWAYS, value))
            case Choice(condition, Number(value), Number(one)) if one == 1 and _is_askable(condition):
                found.append((condition, value))
            case _:
                return node, []
    prices, inner = _parted(node.parts[0])
    return prices, [*inner, *found]


def _is_askable(node: Node) -> TypeGuard[Condition]:
    """Whether the conditions of one line can ask for it."""
    if isinstance(node, AllOf) and not is_of_the_clock(node):
        return all(map(_is_askable, node.parts))
    return isinstance(node, Asked) or is_of_the_clock(node)


def _questions(condition: Condition) -> tuple[Node, ...]:
    """The single questions of a condition; those of the clock are one."""
    if condition == ALWAYS:
        return ()
    return condition.parts if isinstance(condition, AllOf) and not is_of_the_clock(condition) else (condition,)


def _walk(node: Node, probes: dict[Condition, None], bounds: set[int]) -> Iterator[None]:
    """A step for each part; collects what is asked, and the lengths after which the answer is another."""
    yield None
    match node:
        case Compared("len", _, sign, number):
            bounds.add(int(number) - (sign in ("<", ">=")))
        case Asked() | Compared():
            probes[node] = None
        case AllOf() | AnyOf() if is_of_the_clock(node):
            probes[node] = None
        case Sum(parts) | Product(parts) | AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _walk(part, probes, bounds)
        case Choice(condition, yes, no):
            for part in (condition, yes, no):
                yield from _walk(part, probes, bounds)


def _prices(node: Node, case: Case) -> dict[str, Decimal]:
    """Variable -> its price in a case."""
    value = _value(node, case)
    if isinstance(value, Decimal):
        raise UnreadableError
    return value


def _value(node: Node, case: Case) -> Decimal | dict[str, Decimal]:
    match node:
        case Number(value):
            return value
        case Variable(name) if name in VARIABLES:
            return {name: Decimal(1)}
        case Choice(condition, yes, no):
            return _value(yes if case.holds(condition) else no, case)
        case Sum(parts):
            return _added([_prices(part, case) for part in parts])
        case Product(parts):
            return _multiplied([_value(part, case) for part in parts])
    raise UnreadableError


def _added(prices: Iterable[Mapping[str, Decimal]]) -> dict[str, Decimal]:
    total: dict[str, Decimal] = {}
    for each in prices:
        if total.keys() & each.keys():
            raise UnreadableError
        total |= each
    return total


def _multiplied(values: Sequence[Decimal | dict[str, Decimal]]) -> Decimal | dict[str, Decimal]:
    factor = multiply(*(value for value in values if isinstance(value, Decimal)))
    prices = [value for value in values if not isinstance(value, Decimal)]
    if len(prices) > 1:
        raise UnreadableError
    return {name: multiply(amount, factor) for name, amount in prices[0].items()} if prices else factor


def _is_tier(node: Node) -> bool:
    return isinstance(node, Asked) and node.field == Field("param", "service_tier")


def _lines(meter: str, counted: Sequence[str], step: Step) -> Iterator[Line]:
    """The line of a step; with a second one where a cache that lives for an hour costs something else."""
    conditions = tuple(_told(step.conditions))
    if step.above:
        conditions = (*conditions, {"dim": "prompt_tokens", "op": "gt", "value": step.above})
    first, last = step.amounts[0], step.amounts[-1]
    if counted[0] != "cc1h":
        yield Line(meter, first, MILLION, "token", conditions=conditions)
    if counted[-1] == "cc1h" and (len(counted) == 1 or first != last):
        yield Line(meter, last, MILLION, "token", conditions=(*conditions, ONE_HOUR))


def _told(questions: Iterable[Node]) -> list[Mapping[str, Any]]:
    """What is asked as conditions of a line."""
    found: list[Mapping[str, Any]] = []
    match_value: dict[str, dict[str, Any]] = {}
    for each in questions:
        if not isinstance(each, Asked):
            found.append({"dim": "time", "op": "in", "value": windows(each)})  # type: ignore[arg-type]
        elif _is_tier(each):
            found.append({"dim": "service_tier", "op": "eq", "value": _tier(each.value)})
        else:
            fields = match_value.setdefault("body" if each.field.place == "param" else "headers", {})
            if each.field.name in fields:
                raise UnreadableError
            fields[each.field.name] = each.value
    return [*found, {"dim": "request_match", "op": "eq", "value": match_value}] if match_value else found


def _tier(value: Any) -> str:
    if not isinstance(value, str) or value.casefold() in UNASKED_TIERS:
        raise UnreadableError
    return value
