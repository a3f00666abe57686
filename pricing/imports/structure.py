"""The structure part of an import: vendors, groups, channels, offers, aliases and the like, each under its natural key.

A plan names what is new and what changes, old and new; nothing is deleted, and a field that is not said stays as it is.
It is made again when it is applied: the models that offers and aliases name may be new themselves.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from catalog.db.bulk import create_rows, update_rows
from catalog.imports.context import Findings, PlanContext, WriteContext
from catalog.models import AIModel, Channel, EndpointType, ModelAlias, Offer, Vendor
from catalog.sources.records import Document, Record, Structure
from pricing.imports.prices import PricePlan, apply_prices, plan_prices
from pricing.models import GroupRate, PopularModel
from pricing.published.group_rates import write_rates
from tokens.models import TokenGroup

Key = tuple[str, ...]
Fields = Mapping[str, Any]

# What a relation names: the related model's natural key.
RELATIONS: Mapping[type[models.Model], str] = {Vendor: "slug", TokenGroup: "slug", Channel: "slug", AIModel: "name"}


@dataclass(frozen=True)
class Table:
    """One table of the structure: its model, the fields of its natural key, and what it relates to."""

    name: str
    model: Any
    key: tuple[str, ...]
    relations: Mapping[str, type[models.Model]] = field(default_factory=dict)
    # Models are made by the facts of an import, never here.
    is_made: bool = True
    # Of rows that have time those in force are meant; a change is a new row, and the old one stays.
    is_dated: bool = False

    def rows(self, *, at: dt.datetime) -> Any:
        return self.model.objects.in_force(at=at) if self.is_dated else self.model.objects.all()


# In the order in which rows need each other.
TABLES = (
    Table("vendors", Vendor, ("slug",)),
    Table("endpoint_types", EndpointType, ("name",)),
    Table("groups", TokenGroup, ("slug",)),
    Table("channels", Channel, ("slug",)),
    Table("models", AIModel, ("name",), {"vendor": Vendor, "successor": AIModel}, is_made=False),
    Table("aliases", ModelAlias, ("name",), {"model": AIModel}),
    Table("offers", Offer, ("channel", "model"), {"channel": Channel, "model": AIModel}),
    Table("rates", GroupRate, ("group",), {"group": TokenGroup}, is_dated=True),
    Table("popular", PopularModel, ("model",), {"model": AIModel}),
)


# Tables whose rows are about one model each.
OF_MODELS = ("models", "aliases", "offers", "popular")


@dataclass
class TablePlan:
    """What is new and what changes in one table, by natural key."""

    new: dict[Key, Fields] = field(default_factory=dict)
    changed: dict[Key, dict[str, tuple[Any, Any]]] = field(default_factory=dict)


@dataclass
class StructurePlan:
    """What an import will do beside facts and prices."""

    structure: Structure
    tables: dict[str, TablePlan] = field(default_factory=dict)
    # Group and channel, where the group does not reach it yet.
    joins: list[tuple[str, str]] = field(default_factory=list)
    prices: dict[str, PricePlan] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        untouched = not any(plan.new or plan.changed for plan in self.tables.values())
        return untouched and not self.joins and all(plan.is_empty for plan in self.prices.values())

    @property
    def jumps(self) -> dict[str, tuple[str, ...]]:
        """Model -> the figures that move too far to pass unseen."""
        return {name: jumps for plan in self.prices.values() for name, jumps in plan.jumps.items()}

    @property
    def has_beside(self) -> bool:
        """Whether it changes anything that is of no model in particular."""
        return bool(self.joins) or any(
            plan.new or plan.changed for name, plan in self.tables.items() if name not in OF_MODELS
        )

    def model_of(self, table: str, key: Key) -> str:
        """The model that a row of one of the models' own tables is about."""
        return str(self.structure.aliases[key[0]].get("model", "")) if table == "aliases" else key[-1]

    @property
    def touched(self) -> list[str]:
        """The models that it changes something of."""
        rows = [(name, key) for name in OF_MODELS for key in self._rows(name)]
        priced = [name for plan in self.prices.values() for name in (*plan.new, *plan.changed)]
        return list(dict.fromkeys([*(self.model_of(name, key) for name, key in rows), *priced]))

    def _rows(self, table: str) -> list[Key]:
        plan = self.tables.get(table, TablePlan())
        return [*plan.new, *plan.changed]

    def changes(self, *, of: str | None) -> Iterator[tuple[str, Mapping[str, tuple[Any, Any]]]]:
        """What changes, each field old and new: of one model, or with None of no model in particular."""
        for name, plan in self.tables.items():
            rows = {key: {each: (None, value) for each, value in said.items()} for key, said in plan.new.items()}
            for key, fields in (rows | plan.changed).items():
                if (name in OF_MODELS) == (of is not None) and (of is None or self.model_of(name, key) == of):
                    yield f"{name.replace('_', ' ').removesuffix('s')} {' '.join(key)}", fields
        if of is None:
            yield from ((f"group {group}", {"reaches": (None, channel)}) for group, channel in self.joins)
        for role, prices in self.prices.items():
            if of in prices.new or of in prices.changed:
                yield f"{role} price", {"": (None if of in prices.new else "another", "as the document says")}

    def narrowed(self, names: Collection[str], *, beside: bool) -> "StructurePlan":
        """What it does to these models, and to no model in particular only if that is asked for."""
        said, parts = self.structure, {}
        for table in TABLES:
            rows = getattr(said, table.name)
            if table.name in OF_MODELS:
                keys = {key: key if isinstance(key, tuple) else (key,) for key in rows}
                rows = {key: row for key, row in rows.items() if self.model_of(table.name, keys[key]) in names}
            parts[table.name] = rows if table.name in OF_MODELS or beside else {}
        prices = {
            role: {name: price for name, price in of_role.items() if name in names}
            for role, of_role in said.prices.items()
        }
        structure = replace(said, **parts, prices=prices, reach=said.reach if beside else {})
        tables = {
            name: TablePlan(self._kept(name, plan.new, names, beside), self._kept(name, plan.changed, names, beside))
            for name, plan in self.tables.items()
        }
        priced = {
            role: replace(
                plan,
                new={name: each for name, each in plan.new.items() if name in names},
                changed={name: each for name, each in plan.changed.items() if name in names},
                announced={name: each for name, each in plan.announced.items() if name in names},
                past={name: each for name, each in plan.past.items() if name in names},
            )
            for role, plan in self.prices.items()
        }
        return StructurePlan(structure, tables, self.joins if beside else [], priced)

    def _kept(self, table: str, rows: Mapping[Key, Any], names: Collection[str], beside: bool) -> dict[Key, Any]:
        if table not in OF_MODELS:
            return dict(rows) if beside else {}
        return {key: row for key, row in rows.items() if self.model_of(table, key) in names}

    def counts(self) -> dict[str, dict[str, int]]:
        """Table -> how many rows are new and changed; tables with neither are left out."""
        found = {name: {"new": len(plan.new), "changed": len(plan.changed)} for name, plan in self.tables.items()}
        found |= {
            f"{role} prices": {"new": len(plan.new), "changed": len(plan.changed)} for role, plan in self.prices.items()
        }
        return {name: counts for name, counts in found.items() if any(counts.values())}

    def report(self) -> dict[str, Any]:
        """The plan as JSON."""
        return {
            **{
                name: {
                    "new": [" ".join(key) for key in plan.new],
                    "changed": {" ".join(key): changes for key, changes in plan.changed.items()},
                }
                for name, plan in self.tables.items()
                if plan.new or plan.changed
            },
            **({"joins": [list(pair) for pair in self.joins]} if self.joins else {}),
        }


