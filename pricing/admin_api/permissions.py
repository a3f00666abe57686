"""What the operator of an admin key, and the scopes of the key, permit."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from catalog.operators.permissions import may_write, permission_to
from tokens.operators.problems import ProblemError

# Method of a viewset -> the action on its table; other methods are named in `permissions` of the viewset.
ACTIONS = {"list": "view", "retrieve": "view", "create": "add", "update": "change", "destroy": "delete"}


class MayUse(BasePermission):
    """Refuses what the operator, or the scopes of the admin key, do not permit."""

    def has_permission(self, request: Request, view: Any) -> bool:
        permissions = {**ACTIONS, **view.permissions}
        if view.action != "batch":
            require(request.user, permissions[view.action], view.table)
        elif not may_write(request.user, "add", view.table):
            # Each of its rows is asked for, too: some are created, others changed. A repeat has no rows to ask for.
            require(request.user, "change", view.table)
        return True


def require(operator: Any, action: str, table: Any) -> None:
    """A problem if the operator may not `view`, `add`, `change` or `delete` rows of the table."""
    permission = permission_to(action, table)
    if operator.has_perm(permission) if action == "view" else may_write(operator, action, table):
        return
    what = f"{action} {table._meta.verbose_name_plural}"
    covers = getattr(operator, "covers", None)
    if covers is not None and not covers(permission):
        detail = (
            f"The scopes of this admin key do not include the permission to {what}. Issue a key with another scope."
        )
    else:
        detail = f"You do not have permission to {what}."
    raise ProblemError("permission_denied", detail, status=403)
