"""Keys for the management API: how they are issued, who a request with one acts as, and what its scopes allow.

A request acts as the key's operator, whose `has_perm` is true only for permissions that the scopes include too. So
every rule about permissions, roles and limits to groups applies to programs as it does to people.
"""

import datetime as dt
from collections.abc import Collection, Sequence
from copy import copy
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, Throttled
from rest_framework.request import Request

from catalog.operators.permissions import permission_to
from tokens import keys
from tokens.auth.credentials import client_address
from tokens.auth.last_use import LAST_USE
from tokens.context import context_of
from tokens.models import AdminKey, KeyHolder
from tokens.models.admin_keys import is_operator
from tokens.networks import is_within
from tokens.operators.roles import FACTS, IMPORTS, PRICES, USAGE
from tokens.rate_limits import FAILURES, KNOWN_DIGESTS

# Scope -> the tables whose rows it may change, and those that it may only see besides. The scope `read` includes every
# permission to view. No scope changes operators, roles or admin keys.
CHANGED: dict[str, Collection[str]] = {
    "read": (),
    "catalog": (*FACTS, "tokens.tokengroup"),
    "prices": PRICES,
    "tokens": ("tokens.token", "tokens.tokengroup", "tokens.webhook", "tokens.delivery"),
    "imports": ("catalog.importrun", "catalog.source"),
}
SEEN: dict[str, Collection[str]] = {"tokens": (*USAGE, "tokens.event"), "imports": IMPORTS}
VIEWS_OF_PRICES = frozenset(permission_to("view", table) for table in PRICES)
CODES = {
    "missing": "No admin key was sent. Send it as `Authorization: Bearer <key>`.",
    "not_an_admin_key": "This is not an admin key. The management API takes keys that `issue_admin_key` or the page "
    "of admin keys issues.",
    "invalid": "Invalid admin key.",
    "revoked": "This admin key is revoked.",
    "expired": "This admin key has expired.",
    "operator_not_active": "The operator of this admin key is not active.",
    "address_not_allowed": "This admin key is not allowed from this IP address.",
}


class AdminKeyAuthentication(BaseAuthentication):
    """Requests of the management API: the user is the key's operator within its scopes; 401 without a valid key."""

    def authenticate(self, request: Request) -> tuple[KeyHolder, AdminKey]:
        holder = authenticate(request._request, at=timezone.now())
        return holder, holder.admin_key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="modelbook"'


def issue(
    operator: User,
    *,
    name: str,
    scopes: Sequence[str],
    networks: Sequence[str] = (),
    expires_at: dt.datetime | None = None,
) -> tuple[AdminKey, str]:
    """A new key of this operator, and its text, which is not stored; ValidationError for a wrong value."""
    key = AdminKey(
        operator=operator,
        name=name,
        scopes=list(dict.fromkeys(scopes)),
        networks=list(dict.fromkeys(networks)),
        expires_at=expires_at,
    )
    plaintext = key.assign_new_key()
    with transaction.atomic():
        key.full_clean()
        key.save()
    return key, plaintext


def authenticate(request: HttpRequest, *, at: dt.datetime) -> KeyHolder:
    """The operator whom the admin key of a request represents; an error of REST framework if there is no valid one.

    Wrong keys are counted together with those of tokens.
    """
    sent = keys.read_sent(request.headers.get("Authorization", ""))
    if not sent:
        raise NotAuthenticated(CODES["missing"], "missing")
    address = client_address(request)
    spent = FAILURES.spent(address)
    digests = [digest for key in sent if _is_plausible(key) for digest in keys.digests(key, settings.TOKEN_PEPPERS)]
    if spent is not None and not digests:
        raise Throttled(spent.seconds(at=at))
    key = AdminKey.objects.filter(digest__in=digests).first() if digests else None
    if key is None:
        refusal = "invalid" if any(map(keys.is_admin_key, sent)) else "not_an_admin_key"
    else:
        holder = KeyHolder.objects.get(pk=key.operator_id)
        refusal = _refusal(key, holder, address=address, at=at)
        if not refusal:
            context_of(request.META).key_ends_at = key.expires_at
            _note_use(key, newest_digest=digests[0], at=at)
            return act_as(holder, key)
    if spent is not None:
        raise Throttled(spent.seconds(at=at))
    FAILURES.count(address, keys=1)
    raise AuthenticationFailed(CODES[refusal], refusal)


def act_as(holder: KeyHolder, key: AdminKey) -> KeyHolder:
    """The operator with the permissions that the key's scopes include."""
    holder.admin_key, holder.covers = key, lambda permission: covers(key.scopes, permission)
    return holder


def covers(scopes: Sequence[str], permission: str) -> bool:
    """Whether a key with these scopes may use this permission of its operator, e.g. catalog.change_vendor."""
    app, _, code = permission.partition(".")
    action, _, table = code.partition("_")
    if action == "view" and "read" in scopes:
        return True
    label = f"{app}.{table}"
    return any(
        label in CHANGED.get(scope, ()) or (action == "view" and label in SEEN.get(scope, ())) for scope in scopes
    )


def importing(operator: Any) -> Any:
    """The operator of a key as an import acts for it: like the role Importer, which applies models and sees prices.

    With the scope `imports`, an import changes what the scope `catalog` includes; its prices need the scope `prices`.
    """
    key = getattr(operator, "admin_key", None)
    if key is None or "imports" not in key.scopes:
        return operator
    importer, scopes = copy(operator), (*key.scopes, "catalog")
    importer.covers = lambda permission: covers(scopes, permission) or permission in VIEWS_OF_PRICES
    return importer


def idle_scopes(operator: User, scopes: Sequence[str]) -> list[str]:
    """The scopes that allow nothing now, because the operator lacks every permission that they include."""
    granted = operator.get_all_permissions()
    return [
        scope
        for scope in scopes
        if not any(
            covers([scope], permission) and (scope == "read" or ".view_" not in permission) for permission in granted
        )
    ]


def own_keys(operator: Any, rows: QuerySet[Any]) -> QuerySet[Any]:
    """The admin keys of the operator; superusers see all, and rows of other tables are unchanged."""
    if rows.model is not AdminKey or operator is None or operator.is_superuser:
        return rows
    return rows.filter(operator=operator.pk)


def _is_plausible(key: str) -> bool:
    return keys.is_admin_key(key) and keys.is_ours(key)


def _refusal(key: AdminKey, holder: KeyHolder, *, address: str, at: dt.datetime) -> str:
    """Why a key that exists is refused, as a code; empty: it is not."""
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= at:
        return "expired"
    if not is_operator(holder):
        return "operator_not_active"
    return "" if not key.networks or is_within(address, key.networks) else "address_not_allowed"


def _note_use(key: AdminKey, *, newest_digest: str, at: dt.datetime) -> None:
    KNOWN_DIGESTS.add(key.digest)
    LAST_USE.note_use(key.pk, last_used_at=key.last_used_at, at=at, table=AdminKey)
    if key.digest != newest_digest:
        pepper = max(settings.TOKEN_PEPPERS)
        LAST_USE.note_digest(key.pk, old=key.digest, new=newest_digest, pepper=pepper, table=AdminKey)
