"""Price lines and price sheets as plain values: readers of sources return them, and pricing rules work on them.

Pure: no models, no database.
"""

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from functools import cached_property, lru_cache
from typing import Any

from catalog.exact import digits, in_dollars, multiply, plain, write_json
from catalog.names.groups import normal_group_name

MILLION = 1_000_000
# What new-api's model_ratio 1 means: US dollars for a million input tokens.
RATIO_UNIT = Decimal(2)

# Fact of a sheet: `source.key` -> a figure of the source that is not a price, such as one in an unknown unit.
UNUSED_FIGURES = "unused_figures"
# Fact of a factor with a condition for groups: for this model, these groups pay it in place of their own rate.
GROUP_RATE = "is_group_rate"
# Fact of a line: why a gateway's program charges its amount, if no operator set it for the model.
PRICE_RULE = "price_rule"
# Fact of a sheet: a kind of usage, such as input.cache_write[1h] -> a factor of the price that it is charged by.
USE_FACTORS = "use_factors"
# Facts of a sheet: the pages that its source names as its own sources. They are not part of the price.
PAGES = ("source", "deprecation_source")
# Units in which a provider counts all its products. A request has no number of them, so they say nothing of its price.
UNITS_OF_ACCOUNT = frozenset({"DBU", "credit"})
# Meters whose provider states dollars for a unit of account: LiteLLM's ocr_cost_per_credit.
BILLED_IN_UNITS_OF_ACCOUNT = frozenset({("ocr", "credit")})
# What is sent to a model and what it returns, the first parts of their meters.
SIDES = ("input", "output")
KINDS = ("absolute", "multiplier", "allowance", "minimum", "dynamic", "included")
# Prices without an amount: decided per request, or included in a plan.
WITHOUT_AMOUNT = ("dynamic", "included")
# The meters of a request as a whole; all others are about a part of it, such as its searches.
WHOLE_REQUEST = ("", "request", "input", "output")
# Parts of an output that also has other tokens.
PARTS_OF_OUTPUT = ("output.reasoning", "output.citation")

# When a price applies: {"dim": …, "op": …, "value": …}, see pricing/engine/conditions.py.
Condition = Mapping[str, Any]

STANDARD_TIER = "standard"
# Names of the standard service tier, including those of other vendors and of a request without a tier.
STANDARD_TIERS = frozenset({"", "auto", "default", STANDARD_TIER})

# A billing expression: its version, its price, and the factors of requests that some gateways append.
EXPRESSION = re.compile(r"(\s*v\d+:)?(.*?)(\|\|\|.*)?", re.DOTALL)


