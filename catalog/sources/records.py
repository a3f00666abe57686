"""What a source says, as plain values: the one shape that every reader gives and every import plan starts from.

`None` means "the source does not say", never "no": an import changes nothing where a record says None.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from catalog.prices import Sheet


@dataclass(frozen=True)
class Record:
    """One model of a source. `name` is the source's exact key."""

    name: str
    display_name: str | None = None
    vendor: str | None = None
    vendor_icon: str | None = None
    description: str | None = None
    series: str | None = None
    icon: str | None = None
    tags: tuple[str, ...] | None = None
    context_length: int | None = None
    max_output_tokens: int | None = None
    input_modalities: tuple[str, ...] | None = None
    output_modalities: tuple[str, ...] | None = None
    capabilities: tuple[str, ...] | None = None
    supported_endpoint_types: tuple[str, ...] | None = None
    public_endpoint_types: tuple[str, ...] | None = None
    version: str | None = None
    # Names of catalog/parameters.py.
    default_parameters: Mapping[str, Any] | None = None
    released_on: dt.date | None = None
    deprecated_on: dt.date | None = None
    retires_on: dt.date | None = None
    prices: Sheet | None = None
    # Sheet with dates, past and future; of two that hold at a moment the later one counts. See `priced_at`.
    schedule: tuple[Sheet, ...] = ()
    # Sheet of the schedule that are still to come.
    announced: tuple[Sheet, ...] = ()
    # What counted until that moment, each with its end; the first may have no beginning.
    past: tuple[Sheet, ...] = ()
    # Who sells it at this price, where a source lists models of many sellers, and whether that is its vendor.
    provider: str = ""
    first_party: bool = True
    # Other ids that the source gives the same model.
    also: tuple[str, ...] = ()
    # Fields above that were inferred and not said: they fill what is empty and change nothing.
    inferred: frozenset[str] = frozenset()
    # What was unsound in the source's row and what was made of it, a sentence each.
    findings: tuple[str, ...] = ()
    # Keys of the row that nothing here has a place for.
    unmapped: tuple[str, ...] = ()

    def priced_at(self, at: dt.datetime) -> "Record":
        """The record with the price that its schedule has at that moment, what counted before and what will later."""
        if not self.schedule:
            return self
        announced = tuple(price for price in self.schedule if price.starts_at is not None and price.starts_at > at)
        current = next((price for price in reversed(self.schedule) if price.applies_at(at)), None)
        if current is not None:
            # Where another one follows, the first needs no end of its own.
            ends = current.ends_at
            followed = any(later.starts_at is not None and ends and later.starts_at <= ends for later in announced)
            current = replace(current, starts_at=None, ends_at=None if followed else ends)
        return replace(self, prices=current, announced=announced, past=tuple(self._past(at)), schedule=())

    def _past(self, at: dt.datetime) -> Iterator[Sheet]:
        """Each period until that moment, also that of the price which counts on; one ends where the next begins."""
        begins = [price.starts_at for price in self.schedule]
        for price, later in zip(self.schedule, [*begins[1:], None], strict=True):
            end = min(moment for moment in (price.ends_at, later, at) if moment is not None)
            if price.starts_at is None or price.starts_at < end:
                yield replace(price, ends_at=end)


@dataclass(frozen=True)
class Structure:
    """What a document says beside the facts of models: rows of other tables, each under its natural key.

    A field that is absent is not said. Relations are natural keys: an offer's (channel, model), an alias's model.
    """

    vendors: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    endpoint_types: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    channels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # Group -> the channels that it reaches.
    reach: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Of a model here only what its record has no place for, such as its status.
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    aliases: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    offers: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    rates: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    popular: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # Role -> model -> its price, where the document has prices of more than one role.
    prices: Mapping[str, Mapping[str, Sheet]] = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """A whole source: its records and what it says beside them."""

    records: tuple[Record, ...]
    # Endpoint type -> (path, method), for types that the registry may lack.
    endpoint_types: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    # Group -> its rate.
    group_rates: Mapping[str, Decimal] = field(default_factory=dict)
    # Most popular first; None where the source has no such list.
    popular: tuple[str, ...] | None = None
    findings: tuple[str, ...] = ()
    structure: Structure | None = None
    # Keys that nothing here has a place for, of rows that were not chosen.
    unmapped: tuple[str, ...] = ()
    # The ids of all that it lists, where the records are a choice of them.
    listed: tuple[str, ...] = ()