def plan_structure(structure: Structure, context: PlanContext) -> StructurePlan:
    """What this structure would change; writes nothing. Rows that cannot be stored are left out."""
    plan = StructurePlan(structure)
    for table in TABLES:
        plan.tables[table.name] = _plan_table(table, getattr(structure, table.name), context.findings, at=context.at)
    reached = set(TokenGroup.channels.through.objects.values_list("tokengroup__slug", "channel__slug"))
    wanted = [(group, channel) for group, channels in structure.reach.items() for channel in channels]
    plan.joins = [pair for pair in wanted if pair not in reached]
    for role, prices in structure.prices.items():
        records = tuple(Record(name, prices=price) for name, price in prices.items())
        plan.prices[role] = plan_prices(Document(records), context, role=role)
    return plan


def apply_structure(structure: Structure, context: WriteContext) -> None:
    """Writes it, with history; to be called inside a transaction, after the models' facts are applied."""
    planning = PlanContext(context.at)
    for table in TABLES:
        plan = _plan_table(table, getattr(structure, table.name), planning.findings, at=context.at)
        if table.is_dated:
            _apply_rates(plan, context)
        else:
            _apply_table(table, plan, context)
    rest = plan_structure(Structure(reach=structure.reach, prices=structure.prices), planning)
    groups, channels = (_keys(model) for model in (TokenGroup, Channel))
    for group, channel in rest.joins:
        if group in groups and channel in channels:
            TokenGroup.objects.get(pk=groups[group]).channels.add(channels[channel])
    for prices in rest.prices.values():
        apply_prices(prices, context)


