"""The content of a source as plain values: every reader returns it, and every import plan starts from it.

`None` means "the source does not say", never "no": such a field stays unchanged.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from typing import Any

from catalog.prices import Sheet

# The end of the finding about a price that an operator has to confirm.
UNCONFIRMED = (
    "no price was imported; to accept it as the price, confirm it when you review the import, or name the model with "
    "--accept-placeholders"
)


@dataclass(frozen=True)
class Record:
    """One model of a source. `name` is the source's exact key."""

    name: str
    display_name: str | None = None
    vendor: str | None = None
    vendor_icon: str | None = None
    vendor_description: str | None = None
    # Whether the vendor is right whatever the id shows: the document is from another catalog like this one.
    is_vendor_certain: bool = False
    description: str | None = None
    series: str | None = None
    icon: str | None = None
    tags: tuple[str, ...] | None = None
    # Tokens: the context window, the longest input if it is limited by itself, and the longest output.
    context_length: int | None = None
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    input_modalities: tuple[str, ...] | None = None
    output_modalities: tuple[str, ...] | None = None
    capabilities: tuple[str, ...] | None = None
    # The efforts that requests may name, all of them.
    reasoning_levels: tuple[str, ...] | None = None
    # A year, month or day, see catalog.vocabulary.CUTOFF.
    knowledge_cutoff: str | None = None
    open_weights: bool | None = None
    supported_endpoint_types: tuple[str, ...] | None = None
    public_endpoint_types: tuple[str, ...] | None = None
    version: str | None = None
    # Names of catalog/parameters.py.
    default_parameters: Mapping[str, Any] | None = None
    released_on: dt.date | None = None
    deprecated_on: dt.date | None = None
    retires_on: dt.date | None = None
    # The id of the model that replaces this one.
    successor: str | None = None
    prices: Sheet | None = None
    # A price that may be a placeholder for a missing one: it is imported only if an operator confirms it.
    unconfirmed: Sheet | None = None
    # Past, current and scheduled sheets; if two apply at a moment, the later one wins. See `priced_at`.
    schedule: tuple[Sheet, ...] = ()
    # Scheduled sheets.
    announced: tuple[Sheet, ...] = ()
    # Sheets until that moment, each with its end; the first may have no start.
    past: tuple[Sheet, ...] = ()
    # Who serves it at this price, if the source lists many providers, and whether that is its vendor.
    provider: str = ""
    first_party: bool = True
    # Other ids that the source has for this model.
    also: tuple[str, ...] = ()
    # Fields that the reader inferred: they only fill empty fields.
    inferred: frozenset[str] = frozenset()
    # Problems of the row and what was done about them, one sentence each.
    findings: tuple[str, ...] = ()
    # Unknown keys of the row.
    unmapped: tuple[str, ...] = ()

    @property
    def endpoint_types(self) -> frozenset[str]:
        """All endpoint types that the record names."""
        return frozenset({*(self.supported_endpoint_types or ()), *(self.public_endpoint_types or ())})

    def priced_at(self, at: dt.datetime) -> "Record":
        """The record with its current price at that moment, its past and its scheduled prices."""
        if not self.schedule:
            return self
        periods = list(self._periods())
        followed = {price.ends_at for price in periods} & {price.starts_at for price in periods}
        # If another price follows, a price needs no end.
        open_ended = [replace(price, ends_at=None) if price.ends_at in followed else price for price in periods]
        current = next(
            (price for price, period in zip(open_ended, periods, strict=True) if period.applies_at(at)), None
        )
        return replace(
            self,
            prices=None if current is None else replace(current, starts_at=None),
            announced=tuple(price for price in open_ended if price.starts_at is not None and price.starts_at > at),
            past=tuple(
                replace(price, ends_at=min(price.ends_at or at, at))
                for price in periods
                if price.starts_at is None or price.starts_at < at
            ),
            schedule=(),
        )

    def _periods(self) -> Iterator[Sheet]:
        """The schedule without overlaps: each period with the price that applies, the last one of several."""
        moments = {moment for price in self.schedule for moment in (price.starts_at, price.ends_at) if moment}
        bounds: list[dt.datetime | None] = [None, *sorted(moments), None]
        spans = [(start, end, self._price_from(start)) for start, end in pairwise(bounds)]
        for _, group in groupby(spans, key=lambda span: id(span[2])):
            (start, end, price), *following = group
            if price is not None:
                yield replace(price, starts_at=start, ends_at=following[-1][1] if following else end)

    def _price_from(self, start: dt.datetime | None) -> Sheet | None:
        """The price that applies from that moment on; None is before all dates."""
        applicable = (
            price for price in self.schedule if (price.starts_at is None if start is None else price.applies_at(start))
        )
        return next(reversed(list(applicable)), None)


