"""The structure part of an import: endpoint types, groups, channels, offers, aliases and similar rows.

Each row has a natural key. A plan names what is new, and the old and new value of what changes. Nothing is deleted, and
a missing field stays unchanged. A plan is made again when it is applied, because the models that offers and aliases
name may be new themselves.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from catalog.db.bulk import create_rows, update_rows
from catalog.imports.context import PlanContext, WriteContext
from catalog.imports.provenance import alias_writers
from catalog.models import AIModel, Channel, CodexProfile, EndpointType, ModelAlias, Offer, Vendor
from catalog.models.aimodel import circular_successors
from catalog.models.names import NAMED, Names
from catalog.models.pin import price_field
from catalog.names.look_alikes import fault_of_name
from catalog.source_trust import PERSON
from catalog.sources.records import Document, Record, Structure
from pricing.imports.prices.plan import PricePlan
from pricing.imports.prices.planning import plan_prices
from pricing.imports.prices.writing import apply_prices
from pricing.models import GroupRate, PopularModel
from pricing.published.group_rates import write_rates
from tokens.auth.alias_effects import alias_effects
from tokens.models import ModelRelease, TokenGroup

Key = tuple[str, ...]
Fields = Mapping[str, Any]
# Field -> old and new value.
Changes = Mapping[str, tuple[Any, Any]]

# Related model -> the natural key that relations name.
RELATIONS: Mapping[type[models.Model], str] = {Vendor: "slug", TokenGroup: "slug", Channel: "slug", AIModel: "name"}


@dataclass(frozen=True)
class Table:
    """One table of the structure: its model, the fields of its natural key, and its relations."""

    name: str
    # One of its rows, for people.
    noun: str
    model: Any
    key: tuple[str, ...]
    relations: Mapping[str, type[models.Model]] = field(default_factory=dict)
    # Whether each row is about one model.
    is_of_models: bool = False
    # Models are created by the facts of an import, never here.
    is_created: bool = True
    # For rows with dates, the plan compares the current ones, and a change is a new row.
    is_dated: bool = False

    def rows(self, *, at: dt.datetime) -> Any:
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
)  # fmt: skip
BY_NAME: Mapping[str, Table] = {table.name: table for table in TABLES}


@dataclass
class TablePlan:
    """The new and changed rows of one table, by natural key."""

    new: dict[Key, Fields] = field(default_factory=dict)
    changed: dict[Key, Changes] = field(default_factory=dict)

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


@dataclass
class StructurePlan:
    """What an import will change besides the facts and prices of its records."""

    structure: Structure = field(default_factory=Structure)
    tables: dict[str, TablePlan] = field(default_factory=dict)
    # Pairs of a group and a channel that it does not reach yet.
    joins: list[tuple[str, str]] = field(default_factory=list)
    prices: dict[str, PricePlan] = field(default_factory=dict)
    # The endpoint types that models of the same import name; they belong to these models.
    used_types: frozenset[str] = frozenset()

    @property
    def is_empty(self) -> bool:
        return not any(plan.changes for plan in self.tables.values()) and not self.joins and not self._has_prices

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
        return bool(self.joins) or any(not owned for _, _, _, owned in self._rows())

    @property
    def touched(self) -> list[str]:
        """The models that it changes."""
        of_models = [self._model_of(table, key) for table, key, _, _ in self._rows() if table.is_of_models]
        priced = [name for plan in self.prices.values() for name in (*plan.new, *plan.changed)]
        return list(dict.fromkeys([*of_models, *priced]))

    def _rows(self) -> Iterator[tuple[Table, Key, Changes, bool]]:
        """New and changed rows, each with its changes and whether it belongs to a model."""
        for name, plan in self.tables.items():
            table = BY_NAME[name]
            for key, changes in plan.changes.items():
                is_used_type = table.model is EndpointType and key[0] in self.used_types
                yield table, key, changes, table.is_of_models or is_used_type

    def _model_of(self, table: Table, key: Key) -> str:
        return str(self.structure.aliases[key[0]].get("model", "")) if table.model is ModelAlias else key[-1]

    def changes(self, *, model: str | None) -> Iterator[tuple[str, Changes]]:
        """The changes of one model, or with None those that belong to no model: what changes, and its fields."""
        for table, key, changes, owned in self._rows():
            belongs = table.is_of_models and self._model_of(table, key) == model if model is not None else not owned
            if belongs:
                yield f"{table.noun} {' '.join(key)}", changes
        if model is None:
            yield from ((f"group {group}", {"reaches": (None, channel)}) for group, channel in self.joins)

    def narrowed(self, names: Collection[str], *, used_types: frozenset[str], beside: bool) -> "StructurePlan":
        """The changes to these models, and with `beside` also those that belong to no model."""
        structure = self.structure.narrowed(names, endpoint_types=used_types, beside=beside)
        tables = {}
        for name, plan in self.tables.items():
            keys = {_as_key(key) for key in getattr(structure, name)}
            # Changed vendors may have another key than their rows in the document.
            tables[name] = plan if beside and not BY_NAME[name].is_of_models else plan.limited_to(keys)
        return StructurePlan(
            structure,
            tables,
            self.joins if beside else [],
            {role: plan.narrowed(names) for role, plan in self.prices.items()},
            used_types,
        )

    def counts(self) -> dict[str, dict[str, int]]:
        """Table -> the number of new and changed rows; unchanged tables are left out."""
        plans: dict[str, TablePlan | PricePlan] = {**self.tables}
        plans |= {f"{role} prices": plan for role, plan in self.prices.items()}
        counts = {name: {"new": len(plan.new), "changed": len(plan.changed)} for name, plan in plans.items()}
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
            **{
                name: {
                    "new": [" ".join(key) for key in plan.new],
                    "changed": {" ".join(key): changes for key, changes in plan.changed.items()},
                }
                for name, plan in self.tables.items()
                if plan.new or plan.changed
            },
            **({"joins": [list(pair) for pair in self.joins]} if self.joins else {}),
            **({"prices": {role: plan.report() for role, plan in self.prices.items()}} if self._has_prices else {}),
        }


def allowed_structure(structure: Structure, new_models: Collection[str], context: PlanContext) -> Structure:
    """The structure without pinned fields, and without aliases that the source may not change."""
    pins, findings = context.policy.pins, context.findings
    for name, pinned in context.policy.pinned_fields().items():
        if any(name in part for part in (structure.models, *structure.prices.values())):
            findings.add(f"pinned fields stay unchanged: {', '.join(sorted(pinned))}", name)
    return replace(
        structure,
        models={
            name: {key: value for key, value in fields.items() if (name, key) not in pins}
            for name, fields in structure.models.items()
        },
        aliases=_allowed_aliases(structure.aliases, new_models, context),
        prices={
            role: {name: sheet for name, sheet in sheets.items() if (name, price_field(role)) not in pins}
            for role, sheets in structure.prices.items()
        },
    )


def _allowed_aliases(
    aliases: Mapping[str, Fields], new_models: Collection[str], context: PlanContext
) -> dict[str, Fields]:
    if not aliases:
        return {}
    stored = dict(ModelAlias.objects.filter(name__in=aliases).values_list("name", "model__name"))
    ids = {*AIModel.objects.filter(name__in=aliases).values_list("name", flat=True), *new_models}
    moved = [name for name, row in aliases.items() if name in stored and stored[name] != row.get("model")]
    writers = alias_writers(moved) if moved else {}
    allowed = {}
    for name, row in aliases.items():
        if name in ids:
            context.findings.add(f"is not an alias of {row.get('model')}: a model has this id", name)
        elif name in moved and (reason := context.policy.why_unpinned_withheld(writers.get(name, PERSON))):
            sentence = f"stays an alias of {stored[name]}, although the source says {row.get('model')}: {reason}"
            context.findings.add(sentence, name)
        else:
            allowed[name] = row
    new = {name: row["model"] for name, row in allowed.items() if row.get("model") not in (None, stored.get(name))}
    for effect in alias_effects(new, at=context.at):
        for sentence in effect.sentences:
            context.findings.add(f"the alias {sentence}", effect.alias)
    return allowed


def known_endpoint_types(structure: Structure, *, at: dt.datetime) -> frozenset[str]:
    """The endpoint types that exist or that the structure creates."""
    planner = _Planner(structure, PlanContext(at))
    stored = EndpointType.objects.values_list("name", flat=True)
    return frozenset(stored) | {name for (name,) in planner.plan(BY_NAME["endpoint_types"]).new}


def plan_structure(
    structure: Structure,
    context: PlanContext,
    *,
    new_models: Collection[str] = (),
    used_types: frozenset[str] = frozenset(),
) -> StructurePlan:
    """Plans what this structure would change; writes nothing. Rows that cannot be stored are left out.

    `new_models`: the models that the same import creates; `used_types`: the endpoint types that its models name.
    """
    planner = _Planner(structure, context, new_models)
    tables = {table.name: planner.plan(table) for table in TABLES}
    reached = set(TokenGroup.channels.through.objects.values_list("tokengroup__slug", "channel__slug"))
    joins = [(group, channel) for group, channels in structure.reach.items() for channel in channels]
    unrestricted = PlanContext(context.at, findings=context.findings)
    prices = {
        role: plan_prices(
            Document(tuple(Record(name, prices=sheet) for name, sheet in sheets.items())),
            unrestricted,
            role=role,
            stated=structure.prices,
        )
        for role, sheets in structure.prices.items()
    }
    return StructurePlan(structure, tables, [pair for pair in joins if pair not in reached], prices, used_types)


class _Planner:
    """Compares tables with the stored rows. A table is planned after the tables that its rows refer to."""

    def __init__(self, structure: Structure, context: PlanContext, new_models: Collection[str] = ()) -> None:
        self.structure = structure
        self.context = context
        self.new_models = new_models
        # Related model -> the natural keys of the rows that exist or will be created.
        self.known: dict[type[models.Model], set[str]] = {}
        # Table -> the names that new rows are compared with.
        self.names: dict[type[models.Model], Names] = {}

    def plan(self, table: Table) -> TablePlan:
        plan = TablePlan()
        rows: Mapping[Any, Fields] = getattr(self.structure, table.name)
        if not rows:
            return plan
        names = _names(table)
        stored = {_key_of(row, table, names): row for row in table.rows(at=self.context.at)}
        by_name = {row.name: row for row in stored.values()} if table.model is Vendor else {}
        for written_key, written_fields in rows.items():
            key = _as_key(written_key)
            row = stored.get(key)
            if row is None and written_fields.get("name") in by_name:
                # Another slug for the vendor of that name, which is unique.
                row, written_fields = by_name[written_fields["name"]], {"slug": key[0], **written_fields}
            if row is not None and table.name in self.structure.additions_only:
                continue
            fields = self._valid(table, key, written_fields, is_new=row is None)
            if fields is None or (row is None and self._is_look_alike(table, key, fields)):
                continue
            if table.model in RELATIONS:
                self._known(table.model).add(key[0])
            if row is None:
                plan.new[key] = fields
            elif changes := _changes(row, fields, names):
                plan.changed[_key_of(row, table, names)] = changes
        if table.model is AIModel:
            self._leave_out_circles(plan)
        return plan

    def _leave_out_circles(self, plan: TablePlan) -> None:
        """Removes successors with which models would replace each other."""
        new = {key[0]: changes["successor"][1] for key, changes in plan.changed.items() if "successor" in changes}
        if not any(new.values()):
            return
        stored = dict(AIModel.objects.values_list("name", "successor__name"))
        for name, circle in circular_successors({name: to for name, to in new.items() if to}, stored).items():
            problem = f"its successor was not set: {' → '.join([*circle, circle[0]])} would replace each other"
            self.context.findings.add(problem, name)
            rest = {field: values for field, values in plan.changed.pop((name,)).items() if field != "successor"}
            plan.changed |= {(name,): rest} if rest else {}

    def _valid(self, table: Table, key: Key, fields: Fields, *, is_new: bool) -> dict[str, Any] | None:
        """The fields that can be stored; None if the row cannot be."""
        if is_new and not table.is_created:
            return None
        valid: dict[str, Any] = {}
        key_fields = dict(zip(table.key, key, strict=True)) if is_new else {}
        for name, value in {**key_fields, **fields}.items():
            column = table.model._meta.get_field(name)
            try:
                cleaned = self._clean(table, column, value)
            except ValidationError as error:
                is_required = name in key_fields or (is_new and not (column.blank or column.has_default()))
                part = table.noun if is_required else f"{name} of {table.noun}"
                problem = " ".join(error.messages).rstrip(".")
                self.context.findings.add(f"{part} {' '.join(key)[:255]} was left out: {problem}")
                if is_required:
                    return None
            else:
                valid |= {} if name in key_fields else {name: cleaned}
        return valid

    def _is_look_alike(self, table: Table, key: Key, fields: Fields) -> bool:
        """Whether a new row is left out because people would take its name for another one's.

        A name in other case is only reported. So are groups: a gateway's tokens name theirs, and would lose all models.
        """
        if table.model not in NAMED:
            return False
        names = self.names.setdefault(table.model, Names(table.model))
        owner = _keys(AIModel).get(str(fields.get("model"))) if table.model is ModelAlias else None
        written = [key[0], *(fields[column] for column in NAMED[table.model][1:] if column in fields)]
        for name in written:
            alike = next((alike for alike in names.like(name, owner=owner) if alike.name != name), None)
            fault = fault_of_name(name) or (alike.describe(name) if alike else "")
            if fault and not (alike and alike.may_be_meant) and table.model is not TokenGroup:
                self.context.findings.add(f"{table.noun} {key[0][:255]} was left out: {fault.rstrip('.')}")
                return True
            if fault:
                self.context.findings.add(fault.rstrip("."))
        for name in written:
            names.add(table.noun, name, owner)
        return False

    def _clean(self, table: Table, column: Any, value: Any) -> Any:
        related = table.relations.get(column.name)
        if related is None:
            return column.clean(value, None)
        if value is not None and value not in self._known(related):
            raise ValidationError(f"there is no {related._meta.verbose_name} {str(value)[:255]}")
        return value

    def _known(self, related: type[models.Model]) -> set[str]:
        if related not in self.known:
            self.known[related] = {*_keys(related), *(self.new_models if related is AIModel else ())}
        return self.known[related]


def _changes(row: models.Model, fields: Fields, names: Mapping[str, Mapping[Any, str]]) -> dict[str, tuple[Any, Any]]:
    old = {name: _natural(row, name, names) for name in fields}
    return {name: (old[name], value) for name, value in fields.items() if old[name] != value}


def _as_key(name: Any) -> Key:
    return name if isinstance(name, tuple) else (name,)


def _names(table: Table) -> dict[str, Mapping[Any, str]]:
    """Relation -> key in the database -> natural key."""
    return {name: {pk: key for key, pk in _keys(model).items()} for name, model in table.relations.items()}


def _keys(model: type[models.Model]) -> dict[str, int]:
    """Natural key -> key in the database."""
    return dict(model._default_manager.values_list(RELATIONS[model], "pk"))


def _key_of(row: models.Model, table: Table, names: Mapping[str, Mapping[Any, str]]) -> Key:
    return tuple(_natural(row, name, names) for name in table.key)


def _natural(row: models.Model, name: str, names: Mapping[str, Mapping[Any, str]]) -> Any:
    if name in names:
        return names[name].get(getattr(row, f"{name}_id"))
    return getattr(row, name)


def apply_structure(structure: Structure, context: WriteContext) -> None:
    """Writes the structure, with history; call it inside a transaction, after the models' facts are applied."""
    for table in TABLES:
        # Rows may refer to rows of earlier tables, which are stored by now.
        plan = _Planner(structure, PlanContext(context.at)).plan(table)
        if table.is_dated:
            _apply_rates(plan, context)
        else:
            _apply_table(table, plan, context)
    rest = plan_structure(Structure(reach=structure.reach, prices=structure.prices), PlanContext(context.at))
    groups, channels = _keys(TokenGroup), _keys(Channel)
    for group, channel in rest.joins:
        if group in groups and channel in channels:
            TokenGroup.objects.get(pk=groups[group]).channels.add(channels[channel])
    for prices in rest.prices.values():
        apply_prices(prices, context)


