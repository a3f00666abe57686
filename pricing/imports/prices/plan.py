"""What an import will change in the prices of one role, as data."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from catalog.error_messages import count
from catalog.prices import Sheet
from catalog.source_trust import WithheldChange
from pricing.engine.equality import same_price
from pricing.engine.formatting.lines import changes, described
from pricing.imports.prices.changes import PriceChange, compare
from pricing.imports.prices.stored import StoredSheet
from pricing.imports.prices.timeline import Ending


@dataclass
class PricePlan:
    """What an import will change in the prices of one role."""

    role: str
    new: dict[str, Sheet] = field(default_factory=dict)
    changed: dict[str, PriceChange] = field(default_factory=dict)
    # Scheduled prices, each compared with the price before it.
    announced: dict[str, list[PriceChange]] = field(default_factory=dict)
    # Scheduled prices that are stored and will not take effect.
    withdrawn: dict[str, list[StoredSheet]] = field(default_factory=dict)
    # Stored prices that get another end, or no end.
    endings: dict[str, list[Ending]] = field(default_factory=dict)
    # Model -> from when on it has no price any more, in words.
    unpriced: dict[str, str] = field(default_factory=dict)
    # Prices before the first stored one, each with its start; without an end: until the import.
    past: dict[str, list[Sheet]] = field(default_factory=dict)
    # Stored sheets with the positions of lines that a more trusted source states, too.
    confirmed: dict[str, dict[int, list[int]]] = field(default_factory=dict)
    # Model -> the change that is not allowed.
    withheld: dict[str, WithheldChange] = field(default_factory=dict)
    # Model -> label of each figure of its first price that is far from its price of another role -> how far.
    first_jumps: dict[str, dict[str, str]] = field(default_factory=dict)
    # Model -> warnings: its price is far from other prices of the same model.
    far: dict[str, list[str]] = field(default_factory=dict)
    unchanged: int = 0
    without: list[str] = field(default_factory=list)

    @property
    def _parts(self) -> tuple[dict[str, Any], ...]:
        return self.new, self.changed, self.announced, self.withdrawn, self.endings, self.past, self.confirmed

    @property
    def is_empty(self) -> bool:
        return not any(self._parts)

    @property
    def touched(self) -> list[str]:
        """The models whose prices it changes."""
        return list(dict.fromkeys(name for part in self._parts for name in part))

    @property
    def price_changes(self) -> list[tuple[str, PriceChange]]:
        """Each change of a current or scheduled price with its model."""
        announced = [(name, change) for name, changes in self.announced.items() for change in changes]
        return [*announced, *self.changed.items()]

    @property
    def jumps(self) -> dict[str, dict[str, str]]:
        """Model -> label of each figure that moves too far to go unnoticed -> how far."""
        jumps: dict[str, dict[str, str]] = {}
        for name, change in self.price_changes:
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

    @property
    def removed(self) -> dict[str, dict[str, str]]:
        """Model -> the lines that disappear from its current or a scheduled price: label -> amount."""
        removed: dict[str, dict[str, str]] = {}
        for name, change in self.price_changes:
            if change.removed:
                removed.setdefault(name, {}).update(change.removed)
        return removed

    @property
    def suspicious(self) -> dict[str, list[str]]:
        """Model -> what is unusual about the changes of its price."""
        warnings = {
            name: [f"{label}: large change, {how_far}" for label, how_far in figures.items()]
            for name, figures in self.jumps.items()
        }
        for name, lines in self.removed.items():
            listed = "; ".join(f"{label}: {amount}" for label, amount in lines.items())
            number = count(len(lines), "line disappears", "lines disappear")
            warnings.setdefault(name, []).append(f"{number}: {listed}")
        for name, start in self.unpriced.items():
            warnings.setdefault(name, []).append(f"no price {start}")
        return warnings

    def announcements(self, name: str) -> Iterator[str]:
        """What changes in the scheduled prices of a model and in the ends of its prices, in words."""
        new = {change.prices.starts_at: change for change in self.announced.get(name, [])}
        old = {sheet.starts_at: sheet for sheet in self.withdrawn.get(name, [])}
        for start, sheet in old.items():
            if (change := new.pop(start, None)) is not None:
                difference = _sentences(compare(sheet.sheet, change.prices))
                yield f"announced price from {start:%Y-%m-%d} changed: {difference}"
                continue
            if (day := self.moved_to(name, sheet)) in new:
                del new[day]
                yield f"announced price moved from {start:%Y-%m-%d} to {day:%Y-%m-%d}"
            else:
                yield f"announced price from {start:%Y-%m-%d} withdrawn"
        for day, change in new.items():
            yield f"price announced from {day:%Y-%m-%d}: {_sentences(change)}"
        yield from (ending.sentence for ending in self.endings.get(name, []) if not ending.is_covered)

    def moved_to(self, name: str, sheet: StoredSheet) -> dt.datetime | None:
        """The day from which the same price is announced now instead of a withdrawn one."""
        old = {withdrawn.starts_at for withdrawn in self.withdrawn.get(name, [])}
        announced = (change.prices for change in self.announced.get(name, []))
        return next(
            (new.starts_at for new in announced if new.starts_at not in old and same_price(new, sheet.sheet)), None
        )

    def report(self) -> dict[str, Any]:
        """The plan as JSON. Moments are dates that do not depend on when the plan is made."""
        return {
            "new": list(self.new),
            "changed": {name: change.moves for name, change in self.changed.items()},
            "announced": {
                name: {as_text(change.prices.starts_at): change.moves for change in changes}
                for name, changes in self.announced.items()
            },
            "withdrawn": {
                name: [_as_json(sheet.sheet, sheet.starts_at, sheet.ends_at) for sheet in sheets]
                for name, sheets in self.withdrawn.items()
            },
            "ends": {
                name: [
                    {
                        "from": as_text(ending.sheet.starts_at),
                        "until": [as_text(ending.sheet.ends_at), _end_of(ending)],
                    }
                    for ending in endings
                    if not ending.is_covered
                ]
                for name, endings in self.endings.items()
            },
            "announcements": {name: sentences for name in self.touched if (sentences := [*self.announcements(name)])},
            "added": {name: list(change.added) for name, change in self.changed.items() if change.added},
            "removed": self.removed,
            "confirmed": list(self.confirmed),
            "past": {
                name: [_as_json(sheet, sheet.starts_at, sheet.ends_at) for sheet in sheets]
                for name, sheets in self.past.items()
            },
            "kept": {name: [change.stored, change.offered, change.reason] for name, change in self.withheld.items()},
            "without": self.without,
        }

    def counts(self) -> dict[str, int]:
        endings = [ending for endings in self.endings.values() for ending in endings]
        return {
            "new_prices": len(self.new),
            "changed_prices": len(self.changed),
            "announced_prices": sum(map(len, self.announced.values())),
            "withdrawn_prices": sum(map(len, self.withdrawn.values())),
            "changed_ends": sum(not ending.is_covered for ending in endings),
            "removed_lines": sum(map(len, self.removed.values())),
            "added_lines": sum(len(change.added) for change in self.changed.values()),
            "lines_of_other_sources": sum(
                line.run is not None for change in self.changed.values() for line in change.prices.lines
            ),
            "confirmed_prices": len(self.confirmed),
            "past_prices": sum(map(len, self.past.values())),
            "unchanged_prices": self.unchanged,
            "without_price": len(self.without),
        }

    def narrowed(self, models: Collection[str]) -> "PricePlan":
        """What the plan changes in these models."""
        return replace(
            self,
            new={name: sheet for name, sheet in self.new.items() if name in models},
            changed={name: change for name, change in self.changed.items() if name in models},
            announced={name: changes for name, changes in self.announced.items() if name in models},
            withdrawn={name: sheets for name, sheets in self.withdrawn.items() if name in models},
            endings={name: endings for name, endings in self.endings.items() if name in models},
            unpriced={name: start for name, start in self.unpriced.items() if name in models},
            past={name: sheets for name, sheets in self.past.items() if name in models},
            first_jumps={name: far for name, far in self.first_jumps.items() if name in models},
            confirmed={name: sheets for name, sheets in self.confirmed.items() if name in models},
        )

    def remove(self, name: str) -> None:
        """Removes what the plan changes in a model."""
        for part in (*self._parts, self.unpriced):
            part.pop(name, None)


def as_text(moment: dt.datetime | None) -> str | None:
    """A moment as JSON."""
    return None if moment is None else moment.isoformat()


def _end_of(ending: Ending) -> str | None:
    return "now" if ending.is_now else as_text(ending.ends_at)


def _as_json(sheet: Sheet, starts_at: dt.datetime | None, ends_at: dt.datetime | None) -> dict[str, Any]:
    return {"from": as_text(starts_at), "until": as_text(ends_at), "figures": described(sheet)}


def _sentences(change: PriceChange) -> str:
    return "; ".join(line.sentence for line in changes(change.before, change.prices)) or "other facts"
