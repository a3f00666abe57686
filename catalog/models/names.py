"""Rows whose names people may take for another one's.

One place decides for every named table, however a row arrives: forms, YAML, imports, gateways and pages.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from catalog.models.aimodel import AIModel
from catalog.models.alias import ModelAlias
from catalog.models.channel import Channel
from catalog.models.endpoint import EndpointType
from catalog.models.source import Source
from catalog.models.vendor import Vendor
from catalog.names.look_alikes import fault_of_name, looks_of_name

# Table -> the columns by which people and programs name its rows. Apps above add theirs.
NAMED: dict[type[models.Model], tuple[str, ...]] = {
    AIModel: ("name",),
    ModelAlias: ("name",),
    Vendor: ("slug", "name"),
    Channel: ("slug",),
    EndpointType: ("name",),
    Source: ("slug",),
}
# The code of an error about a name that a person may store nevertheless.
LOOK_ALIKE = "look-alike"
# Tables whose names are used in the same place, and the column with the row that both are about.
IDS: dict[type[models.Model], str] = {AIModel: "pk", ModelAlias: "model_id"}


@dataclass(frozen=True)
class LookAlike:
    """A stored row that looks like a name."""

    noun: str
    name: str
    # Whether the two are equal, or differ in nothing but upper and lower case, as real ids do.
    may_be_meant: bool

    def describe(self, name: str) -> str:
        """What is alike, as the start of a sentence."""
        if name == self.name:
            return f"{name} is the name of the {self.noun} {self.name}"
        how = "upper and lower case" if self.may_be_meant else "width, spaces or letters of another script"
        return f"{name} looks like the {self.noun} {self.name}, which differs only by {how}"


class Names:
    """The names in the place of one table, read once to look up many."""

    def __init__(self, table: type[models.Model]) -> None:
        self._by_looks: defaultdict[str, list[tuple[str, str, Any]]] = defaultdict(list)
        for other in IDS if table in IDS else (table,):
            owner = IDS.get(other, "pk")
            for column in NAMED[other]:
                rows = other._default_manager.order_by("pk").values_list(column, owner)
                for name, key in rows.iterator():
                    self.add(str(other._meta.verbose_name), name, key)

    def add(self, noun: str, name: str, owner: Any = None) -> None:
        """Adds the name of a row that will be stored."""
        self._by_looks[looks_of_name(name)].append((noun, name, owner))

    def doubts(self, name: str, *, owner: Any = None) -> Iterator[tuple[str, bool]]:
        """Why a person should decide about a new name, and whether this is a reason to refuse it."""
        if fault := fault_of_name(name):
            yield fault.rstrip("."), True
        for alike in self.like(name, owner=owner)[:1]:
            yield alike.describe(name), not alike.may_be_meant

    def like(self, name: str, *, owner: Any = None) -> list[LookAlike]:
        """The rows of other owners that look like a name; those that nobody means come first."""
        found = [
            LookAlike(noun, other, name.casefold() == other.casefold())
            for noun, other, key in self._by_looks.get(looks_of_name(name), ())
            if owner is None or key != owner
        ]
        return sorted(found, key=lambda alike: alike.may_be_meant)


def changed_names(row: models.Model) -> list[str]:
    """The columns with names that saving the row would change."""
    columns, stored = NAMED[type(row)], type(row)._default_manager.filter(pk=row.pk).first() if row.pk else None
    return [column for column in columns if stored is None or getattr(stored, column) != getattr(row, column)]


def look_alikes(
    row: models.Model, names: Names | None = None, *, changed: Sequence[str] | None = None
) -> Iterator[tuple[str, LookAlike]]:
    """Column and look-alike of each name that saving the row would change, if people may take it for another one.

    `names`: those of its table, and `changed`: its changed columns, if they are already read.
    """
    table, changed = type(row), changed_names(row) if changed is None else changed
    if not changed:
        return
    names, owner = names or Names(table), getattr(row, IDS.get(table, "pk"))
    for column in changed:
        for alike in names.like(getattr(row, column), owner=owner)[:1]:
            yield column, alike


def name_errors(row: models.Model, names: Names | None = None) -> dict[str, ValidationError]:
    """Column -> why the row should not get its new name. With the code LOOK_ALIKE, a person may decide otherwise."""
    errors, changed = dict[str, ValidationError](), changed_names(row)
    for column, alike in look_alikes(row, names, changed=changed):
        problem = alike.describe(getattr(row, column))
        errors[column] = (
            ValidationError(f"{problem}.", code=LOOK_ALIKE)
            if alike.may_be_meant
            else ValidationError(f"{problem}. Choose another name.", code="invalid")
        )
    for column in changed:
        if fault := fault_of_name(getattr(row, column)):
            errors[column] = ValidationError(fault, code="invalid")
    return errors
