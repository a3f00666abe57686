"""Writes the structure part of an import: new and changed rows, and what is removed."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, Permission

from catalog.db import revision
from catalog.db.audit import deed
from catalog.db.bulk import create_rows, insert_rows, update_rows, write_history
from catalog.db.bulk import keys_of as primary_keys
from catalog.db.deletion import Deleted, delete_recoverably
from catalog.db.import_context import reason_scope
from catalog.imports.context import PlanContext, UndoContext, WriteContext
from catalog.models import Channel
from catalog.sources.records import Structure
from pricing.imports.prices.writing import apply_prices
from pricing.imports.structure.plan import BY_NAME, TABLES, Fields, Key, Table, TablePlan
from pricing.imports.structure.planning import (
    Planner,
    keys_of_rows,
    natural_list,
    plan_structure,
    relation_names,
    stored_rows,
)
from pricing.published.group_rates import write_rates
from tokens.models import Pepper, Token, TokenGroup

# Rows that others refer to are removed after everything else is written, and the others before.
REMOVED_FIRST = ("aliases", "codex_profiles", "releases", "offers", "popular", "models")
REMOVED_LAST = ("groups", "channels", "endpoint_types", "vendors")


def remove_rows(structure: Structure, tables: tuple[str, ...], context: WriteContext) -> Deleted:
    """Deletes the rows that the structure removes from these tables; returns what restores them."""
    deleted = Deleted()
    with reason_scope(context.reason):
        for name in tables:
            if keys := structure.removed.get(name):
                table = BY_NAME[name]
                names = relation_names(table)
                stored = stored_rows(table, names, at=context.at)
                deleted.extend(delete_recoverably(table.model, [stored[key].pk for key in keys if key in stored]))
    return deleted


def apply_structure(structure: Structure, context: WriteContext) -> dict[str, Any]:
    """Writes the structure, with history; call it inside a transaction, after the models' facts are applied.

    Returns what a rollback needs to know.
    """
    undo: dict[str, Any] = {}
    for table in TABLES:
        # Rows may refer to rows of earlier tables, which are stored by now.
        plan = Planner(structure, PlanContext(context.at)).plan(table)
        if table.is_dated:
            _apply_rates(plan, context)
        elif table.model is Group:
            undo |= _apply_roles(plan)
        else:
            undo |= _apply_table(table, plan, context)
    rest = plan_structure(
        Structure(reach=structure.reach, prices=structure.prices, left=structure.left), PlanContext(context.at)
    )
    groups, channels = keys_of_rows(TokenGroup), keys_of_rows(Channel)
    for pairs, is_joined in ((rest.joins, True), (rest.leaves, False)):
        for group, channel in pairs:
            if group in groups and channel in channels:
                reach = TokenGroup.objects.get(pk=groups[group]).channels
                (reach.add if is_joined else reach.remove)(channels[channel])
    for prices in rest.prices.values():
        merge_undo(undo, apply_prices(prices, context))
    return undo


def merge_undo(undo: dict[str, Any], other: Mapping[str, Any]) -> None:
    """Adds what a rollback needs to know of a second part of the same import."""
    for name, part in other.items():
        if name not in undo:
            undo[name] = part
        elif isinstance(part, dict):
            for key, values in part.items():
                undo[name][key] = [*undo[name].get(key, ()), *values]
        else:
            undo[name] = [*undo[name], *part]


def _apply_rates(plan: TablePlan, context: WriteContext) -> None:
    """Writes the rates of groups, the one table with dates."""
    groups = keys_of_rows(TokenGroup)
    ratios = {groups[slug]: changes["ratio"][1] for (slug,), changes in plan.changes.items() if "ratio" in changes}
    write_rates(ratios, at=context.at, **context.audit)


def _apply_table(table: Table, plan: TablePlan, context: WriteContext) -> dict[str, Any]:
    keys = {name: keys_of_rows(model) for name, model in table.relations.items()}

    def columns(fields: Fields) -> dict[str, Any]:
        """The fields as the database has them: relations as keys."""
        related = {f"{name}_id": keys[name].get(value) for name, value in fields.items() if name in keys}
        plain = {name: value for name, value in fields.items() if name not in keys and name not in table.lists}
        return plain | related

    if table.model is Token:
        _create_tokens(plan.new, columns, context)
    else:
        new = [
            table.model(**columns({**dict(zip(table.key, key, strict=True)), **fields}))
            for key, fields in plan.new.items()
        ]
        create_rows(new, **context.audit)
    if not plan.changed:
        return {}
    stored = stored_rows(table, relation_names(table), at=context.at)
    rows = [stored[key] for key in plan.changed]
    for row, changes in zip(rows, plan.changed.values(), strict=True):
        for column, value in columns({name: new for name, (_, new) in changes.items()}).items():
            setattr(row, column, value)
    undo = _set_groups(dict(zip(plan.changed, rows, strict=True)), plan) if table.model is Token else {}
    fields = sorted({name for changes in plan.changed.values() for name in changes} - table.lists.keys())
    update_rows(rows, fields=fields, **context.audit)
    return undo


def _create_tokens(new: Mapping[Key, Fields], columns: Any, context: WriteContext) -> None:
    """Creates tokens without a key: a file has none, and a rotation gives each its first one."""
    if not new:
        return
    Pepper.objects.remember(max(settings.TOKEN_PEPPERS))
    tokens = [Token.objects.without_key(key_id, **columns(fields)) for (key_id,), fields in new.items()]
    insert_rows(tokens)
    groups, through = keys_of_rows(TokenGroup), Token.groups.through
    through.objects.bulk_create(
        through(token_id=token.pk, tokengroup_id=groups[slug])
        for token, fields in zip(tokens, new.values(), strict=True)
        for slug in fields.get("groups", ())
    )
    with deed("imported"):
        write_history(Token, primary_keys(tokens), kind="+", **context.audit)


def _set_groups(rows: Mapping[Key, Token], plan: TablePlan) -> dict[str, Any]:
    """Gives tokens other groups, before their history rows are written; returns the groups before and after."""
    groups, through, undo = keys_of_rows(TokenGroup), Token.groups.through, {}
    for key, token in rows.items():
        if "groups" in plan.changed[key]:
            before, after = plan.changed[key]["groups"]
            undo[str(token.pk)] = [before, after]
            through.objects.filter(token=token.pk, tokengroup__slug__in=set(before) - set(after)).delete()
            added = sorted(set(after) - set(before))
            through.objects.bulk_create(through(token_id=token.pk, tokengroup_id=groups[slug]) for slug in added)
    return {"groups_of_tokens": undo} if undo else {}


def _apply_roles(plan: TablePlan) -> dict[str, Any]:
    """Creates, changes and deletes roles, which have no history.

    Returns the permissions of each before and after, and the key of its row.
    """
    if plan.is_empty:
        return {}
    permissions, undo = keys_of_rows(Permission), {}
    for (name,), changes in plan.changes.items():
        role, is_new = Group.objects.get_or_create(name=name)
        after = changes.get("permissions", (None, []))[1]
        undo[name] = [None if is_new else natural_list(role, "permissions"), after, role.pk]
        role.permissions.set(permissions[permission] for permission in after)
    for (name,) in plan.removed:
        role = Group.objects.get(name=name)
        undo[name] = [natural_list(role, "permissions"), None, role.pk]
        role.delete()
    return {"roles": undo}


def leave_groups_of_tokens(undo: Mapping[str, Any]) -> tuple[dict[int, list[str]], list[str]]:
    """Removes the groups that tokens got, so that groups that were created can be removed.

    Returns the groups that each had before, and sentences about tokens that got others since.
    """
    through, earlier, stays = Token.groups.through.objects, dict[int, list[str]](), []
    for key, (before, after) in undo.items():
        token = Token.objects.filter(pk=int(key)).first()
        if token is None or natural_list(token, "groups") != after:
            stays.append(f"groups of token {token or key}")
        else:
            through.filter(token=token.pk, tokengroup__slug__in=set(after) - set(before)).delete()
            earlier[token.pk] = before
    return earlier, stays


def restore_groups_of_tokens(earlier: Mapping[int, list[str]], context: UndoContext) -> None:
    """Gives tokens the groups that they had, when all of these are stored again."""
    groups, through = keys_of_rows(TokenGroup), Token.groups.through
    pairs = [(token, groups[slug]) for token, slugs in earlier.items() for slug in slugs if slug in groups]
    stored = set(through.objects.filter(token__in=earlier).values_list("token", "tokengroup"))
    through.objects.bulk_create(
        through(token_id=token, tokengroup_id=key) for token, key in pairs if (token, key) not in stored
    )
    if earlier:
        revision.bump(Token.revision_counter)
        write_history(Token, list(earlier), kind="~", **context.audit)


def restore_roles(undo: Mapping[str, Any]) -> list[str]:
    """Gives roles the permissions that they had; returns sentences about roles that were changed since."""
    permissions, stays = keys_of_rows(Permission), []
    for name, (before, after, key) in undo.items():
        role = Group.objects.filter(name=name).first()
        now = None if role is None else natural_list(role, "permissions")
        if now != after:
            stays.append(f"role {name}")
        elif before is None:
            if role is not None and role.user_set.exists():
                stays.append(f"role {name}, which operators have")
            elif role is not None:
                role.delete()
        else:
            role = role or Group.objects.create(pk=key, name=name)
            role.permissions.set(permissions[permission] for permission in before if permission in permissions)
    return stays
