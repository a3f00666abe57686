"""The parts that the rules of all programs share: figures with their reasons, and the lookup of stored options.

An option that was never saved leaves the program's built-in table in effect.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from catalog.exact import digits, plain
from catalog.sources.completion_ratios import UNSET_RATIO, Rule, rule_of
from catalog.sources.rows import is_number
from pricing.newapi.tables import Table, built_in_tables

# What cache writes without a ratio cost, as a multiple of the input price, in new-api and Veloera.
CACHE_WRITES = Decimal("1.25")


@dataclass(frozen=True)
class Figure:
    """A number of a price; `rule` says why the program charges it, e.g. "by new-api's built-in table".

    The rule is empty if the operator stored the number for this very name.
    """

    value: Decimal
    rule: str = ""


@dataclass(frozen=True)
class ProgramPrice:
    """What a program charges for a model, before the rate of a group.

    `figures` has the fields of new-api's price list: model_price (dollars per call) alone, or model_ratio (1 is $2 per
    million input tokens), completion_ratio and what else is stored. `unlisted` has the figures that the program charges
    in addition without listing them. A price without figures is none; `refusal` says why calls are refused.
    """

    figures: Mapping[str, Figure] = field(default_factory=dict)
    unlisted: Mapping[str, Figure] = field(default_factory=dict)
    # Multiples of the input price for cache writes that last an hour; create_cache_ratio is for all others.
    hour_write_ratio: Figure | None = None
    # Dollars per million audio tokens of input, which replaces an audio_ratio.
    audio_input_price: Figure | None = None
    refusal: str = ""

    @property
    def rules(self) -> Mapping[str, str]:
        """Field -> the rule behind it, for listed figures that the operator did not store for this very name."""
        return {name: figure.rule for name, figure in self.figures.items() if figure.rule}


@dataclass(frozen=True)
class Program(ABC):
    """A version of a program; `name` is what sentences call it, e.g. new-api."""

    name: str
    version: str
    # Files of built-in tables; a later file adds entries.
    files: tuple[str, ...]
    completion_rules: tuple[Rule, ...]
    # Whether a model that a channel maps to another name costs what that name costs.
    charges_upstream_names: bool = False

    @abstractmethod
    def price_of(self, name: str, options: Mapping[str, Any], channel_type: int | None = None) -> ProgramPrice:
        """What a call of this name costs; `options` are the parsed options of the database, by their keys.

        The name is that of the request, or the upstream name if `charges_upstream_names`. Only one-api has prices by
        type of channel.
        """

    def built_in(self, option: str) -> Table:
        """The table in effect until the operator saves the option; empty if there is none."""
        return built_in_tables(self.files).get(option, {})

    def completion(self, name: str, stored: Figure | None) -> Figure:
        """The completion ratio of a name as the rules know it, given the one in the options or the built-in table."""
        rule = rule_of(self.completion_rules, name)
        if stored and ("/" in name or not rule.fixed):
            return stored
        ignored = f", in place of the stored {digits(stored.value)}" if stored and stored.value != rule.value else ""
        return Figure(rule.value, f"{rule.reason(self.name)}{ignored}")

    def saved_or_built_in(self, options: Mapping[str, Any], option: str, key: str, *, name: str) -> Figure | None:
        """The entry of a key in the saved option, which replaces the built-in table; `name` is that of the model."""
        table = options.get(option)
        return stored(table, key, name=name) if isinstance(table, Mapping) else self.by_table(option, key, name=name)

    def by_table(self, option: str, key: str, *, name: str) -> Figure | None:
        value = self.built_in(option).get(key)
        if value is None:
            return None
        return Figure(value, f"by {self.name}'s built-in table" + ("" if key == name else f", which has it for {key}"))


@dataclass(frozen=True)
class RefusingProgram(Program):
    """A program that refuses calls of a model without a price: new-api and Veloera."""

    def ratio_if_unset(self, options: Mapping[str, Any]) -> Figure | None:
        """The model ratio of a model that has none; None if its calls are refused."""
        if options.get("SelfUseModeEnabled") is not True:
            return None
        return Figure(UNSET_RATIO, f"by {self.name}'s default for models without a ratio in self-use mode")

    def refused(self) -> ProgramPrice:
        return ProgramPrice(refusal=f"{self.name} has neither a ratio nor a price for it and refuses its calls")

    def write_if_unset(self) -> Figure:
        """The multiple of the input price that cache writes without a ratio cost."""
        return Figure(CACHE_WRITES, f"by {self.name}'s default for cache writes")


def stored(table: Any, key: str, *, name: str) -> Figure | None:
    """The number that an option has for the key; None if it has none."""
    value = double(table.get(key)) if isinstance(table, Mapping) else None
    return None if value is None else Figure(value, "" if key == name else f"stored for {key}")


def double(value: Any) -> Decimal | None:
    """The number that a program computes with; None if the value is not a number or too large for a double."""
    if not is_number(value):
        return None
    nearest = float(value)
    return plain(Decimal(repr(nearest))) if math.isfinite(nearest) else None


def as_price(figures: Mapping[str, Figure | None], **other: Any) -> ProgramPrice:
    """A price with the figures that exist."""
    return ProgramPrice({name: figure for name, figure in figures.items() if figure is not None}, **other)
