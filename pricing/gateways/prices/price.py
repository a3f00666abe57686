"""The value that all pricing rules of gateways produce. Imports no models."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from catalog.exact import digits
from catalog.sources.rows import is_number

# A gateway's own units for one US dollar, unless its operator changes it.
QUOTA_PER_DOLLAR = Decimal(500_000)


@dataclass(frozen=True)
class Difference:
    """A figure that the running gateway lists otherwise than the rules have it; None if there is none."""

    figure: str
    by_rules: Any
    listed: Any

    def __str__(self) -> str:
        return f"{self.figure} {_text(self.by_rules)} -> {_text(self.listed)}"


@dataclass(frozen=True)
class Price:
    """What a gateway charges for a model, and why.

    `row` has fields of new-api's price list, or `prices`, a list of price lines; empty if there is no price. `rules`
    has the rule behind each field that the operator did not set for this model: field -> a short phrase.
    """

    row: Mapping[str, Any]
    rules: Mapping[str, str] = field(default_factory=dict)
    # A kind of usage, such as input.cache_write -> a factor of the price that it is charged by.
    use_factors: Mapping[str, Decimal] = field(default_factory=dict)
    # Dollars per million audio tokens of input, where the program has no ratio for them.
    audio_input: Decimal | None = None
    # Slug of a group -> the rate that replaces the group's own rate for this model.
    group_rates: Mapping[str, Decimal] = field(default_factory=dict)
    # Slug of a group -> its own price, as a row, if the channel that serves it first charges another one.
    group_prices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # Why the gateway refuses calls of a model without a price.
    refusal: str = ""
    # What the running gateway lists otherwise.
    differences: tuple[Difference, ...] = ()
    # Prices of the same model on other channels, one phrase each.
    others: tuple[str, ...] = ()

    @property
    def details(self) -> dict[str, Any]:
        """All that a row of new-api's price list has no field for."""
        details = {
            "rules": self.rules,
            "use_factors": self.use_factors,
            "audio_input": self.audio_input,
            "group_rates": self.group_rates,
            "group_prices": self.group_prices,
        }
        return {name: value for name, value in details.items() if value not in (None, {})}

    def reasons(self) -> Iterator[tuple[str, str, str]]:
        """(figure, value, rule) of each figure that comes from a rule."""
        for name, rule in self.rules.items():
            yield name, _text(self._figure(name)), rule

    def _figure(self, name: str) -> Any:
        """The number of a field, a kind of usage, or the line of a meter."""
        meter, _, lifetime = name.rstrip("]").partition("[")
        lines = [
            line
            for line in self.row.get("prices", ())
            if line["meter"] == meter and cache_lifetime(line.get("conditions", ())) == lifetime
        ]
        return lines[0]["amount"] if lines else self.row.get(name, self.use_factors.get(name, self.audio_input))


def quota_per_dollar(options: Mapping[str, Any]) -> Decimal:
    """The gateway's own units for one US dollar; only a number above 0 can be one."""
    units = options.get("QuotaPerUnit")
    return Decimal(units) if is_number(units) and units > 0 else QUOTA_PER_DOLLAR


def cache_lifetime(conditions: Iterable[Mapping[str, Any]]) -> str:
    """The lifetime of a cache that a price is for; empty for all."""
    return next((str(condition["value"]) for condition in conditions if condition["dim"] == "cache_ttl"), "")


def _text(value: Any) -> str:
    if isinstance(value, int | Decimal):
        return digits(Decimal(value))
    return "none" if value is None else str(value)