@dataclass(frozen=True)
class Line:
    """One price: `amount` in the sheet's currency for `per` units of the meter.

    `kind` is one of KINDS; `amount` is None for the kinds dynamic and included.
    """

    meter: str
    amount: Decimal | None
    per: int = 1
    unit: str = ""
    kind: str = "absolute"
    conditions: tuple[Condition, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    # The key of the import run that stated the line; None if it is the run of its sheet. It is not a part of the price.
    run: int | None = field(default=None, compare=False)

    @property
    def is_money(self) -> bool:
        """Whether it can be published: an amount in the sheet's currency says what it pays for.

        Early imports stored other figures as lines too, such as factors and amounts in DBU.
        """
        if self.unit in UNITS_OF_ACCOUNT:
            return (self.meter, self.unit) in BILLED_IN_UNITS_OF_ACCOUNT
        return self.kind != "absolute" or bool(self.unit and self.facts.get("currency") != "DBU")

    @property
    def has_own_meter(self) -> bool:
        """Whether its meter is a source's own, x.<source>.<name>: only the source knows what it pays for."""
        return self.meter.startswith("x.")

    @property
    def covers_request(self) -> bool:
        """Whether it has no amount and also applies to everything in a request that has no price."""
        return self.kind in WITHOUT_AMOUNT and self.meter in WHOLE_REQUEST

    @property
    def is_plain(self) -> bool:
        return self.kind == "absolute" and not self.conditions

    @property
    def is_discount(self) -> bool:
        """Whether it always multiplies all other lines."""
        return self.kind == "multiplier" and not (self.meter or self.conditions or self.is_group_rate)

    @property
    def is_group_rate(self) -> bool:
        """Whether it is the rate of groups for this model: it replaces their own rate, and does not multiply it."""
        return self.kind == "multiplier" and self.facts.get(GROUP_RATE) is True

    @property
    def period(self) -> str:
        """How often the free units of an allowance are given: request, day, month."""
        return str(self.facts.get("period", "request"))

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of groups in its conditions, as far as they are readable: a health check reports the others."""
        readable = [condition for condition in self.conditions if isinstance(condition, dict)]
        stated = [condition.get("value") for condition in readable if condition.get("dim") == "group"]
        names = [name for value in stated for name in (value if isinstance(value, list) else [value])]
        return tuple(normal_group_name(name) for name in names if isinstance(name, str))

    @property
    def subject(self) -> object:
        """Equal for two lines that set the same price, so that the last one always applies.

        None for factors, free units and minimums: they all apply.
        """
        if not is_price(self.kind):
            return None
        # Dynamic and included lines are about all units of their meter.
        unit = self.unit if self.kind == "absolute" else None
        return self.meter, unit, self.conditions and conditions_key(self.conditions)

    def at(self, amount: Decimal, per: int) -> "Line":
        """The line at another amount, without the reason for its own."""
        facts = {name: fact for name, fact in self.facts.items() if name != PRICE_RULE}
        is_same = (amount, per) == (self.amount, self.per)
        return self if is_same else replace(self, amount=amount, per=per, facts=facts)

    def replaces(self, earlier: "Line") -> bool:
        """Whether it applies in all cases of an earlier line of the same sheet."""
        if (self.kind, self.meter, self.unit) != ("absolute", earlier.meter, earlier.unit):
            return False
        return earlier.kind == self.kind and list(self.conditions) == list(earlier.conditions)


@dataclass(frozen=True)
class Sheet:
    """All prices of one model, with lines in order; no lines mean that there is no price."""

    currency: str
    lines: tuple[Line, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    # Units of the currency for one US dollar, if a rate is stored.
    per_usd: Decimal | None = None
    # Start (inclusive) and end (exclusive), if a source states them.
    starts_at: dt.datetime | None = None
    ends_at: dt.datetime | None = None
    # Whether its source can state facts. If it cannot, missing facts do not mean that there are none.
    states_facts: bool = True
    # Whether its source states USE_FACTORS. Beside the prices of another source, those of the one that does stay.
    states_use_factors: bool = False
    # The sides, input and output, that its model charges, see catalog.vocabulary.charged_sides; known if published.
    charged_sides: frozenset[str] = frozenset()

    def applies_at(self, at: dt.datetime) -> bool:
        """Whether `at` is between its dates; always true for a sheet without dates."""
        return (self.starts_at is None or self.starts_at <= at) and (self.ends_at is None or at < self.ends_at)

    @cached_property
    def state(self) -> str:
        """The state of the price: priced, free, dynamic (depends on the request), included (in a plan) or unpriced.

        It is priced if anything is paid, and free only if every price is known to be 0. A price of a source's own
        meter alone is not a price of the model, but the model is not free either.
        """
        if any(line.kind == "dynamic" for line in self.lines):
            return "dynamic"
        # Meters that a factor makes free; "" for all of them.
        factors = [line for line in self.lines if line.kind == "multiplier" and not line.is_group_rate]
        free = {line.meter for line in factors if _is_zero(line)}
        prices = [line for line in self.lines if line.kind == "absolute"]
        paid = [line for line in prices if line.amount and not free & {"", line.meter}]
        if any(not line.has_own_meter for line in paid):
            return "priced"
        if any(line.kind == "included" for line in self.lines):
            return "included"
        is_known = any(not line.has_own_meter for line in prices) and not paid
        return "free" if is_known and not self.unknown_side else "unpriced"

    @cached_property
    def unknown_side(self) -> str:
        """The side, input or output, that is charged and has no price although the other has one; empty if none.

        Its price is unknown, and not 0.
        """
        prices = [line for line in self.lines if line.kind == "absolute"]
        unpriced = self.unpriced_sides
        if "output" in unpriced and any(line.meter.startswith("input") and line.unit == "token" for line in prices):
            return "output"
        # Tokens of other media, such as pictures, may be all that is paid.
        return "input" if "input" in unpriced and any(map(_is_text_output, prices)) else ""

    @cached_property
    def unpriced_sides(self) -> frozenset[str]:
        """The charged sides without a line that states the price of ordinary requests."""
        if any(line.covers_request for line in self.lines):
            return frozenset()
        prices = [line for line in self.lines if line.kind == "absolute"]
        priced = {side for side in SIDES if any(_is_of(line, side) and _is_usual(line) for line in prices)}
        return self.charged_sides - priced

    @cached_property
    def lacks_output_price(self) -> bool:
        """Whether output is charged and tokens of it have no price, even if audio or images have one.

        A format with one number for all output has none for such a price: 0 would be lower than any output costs.
        """
        if "output" not in self.charged_sides or any(line.covers_request for line in self.lines):
            return False
        return not any((line.meter, line.unit) == ("output", "token") and line.is_plain for line in self.lines)

    @cached_property
    def discount(self) -> Decimal:
        """The factor of all amounts; 1 if no line states one."""
        return multiply(*(line.amount for line in self.lines if line.is_discount and line.amount is not None))

    def times(self, multiplier: Decimal, *, rule: str) -> "Sheet":
        """The sheet with another factor of all amounts; `rule` names its rule, for readers of a quote."""
        lines = (*self.lines, Line("", multiplier, kind="multiplier", facts={"rule": rule}))
        return replace(self, lines=lines, facts=without_prices(self.facts))

    def folded(self) -> "Sheet":
        """The same prices with the discount and factors of single meters multiplied into the amounts.

        The discount is multiplied into a stored expression, too.
        """
        sheet, discount = self.with_factors_of_meters(), self.discount
        if discount == 1:
            return sheet
        lines = tuple(
            replace(line, amount=multiply(line.amount, discount))
            if line.kind == "absolute" and line.amount is not None
            else line
            for line in sheet.lines
            if not line.is_discount
        )
        return replace(sheet, lines=lines, facts=_folded_facts(without_prices(sheet.facts), discount))

    def with_factors_of_meters(self) -> "Sheet":
        """The same prices with unconditional factors of single meters multiplied in, for readers without factors."""
        factors = {line.meter: Decimal(1) for line in self.lines if line.kind == "absolute"}
        rest = []
        for line in self.lines:
            is_factor = line.kind == "multiplier" and not line.conditions and line.meter in factors
            if is_factor and line.amount is not None:
                factors[line.meter] = multiply(factors[line.meter], line.amount)
            else:
                rest.append(line)
        if len(rest) == len(self.lines):
            return self
        lines = tuple(
            replace(line, amount=multiply(line.amount, factors[line.meter]))
            if line.kind == "absolute" and line.amount is not None
            else line
            for line in rest
        )
        return replace(self, lines=lines)

    def seen_by(self, groups: Collection[str]) -> "Sheet":
        """The sheet as readers in these groups may see it: no line and no fact names another group.

        A condition that holds for all of these groups is removed: readers of one group see its price unconditionally.
        """
        lines: list[Line] = []
        for original in self.lines:
            line = _line_seen_by(original, groups)
            if line is None:
                continue
            if line is not original:
                lines = [other for other in lines if not line.replaces(other)]
            lines.append(line)
        return replace(self, lines=tuple(lines), facts=_facts_seen_by(self.facts, groups))

    @property
    def has_group_rates(self) -> bool:
        return any(line.is_group_rate for line in self.lines)

    def rate_of(self, group: str) -> Decimal | None:
        """The rate that replaces the group's own rate for this model; None if the group pays its own rate."""
        rates = [line for line in self.lines if line.is_group_rate and _line_seen_by(line, {group})]
        return rates[-1].amount if rates else None

    def without_group_rates(self) -> "Sheet":
        """The sheet as groups pay it before their rate."""
        lines = tuple(line for line in self.lines if not line.is_group_rate)
        return self if len(lines) == len(self.lines) else replace(self, lines=lines)

    def in_dollars(self) -> "Sheet | None":
        """The sheet in US dollars; None if there is no rate for its currency."""
        if self.currency == "USD":
            return self
        if self.per_usd is None:
            return None
        lines = tuple(
            replace(line, amount=in_dollars(line.amount, self.per_usd))
            if line.kind == "absolute" and line.amount is not None
            else line
            for line in self.lines
        )
        return replace(self, currency="USD", lines=lines, per_usd=None)


def only_money(lines: Sequence[Line]) -> tuple[Line, ...]:
    """The lines that can be published; none if these are 0 beside another figure, which may be a price."""
    money = tuple(line for line in lines if line.is_money)
    prices = [line.amount for line in money if line.kind == "absolute"]
    is_paid = any(prices) or not any(line.amount for line in lines if not line.is_money)
    return money if is_paid or not prices else ()


def conditions_key(conditions: Iterable[Any]) -> tuple[bytes, ...]:
    """Equal for conditions that hold for the same requests: their order, case and way of writing do not matter."""
    return tuple(sorted(set(map(_condition_key, conditions))))


def _condition_key(condition: Any) -> bytes:
    try:
        return _key_of(condition["dim"], condition["op"], condition["value"])
    except (TypeError, KeyError):
        # A list or a table as a value, or a value that is not a condition.
        return write_json(canonical(condition), sort_keys=True)


# Thousands of lines have the same dozens of conditions. True and 1 are different values.
@lru_cache(maxsize=4096, typed=True)
def _key_of(dim: str, op: str, value: Any) -> bytes:
    return write_json(canonical({"dim": dim, "op": op, "value": value}), sort_keys=True)


def canonical(condition: Any) -> Any:
    """The condition as every way to write it ends up; a value that is not a condition stays as it is."""
    if not isinstance(condition, Mapping) or not {"dim", "op", "value"} <= condition.keys():
        return condition
    dim, op = condition["dim"], condition["op"]
    # Names of groups differ by case, as those of groups themselves.
    value = _plain_value(condition["value"], write_text=normal_group_name if dim == "group" else str.casefold)
    if dim == "service_tier" and isinstance(value, str) and value in STANDARD_TIERS:
        value = STANDARD_TIER
    if dim == "prompt_tokens" and isinstance(value, Decimal):
        # Lengths are whole numbers: above 200,000 is 200,001 or more.
        least = value.to_integral_value(ROUND_FLOOR) + 1 if op == "gt" else value.to_integral_value(ROUND_CEILING)
        most = value.to_integral_value(ROUND_CEILING) - 1 if op == "lt" else value.to_integral_value(ROUND_FLOOR)
        op, value = ("gte", least) if op in ("gt", "gte") else ("lte", most) if op in ("lt", "lte") else (op, value)
    if isinstance(value, list) and op == "in" and len(value) == 1:
        op, value = "eq", value[0]
    if dim == "time" and isinstance(value, dict):
        op, value = "in", {**value, "tz": value.get("tz") or "utc"}
    return {"dim": dim, "op": op, "value": value}


def _plain_value(value: Any, *, write_text: Callable[[str], str] = str.casefold) -> Any:
    """The value with lists in one order, numbers without trailing zeros, and text in one form: in lower case."""
    match value:
        case bool():
            return value
        case int() | Decimal():
            return plain(Decimal(value))
        case str():
            return write_text(value)
        case list() | tuple():
            texts = (_plain_value(part, write_text=write_text) for part in value)
            parts = {write_json(part, sort_keys=True): part for part in texts}
            return [parts[key] for key in sorted(parts)]
        case Mapping():
            return {name: _plain_value(part) for name, part in value.items()}
    return value


def without_replaced(lines: Iterable[Line]) -> tuple[Line, ...]:
    """The lines without those that a later line for the same price always replaces."""
    by_subject: dict[object, Line] = {}
    for number, line in enumerate(lines):
        subject = line.subject
        # A later line keeps its own place: it may precede prices under conditions.
        by_subject.pop(subject, None)
        by_subject[number if subject is None else subject] = line
    return tuple(by_subject.values())


def is_price(kind: str) -> bool:
    """Whether lines of this kind set the price of their meter; the others change what is charged."""
    return kind == "absolute" or kind in WITHOUT_AMOUNT


def _is_zero(line: Line) -> bool:
    return not line.conditions and line.amount == 0


def _is_of(line: Line, side: str) -> bool:
    """Whether it prices what is sent or returned, and not only a part of it, such as what a cache has."""
    is_part = ".cache_" in line.meter or line.meter in PARTS_OF_OUTPUT
    return line.meter.split(".")[0] == side and not is_part


def _is_text_output(line: Line) -> bool:
    return line.meter == "output" and line.unit == "token"


def _is_usual(line: Line) -> bool:
    """Whether it prices ordinary requests: those with a short prompt."""
    return all(map(_holds_for_short_prompts, line.conditions))


def _holds_for_short_prompts(condition: Any) -> bool:
    if not isinstance(condition, Mapping) or condition.get("dim") != "prompt_tokens":
        return False
    op, length = condition.get("op"), condition.get("value")
    if isinstance(length, bool) or not isinstance(length, int | Decimal):
        return False
    return bool(op in ("lt", "lte") or (op == "gt" and length < 1) or (op == "gte" and length <= 1))


def without_prices(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The facts without figures that are only correct for the original prices, such as those that tables repeat."""
    return {
        name: _table_without_prices(value) if isinstance(value, dict) else value
        for name, value in facts.items()
        if name != UNUSED_FIGURES
    }


def _table_without_prices(table: Mapping[str, Any]) -> Mapping[str, Any]:
    rest = {name: value for name, value in table.items() if name != "group_prices"}
    if isinstance(rest.get("sell_skus"), list):
        rest["sell_skus"] = [_without_prices(sku) for sku in rest["sell_skus"]]
    return rest


def _without_prices(sku: Any) -> Any:
    return {name: value for name, value in sku.items() if "price" not in name} if isinstance(sku, dict) else sku


def _folded_facts(facts: Mapping[str, Any], discount: Decimal) -> Mapping[str, Any]:
    text = facts.get("billing_expr")
    if not isinstance(text, str) or not text.strip():
        return facts
    match = EXPRESSION.fullmatch(text)
    version, price, factors = match.groups() if match else (None, text, None)
    return {**facts, "billing_expr": f"{version or ''}({price.strip()}) * {digits(discount)}{factors or ''}"}


def _line_seen_by(line: Line, groups: Collection[str]) -> Line | None:
    """The line without other groups in its conditions; None if it only applies to other groups."""
    if not any(condition["dim"] == "group" for condition in line.conditions):
        return line
    conditions = [_condition_seen_by(condition, groups) for condition in line.conditions]
    if None in conditions:
        return None
    return replace(line, conditions=tuple(condition for condition in conditions if condition))


def _condition_seen_by(condition: Condition, groups: Collection[str]) -> Condition | None:
    """The condition for these groups only: empty if it always holds for them, None if it never does."""
    if condition["dim"] != "group":
        return condition
    op, value = condition["op"], condition["value"]
    if isinstance(value, list) != (op == "in"):
        # The value has the wrong type: such a condition holds for no group, and its opposite for every group.
        return {} if op == "ne" else None
    named = [name for name in (value if op == "in" else [value]) if normal_group_name(str(name)) in groups]
    is_all = {normal_group_name(str(name)) for name in named} == set(groups)
    if op == "ne":
        return {} if not named else None if is_all else condition
    if op not in ("eq", "in") or not named:
        return None
    return {} if is_all else {**condition, "value": named if op == "in" else value}


def _facts_seen_by(facts: Mapping[str, Any], groups: Collection[str]) -> Mapping[str, Any]:
    """The facts with only these groups' prices in tables that list groups."""
    return {
        name: {**value, "group_prices": list(_prices_of(groups, value["group_prices"]))}
        if isinstance(value, dict) and isinstance(value.get("group_prices"), list)
        else value
        for name, value in facts.items()
    }


def _prices_of(groups: Collection[str], listed: Sequence[Any]) -> Iterator[Any]:
    for entry in listed:
        if isinstance(entry, dict) and normal_group_name(str(entry.get("group_name", ""))) in groups:
            yield entry
