"""Plans the structure part of an import: endpoint types, groups, channels, offers, aliases and similar rows.

A missing field stays unchanged. A plan is made again when it is applied, because the models that offers and aliases
name may be new themselves.
"""

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.core.exceptions import ValidationError
from django.db import models

from catalog.imports.context import PlanContext
from catalog.imports.provenance import alias_writers
from catalog.models import AIModel, EndpointType, ModelAlias, Vendor
from catalog.models.aimodel import circular_successors
from catalog.models.names import NAMED, Names
from catalog.models.pin import price_field
from catalog.names.look_alikes import fault_of_name
from catalog.source_trust import PERSON
from catalog.sources.records import Document, Record, Structure
from pricing.imports.prices.planning import end_prices, plan_prices
from pricing.imports.structure.plan import (
    BY_NAME,
    RELATIONS,
    TABLES,
    Fields,
    Key,
    StructurePlan,
    Table,
    TablePlan,
    as_key,
)
from tokens.auth.alias_effects import alias_effects
from tokens.keys import KEY_ID_LENGTH, is_key_id
from tokens.logs import scrub
from tokens.models import RetiredKey, Token, TokenGroup
from tokens.models.budgets import TERMS

# Related model -> the table of its rows.
TABLES_OF = {table.model: table.name for table in TABLES}
# Rows that are left out as a whole if a field is not valid: without one of its terms, a row would grant something else.
GRANTING = (Token, Group)
# Fields without which a row would grant more: if one is not valid, the row is left out, too.
LIMITING = {"rate_limit", *TERMS}
# Fields of tokens that are not columns of their own.
RELATED_TO_TOKENS = ("groups", "first_group")


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
        aliases=_allowed_aliases(structure, new_models, context),
        prices={
            role: {name: sheet for name, sheet in sheets.items() if (name, price_field(role)) not in pins}
            for role, sheets in structure.prices.items()
        },
    )


def _allowed_aliases(structure: Structure, new_models: Collection[str], context: PlanContext) -> dict[str, Fields]:
    aliases, removed = structure.aliases, {name for (name,) in structure.removed.get("models", ())}
    if not aliases:
        return {}
    stored = dict(ModelAlias.objects.filter(name__in=aliases).values_list("name", "model__name"))
    ids = {*AIModel.objects.filter(name__in=aliases).values_list("name", flat=True), *new_models} - removed
    moved = [name for name, row in aliases.items() if name in stored and stored[name] != row.get("model")]
    writers = alias_writers(moved) if moved else {}
    allowed = {}
    for name, row in aliases.items():
        if name in ids:
            context.findings.leave_out(f"is not an alias of {row.get('model')}: a model has this id", name)
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
    planner = Planner(structure, PlanContext(at))
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
    planner = Planner(structure, context, new_models)
    tables = {table.name: planner.plan(table) for table in TABLES}
    reached = set(TokenGroup.channels.through.objects.values_list("tokengroup__slug", "channel__slug"))
    joins = [(group, channel) for group, channels in structure.reach.items() for channel in channels]
    unrestricted = PlanContext(context.at, findings=context.findings)
    stated = {
        role: {name: sheet for name, sheet in sheets.items() if sheet is not None}
        for role, sheets in structure.prices.items()
    }
    prices = {
        role: plan_prices(
            Document(tuple(Record(name, prices=sheet) for name, sheet in sheets.items())),
            unrestricted,
            role=role,
            stated=stated,
        )
        for role, sheets in stated.items()
    }
    for role, plan in prices.items():
        end_prices(plan, [name for name, sheet in structure.prices[role].items() if sheet is None], at=context.at)
    return StructurePlan(
        structure,
        tables,
        [pair for pair in joins if pair not in reached],
        [pair for pair in structure.left if pair in reached],
        prices,
        used_types,
    )


