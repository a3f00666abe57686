"""Price lines and price sheets as plain values: what every reader of a source gives and every rule of pricing works on.

Pure: no model, no database.
"""

import datetime as dt
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from catalog.exact import digits, in_dollars, multiply

MILLION = 1_000_000
# What new-api's model_ratio 1 means: US dollars for a million input tokens.
RATIO_UNIT = Decimal(2)

# When a price applies: {"dim": …, "op": …, "value": …}, see pricing/engine/conditions.py.
Condition = Mapping[str, Any]

# A billing expression: its version, what it comes to, and the factors of requests that some gateways put behind it.
EXPRESSION = re.compile(r"(\s*v\d+:)?(.*?)(\|\|\|.*)?", re.DOTALL)


@dataclass(frozen=True)
class Line:
    """One price: `amount` in the sheet's currency for `per` units of what the meter counts.

    `kind` is one of pricing.models.PriceLine.Kind; `amount` is None where the kind has none (dynamic, included).
    """

    meter: str
    amount: Decimal | None
    per: int = 1
    unit: str = ""
    kind: str = "absolute"
    conditions: tuple[Condition, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_plain(self) -> bool:
        return self.kind == "absolute" and not self.conditions

    @property
    def is_discount(self) -> bool:
        """Whether it multiplies everything, always."""
        return self.kind == "multiplier" and not (self.meter or self.conditions)

    def takes_the_place_of(self, earlier: "Line") -> bool:
        """Whether it is the price wherever an earlier line of the same sheet would be."""
        if (self.kind, self.meter, self.unit) != ("absolute", earlier.meter, earlier.unit):
            return False
        return earlier.kind == self.kind and list(self.conditions) == list(earlier.conditions)


@dataclass(frozen=True)
class Sheet:
    """All prices of one model, its lines in order; without lines it says that there is no price."""

    currency: str
    lines: tuple[Line, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    # The rate of the currency, units for one US dollar, where one is stored.
    per_usd: Decimal | None = None
    # From when (inclusive) until when (exclusive) it applies, where a source says so.
    starts_at: dt.datetime | None = None
    ends_at: dt.datetime | None = None
    # Whether its source has a place for facts: without one it does not say that there are none.
    states_facts: bool = True

    def applies_at(self, at: dt.datetime) -> bool:
        """Whether `at` lies between its dates; always true for a sheet without dates."""
        return (self.starts_at is None or self.starts_at <= at) and (self.ends_at is None or at < self.ends_at)

    @property
    def state(self) -> str:
        """What can be said of its price: priced, free, dynamic (by the request), included (in a plan) or unpriced."""
        for state in ("dynamic", "included"):
            if any(line.kind == state for line in self.lines):
                return state
        amounts = [line.amount for line in self.lines if line.kind == "absolute"]
        if not amounts:
            return "unpriced"
        return "priced" if any(amounts) and self.discount else "free"

    @property
    def discount(self) -> Decimal:
        """What all figures are multiplied by: 1 where no line says otherwise."""
        return multiply(*(line.amount for line in self.lines if line.is_discount and line.amount is not None))

    def times(self, multiplier: Decimal, *, rule: str) -> "Sheet":
        """The sheet with everything multiplied once more; `rule` says by whom, for whoever reads a quote."""
        lines = (*self.lines, Line("", multiplier, kind="multiplier", facts={"rule": rule}))
        return replace(self, lines=lines, facts=without_prices(self.facts))

    def folded(self) -> "Sheet":
        """The same prices with the discount multiplied in, also into an expression that was kept as it is."""
        discount = self.discount
        if discount == 1:
            return self
        lines = tuple(
            replace(line, amount=multiply(line.amount, discount))
            if line.kind == "absolute" and line.amount is not None
            else line
            for line in self.lines
            if not line.is_discount
        )
        return replace(self, lines=lines, facts=_folded_facts(without_prices(self.facts), discount))

    def with_factors_of_meters(self) -> "Sheet":
        """The same prices with what always multiplies one meter's figures multiplied in, for readers that know none."""
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
        """The sheet as readers in these groups may see it: no line and no fact of it names another group.

        What holds for all of these groups is said without a condition: readers of one group see its price and no case.
        """
        mine = {group.casefold() for group in groups}
        lines: list[Line] = []
        for each in self.lines:
            line = _line_seen_by(each, mine)
            if line is None:
                continue
            if line is not each:
                lines = [other for other in lines if not line.takes_the_place_of(other)]
            lines.append(line)
        return replace(self, lines=tuple(lines), facts=_facts_seen_by(self.facts, mine))

    def in_dollars(self) -> "Sheet | None":
        """The sheet in US dollars; None where there is no rate to say what that is."""
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


def without_prices(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The facts without what tables say again of their rules' prices, which is true only of the prices as they were."""
    return {name: _table_without_prices(value) if isinstance(value, dict) else value for name, value in facts.items()}


def _table_without_prices(table: Mapping[str, Any]) -> Mapping[str, Any]:
    kept = {name: value for name, value in table.items() if name != "group_prices"}
    if isinstance(kept.get("sell_skus"), list):
        kept["sell_skus"] = [_without_prices(each) for each in kept["sell_skus"]]
    return kept


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
    """The line without what it says of other groups; None where it counts for other groups alone."""
    if not any(condition["dim"] == "group" for condition in line.conditions):
        return line
    told = [_condition_seen_by(condition, groups) for condition in line.conditions]
    if None in told:
        return None
    return replace(line, conditions=tuple(condition for condition in told if condition))


def _condition_seen_by(condition: Condition, groups: Collection[str]) -> Condition | None:
    """The condition as far as these groups go: empty where it always holds for them, None where it never does."""
    if condition["dim"] != "group":
        return condition
    op, value = condition["op"], condition["value"]
    if isinstance(value, list) != (op == "in"):
        # A group is no list and in no name: such a condition holds for nobody, its opposite for everybody.
        return {} if op == "ne" else None
    named = [name for name in (value if op == "in" else [value]) if str(name).casefold() in groups]
    is_all = {str(name).casefold() for name in named} == set(groups)
    if op == "ne":
        return {} if not named else None if is_all else condition
    if op not in ("eq", "in") or not named:
        return None
    return {} if is_all else {**condition, "value": named if op == "in" else value}


def _facts_seen_by(facts: Mapping[str, Any], groups: Collection[str]) -> Mapping[str, Any]:
    """The facts with only these groups' prices in the tables that list groups."""
    return {
        name: {**value, "group_prices": list(_prices_of(groups, value["group_prices"]))}
        if isinstance(value, dict) and isinstance(value.get("group_prices"), list)
        else value
        for name, value in facts.items()
    }


def _prices_of(groups: Collection[str], listed: Sequence[Any]) -> Iterator[Any]:
    for each in listed:
        if isinstance(each, dict) and str(each.get("group_name", "")).casefold() in groups:
            yield each