@dataclass(frozen=True)
class Structure:
    """The rows of a document for other tables than its models, each under its natural key.

    A missing field stays unchanged. Relations are natural keys: an offer's (channel, model), an alias's model.
    """

    vendors: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    endpoint_types: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    channels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # Group -> the channels that it reaches.
    reach: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    # Only fields that records do not have, such as a model's status.
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    aliases: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    codex_profiles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # Group and model -> when the model starts for the group.
    releases: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    offers: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    rates: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    popular: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # By key id, and by name.
    tokens: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    roles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # Role -> model -> its price, if the document has prices of more than one role. None: it has no price any more.
    prices: Mapping[str, Mapping[str, Sheet | None]] = field(default_factory=dict)
    # Tables whose rows are only added if they are missing: the document may not change them.
    additions_only: frozenset[str] = frozenset()
    # The sections that the document has, and the channels whose offers it lists.
    sections: frozenset[str] = frozenset()
    offering: frozenset[str] = frozenset()
    # Table -> the keys of stored rows that are removed, each with the model that it belongs to, if there is one.
    removed: Mapping[str, Mapping[tuple[str, ...], str]] = field(default_factory=dict)
    # Pairs of a group and a channel that it no longer reaches.
    left: tuple[tuple[str, str], ...] = ()

    def narrowed(
        self, models: Collection[str], *, endpoint_types: Collection[str] = (), beside: bool = False
    ) -> "Structure":
        """The rows of these models and the endpoint types that they use; with `beside` also the rows of no model."""
        return replace(
            self if beside else Structure(additions_only=self.additions_only),
            endpoint_types={name: row for name, row in self.endpoint_types.items() if beside or name in endpoint_types},
            models={name: row for name, row in self.models.items() if name in models},
            aliases={name: row for name, row in self.aliases.items() if row.get("model") in models},
            codex_profiles={name: row for name, row in self.codex_profiles.items() if name in models},
            releases={key: row for key, row in self.releases.items() if key[1] in models},
            offers={key: row for key, row in self.offers.items() if key[1] in models},
            popular={name: row for name, row in self.popular.items() if name in models},
            prices={
                role: {name: sheet for name, sheet in sheets.items() if name in models}
                for role, sheets in self.prices.items()
            },
            removed={
                table: {key: model for key, model in keys.items() if (model in models if model else beside)}
                for table, keys in self.removed.items()
            },
        )

    def renamed(self, names: Mapping[str, str]) -> "Structure":
        """The same rows, with the models' ids instead of these aliases. A model's own row precedes its alias's."""
        if not names:
            return self

        def by_model(rows: Mapping[str, Any]) -> dict[str, Any]:
            renamed = {names[name]: row for name, row in reversed(list(rows.items())) if name in names}
            return renamed | {name: row for name, row in rows.items() if name not in names}

        return replace(
            self,
            models=by_model(self.models),
            aliases={
                name: {**row, "model": names.get(row.get("model", ""), row.get("model", ""))}
                for name, row in self.aliases.items()
            },
            codex_profiles=by_model(self.codex_profiles),
            releases={(group, names.get(name, name)): row for (group, name), row in self.releases.items()},
            offers={(channel, names.get(name, name)): row for (channel, name), row in self.offers.items()},
            popular=by_model(self.popular),
            prices={role: by_model(sheets) for role, sheets in self.prices.items()},
        )


@dataclass(frozen=True)
class Document:
    """A whole source: its models, and its rows for other tables."""

    records: tuple[Record, ...]
    structure: Structure = field(default_factory=Structure)
    findings: tuple[str, ...] = ()
    # Unknown keys of records that were not chosen.
    unmapped: tuple[str, ...] = ()
    # All ids of the document, if the records are a selection.
    listed: tuple[str, ...] = ()