class Planner:
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
        removed = self.structure.removed.get(table.name, {})
        if not (rows or removed):
            return plan
        names = relation_names(table)
        stored = stored_rows(table, names, at=self.context.at)
        plan.removed = {key: model for key, model in removed.items() if key in stored}
        by_name = {row.name: row for row in stored.values()} if table.model is Vendor else {}
        for written_key, written_fields in rows.items():
            key = as_key(written_key)
            row = stored.get(key)
            if row is None and written_fields.get("name") in by_name:
                # Another slug for the vendor of that name, which is unique.
                row, written_fields = by_name[written_fields["name"]], {"slug": key[0], **written_fields}
            if row is not None and table.name in self.structure.additions_only:
                continue
            fields = self._valid(table, key, written_fields, row)
            if fields is None or (row is None and self._is_look_alike(table, key, fields)):
                continue
            if table.model in RELATIONS:
                self._known(table.model).add(key[0])
            if row is None:
                plan.new[key] = fields
            elif changes := _changes(row, fields, table, names):
                plan.changed[key_of_row(row, table, names)] = changes
        if table.model is AIModel:
            self._leave_out_circles(plan)
        return plan

    def _leave_out_circles(self, plan: TablePlan) -> None:
        """Removes successors with which models would replace each other."""
        new = {key[0]: changes["successor"][1] for key, changes in plan.changed.items() if "successor" in changes}
        if not any(new.values()):
            return
        stored = dict(AIModel.objects.values_list("name", "successor__name"))
        for name, circle in circular_successors(new, stored).items():
            problem = f"its successor was not set: {' → '.join([*circle, circle[0]])} would replace each other"
            self.context.findings.leave_out(problem, name)
            rest = {field: values for field, values in plan.changed.pop((name,)).items() if field != "successor"}
            plan.changed |= {(name,): rest} if rest else {}

    def _valid(self, table: Table, key: Key, fields: Fields, row: Any) -> dict[str, Any] | None:
        """The fields that can be stored; None if the row cannot be. `row`: the stored one, if there is one."""
        is_new = row is None
        if is_new and not table.is_created:
            return None
        if is_new and (fault := _fault_of_key(table, key)):
            self.context.findings.leave_out(f"{table.noun} {scrub(key[0])[:255]} was left out: {fault}")
            return None
        if is_new and (needed := _needed_fields(table) - {*table.key, *fields}):
            problem = f"a new one needs {', '.join(sorted(needed))}"
            self.context.findings.leave_out(f"{table.noun} {' '.join(key)[:255]} was left out: {problem}")
            return None
        valid: dict[str, Any] = {}
        key_fields = dict(zip(table.key, key, strict=True)) if is_new else {}
        for name, value in {**key_fields, **fields}.items():
            column = table.model._meta.get_field(name)
            try:
                cleaned = self._clean(table, column, value)
            except ValidationError as error:
                is_required = name in key_fields or (is_new and not (column.blank or column.has_default()))
                is_required |= table.is_dated or table.model in GRANTING or name in LIMITING
                part = table.noun if is_required else f"{name} of {table.noun}"
                problem = " ".join(error.messages).rstrip(".")
                problem = f"{name}: {problem}" if table.model in GRANTING or name in LIMITING else problem
                self.context.findings.leave_out(f"{part} {' '.join(key)[:255]} was left out: {problem}")
                if is_required:
                    return None
            else:
                valid |= {} if name in key_fields else {name: cleaned}
        return valid if table.model is not Token or self._is_valid_token(row, key, valid) else None

    def _is_look_alike(self, table: Table, key: Key, fields: Fields) -> bool:
        """Whether a new row is left out because people would take its name for another one's.

        A name in other case is only reported. So are groups: a gateway's tokens name theirs, and would lose all models.
        """
        if table.model not in NAMED:
            return False
        names = self.names.setdefault(table.model, Names(table.model))
        owner = keys_of_rows(AIModel).get(str(fields.get("model"))) if table.model is ModelAlias else None
        written = [key[0], *(fields[column] for column in NAMED[table.model][1:] if column in fields)]
        for name in written:
            alike = next((alike for alike in names.like(name, owner=owner) if alike.name != name), None)
            fault = fault_of_name(name) or (alike.describe(name) if alike else "")
            if fault and not (alike and alike.may_be_meant) and table.model is not TokenGroup:
                self.context.findings.leave_out(f"{table.noun} {key[0][:255]} was left out: {fault.rstrip('.')}")
                return True
            if fault:
                self.context.findings.add(fault.rstrip("."))
        for name in written:
            names.add(table.noun, name, owner)
        return False

    def _is_valid_token(self, row: Token | None, key: Key, fields: Fields) -> bool:
        """Whether its terms are valid together; a token with only some of them would be another permission."""
        columns = [column.attname for column in Token._meta.concrete_fields if not column.is_relation]
        stored = {} if row is None else {name: getattr(row, name) for name in columns}
        token = Token(**stored | {name: value for name, value in fields.items() if name not in RELATED_TO_TOKENS})
        # Its key is not checked: only its terms.
        token._state.adding = False  # noqa: SLF001
        groups = fields.get("groups", [] if row is None else natural_list(row, "groups"))
        first = fields.get("first_group")
        try:
            token.clean()
            if token.starts_at and token.expires_at and token.expires_at <= token.starts_at:
                raise ValidationError("A token cannot expire before it starts.")  # noqa: TRY301
            if first and first not in groups and not (token.uses_auto_groups and first in self._automatic_groups):
                raise ValidationError(f"The token is not in group {first}: add it to the groups first.")  # noqa: TRY301
        except ValidationError as error:
            self.context.findings.leave_out(f"token {key[0]} was left out: {' '.join(error.messages).rstrip('.')}")
            return False
        return True

    @cached_property
    def _automatic_groups(self) -> set[str]:
        """The groups that are in the automatic order after the import."""
        positions = dict(TokenGroup.objects.values_list("slug", "auto_position"))
        positions |= {
            slug: fields["auto_position"] for slug, fields in self.structure.groups.items() if "auto_position" in fields
        }
        return {slug for slug, position in positions.items() if position is not None}

    def _clean(self, table: Table, column: Any, value: Any) -> Any:
        if column.name in table.lists:
            listed, known = table.lists[column.name], self._known(table.lists[column.name])
            for name in value:
                if name not in known:
                    raise ValidationError(f"there is no {listed._meta.verbose_name} {name[:255]}")
            return value
        related = table.relations.get(column.name)
        if related is None:
            return column.clean(value, None)
        if value is not None and value not in self._known(related):
            raise ValidationError(f"there is no {related._meta.verbose_name} {str(value)[:255]}")
        return value

    def _known(self, related: type[models.Model]) -> set[str]:
        if related not in self.known:
            removed = {key[0] for key in self.structure.removed.get(TABLES_OF.get(related, ""), ())}
            known = keys_of_rows(related).keys() - removed
            self.known[related] = {*known, *(self.new_models if related is AIModel else ())}
        return self.known[related]


