"""Reads billing expressions in new-api's language, version 1, into price lines if lines can express them completely.

Other expressions are not read at all, so that a line is never half of a price.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, TypeGuard

from catalog.exact import InexactError, multiply, of_one
from catalog.prices import MILLION, Line
from catalog.sources.conditions import ONE_HOUR
from catalog.sources.expression_language import (
    ALWAYS,
    PER_REQUEST,
    VARIABLES,
    AllOf,
    AnyOf,
    Choice,
    Comparison,
    Condition,
    Field,
    FieldTest,
    Node,
    Number,
    Product,
    Sum,
    UnreadableError,
    Variable,
    is_about_time,
    parse,
)
from catalog.sources.weekly_windows import windows

# Service tiers that no request selects with a field: the default tier, and batches, which have their own address.
UNASKED_TIERS = frozenset({"", "auto", "default", "standard", "batch"})
# An expression with more steps than this is a program, not a price.
MOST_WORK = 50_000


@dataclass(frozen=True)
class Step:
    """The price of a meter, by variable, if the conditions hold and the prompt is longer than `above` tokens."""

    conditions: tuple[Condition, ...]
    above: int
    amounts: tuple[Decimal, ...]


@dataclass(frozen=True)
class Case:
    """A kind of request: which conditions hold, and the length of its prompt."""

    known: Mapping[Condition, bool] = field(default_factory=dict)
    length: int = 1

    def holds(self, node: Node) -> bool:
        if isinstance(node, Comparison) and node.what == "len":
            return node.holds(self.length)
        if isinstance(node, FieldTest) or is_about_time(node):
            return self.known[node]  # type: ignore[index]
        if isinstance(node, AllOf):
            return all(map(self.holds, node.parts))
        if isinstance(node, AnyOf):
            return any(map(self.holds, node.parts))
        raise UnreadableError


def has_large_product(text: str) -> bool:
    """Whether an expression has a product that is larger than any price."""
    try:
        list(_Expression(parse(text)).lines())
    except InexactError:
        return True
    except UnreadableError:
        pass
    return False


def read_expression(text: str) -> tuple[Line, ...] | None:
    """The price lines of an expression, in dollars per million tokens; None if lines cannot express it.

    The first length tier is the plain price, and each further tier a line above its boundary. A cache write without a
    separate price for one hour is a write of any lifetime: such a site does not distinguish them.
    """
    try:
        lines = list(_Expression(parse(text)).lines())
    except (UnreadableError, InexactError):
        return None
    # Unconditional lines come first, for readers; within a meter they already do.
    return tuple(sorted(lines, key=lambda line: bool(line.conditions)))


class _Expression:
    """A parsed expression: the conditions that it tests, and its price for each combination of answers."""

    def __init__(self, node: Node) -> None:
        self.prices, self.factors = _split_factors(node)
        probes: dict[Condition, None] = {}
        bounds: set[int] = set()
        size = sum(1 for _ in _walk(self.prices, probes, bounds))
        self.probes = list(probes)
        self.starts = [1, *(bound + 1 for bound in sorted(bounds) if bound > 0)]
        if size * len(self.starts) * 2 ** len(self.probes) > MOST_WORK:
            raise UnreadableError
        # A variable must appear in every leaf: otherwise its tokens would cost nothing in some cases.
        named = _prices(self.prices, Case(dict.fromkeys(self.probes, False)))
        self.names = [name for name in (*VARIABLES, PER_REQUEST) if name in named]

    def lines(self) -> Iterator[Line]:
        for meter in dict.fromkeys(map(_meter, self.names)):
            counted = [name for name in self.names if _meter(name) == meter]
            for step in self._steps(self.probes, {}, counted):
                yield from _lines(meter, counted, step)
        for condition, factor in self.factors:
            yield Line("", factor, kind="multiplier", conditions=tuple(_line_conditions(_parts(condition))))

    def _steps(
        self, probes: Sequence[Condition], known: Mapping[Condition, bool], counted: Sequence[str]
    ) -> list[Step]:
        """The steps of a meter, the least specific first: if several hold, the last one applies."""
        if not probes:
            return self._by_length(known, counted)
        first, *rest = probes
        without = self._steps(rest, {**known, first: False}, counted)
        # A request has one service tier.
        excluded = {probe: False for probe in rest if _is_tier(first) and _is_tier(probe)}
        remaining = [probe for probe in rest if probe not in excluded]
        with_first = self._steps(remaining, {**known, **excluded, first: True}, counted)
        # Steps that also hold without the condition are not repeated.
        repeated = len(without) if with_first[: len(without)] == without else 0
        return [*without, *(replace(step, conditions=(first, *step.conditions)) for step in with_first[repeated:])]

    def _by_length(self, known: Mapping[Condition, bool], counted: Sequence[str]) -> list[Step]:
        steps: list[Step] = []
        for start in self.starts:
            prices = _prices(self.prices, Case(known, start))
            if prices.keys() != set(self.names):
                raise UnreadableError
            amounts = tuple(prices[name] for name in counted)
            if not steps or steps[-1].amounts != amounts:
                steps.append(Step((), start - 1, amounts))
        return steps


def _split_factors(node: Node) -> tuple[Node, list[tuple[Condition, Decimal]]]:
    """The prices, and the factors after them that are unconditional or whose condition a line can express."""
    if not isinstance(node, Product) or isinstance(node.parts[0], Number | Variable):
        return node, []
    factors: list[tuple[Condition, Decimal]] = []
    for part in node.parts[1:]:
        match part:
            case Number(value):
                factors.append((ALWAYS, value))
            case Choice(condition, Number(value), Number(one)) if one == 1 and _is_expressible(condition):
                factors.append((condition, value))
            case _:
                return node, []
    prices, inner = _split_factors(node.parts[0])
    return prices, [*inner, *factors]


def _is_expressible(node: Node) -> TypeGuard[Condition]:
    """Whether the conditions of one line can express it."""
    if isinstance(node, AllOf) and not is_about_time(node):
        return all(map(_is_expressible, node.parts))
    return isinstance(node, FieldTest) or is_about_time(node)


def _parts(condition: Condition) -> tuple[Node, ...]:
    """The parts of a condition; those on the time are one part."""
    if condition == ALWAYS:
        return ()
    return condition.parts if isinstance(condition, AllOf) and not is_about_time(condition) else (condition,)


def _walk(node: Node, probes: dict[Condition, None], bounds: set[int]) -> Iterator[None]:
    """A step for each part; collects the conditions, and the lengths after which the price changes."""
    yield None
    match node:
        case Comparison("len", _, sign, number):
            bounds.add(int(number) - (sign in ("<", ">=")))
        case FieldTest() | Comparison():
            probes[node] = None
        case AllOf() | AnyOf() if is_about_time(node):
            probes[node] = None
        case Sum(parts) | Product(parts) | AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _walk(part, probes, bounds)
        case Choice(condition, yes, no):
            for part in (condition, yes, no):
                yield from _walk(part, probes, bounds)


def _prices(node: Node, case: Case) -> dict[str, Decimal]:
    """Variable -> its price for this kind of request."""
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
            return _add([_value(part, case) for part in parts])
        case Product(parts):
            return _multiply([_value(part, case) for part in parts])
    raise UnreadableError


def _add(values: Iterable[Decimal | dict[str, Decimal]]) -> dict[str, Decimal]:
    """The sum of prices; a number among them is the price of a request."""
    total: dict[str, Decimal] = {}
    for value in values:
        part = {PER_REQUEST: value} if isinstance(value, Decimal) else value
        if total.keys() & part.keys():
            raise UnreadableError
        total |= part
    return total


def _multiply(values: Sequence[Decimal | dict[str, Decimal]]) -> Decimal | dict[str, Decimal]:
    factor = multiply(*(value for value in values if isinstance(value, Decimal)))
    prices = [value for value in values if not isinstance(value, Decimal)]
    if len(prices) > 1:
        raise UnreadableError
    return {name: multiply(amount, factor) for name, amount in prices[0].items()} if prices else factor


def _meter(name: str) -> str:
    """The meter of a variable, or of the number for each request."""
    return "request" if name == PER_REQUEST else VARIABLES[name]


def _is_tier(node: Node) -> bool:
    return isinstance(node, FieldTest) and node.field == Field("param", "service_tier")


def _lines(meter: str, counted: Sequence[str], step: Step) -> Iterator[Line]:
    """The line of a step, and a second line if a cache that lives for an hour has another price."""
    conditions = tuple(_line_conditions(step.conditions))
    if step.above:
        conditions = (*conditions, {"dim": "prompt_tokens", "op": "gt", "value": step.above})
    first, last = step.amounts[0], step.amounts[-1]
    if counted == [PER_REQUEST]:
        yield Line(meter, of_one(first, MILLION), 1, "request", conditions=conditions)
        return
    if counted[0] != "cc1h":
        yield Line(meter, first, MILLION, "token", conditions=conditions)
    if counted[-1] == "cc1h" and (len(counted) == 1 or first != last):
        yield Line(meter, last, MILLION, "token", conditions=(*conditions, ONE_HOUR))


def _line_conditions(parts: Iterable[Node]) -> list[Mapping[str, Any]]:
    """The conditions of a line for these parts of a condition."""
    conditions: list[Mapping[str, Any]] = []
    match_value: dict[str, dict[str, Any]] = {}
    for part in parts:
        if not isinstance(part, FieldTest):
            conditions.append({"dim": "time", "op": "in", "value": windows(part)})  # type: ignore[arg-type]
        elif _is_tier(part):
            conditions.append({"dim": "service_tier", "op": "eq", "value": _tier(part.value)})
        else:
            fields = match_value.setdefault("body" if part.field.place == "param" else "headers", {})
            if part.field.name in fields:
                raise UnreadableError
            fields[part.field.name] = part.value
    if match_value:
        conditions.append({"dim": "request_match", "op": "eq", "value": match_value})
    return conditions


def _tier(value: Any) -> str:
    if not isinstance(value, str) or value.casefold() in UNASKED_TIERS:
        raise UnreadableError
    return value
