"""What an import will change in the prices of one role, as data."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from catalog.prices import Sheet
from catalog.source_trust import WithheldChange
from pricing.imports.prices.changes import PriceChange


@dataclass
class PricePlan:
    """What an import will change in the prices of one role."""

    role: str
    new: dict[str, Sheet] = field(default_factory=dict)
    changed: dict[str, PriceChange] = field(default_factory=dict)
    # Scheduled prices, each compared with the price before it.
    announced: dict[str, list[PriceChange]] = field(default_factory=dict)
    # Prices before the first stored one, each with its start; without an end: until the import.
    past: dict[str, list[Sheet]] = field(default_factory=dict)
    # Model -> the change that is not allowed.
    withheld: dict[str, WithheldChange] = field(default_factory=dict)
    # Model -> label of each figure of its first price that is far from its price of another role -> how far.
    first_jumps: dict[str, dict[str, str]] = field(default_factory=dict)
    # Model -> warnings: its price is far from other prices of the same model.
    far: dict[str, list[str]] = field(default_factory=dict)
    unchanged: int = 0
    without: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.new or self.changed or self.announced or self.past)

    @property
    def jumps(self) -> dict[str, dict[str, str]]:
        """Model -> label of each figure that moves too far to go unnoticed -> how far."""
        jumps: dict[str, dict[str, str]] = {}
        announced = [(name, change) for name, changes in self.announced.items() for change in changes]
        for name, change in [*announced, *self.changed.items()]:
            jumps.setdefault(name, {}).update(change.jumps)
        for name, far in self.first_jumps.items():
            jumps.setdefault(name, {}).update(far)
        return {name: figures for name, figures in jumps.items() if figures}

    def warn(self, name: str, warnings: Iterable[str]) -> None:
        """Adds warnings about the prices of a model."""
        for warning in warnings:
            if warning not in self.far.setdefault(name, []):
                self.far[name].append(warning)

    def sheets_of(self, name: str) -> list[Sheet]:
        """The new prices of one model: current and scheduled."""
        current = self.new.get(name) or (self.changed[name].prices if name in self.changed else None)
        return [*([current] if current else []), *(change.prices for change in self.announced.get(name, []))]

    def narrowed(self, models: Collection[str]) -> "PricePlan":
        """What the plan changes in these models."""
        return replace(
            self,
            new={name: sheet for name, sheet in self.new.items() if name in models},
            changed={name: change for name, change in self.changed.items() if name in models},
            announced={name: changes for name, changes in self.announced.items() if name in models},
            past={name: sheets for name, sheets in self.past.items() if name in models},
            first_jumps={name: far for name, far in self.first_jumps.items() if name in models},
        )
