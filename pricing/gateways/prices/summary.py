"""What a plan says about a gateway's prices: figures by rule, and those listed otherwise. Imports no models."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from catalog.error_messages import count, some
from pricing.gateways.prices.price import Price


@dataclass(frozen=True)
class PriceSummary:
    """The prices of all models of a gateway, by the name of the model."""

    prices: Mapping[str, Price]
    # How many models the running gateway lists, if its list was given.
    listed: int | None = None

    def report(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "rules": {name: rules for name, rules in self._rules.items() if rules},
            "refused": {name: price.refusal for name, price in self.prices.items() if price.refusal},
            "by_channel": {name: list(price.others) for name, price in self.prices.items() if price.others},
            "group_rates": {name: price.group_rates for name, price in self.prices.items() if price.group_rates},
            "listed": self.listed,
            "differences": [
                {"model": name, "figure": part.figure, "by_rules": part.by_rules, "listed": part.listed}
                for name, price in self.prices.items()
                for part in price.differences
            ],
        }

    @cached_property
    def _rules(self) -> Mapping[str, Mapping[str, Any]]:
        return {
            name: {figure: {"value": value, "rule": rule} for figure, value, rule in price.reasons()}
            for name, price in self.prices.items()
        }

    def lines(self) -> Iterator[str]:
        """For a person: one line for each kind of rule, and one for each difference."""
        kinds: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        for name, price in self.prices.items():
            for figure, value, rule in price.reasons():
                kinds[figure, _kind(rule)].append(f"{name} {value}")
        for (figure, kind), examples in kinds.items():
            yield f"{figure} {kind} ({count(len(examples), 'model')}): {some(examples)}"
        refused: defaultdict[str, list[str]] = defaultdict(list)
        for name, price in self.prices.items():
            if price.refusal:
                refused[price.refusal].append(name)
        for why, names in refused.items():
            yield f"no price ({count(len(names), 'model')}), because {why}: {some(names)}"
        by_channel = [f"{name} ({'; '.join(price.others)})" for name, price in self.prices.items() if price.others]
        if by_channel:
            yield (
                f"other prices on other channels ({count(len(by_channel), 'model')}); the channel that serves a group "
                f"first sets the price of the group: {some(by_channel)}"
            )
        yield from self._listing()

    def _listing(self) -> Iterator[str]:
        if self.listed is None:
            return
        different = {name: price.differences for name, price in self.prices.items() if price.differences}
        yield (
            f"the running gateway lists {self.listed:,} of {count(len(self.prices), 'model')}; "
            f"its list wins where it differs from the database and the rules ({count(len(different), 'model')})"
        )
        for name, differences in different.items():
            yield f"  {name}: {', '.join(map(str, differences))}"


def _kind(rule: str) -> str:
    """The rule without the names that it is about."""
    if rule.startswith("stored for "):
        return "stored for a pattern"
    return rule.partition(" for names that")[0].partition(" for the name")[0].partition(",")[0]
