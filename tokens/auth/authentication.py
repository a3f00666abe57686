"""Who is calling: the token that the first valid key of a request belongs to.

Clients put keys in several places and some send a placeholder beside the real one, so every candidate is looked up, in
one query, and the first valid one in the order of the dialect counts.
"""

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.conf import settings
from django.db.models import QuerySet, Subquery
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from catalog.caches import process_cache
from catalog.models import Revision
from tokens import keys
from tokens.api_error import ApiError
from tokens.auth.credentials import candidate_keys, client_address
from tokens.auth.last_use import LAST_USE
from tokens.context import context_of
from tokens.models import RetiredKey, Token, TokenGroup
from tokens.rate_limits import FAILURES, KNOWN_DIGESTS, VISITOR_FAILURES, Failures, Quota, limiter, strictest
from tokens.scope import Scope

logger = logging.getLogger("modelbook.keys")

Row = dict[str, Any]

# Refusals that end without any change in the database: by the clock, or for a caller at another address.
PASSING = frozenset({"key_not_yet_valid", "ip_not_allowed"})


@dataclass(frozen=True)
class Caller:
    """A valid key's permission, and the counters of catalog/db/revision.py at the moment it was read."""

    token: int
    key_id: str
    scope: Scope
    revision: int
    permissions: int
    # The limit that counts for it, e.g. 60/minute; empty: as often as it likes.
    rate_limit: str
    # Whether only a change, or the scope's end, makes another key of the same request the one that counts.
    is_lasting: bool


@dataclass(frozen=True)
class Sent:
    """A key that was sent: its digest under the newest pepper, and whether its checksum says that we made it."""

    newest: str
    is_ours: bool


class TokenAuthentication(BaseAuthentication):
    """Refuses whoever has no valid key, and whoever asks too often."""

    def authenticate(self, request: Request) -> tuple[None, Caller]:
        now = timezone.now()
        caller = authenticate(request._request, at=now)
        charge(request._request, caller, at=now)
        return None, caller

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class OptionalTokenAuthentication(BaseAuthentication):
    """Takes whoever has no valid key as a visitor: clients send their keys for other services along."""

    def authenticate(self, request: Request) -> tuple[None, Caller] | None:
        now = timezone.now()
        try:
            caller = authenticate(request._request, at=now, failures=VISITOR_FAILURES)
        except ApiError:
            return None
        charge(request._request, caller, at=now)
        return None, caller


def authenticate(request: HttpRequest, *, at: dt.datetime, failures: Failures = FAILURES) -> Caller:
    """The caller of the first valid key in the request; ApiError says why there is none."""
    candidates = candidate_keys(request)
    if not candidates:
        raise ApiError("missing_api_key")
    address = client_address(request)
    digests = _digests(candidates)
    # Who goes on guessing is refused before any query. Keys that were good before are not held up by it, nor are those
    # with our checksum: after a start no process knows who was good, and the secret in them cannot be guessed.
    spent = failures.spent(address)
    if spent is not None:
        digests = {digest: sent for digest, sent in digests.items() if sent.is_ours or KNOWN_DIGESTS.has(digest)}
        if not digests:
            raise rate_limit_error(spent, at=at)
    refusal, is_lasting = "", spent is None
    for row in find(digests):
        scope = scope_of(row)
        reason = next(scope.refusals(at=at, address=address), "")
        if not reason:
            return build_caller(row, scope, digests[row["found_by"]].newest, is_lasting=is_lasting, at=at)
        if "retired" in row:
            _note_leak(row, address=address, at=at)
        refusal, is_lasting = refusal or reason, is_lasting and reason not in PASSING
    if spent is not None and not refusal:
        raise rate_limit_error(spent, at=at)
    failures.count(address, keys=len(candidates))
    raise ApiError(refusal or "invalid_api_key")


def charge(request: HttpRequest, caller: Caller, *, at: dt.datetime) -> None:
    """Counts the request against the caller's rate; ApiError if the rate is exceeded."""
    if not caller.rate_limit:
        return
    context = context_of(request.META)
    # The fast path has counted the requests that it could not answer itself.
    context.quota = context.quota or limiter().hit(caller.rate_limit, f"token:{caller.token}")
    if not context.quota.allowed:
        raise rate_limit_error(context.quota, at=at)


def rate_limit_error(quota: Quota, *, at: dt.datetime) -> ApiError:
    seconds = quota.seconds(at=at)
    headers = {"Retry-After": str(seconds), "retry-after-ms": str(seconds * 1000)}
    return ApiError("rate_limit_exceeded", f"Too many requests. Try again in {seconds} s.", headers=headers)


def find(digests: Mapping[str, Sent]) -> list[Row]:
    """The tokens with these digests, in their order, with groups and counters; one query for keys that are in use.

    What is no token's key now may be one that a rotation replaced; `retired` then has its end.
    """
    if not digests:
        return []
    found = _rows(Token.objects.filter(digest__in=list(digests)), "digest")
    # Of a key that is found, the digests under its other peppers are nobody's.
    known = {digests[digest].newest for digest in found}
    found |= _replaced([digest for digest, sent in digests.items() if sent.newest not in known])
    return [found[digest] | {"found_by": digest} for digest in digests if digest in found]


