"""What the source of an import may change: against pins, against people, and against sources that are trusted more."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from catalog.imports.provenance import field_writers
from catalog.models import AIModel, FieldPin, Source
from catalog.models.pin import price_field
from catalog.source_trust import PERSON, Kept, Writer, why_kept

Changes = dict[str, tuple[Any, Any]]


class Standing:
    """One source before all that is stored; `overrule` lets it change everything but what is pinned."""

    def __init__(self, by: Writer, *, overrule: bool = False) -> None:
        self.by = by
        self.overrule = overrule
        self.pins: dict[tuple[str, str], FieldPin] = {
            (pin.model.name, pin.field): pin for pin in FieldPin.objects.select_related("model")
        }
        # What the source says of pinned fields, by the pin's key; None where it agrees.
        self.heard: dict[int, Any] = {}

    def pinned_fields(self) -> dict[str, set[str]]:
        """Model -> what is pinned of it."""
        found: dict[str, set[str]] = {}
        for name, field in self.pins:
            found.setdefault(name, set()).add(field)
        return found

    def split(self, changed: Mapping[str, Changes], stored: Mapping[str, AIModel]) -> dict[str, dict[str, Kept]]:
        """Of the changes of stored models those that do not stand: model -> field -> what stays and why."""
        contested = {
            stored[name].pk: [field for field, (old, _) in changes.items() if not _is_open(field, old)]
            for name, changes in changed.items()
        }
        writers = field_writers({key: fields for key, fields in contested.items() if fields})
        kept: dict[str, dict[str, Kept]] = {}
        for name, changes in changed.items():
            key = stored[name].pk
            for field, (old, new) in changes.items():
                by = writers.get(key, {}).get(field, PERSON) if field in contested[key] else None
                if why := self._why(name, field, by):
                    kept.setdefault(name, {})[field] = Kept(old, new, why)
        return kept

    def why_price_stays(self, name: str, role: str, stored_by: Writer | None) -> str:
        """Why the price of that role stays; `stored_by`: who wrote the one in force, if there is one."""
        return self._why(name, price_field(role), stored_by)

    def why_past_stays(self, name: str, role: str, stored_by: Writer | None) -> str:
        """Why no past prices are put before those of that role; where sources are trusted alike, none spoke of then."""
        is_alike = stored_by is not None and stored_by.source and stored_by.trust == self.by.trust
        return self.why_price_stays(name, role, None if is_alike else stored_by)

    def why_alias_stays(self, stored_by: Writer) -> str:
        """Why an alias goes on standing for its model; `stored_by`: who made it do so."""
        return "" if self.overrule else why_kept(stored_by, self.by)

    def hear(self, name: str, field: str, stored: Any, offered: Any) -> None:
        """Notes what the source says of a field, if that is pinned."""
        pin = self.pins.get((name, field)) if self.pins else None
        if pin is not None and offered is not None:
            self.heard[pin.pk] = None if stored == offered else offered

    def _why(self, name: str, field: str, stored_by: Writer | None) -> str:
        pin = self.pins.get((name, field))
        if pin is not None:
            return f"pinned: {pin.reason}"
        if stored_by is None or self.overrule:
            return ""
        # To publish is asked for by whoever imports; only what a person took back stays back.
        return "" if field == "status" and stored_by.source else why_kept(stored_by, self.by)


def _is_open(field: str, value: Any) -> bool:
    """Whether anybody may fill it. No public endpoint types at all are a decision."""
    if field == "vendor":
        return bool(value == "Other")
    return value is None or value == "" or bool(value == [] and field != "public_endpoint_types")


def mark_pins(heard: Mapping[int, Any], source: Source, *, at: dt.datetime) -> None:
    """Shows on pins what this source says instead, and no more where it agrees again."""
    for pin in FieldPin.objects.filter(pk__in=heard):
        offered = plain_value(heard[pin.pk])
        moved = {"upstream": offered, "upstream_source": source, "upstream_at": at}
        if offered is None and pin.upstream_source_id == source.pk:
            moved = {"upstream": None, "upstream_source": None, "upstream_at": None}
        elif offered is None or (pin.upstream == offered and pin.upstream_source_id == source.pk):
            continue
        FieldPin.objects.filter(pk=pin.pk).mark(**moved)


def plain_value(value: Any) -> Any:
    """A value of a model's field as JSON has it."""
    return value.isoformat() if isinstance(value, dt.date) else value
