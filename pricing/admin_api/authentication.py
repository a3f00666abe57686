"""Who calls the management API: the operator of an admin key, within its scope."""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from catalog.operators.permissions import may
from tokens.operators.problems import ProblemError

# Method of a viewset -> the action on its table; other methods are named in `permissions` of the viewset.
ACTIONS = {"list": "view", "retrieve": "view", "create": "add", "update": "change", "destroy": "delete"}


class AdminKeyAuthentication(BaseAuthentication):
    """Refuses requests without a valid admin key."""

    def authenticate(self, request: Request) -> tuple[Any, Any]:
        raise ProblemError("missing_admin_key", "Send an admin key as `Authorization: Bearer <key>`.", status=401)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class MayUse(BasePermission):
    """Refuses what the operator, or the scope of the admin key, does not permit."""

    def has_permission(self, request: Request, view: Any) -> bool:
        permissions = {**ACTIONS, **view.permissions}
        # A batch is asked for its rows: some are created, others changed.
        if view.action != "batch":
            require(request.user, permissions[view.action], view.table)
        return True


def require(operator: Any, action: str, table: Any) -> None:
    """A problem if the operator may not do that with rows of the table."""
    if not may(operator, action, table):
        rows = table._meta.verbose_name_plural
        raise ProblemError("permission_denied", f"You do not have permission to {action} {rows}.", status=403)
