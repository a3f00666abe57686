"""What an import will change beside the facts and prices of its records, as data.

Each row has a natural key. A plan names what is new, the old and new value of what changes, and what is removed.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import models

from catalog.models import AIModel, Channel, CodexProfile, EndpointType, ModelAlias, Offer, Vendor
from catalog.sources.records import Structure
from pricing.imports.prices.plan import PricePlan
from pricing.models import GroupRate, PopularModel
from tokens.models import ModelRelease, Token, TokenGroup

Key = tuple[str, ...]
Fields = Mapping[str, Any]
# Field -> old and new value.
Changes = Mapping[str, tuple[Any, Any]]

# Related model -> the natural key that relations name.
RELATIONS: Mapping[type[models.Model], str] = {Vendor: "slug", TokenGroup: "slug", Channel: "slug", AIModel: "name"}
# What a row is before and after its removal, in words.
REMOVED = ("stored", "removed")


@dataclass(frozen=True)
class Table:
    """One table of the structure: its model, the fields of its natural key, and its relations."""

    name: str
    # One of its rows, for people.
    noun: str
    model: Any
    key: tuple[str, ...]
    relations: Mapping[str, type[models.Model]] = field(default_factory=dict)
    # Relations to many rows; their values are sorted lists of natural keys.
    lists: Mapping[str, type[models.Model]] = field(default_factory=dict)
    # Whether each row is about one model.
    is_of_models: bool = False
    # Models are created by the facts of an import, never here.
    is_created: bool = True
    # For rows with dates, the plan compares the current ones, and a change is a new row.
    is_dated: bool = False

    def rows(self, *, at: dt.datetime) -> Any:
        if self.model is Group:
            # The software defines the others.
            return Group.objects.filter(built_in=None)
        return self.model.objects.in_force(at=at) if self.is_dated else self.model.objects.all()


# A table comes after the tables that its rows refer to.
TABLES = (
    Table("vendors", "vendor", Vendor, ("slug",)),
    Table("endpoint_types", "endpoint type", EndpointType, ("name",)),
    Table("groups", "group", TokenGroup, ("slug",)),
    Table("channels", "channel", Channel, ("slug",)),
    Table(
        "models", "model", AIModel, ("name",), {"vendor": Vendor, "successor": AIModel},
        is_of_models=True, is_created=False,
    ),
    Table("aliases", "alias", ModelAlias, ("name",), {"model": AIModel}, is_of_models=True),
    Table("codex_profiles", "Codex profile", CodexProfile, ("model",), {"model": AIModel}, is_of_models=True),
    Table(
        "releases", "release", ModelRelease, ("group", "model"), {"group": TokenGroup, "model": AIModel},
        is_of_models=True,
    ),
    Table("offers", "offer", Offer, ("channel", "model"), {"channel": Channel, "model": AIModel}, is_of_models=True),
    Table("rates", "group rate", GroupRate, ("group",), {"group": TokenGroup}, is_dated=True),
    Table("popular", "popular model", PopularModel, ("model",), {"model": AIModel}, is_of_models=True),
    Table("tokens", "token", Token, ("key_id",), {"first_group": TokenGroup}, {"groups": TokenGroup}),
    Table("roles", "role", Group, ("name",), lists={"permissions": Permission}),
)  # fmt: skip
BY_NAME: Mapping[str, Table] = {table.name: table for table in TABLES}


@dataclass
class TablePlan:
    """The new, changed and removed rows of one table, by natural key."""

    new: dict[Key, Fields] = field(default_factory=dict)
    changed: dict[Key, Changes] = field(default_factory=dict)
    # Each with the model that it belongs to, if there is one.
    removed: dict[Key, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.new or self.changed or self.removed)

    @property
    def changes(self) -> dict[Key, Changes]:
        """All fields of new and changed rows; the old value of a new row is None."""
        new = {key: {name: (None, value) for name, value in fields.items()} for key, fields in self.new.items()}
        return {**new, **self.changed}

    def limited_to(self, keys: Collection[Key]) -> "TablePlan":
        return TablePlan(
            {key: fields for key, fields in self.new.items() if key in keys},
            {key: changes for key, changes in self.changed.items() if key in keys},
        )

    def report(self) -> dict[str, Any]:
        """The rows as JSON, with the old and new value of each changed field."""
        return {
            "new": [" ".join(key) for key in self.new],
            "changed": {" ".join(key): changes for key, changes in self.changed.items()},
            **({"removed": [" ".join(key) for key in self.removed]} if self.removed else {}),
        }


@dataclass
class StructurePlan:
    """What an import will change besides the facts and prices of its records."""

    structure: Structure = field(default_factory=Structure)
    tables: dict[str, TablePlan] = field(default_factory=dict)
    # Pairs of a group and a channel that it does not reach yet.
    joins: list[tuple[str, str]] = field(default_factory=list)
    # Pairs that it will no longer reach.
    leaves: list[tuple[str, str]] = field(default_factory=list)
    prices: dict[str, PricePlan] = field(default_factory=dict)
    # The endpoint types that models of the same import name; they belong to these models.
    used_types: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        is_unchanged = all(plan.is_empty for plan in self.tables.values())
        return is_unchanged and not (self.joins or self.leaves or self._has_prices)

    @property
    def _has_prices(self) -> bool:
        return any(not plan.is_empty for plan in self.prices.values())

    @property
    def jumps(self) -> dict[str, dict[str, str]]:
        """Model -> label of each figure that moves too far to go unnoticed -> how far."""
        jumps: dict[str, dict[str, str]] = {}
        for plan in self.prices.values():
            for name, figures in plan.jumps.items():
                jumps[name] = figures | jumps.get(name, {})
        return jumps

    @property
    def has_beside(self) -> bool:
        """Whether it changes anything that belongs to no model."""
        return bool(self.joins or self.leaves) or any(owner is None for _, _, _, owner in self._rows())

    @property
    def touched(self) -> list[str]:
        """The models that it changes."""
        of_models = [model for _, _, _, model in self._rows() if model]
        priced = [name for plan in self.prices.values() for name in plan.touched]
        return list(dict.fromkeys([*of_models, *priced]))

    @property
    def removed_models(self) -> list[str]:
        """The models that it deletes."""
        return [name for (name,) in self.tables.get("models", TablePlan()).removed]

    def _rows(self) -> Iterator[tuple[Table, Key, Changes, str | None]]:
        """New, changed and removed rows, each with its changes and the model that it belongs to.

        The model of an endpoint type is empty if models of the same import use it; None: the row belongs to no model.
        """
        for name, plan in self.tables.items():
            table = BY_NAME[name]
            for key, changes in plan.changes.items():
                is_used_type = table.model is EndpointType and key[0] in self.used_types
                owner = self._model_of(table, key) if table.is_of_models else "" if is_used_type else None
                yield table, key, changes, owner
            for key, model in plan.removed.items():
                yield table, key, {"": REMOVED}, model or None

    def _model_of(self, table: Table, key: Key) -> str:
        return str(self.structure.aliases[key[0]].get("model", "")) if table.model is ModelAlias else key[-1]

    def changes(self, *, model: str | None) -> Iterator[tuple[str, Changes]]:
        """The changes of one model, or with None those that belong to no model: what changes, and its fields."""
        for table, key, changes, owner in self._rows():
            if owner == model:
                yield f"{table.noun} {' '.join(key)}", changes
        if model is None:
            yield from ((f"group {group}", {"reaches": (None, channel)}) for group, channel in self.joins)
            yield from ((f"group {group}", {"reaches": (channel, None)}) for group, channel in self.leaves)

    def narrowed(self, names: Collection[str], *, used_types: frozenset[str], beside: bool) -> "StructurePlan":
        """The changes to these models, and with `beside` also those that belong to no model."""
        structure = self.structure.narrowed(names, endpoint_types=used_types, beside=beside)
        tables = {}
        for name, plan in self.tables.items():
            keys = {as_key(key) for key in getattr(structure, name)}
            # Changed vendors may have another key than their rows in the document.
            part = plan if beside and not BY_NAME[name].is_of_models else plan.limited_to(keys)
            tables[name] = replace(part, removed=dict(structure.removed.get(name, {})))
        return StructurePlan(
            structure,
            tables,
            self.joins if beside else [],
            self.leaves if beside else [],
            {role: plan.narrowed(names) for role, plan in self.prices.items()},
            used_types,
        )

    def without(self, names: Collection[str]) -> "StructurePlan":
        """The changes of the other tables."""
        return replace(self, tables={name: plan for name, plan in self.tables.items() if name not in names})

    def counts(self) -> dict[str, dict[str, int]]:
        """Table -> the number of new and changed rows; unchanged tables are left out."""
        plans: dict[str, TablePlan | PricePlan] = {**self.tables}
        plans |= {f"{role} prices": plan for role, plan in self.prices.items()}
        counts = {name: {"new": len(plan.new), "changed": len(plan.changed)} for name, plan in plans.items()}
        for name, table in self.tables.items():
            counts[name] |= {"removed": len(table.removed)} if table.removed else {}
        for role, prices in self.prices.items():
            counts[f"{role} prices"] |= {"ended": len(prices.unpriced)} if prices.unpriced else {}
        return {name: numbers for name, numbers in counts.items() if any(numbers.values())}

    def changes_of(self, table: str) -> dict[Key, Changes]:
        """The key of each new or changed row of a table -> its changes."""
        return self.tables.get(table, TablePlan()).changes

    def new_names(self, table: str) -> list[str]:
        """The keys of a table's new rows."""
        return [" ".join(key) for key in self.tables.get(table, TablePlan()).new]

    def values(self, table: str, column: str) -> dict[str, list[Any]]:
        """Key -> old and new value of one field, for the rows of a table in which it changes."""
        changes = self.changes_of(table).items()
        return {" ".join(key): list(fields[column]) for key, fields in changes if column in fields}

    def report(self) -> dict[str, Any]:
        """The plan as JSON."""
        return {
            **{name: plan.report() for name, plan in self.tables.items() if not plan.is_empty},
            **({"joins": [list(pair) for pair in self.joins]} if self.joins else {}),
            **({"leaves": [list(pair) for pair in self.leaves]} if self.leaves else {}),
            **({"prices": {role: plan.report() for role, plan in self.prices.items()}} if self._has_prices else {}),
        }


def as_key(name: Any) -> Key:
    """The natural key of a row that a structure has under this name."""
    return name if isinstance(name, tuple) else (name,)