def _needed_fields(table: Table) -> set[str]:
    """The fields that a new row cannot be without."""
    columns = (column for column in table.model._meta.concrete_fields if column.editable and not column.primary_key)
    return {column.name for column in columns if not (column.blank or column.null or column.has_default())}


def _fault_of_key(table: Table, key: Key) -> str:
    """Why there can be no row with this key that a file creates; empty: there can."""
    if table.model is Token and not is_key_id(key[0]):
        return f"this is not a valid key id: use {KEY_ID_LENGTH} letters and digits"
    if table.model is Group and Group.objects.filter(name=key[0]).exists():
        return "this software defines the role of this name"
    return ""


def _changes(
    row: models.Model, fields: Fields, table: Table, names: Mapping[str, Mapping[Any, str]]
) -> dict[str, tuple[Any, Any]]:
    old = {name: _natural(row, name, names) for name in fields if name not in table.lists}
    for name in table.lists:
        if name in fields:
            old[name] = natural_list(row, name)
    return {name: (old[name], value) for name, value in fields.items() if old[name] != value}


def stored_rows(table: Table, names: Mapping[str, Mapping[Any, str]], *, at: dt.datetime) -> dict[Key, Any]:
    """Natural key -> row; a token is found by the key ids that it had before rotations, too."""
    rows = table.rows(at=at)
    for name in table.lists:
        rows = rows.prefetch_related(name if table.model is Token else f"{name}__content_type")
    stored = {key_of_row(row, table, names): row for row in rows}
    if table.model is Token:
        tokens = {row.pk: row for row in stored.values()}
        earlier = RetiredKey.objects.order_by("pk").values_list("key_id", "token")
        stored = {(key_id,): tokens[token] for key_id, token in earlier if token in tokens} | stored
    return stored


def natural_list(row: Any, name: str) -> list[str]:
    """The sorted natural keys of the rows that a row is related to."""
    return sorted(map(natural_key, getattr(row, name).all()))


def natural_key(row: Any) -> str:
    """The natural key of a group, or of a permission as in `catalog.view_vendor`."""
    return f"{row.content_type.app_label}.{row.codename}" if isinstance(row, Permission) else str(row.slug)


def relation_names(table: Table) -> dict[str, Mapping[Any, str]]:
    """Relation -> key in the database -> natural key."""
    return {name: {pk: key for key, pk in keys_of_rows(model).items()} for name, model in table.relations.items()}


def keys_of_rows(model: type[models.Model]) -> dict[str, int]:
    """Natural key -> key in the database."""
    if issubclass(model, Permission):
        return {natural_key(row): row.pk for row in Permission.objects.select_related("content_type")}
    return dict(model._default_manager.values_list(RELATIONS[model], "pk"))


def key_of_row(row: models.Model, table: Table, names: Mapping[str, Mapping[Any, str]]) -> Key:
    return tuple(_natural(row, name, names) for name in table.key)


def _natural(row: models.Model, name: str, names: Mapping[str, Mapping[Any, str]]) -> Any:
    if name in names:
        return names[name].get(getattr(row, f"{name}_id"))
    return getattr(row, name)