def _apply_rates(plan: TablePlan, context: WriteContext) -> None:
    """Writes the rates of groups, the one table with dates."""
    groups = _keys(TokenGroup)
    ratios = {groups[slug]: changes["ratio"][1] for (slug,), changes in plan.changes.items() if "ratio" in changes}
    write_rates(ratios, at=context.at, **context.audit)


def _apply_table(table: Table, plan: TablePlan, context: WriteContext) -> None:
    keys = {name: _keys(model) for name, model in table.relations.items()}

    def columns(fields: Fields) -> dict[str, Any]:
        """The fields as the database has them: relations as keys."""
        related = {f"{name}_id": keys[name].get(value) for name, value in fields.items() if name in keys}
        return {name: value for name, value in fields.items() if name not in keys} | related

    new = [
        table.model(**columns({**dict(zip(table.key, key, strict=True)), **fields})) for key, fields in plan.new.items()
    ]
    create_rows(new, **context.audit)
    if not plan.changed:
        return
    names = _names(table)
    rows = [row for row in table.model.objects.all() if _key_of(row, table, names) in plan.changed]
    for row in rows:
        changes = plan.changed[_key_of(row, table, names)]
        for column, value in columns({name: new for name, (_, new) in changes.items()}).items():
            setattr(row, column, value)
    fields = sorted({name for changes in plan.changed.values() for name in changes})
    update_rows(rows, fields=fields, **context.audit)
