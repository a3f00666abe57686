"""Which permission a change or a figure requires: one function per question, for pages, buttons and imports.

An actor of None is a command: a person who may run commands may do everything.
"""

from collections.abc import Callable
from typing import Any

from django.apps import apps

from catalog.error_messages import NotPermittedError

# To change an import run is to apply it, or to roll it back.
APPLIES_IMPORTS = "catalog.change_importrun"
# To add a price sheet is to set prices: by hand, by a rule, by an import, by discounts and rates.
SETS_PRICES = "pricing.add_pricesheet"
SEES_PRICES = "pricing.view_pricesheet"

# Narrows a queryset to the rows that an operator may see; filled by apps that limit operators to some rows.
_limits: list[Callable[[Any, Any], Any]] = []


def permission_to(action: str, table: Any) -> str:
    """The permission for an action (`view`, `add`, `change` or `delete`) on a table: its model, or its label."""
    app, name = (table if isinstance(table, str) else table._meta.label_lower).lower().split(".")
    return f"{app}.{action}_{name}"


def may(actor: Any, action: str, *tables: Any) -> bool:
    """Whether this operator may do that with rows of all these tables."""
    return actor is None or all(actor.has_perm(permission_to(action, table)) for table in tables)


def may_write(actor: Any, action: str, table: Any) -> bool:
    """Whether this operator may `add`, `change` or `delete` rows of this table; those of prices also set prices."""
    sets_prices = getattr(table, "revision_counter", "") == "prices"
    return may(actor, action, table) and (not sets_prices or may_set_prices(actor))


def may_view(actor: Any, *tables: Any) -> bool:
    """Whether this operator may see figures of all these tables."""
    return may(actor, "view", *tables)


def may_view_all(actor: Any, *tables: str) -> bool:
    """Whether this operator may see all rows of these tables, by their labels."""
    every = [apps.get_model(table)._default_manager.all() for table in tables]
    return may_view(actor, *tables) and all(limit_rows(actor, rows) is rows for rows in every)


def may_see_prices(actor: Any) -> bool:
    """Whether this operator may see prices of all roles: also what we pay."""
    return actor is None or bool(actor.has_perm(SEES_PRICES))


def may_set_prices(actor: Any) -> bool:
    """Whether this operator may apply prices, whichever way they arrive."""
    return actor is None or bool(actor.has_perm(SETS_PRICES))


def may_apply_imports(actor: Any) -> bool:
    """Whether this operator may apply import runs, discard them, and roll them back."""
    return actor is None or bool(actor.has_perm(APPLIES_IMPORTS))


def may_change_roles(actor: Any, action: str = "change") -> bool:
    """Whether this operator may `add`, `change` or `delete` roles by a document: it may give any permission to them."""
    return actor is None or (actor.is_superuser and may(actor, action, "auth.group"))


def may_automate(actor: Any) -> bool:
    """Whether this operator may have documents applied without a review: their models and their prices."""
    return may_apply_imports(actor) and may_set_prices(actor)


def require(actor: Any, permission: str, what: str) -> None:
    """NotPermittedError if this operator may not do it; `what` completes "You do not have permission to …"."""
    if actor is not None and not actor.has_perm(permission):
        raise NotPermittedError(f"You do not have permission to {what}.")


def limit_with(limit: Callable[[Any, Any], Any]) -> None:
    """Register a function that takes an operator and a queryset and returns the rows that the operator may see."""
    if limit not in _limits:
        _limits.append(limit)


def limit_rows(actor: Any, rows: Any) -> Any:
    """Those of the rows that the operator may see, for operators whose permissions are limited to some groups."""
    for limit in _limits:
        rows = limit(actor, rows)
    return rows
