"""Which stored values an import may change, against pins, people and sources that are trusted more."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from catalog.imports.provenance import field_writers
from catalog.models import AIModel, FieldPin, Source
from catalog.models.pin import price_field
from catalog.source_trust import BY_HAND, PERSON, WithheldChange, Writer, why_withheld

Changes = dict[str, tuple[Any, Any]]


class ImportPolicy:
    """What one source may change; with `overrule` everything that is not pinned."""

    def __init__(self, source: Writer, pins: Mapping[tuple[str, str], FieldPin], *, overrule: bool = False) -> None:
        self.source = source
        self.overrule = overrule
        # By model and field.
        self.pins = pins
        # What the source says of pinned fields, by the pin's key; None where it agrees.
        self.upstream_values: dict[int, Any] = {}

    @classmethod
    def of(cls, source: Writer, *, overrule: bool = False) -> "ImportPolicy":
        """The policy for a source, with the stored pins."""
        pins = {(pin.model.name, pin.field): pin for pin in FieldPin.objects.select_related("model")}
        return cls(source, pins, overrule=overrule)

    @classmethod
    def unrestricted(cls) -> "ImportPolicy":
        """The policy that allows every change."""
        return cls(PERSON, {}, overrule=True)

    @property
    def is_unrestricted(self) -> bool:
        return self.overrule and not self.pins

    def pinned_fields(self) -> dict[str, set[str]]:
        """Model -> its pinned fields."""
        pinned: dict[str, set[str]] = {}
        for name, field in self.pins:
            pinned.setdefault(name, set()).add(field)
        return pinned

    def withheld_changes(
        self, changed: Mapping[str, Changes], stored: Mapping[str, AIModel]
    ) -> dict[str, dict[str, WithheldChange]]:
        """The changes of stored models that are not allowed: model -> field -> what stays and why."""
        contested = {
            stored[name].pk: [field for field, (old, _) in changes.items() if not _is_open(field, old)]
            for name, changes in changed.items()
        }
        writers = field_writers({key: fields for key, fields in contested.items() if fields})
        withheld: dict[str, dict[str, WithheldChange]] = {}
        for name, changes in changed.items():
            key = stored[name].pk
            for field, (old, new) in changes.items():
                writer = writers.get(key, {}).get(field, PERSON) if field in contested[key] else None
                if reason := self._why_withheld(name, field, writer) or self._why_filled(field, new, writer):
                    withheld.setdefault(name, {})[field] = WithheldChange(old, new, reason)
        return withheld

    def _why_filled(self, field: str, new: Any, stored_by: Writer | None) -> str:
        """Why an empty value leaves that of another source, or "": two imports would fill and empty it in turn."""
        is_own = stored_by is None or stored_by.source == self.source.source
        if is_own or self.overrule or self.source.trust >= BY_HAND or not _is_open(field, new):
            return ""
        return f"from {stored_by}, and an empty value does not replace it"

    def why_price_withheld(self, name: str, role: str, stored_by: Writer | None) -> str:
        """Why the price of that role stays, or ""; `stored_by`: who wrote the current one, if there is one."""
        return self._why_withheld(name, price_field(role), stored_by)

    def why_past_withheld(self, name: str, role: str, stored_by: Writer | None) -> str:
        """Why no past prices are added before the first one of that role, or "".

        An equally trusted source may add them: the stored price says nothing about the time before it.
        """
        is_equal = stored_by is not None and stored_by.source and stored_by.trust == self.source.trust
        return self.why_price_withheld(name, role, None if is_equal else stored_by)

    def why_unpinned_withheld(self, stored_by: Writer) -> str:
        """Why a value that cannot be pinned stays, such as the model of an alias or a line of a price, or ""."""
        return "" if self.overrule else why_withheld(stored_by, self.source)

    def note_pinned(self, name: str, field: str, stored: Any, offered: Any) -> None:
        """Remembers what the source says of a field, if the field is pinned."""
        pin = self.pins.get((name, field)) if self.pins else None
        if pin is not None and offered is not None:
            self.upstream_values[pin.pk] = None if stored == offered else offered

    def _why_withheld(self, name: str, field: str, stored_by: Writer | None) -> str:
        pin = self.pins.get((name, field))
        if pin is not None:
            return f"pinned: {pin.reason}"
        if stored_by is None or self.overrule:
            return ""
        # An import publishes models only on request, so only a person's decision to unpublish outweighs it.
        return "" if field == "status" and stored_by.source else why_withheld(stored_by, self.source)


def _is_open(field: str, value: Any) -> bool:
    """Whether any source may fill the field. An empty list of public endpoint types is a decision."""
    if field == "vendor":
        return bool(value == "Other")
    return value is None or value == "" or bool(value == [] and field != "public_endpoint_types")


def update_pins(upstream_values: Mapping[int, Any], source: Source, *, at: dt.datetime) -> None:
    """Stores on pins what this source says instead, and removes it where the source agrees again."""
    for pin in FieldPin.objects.filter(pk__in=upstream_values):
        offered = plain_value(upstream_values[pin.pk])
        changes = {"upstream": offered, "upstream_source": source, "upstream_at": at}
        if offered is None and pin.upstream_source_id == source.pk:
            changes = {"upstream": None, "upstream_source": None, "upstream_at": None}
        elif offered is None or (pin.upstream == offered and pin.upstream_source_id == source.pk):
            continue
        FieldPin.objects.filter(pk=pin.pk).mark(**changes)


def plain_value(value: Any) -> Any:
    """A value of a model's field as JSON."""
    return value.isoformat() if isinstance(value, dt.date) else value
