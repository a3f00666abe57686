"""A sheet as a billing expression of new-api's language, version 1, if the language can express it. Imports no models.

The output is a canonical subset: a tree of `condition ? … : …` over `tier(name, p * … + c * …)`, with factors for
conditions that multiply every price equally. Coefficients are US dollars per million tokens, and a number of its own is
a fee for each request in millionths of a dollar. A variable anywhere in an expression excludes its tokens from p and c
everywhere, so each leaf names the variables of all leaves.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations
from typing import Any

from catalog.exact import digits, multiply, ratio, write_json
from catalog.prices import SIDES, USE_FACTORS, WITHOUT_AMOUNT, Condition, Line, Sheet
from catalog.sources.expression_language import PER_REQUEST, VARIABLES
from catalog.sources.expressions import UNASKED_TIERS
from catalog.sources.rows import read_amount
from pricing.engine.conditions import EVERY_DAY, OPS_OF, minutes_of
from pricing.engine.money import per_million
from pricing.engine.quoting import boundaries, chain

# The lifetimes of a cache that have variables. A price without a lifetime applies to both.
LIFETIMES = {None: ("cc", "cc1h"), "5m": ("cc",), "1h": ("cc1h",)}
# An expression with more leaves than this would be a table.
MAX_LEAVES = 64
MAX_PROBES = 8
# From the outermost condition to the innermost one: readers expect the lengths of prompts next to the prices.
AXES = ("service_tier", "request_match", "time")


class _UnpricedError(Exception):
    """Tokens of a kind have a price only in some requests; the language can express "no price" only as 0."""


@dataclass(frozen=True)
class Expression:
    text: str
    # The lines that it expresses completely; the others must be sent beside it.
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Case:
    """One combination of conditions: which of them are met, and how long the prompt is."""

    holding: frozenset[str] = frozenset()
    length: int = 1


def with_lines_for_factors(sheet: Sheet) -> Sheet:
    """The same prices with a line for each kind of usage that has a factor in the sheet's facts."""
    factors = sheet.facts.get(USE_FACTORS)
    if not isinstance(factors, Mapping):
        return sheet
    lines = list(sheet.lines)
    # The last line whose conditions hold applies, so that of a lifetime follows the general one.
    for name in sorted(factors):
        meter, _bracket, lifetime = name.rstrip("]").partition("[")
        factor = read_amount(factors[name])
        base = next((found for of in chain(meter) if (found := _token_lines(sheet, of))), ())
        if factor is None:
            continue
        conditions = ({"dim": "cache_ttl", "op": "eq", "value": lifetime},) if lifetime else ()
        lines += [
            replace(line, meter=meter, amount=multiply(line.amount, factor), conditions=(*line.conditions, *conditions))
            for line in base
            if line.amount is not None
        ]
    facts = {name: fact for name, fact in sheet.facts.items() if name != USE_FACTORS}
    return replace(sheet, lines=tuple(lines), facts=facts)


def _token_lines(sheet: Sheet, meter: str) -> list[Line]:
    return [line for line in sheet.lines if (line.kind, line.meter, line.unit) == ("absolute", meter, "token")]


def expressible_lines(sheet: Sheet) -> tuple[Line, ...]:
    """The lines of a sheet that the language can express."""
    if sheet.facts.get("tier_mode") == "graduated" or any(line.kind in WITHOUT_AMOUNT for line in sheet.lines):
        return ()
    return tuple(line for line in sheet.lines if _is_expressible(line))


def expression(sheet: Sheet) -> Expression | None:
    """The expression of a sheet in dollars; None if the language cannot express its prices per token."""
    lines = expressible_lines(sheet)
    prices = [line for line in lines if line.kind == "absolute"]
    # Tokens without a variable are p and c, which would be free.
    if not any(line.unit == "token" and line.meter in SIDES for line in prices):
        return None
    probes = _probes(lines)
    bounds = boundaries(lines)
    if len(probes) > MAX_PROBES:
        return None
    try:
        text = _Rendering(lines, _variables(prices), bounds).tree(probes, Case())
    except _UnpricedError:
        return None
    return Expression(text, lines) if text.count("tier(") <= MAX_LEAVES else None


def _is_expressible(line: Line) -> bool:
    if line.kind == "multiplier":
        return not line.meter and bool(line.conditions) and all(map(_is_expressible_condition, line.conditions))
    if line.kind != "absolute" or not _has_variable(line):
        return False
    others = [condition for condition in line.conditions if condition["dim"] != "cache_ttl"]
    return all(map(_is_expressible_condition, others)) and _lifetime(line) in LIFETIMES


def _has_variable(line: Line) -> bool:
    if line.unit == "token":
        return line.meter in VARIABLES.values()
    return (line.meter, line.unit) == ("request", "request")