def row_of(token: Token) -> Row:
    """A token as its key would find it now."""
    return _rows(Token.objects.filter(pk=token.pk), "pk")[token.pk]


def rows_of(tokens: QuerySet[Token]) -> Mapping[int, Row]:
    """Token key -> the token as its key would find it now."""
    return _rows(tokens, "pk")


def scope_of(row: Row) -> Scope:
    """What the key of the row permits; one that a rotation replaced ends with its grace, if not with its token."""
    ends = (row["expires_at"], row["retired"]["valid_until"] if "retired" in row else None)
    return Scope(
        groups=row["groups"],
        allow=None if row["allow"] is None else tuple(row["allow"]),
        deny=tuple(row["deny"]),
        is_enabled=row["enabled"],
        starts_at=row["starts_at"],
        expires_at=min(filter(None, ends), default=None),
        networks=tuple(row["networks"]),
        is_over_budget=row["is_over_budget"],
    )


def rate_of(row: Row) -> str:
    """The limit that counts: the token's own, or else the strictest of its groups."""
    return row["rate_limit"] or strictest(row["group_rate_limits"])


def _digests(candidates: Sequence[str]) -> dict[str, Sent]:
    """Each digest that a key may be stored under, which is one for every pepper."""
    found: dict[str, Sent] = {}
    for key in candidates:
        if keys.is_plausible(key, prefix=settings.TOKEN_PREFIX):
            newest, *older = keys.digests(key, settings.TOKEN_PEPPERS)
            found |= dict.fromkeys([newest, *older], Sent(newest, keys.is_ours(key)))
    return found


def _rows(tokens: QuerySet[Token], key: str) -> dict[Any, Row]:
    """Each token as a dict under one of its columns; its groups are joined, a row each."""
    rows: QuerySet[Token, Any] = (
        tokens.order_by("pk", "groups")
        .values(
            "pk", "digest", "key_id", "enabled", "starts_at", "expires_at", "networks", "allow", "deny", "rate_limit",
            "uses_auto_groups", "is_over_budget", "last_used_at", "groups", "groups__rate_limit",
        )
        .annotate(
            revision=Subquery(Revision.objects.values("number")[:1]),
            permissions=Subquery(Revision.objects.values("permissions")[:1]),
        )
    )  # fmt: skip
    found: dict[Any, Row] = {}
    for _, group in groupby(rows, key=itemgetter("pk")):
        of_token = list(group)
        groups = {row["groups"]: row["groups__rate_limit"] for row in of_token if row["groups"] is not None}
        if of_token[0]["uses_auto_groups"]:
            groups |= _auto_groups(of_token[0]["revision"] or 0)
        found[of_token[0][key]] = of_token[0] | {
            "groups": tuple(sorted(groups)),
            "group_rate_limits": list(groups.values()),
        }
    return found


def _replaced(digests: Sequence[str]) -> dict[str, Row]:
    """The tokens of keys that rotations replaced, each under the digest of that key."""
    if not digests:
        return {}
    retired = list(RetiredKey.objects.filter(digest__in=digests).values("pk", "digest", "token", "valid_until"))
    rows = _rows(Token.objects.filter(pk__in={row["token"] for row in retired}), "pk") if retired else {}
    return {row["digest"]: rows[row["token"]] | {"retired": row} for row in retired if row["token"] in rows}


@process_cache(maxsize=8)
def _auto_groups(revision: int) -> Mapping[int, str]:  # noqa: ARG001 (what the answer is kept under)
    """The rate limit of each group in the automatic order.

    Kept under the catalog's revision, which every change of a group raises. It was read before these rows are: a change
    between the two makes them new too early, never too late.
    """
    return dict(TokenGroup.objects.filter(auto_position__isnull=False).values_list("pk", "rate_limit"))


def _note_leak(row: Row, *, address: str, at: dt.datetime) -> None:
    """A key that was replaced and whose grace is over: somebody forgot to change it, or was never meant to have it."""
    if row["retired"]["valid_until"] <= at:
        LAST_USE.note_refused(row["retired"]["pk"], at=at)
        logger.warning("A replaced key of token %s is still in use, from %s: is it leaked?", row["key_id"], address)


def build_caller(row: Row, scope: Scope, newest_digest: str, *, is_lasting: bool, at: dt.datetime) -> Caller:
    """The caller of a valid key; what its use tells is noted for later."""
    KNOWN_DIGESTS.add(row["found_by"])
    LAST_USE.note_use(row["pk"], last_used_at=row["last_used_at"], at=at)
    if "retired" not in row and row["found_by"] != newest_digest:
        LAST_USE.note_digest(row["pk"], old=row["found_by"], new=newest_digest, pepper=max(settings.TOKEN_PEPPERS))
    return Caller(
        token=row["pk"],
        key_id=row["key_id"],
        scope=scope,
        revision=row["revision"] or 0,
        permissions=row["permissions"] or 0,
        rate_limit=rate_of(row),
        is_lasting=is_lasting,
    )
