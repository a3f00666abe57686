"""Which permissions an undo requires: those of each table that it writes."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import apps
from django.db import models

from catalog.error_messages import InputError
from catalog.models import AuditEntry
from catalog.operators.permissions import SETS_PRICES, limit_rows, permission_to, require
from pricing.models import CurrencyRate, DiscountRule, GroupRate, PriceSheet

# Their rows change prices.
PRICES = {table._meta.label_lower for table in (PriceSheet, GroupRate, DiscountRule, CurrencyRate)}
# Who may set prices needs no other permission for these, as in a rollback.
ONLY_PRICES = {table._meta.label_lower for table in (PriceSheet, GroupRate)}
DONE = {"created": "add", "deleted": "delete"}


def permissions_for(kind: str, action: str) -> list[str]:
    """The permissions for an action on a kind of rows."""
    needed = [SETS_PRICES] if kind in PRICES else []
    return needed if kind in ONLY_PRICES else [*needed, permission_to(action, kind)]


def require_permissions(actor: Any, written: Iterable[AuditEntry]) -> None:
    """InputError if this operator may not write what the entries say."""
    for kind, action in sorted({(entry.kind, DONE.get(entry.action, "change")) for entry in written}):
        for permission in permissions_for(kind, action):
            require(actor, permission, f"{action} {apps.get_model(kind)._meta.verbose_name_plural}")


def is_limited(actor: Any, table: type[models.Model]) -> bool:
    """Whether the operator is limited to some rows of the table."""
    rows = table._default_manager.all()
    return actor is not None and limit_rows(actor, rows) is not rows


def is_in_reach(actor: Any, table: type[models.Model], keys: Sequence[int]) -> bool:
    """Whether the operator may see all of these rows; those that do not exist are nobody's."""
    rows = table._default_manager.filter(pk__in=keys)
    return not is_limited(actor, table) or rows.count() == limit_rows(actor, rows).count()


def require_reach(actor: Any, table: type[models.Model], keys: Sequence[int]) -> None:
    """InputError if the operator is limited to other rows."""
    if not is_in_reach(actor, table, keys):
        raise InputError(f"You do not have permission to change all of these {table._meta.verbose_name_plural}.")