def _plan_table(table: Table, wanted: Mapping[Any, Fields], findings: Findings, *, at: dt.datetime) -> TablePlan:
    plan = TablePlan()
    if not wanted:
        return plan
    names = _names(table)
    stored = {_key_of(row, table, names): row for row in table.rows(at=at)}
    by_name = {row.name: row for row in stored.values()} if table.model is Vendor else {}
    for written, said in wanted.items():
        key = written if isinstance(written, tuple) else (written,)
        fields = _sound(table, key, said, findings)
        row = stored.get(key)
        if row is None and fields.get("name") in by_name:
            # Another slug for a vendor of that name, which is unique.
            row, fields = by_name[fields["name"]], {"slug": key[0], **fields}
        if row is not None:
            changes = _changes(row, fields, names)
            if changes:
                plan.changed[_key_of(row, table, names)] = changes
        elif table.is_made:
            plan.new[key] = fields
    return plan


def _sound(table: Table, key: Key, said: Fields, findings: Findings) -> dict[str, Any]:
    """The fields that can be stored."""
    sound = {}
    for name, value in said.items():
        try:
            sound[name] = value if name in table.relations else table.model._meta.get_field(name).clean(value, None)
        except ValidationError as error:
            findings.add(f"{name} of {' '.join(key)[:255]} was left out: {' '.join(error.messages)}")
    return sound


def _changes(row: models.Model, fields: Fields, names: Mapping[str, Mapping[Any, str]]) -> dict[str, tuple[Any, Any]]:
    old = {name: _natural(row, name, names) for name in fields}
    return {name: (old[name], value) for name, value in fields.items() if old[name] != value}


def _names(table: Table) -> dict[str, Mapping[Any, str]]:
    """Relation -> key in the database -> natural key."""
    return {name: {pk: key for key, pk in _keys(model).items()} for name, model in table.relations.items()}


def _keys(model: type[models.Model]) -> dict[str, int]:
    return dict(model._default_manager.values_list(RELATIONS[model], "pk"))


def _key_of(row: models.Model, table: Table, names: Mapping[str, Mapping[Any, str]]) -> Key:
    return tuple(_natural(row, name, names) for name in table.key)


def _natural(row: models.Model, name: str, names: Mapping[str, Mapping[Any, str]]) -> Any:
    if name in names:
        return names[name].get(getattr(row, f"{name}_id"))
    return getattr(row, name)


def _apply_rates(plan: TablePlan, context: WriteContext) -> None:
    """The rates of groups, the one table with time."""
    said = {key: fields["ratio"] for key, fields in plan.new.items() if "ratio" in fields}
    said |= {key: fields["ratio"][1] for key, fields in plan.changed.items() if "ratio" in fields}
    groups = _keys(TokenGroup)
    ratios = {groups[slug]: ratio for (slug,), ratio in said.items() if slug in groups}
    write_rates(ratios, at=context.at, **context.audit)


def _apply_table(table: Table, plan: TablePlan, context: WriteContext) -> None:
    keys = {name: _keys(model) for name, model in table.relations.items()}
    names = _names(table)

    def resolved(fields: Fields) -> dict[str, Any] | None:
        """The fields as columns; None where a row that is named does not exist."""
        found: dict[str, Any] = {}
        for name, value in fields.items():
            if name not in keys:
                found[name] = value
            elif value is None or value in keys[name]:
                found[f"{name}_id"] = None if value is None else keys[name][value]
            else:
                return None
        return found

    wanted = (resolved({**dict(zip(table.key, key, strict=True)), **fields}) for key, fields in plan.new.items())
    create_rows([table.model(**columns) for columns in wanted if columns is not None], **context.audit)
    if plan.changed:
        rows = [row for row in table.model.objects.all() if _key_of(row, table, names) in plan.changed]
        _update(rows, plan, lambda row: _key_of(row, table, names), resolved, context)


def _update(
    rows: list[Any],
    plan: TablePlan,
    key_of: Callable[[Any], Key],
    resolved: Callable[[Fields], dict[str, Any] | None],
    context: WriteContext,
) -> None:
    touched: set[str] = set()
    for row in rows:
        changes = plan.changed[key_of(row)]
        columns = resolved({name: new for name, (_, new) in changes.items()}) or {}
        for column, value in columns.items():
            setattr(row, column, value)
        touched.update(changes)
    update_rows(rows, fields=sorted(touched), **context.audit)