def _is_expressible_condition(condition: Condition) -> bool:
    dim, op, value = condition["dim"], condition["op"], condition["value"]
    if dim == "prompt_tokens":
        return op in ("gt", "gte", "lt", "lte") and value == int(value)
    if dim == "service_tier":
        return op == "eq" and isinstance(value, str) and value.casefold() not in UNASKED_TIERS
    if op not in OPS_OF.get(dim, ()):
        return False
    return bool(_full_windows(value)) if dim == "time" else bool(_match(value))


def _full_windows(value: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The windows that can be open: one without hours or weekdays never is, and the language cannot express "never"."""
    return [window for window in value["windows"] if window["hours"] and window.get("weekdays", EVERY_DAY)]


def _lifetime(line: Line) -> str | None:
    """The lifetime of the cache that the line prices; None for all lifetimes, "never" if no variable can express it."""
    conditions = [condition for condition in line.conditions if condition["dim"] == "cache_ttl"]
    if not conditions:
        return None
    if len(conditions) > 1 or conditions[0]["op"] != "eq" or line.meter != "input.cache_write":
        return "never"
    return str(conditions[0]["value"])


def _variables(prices: Iterable[Line]) -> list[str]:
    meters = {line.meter for line in prices}
    return [name for name, meter in (*VARIABLES.items(), (PER_REQUEST, "request")) if meter in meters]


def _probes(lines: Iterable[Line]) -> list[str]:
    """The conditions on the request, as text in the language, in the order of AXES."""
    axis_of: dict[str, int] = {}
    for line in lines:
        for condition in line.conditions:
            if condition["dim"] in AXES:
                axis_of[probe(condition)] = AXES.index(condition["dim"])
    return sorted(axis_of, key=lambda text: axis_of[text])


def probe(condition: Condition) -> str:
    """A condition on the request, as text in the language."""
    value = condition["value"]
    if condition["dim"] == "service_tier":
        return f'param("service_tier") == {_quoted(value.casefold())}'
    return _match(value) if condition["dim"] == "request_match" else windows(value)


def _match(value: Mapping[str, Any]) -> str:
    parts = [f"param({_quoted(path)}) == {_literal(expected)}" for path, expected in value.get("body", {}).items()]
    parts += [f"header({_quoted(name)}) == {_literal(expected)}" for name, expected in value.get("headers", {}).items()]
    return " && ".join(parts)


def windows(value: Mapping[str, Any]) -> str:
    """Weekly windows, e.g. `(weekday("UTC") >= 1 && weekday("UTC") <= 5) && hour("UTC") < 1`."""
    zone = value.get("tz") or "UTC"
    parts = [_window(window, zone, value.get("weekday_tz") or zone) for window in _full_windows(value)]
    return parts[0] if len(parts) == 1 else " || ".join(f"({part})" for part in parts)


def _window(window: Mapping[str, Any], zone: str, weekday_zone: str) -> str:
    spans = [span for text in window["hours"] if (span := _span(*minutes_of(text), zone))]
    parts = []
    if days := _weekdays(window.get("weekdays", EVERY_DAY), weekday_zone):
        parts.append(days)
    if len(spans) == len(window["hours"]):
        parts.append(spans[0] if len(spans) == 1 else "(" + " || ".join(f"({span})" for span in spans) + ")")
    return " && ".join(parts) or "true"


def _weekdays(days: Iterable[int], zone: str) -> str:
    """A condition on the weekday, empty if every day is included. Sunday is 0 in the language and 7 here."""
    numbers = sorted({day % 7 for day in days})
    if len(numbers) == 7:
        return ""
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"weekday({_quoted(zone)}) >= {numbers[0]} && weekday({_quoted(zone)}) <= {numbers[-1]}"
    text = " || ".join(f"weekday({_quoted(zone)}) == {day}" for day in numbers)
    return f"({text})" if len(numbers) > 1 else text


def _span(start: int, end: int, zone: str) -> str:
    """A condition on the minute of the day, from `start` until before `end`; empty for the whole day."""
    if start == end:
        return ""
    clock, minutes = (f"hour({_quoted(zone)})", 60)
    if start % 60 or end % 60:
        clock, minutes = f"hour({_quoted(zone)}) * 60 + minute({_quoted(zone)})", 1
    after, before = f"{clock} >= {start // minutes}", f"{clock} < {end // minutes}"
    if start == 0:
        return before
    if end == 0:
        return after
    return f"{after} && {before}" if start < end else f"({after} || {before})"


class _Rendering:
    """The tree of one expression, built from the outermost condition to the prices inside."""

    def __init__(self, lines: Sequence[Line], variables: Sequence[str], bounds: Sequence[int]) -> None:
        self.lines = lines
        self.variables = variables
        self.bounds = bounds
        self._prices: dict[Case, tuple[Decimal, ...]] = {}

    def tree(self, probes: Sequence[str], case: Case) -> str:
        """The text for the remaining probes."""
        if not probes:
            return self.lengths(case)
        first, *rest = probes
        otherwise = self.tree(rest, case)
        if_met = Case(case.holding | {first})
        factor = self._factor(first, rest, case)
        if factor == 1:
            return otherwise
        if factor is not None:
            return f"({otherwise}) * ({first} ? {digits(factor)} : 1)"
        return f"{first} ? ({self.tree(_still_open(first, rest), if_met)}) : ({otherwise})"

    def lengths(self, case: Case) -> str:
        """The prices by length of the prompt."""
        starts = [1, *(bound + 1 for bound in self.bounds if bound > 0)]
        leaves = [(start, self.prices(Case(case.holding, start))) for start in starts]
        steps = [leaf for position, leaf in enumerate(leaves) if position == 0 or leaf[1] != leaves[position - 1][1]]
        text = ""
        for (start, prices), following in zip(steps, [*steps[1:], None], strict=True):
            end = None if following is None else following[0] - 1
            leaf = f"tier({_quoted(_name(start, end))}, {self._sum(prices)})"
            text += leaf if end is None else f"len <= {end} ? {leaf} : "
        return text

    def prices(self, case: Case) -> tuple[Decimal, ...]:
        """The price of a million tokens of each variable, or of a million requests, in a case."""
        if case not in self._prices:
            lines = [line for line in self.lines if all(_is_met(condition, case) for condition in line.conditions)]
            factors = [line.amount for line in lines if line.kind == "multiplier" and line.amount is not None]
            self._prices[case] = tuple(multiply(_price(name, lines), *factors) for name in self.variables)
        return self._prices[case]

    def _factor(self, new_probe: str, rest: Sequence[str], case: Case) -> Decimal | None:
        """The number by which the probe multiplies every price in all remaining cases; None if it is not one number."""
        factors: set[Decimal] = set()
        for others in self._combinations(rest, with_tier=not _is_tier(new_probe)):
            for start in (1, *(bound + 1 for bound in self.bounds)):
                before = self.prices(Case(case.holding | others, start))
                after = self.prices(Case(case.holding | others | {new_probe}, start))
                for old, new in zip(before, after, strict=True):
                    if old == 0 and new == 0:
                        continue
                    if old == 0 or multiply(ratio(new, old), old) != new:
                        return None
                    factors.add(ratio(new, old))
        return factors.pop() if len(factors) == 1 else None if factors else Decimal(1)

    def _combinations(self, probes: Sequence[str], *, with_tier: bool) -> Iterator[frozenset[str]]:
        """Every set of probes that can be met together: a request has one service tier."""
        tiers = [text for text in probes if _is_tier(text)]
        others = [text for text in probes if not _is_tier(text)]
        for tier in [frozenset[str](), *(frozenset([text]) for text in tiers if with_tier)]:
            for size in range(len(others) + 1):
                for chosen in combinations(others, size):
                    yield tier | frozenset(chosen)

    def _sum(self, prices: Iterable[Decimal]) -> str:
        return " + ".join(
            f"{name} * {number}" if name != PER_REQUEST else number
            for name, price in zip(self.variables, prices, strict=True)
            for number in [digits(ratio(price, Decimal(1)))]
        )


def _is_tier(probe: str) -> bool:
    return probe.startswith('param("service_tier")')


def _still_open(probe: str, rest: Sequence[str]) -> list[str]:
    """The probes that remain: if the service tier is known, the other tiers are excluded."""
    return [text for text in rest if not (_is_tier(probe) and _is_tier(text))]


def _price(variable: str, applicable: Sequence[Line]) -> Decimal:
    """The price of a variable's tokens: of its own meter, otherwise of the meter that it falls back on."""
    for meter in ("request",) if variable == PER_REQUEST else chain(VARIABLES[variable]):
        lines = [line for line in applicable if line.kind == "absolute" and line.meter == meter]
        lines = [line for line in lines if _lifetime(line) is None or variable in LIFETIMES[_lifetime(line)]]
        if lines:
            return per_million(lines[-1].amount or Decimal(0), lines[-1].per)
    raise _UnpricedError


def _is_met(condition: Condition, case: Case) -> bool:
    value = condition["value"]
    match condition["dim"], condition["op"]:
        case "cache_ttl", _:
            return True
        case "prompt_tokens", "gt":
            return bool(case.length > value)
        case "prompt_tokens", "gte":
            return bool(case.length >= value)
        case "prompt_tokens", "lt":
            return bool(case.length < value)
        case "prompt_tokens", "lte":
            return bool(case.length <= value)
    return probe(condition) in case.holding


def _name(start: int, end: int | None) -> str:
    """A readable name of a tier: base, 0_200k, 200k_plus."""
    if start == 1:
        return "base" if end is None else f"0_{_short(end)}"
    return f"{_short(start - 1)}_plus" if end is None else f"{_short(start - 1)}_{_short(end)}"


def _short(number: int) -> str:
    return f"{number // 1000}k" if number % 1000 == 0 and number else str(number)


def _quoted(text: str) -> str:
    return write_json(text).decode()


def _literal(value: Any) -> str:
    return write_json(value).decode()
