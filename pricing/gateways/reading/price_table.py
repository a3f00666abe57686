"""The table of prices of one-hub and done-hub, and which of its rows a name is charged by. Imports no models."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class LongContext:
    """A second price for calls with more prompt tokens than `threshold`, as factors of the first."""

    threshold: int
    input: Decimal
    output: Decimal


@dataclass(frozen=True)
class PriceRow:
    """The price of one model, or of all models whose names begin with the text before a final `*`.

    `input` and `output` are in the program's units for one token; a price per call is in 1,000 units.
    """

    model: str
    is_per_call: bool
    # The number of a vendor: a channel type, or one of the operator's own vendors.
    vendor: int
    input: Decimal
    output: Decimal
    # Kind of token -> its price as a multiple of the input or output price.
    ratios: Mapping[str, Decimal]
    long_context: LongContext | None = None


class PriceTable:
    """The rows by name; of two rows with one name, the programs use the one that they read last."""

    def __init__(self, rows: Iterable[PriceRow] = (), *, ignores_case: bool = False) -> None:
        self.rows = {row.model: row for row in rows}
        self.ignores_case = ignores_case
        self._patterns = [name for name in self.rows if is_pattern(name)]
        self._in_lower_case = {name.lower(): name for name in reversed(self.rows)} if ignores_case else {}

    def row_for(self, name: str) -> PriceRow | None:
        """The row by which the name is charged: its own, else that of the longest pattern that it fits."""
        if name in self.rows:
            return self.rows[name]
        if self.ignores_case:
            same = self._in_lower_case.get(name.lower())
            lower = {pattern.lower(): pattern for pattern in self._patterns}
            pattern = same or lower.get(longest_pattern(name.lower(), lower), "")
            if pattern:
                return self.rows[pattern]
        return self.rows.get(longest_pattern(name, self._patterns))

    def rivals(self, name: str) -> tuple[str, ...]:
        """The patterns that the name fits if it has no row of its own; the programs use any of them."""
        return () if name in self.rows else tuple(pattern for pattern in self._patterns if fits(name, pattern))


def is_pattern(name: str) -> bool:
    return name.endswith("*")


def fits(name: str, pattern: str) -> bool:
    """Whether the name, or each name that fits it as a pattern, fits the pattern."""
    return is_pattern(pattern) and name.startswith(pattern.rstrip("*"))


def longest_pattern(name: str, patterns: Iterable[str]) -> str:
    """The longest of the patterns that the name fits; empty if it fits none."""
    return max((pattern for pattern in patterns if fits(name, pattern)), key=len, default="")
