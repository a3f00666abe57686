"""What an import will change in the prices of one role, as data."""

from collections.abc import Collection
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
    unchanged: int = 0
    without: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.new or self.changed or self.announced or self.past)

    @property
    def jumps(self) -> dict[str, tuple[str, ...]]:
        """Model -> the figures that move too far to go unnoticed."""
        announced = [(name, change) for name, changes in self.announced.items() for change in changes]
        return {name: change.jumps for name, change in [*announced, *self.changed.items()] if change.jumps}

    def narrowed(self, models: Collection[str]) -> "PricePlan":
        """What the plan changes in these models."""
        return replace(
            self,
            new={name: sheet for name, sheet in self.new.items() if name in models},
            changed={name: change for name, change in self.changed.items() if name in models},
            announced={name: changes for name, changes in self.announced.items() if name in models},
            past={name: sheets for name, sheets in self.past.items() if name in models},
        )
