"""Authenticates a request: the caller is the token of the first valid key that the request contains.

Clients send keys in several places, and some send a placeholder beside the real one. All candidates are looked up in
one query, and the first valid one in the order of the dialect is used.
"""

import datetime as dt
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import ne

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from catalog.caches import process_cache
from catalog.db.revision import Counters
from tokens import keys
from tokens.api_error import ApiError
from tokens.auth.credentials import candidate_keys, client_address
from tokens.auth.last_use import LAST_USE
from tokens.auth.token_rows import BUDGET, Row, TokenRows, read_tokens, read_tokens_of, stream_tokens
from tokens.budgets import Budget
from tokens.context import Identity, context_of
from tokens.models import RetiredKey, Token, TokenGroup
from tokens.rate_limits import (
    FAILURES,
    KNOWN_DIGESTS,
    VISITOR_FAILURES,
    VISITS,
    Failures,
    Quota,
    limiter,
    strictest,
)
from tokens.scope import Scope

logger = logging.getLogger("modelbook.keys")

# Refusals that end without a change in the database: with time, or for a caller at another address.
TEMPORARY = frozenset({"key_not_yet_valid", "ip_not_allowed"})
ADMIN_KEY = "Invalid API key. An admin key is only valid for the management API. Send the key of a token here."


@dataclass(frozen=True)
class Caller:
    """The permissions of a valid key, and the counters of catalog/db/revision.py when they were read."""

    token: int
    key_id: str
    name: str
    scope: Scope
    counters: Counters
    # The rate limit that applies, e.g. 60/minute; empty: unlimited.
    rate_limit: str
    # The stored time; this use is written later.
    last_used_at: dt.datetime | None
    # Whether an equal request has the same caller until data changes or the scope ends; False if another key in the
    # request may become valid by itself.
    is_lasting: bool
    # The stored token, if nothing else decides who the caller is; None if the request has other keys or a retired one.
    identity: Identity | None


@dataclass(frozen=True)
class GroupLimits:
    """What a group limits for its tokens."""

    rate_limit: str
    budget: Budget | None

    @classmethod
    def of(cls, row: Row, *, prefix: str = "") -> "GroupLimits":
        return cls(row[f"{prefix}rate_limit"], budget_of(row, prefix=prefix))


@dataclass(frozen=True)
class Candidate:
    """A key from the request: its digest under the newest pepper, and whether its checksum shows that we issued it."""

    newest_digest: str
    is_ours: bool


class TokenAuthentication(BaseAuthentication):
    """Refuses requests without a valid key, and requests above the key's rate."""

    shows_networks = False

    def authenticate(self, request: Request) -> tuple[None, Caller]:
        now = timezone.now()
        caller = authenticate(request._request, at=now, shows_networks=self.shows_networks)
        charge(request._request, caller, at=now)
        return None, caller

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class HolderAuthentication(TokenAuthentication):
    """The same for a key's own holder, who learns which networks it may be used from."""

    shows_networks = True


class OptionalTokenAuthentication(BaseAuthentication):
    """Treats requests without a valid key as those of a visitor: clients also send keys of other services here."""

    def authenticate(self, request: Request) -> tuple[None, Caller] | None:
        now = timezone.now()
        try:
            caller = authenticate(request._request, at=now, failures=VISITOR_FAILURES)
        except ApiError:
            # The request is not refused: it is that of a visitor.
            context_of(request._request.META).token = None
            charge_visitor(request._request, at=now)
            return None
        charge_reader(request._request, caller, at=now)
        return None, caller


def authenticate(
    request: HttpRequest, *, at: dt.datetime, failures: Failures = FAILURES, shows_networks: bool = False
) -> Caller:
    """The caller of the first valid key in the request; ApiError if there is none, with the reason.

    The reason names the networks of a key that is sent from another one only if it `shows_networks`.
    """
    sent_keys = candidate_keys(request)
    if not sent_keys:
        raise ApiError("missing_api_key")
    address = client_address(request)
    candidates = _candidates(sent_keys)
    # An address that keeps guessing is refused before any query. Keys that were valid before are still looked up, and
    # so are those with our checksum: a process that has just started knows no valid key, and their secret cannot be
    # guessed.
    spent = failures.spent(address)
    if spent is not None:
        candidates = {
            digest: candidate
            for digest, candidate in candidates.items()
            if candidate.is_ours or KNOWN_DIGESTS.has(digest)
        }
        if not candidates:
            raise rate_limit_error(spent, at=at)
    refusal: ApiError | None = None
    is_lasting = spent is None
    for row in find_tokens(candidates):
        scope = scope_of(row)
        reason = next(scope.refusals(at=at, address=address), "")
        if not reason:
            newest_digest = candidates[row["found_by"]].newest_digest
            context_of(request.META).key_ends_at = scope.expires_at
            is_alone = len(sent_keys) == 1 and "retired" not in row and row["found_by"] == newest_digest
            identity = Identity(newest_digest, row["raw"]) if is_alone else None
            _name_token(request, row)
            return build_caller(row, scope, newest_digest, identity=identity, is_lasting=is_lasting, at=at)
        if "retired" in row:
            _note_refused_key(row, address=address, at=at)
        if refusal is None:
            # The answer states the reason of the first key.
            _name_token(request, row)
        refusal = refusal or _refusal(reason, address, scope.networks if shows_networks else ())
        is_lasting = is_lasting and reason not in TEMPORARY
    if spent is not None and not refusal:
        raise rate_limit_error(spent, at=at)
    failures.count(address, keys=len(sent_keys))
    raise refusal or ApiError("invalid_api_key", ADMIN_KEY if any(map(keys.is_admin_key, sent_keys)) else "")


def _name_token(request: HttpRequest, row: Row) -> None:
    """Makes a refusal of the request one of this token."""
    context = context_of(request.META)
    context.token, context.key_id = row["pk"], row["retired"]["key_id"] if "retired" in row else row["key_id"]


def _refusal(reason: str, address: str, networks: Sequence[str]) -> ApiError:
    if reason != "ip_not_allowed" or not networks:
        return ApiError(reason)
    where = f"from this IP address, {address}" if address else "from an unknown IP address"
    return ApiError(reason, f"This API key is not allowed {where}. It is allowed from {', '.join(networks)}.")


def charge(request: HttpRequest, caller: Caller, *, at: dt.datetime) -> None:
    """Counts the request against the caller's rate; ApiError if the rate is exceeded."""
    if not caller.rate_limit:
        return
    context = context_of(request.META)
    # The fast path has counted the requests that it could not answer itself.
    context.quota = context.quota or limiter().hit(caller.rate_limit, f"token:{caller.token}")
    if not context.quota.allowed:
        raise rate_limit_error(context.quota, at=at)


def charge_reader(request: HttpRequest, caller: Caller, *, at: dt.datetime) -> None:
    """Counts the request of a key at a public address: above the rate of the key, as that of a visitor.

    Without a key it would be answered, too. The prices stay those of the key: a program that reads them must not get
    other ones at times.
    """
    try:
        charge(request, caller, at=at)
    except ApiError:
        refusal = VISITS.refuse(client_address(request))
        if refusal is not None:
            context_of(request.META).quota = refusal
            raise rate_limit_error(refusal, at=at) from None


def charge_visitor(request: HttpRequest, *, at: dt.datetime) -> None:
    """Counts the request of a visitor; ApiError if the address has sent too many."""
    context = context_of(request.META)
    # The fast path has counted the requests that it refuses.
    refusal = context.quota or VISITS.refuse(client_address(request))
    if refusal is not None:
        context.quota = refusal
        raise rate_limit_error(refusal, at=at)


def rate_limit_error(quota: Quota, *, at: dt.datetime) -> ApiError:
    seconds = quota.seconds(at=at)
    headers = {"Retry-After": str(seconds), "retry-after-ms": str(seconds * 1000)}
    return ApiError("rate_limit_exceeded", f"Too many requests. Try again in {seconds} s.", headers=headers)


def find_tokens(candidates: Mapping[str, Candidate]) -> list[Row]:
    """The tokens with these digests, in the same order, with groups and counters; one query if all keys are current.

    A digest without a token may be that of a retired key; `retired` of the row is then that key.
    """
    if not candidates:
        return []
    rows = {token.rows[0]["digest"]: _row(token) for token in read_tokens_of(list(candidates))}
    # A key that is found has one digest per pepper; the others belong to nobody.
    found_keys = {candidates[digest].newest_digest for digest in rows}
    rows |= _rows_of_retired_keys(
        [digest for digest, candidate in candidates.items() if candidate.newest_digest not in found_keys]
    )
    return [rows[digest] | {"found_by": digest} for digest in candidates if digest in rows]


def row_of(token: Token) -> Row:
    """The row that a request with the token's key would find."""
    return _rows(Token.objects.filter(pk=token.pk))[token.pk]


def scopes_of(tokens: QuerySet[Token]) -> Iterator[tuple[int, Scope]]:
    """The primary key and the permissions of each of these tokens, in one query and little memory."""
    rows = map(_row, stream_tokens(tokens))
    return ((row["pk"], scope_of(row)) for row in rows)


def scope_of(row: Row) -> Scope:
    """The permissions of the row's key; a retired key ends with its grace period or with its token."""
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
        budget=budget_of(row),
        group_budgets=row["group_budgets"],
    )


def budget_of(row: Row, *, prefix: str = "") -> Budget | None:
    """The budget in the columns with this prefix."""
    if row[f"{prefix}budget_amount"] is None:
        return None
    amount, currency, period, spent_until, warned_until = (row[f"{prefix}{name}"] for name in BUDGET)
    return Budget(amount, currency, period, spent_until, warned_until)


def rate_of(row: Row) -> str:
    """The rate limit that applies: the token's own, else the strictest of its groups."""
    return row["rate_limit"] or strictest(row["group_rate_limits"])


def _candidates(sent_keys: Sequence[str]) -> dict[str, Candidate]:
    """Each digest that a key may be stored under, one per pepper -> the key."""
    candidates: dict[str, Candidate] = {}
    for key in sent_keys:
        if keys.is_plausible(key, prefix=settings.TOKEN_PREFIX) and not keys.is_admin_key(key):
            newest, *older = keys.digests(key, settings.TOKEN_PEPPERS)
            candidates |= dict.fromkeys([newest, *older], Candidate(newest, keys.is_ours(key)))
    return candidates


def _rows(tokens: QuerySet[Token]) -> dict[int, Row]:
    """Primary key -> the token as a dict, with its groups and the counters."""
    return {token.rows[0]["pk"]: _row(token) for token in read_tokens(tokens)}


def _row(token: TokenRows) -> Row:
    own_groups = [row for row in token.rows if row["groups"] is not None]
    own_groups.sort(key=lambda row: TokenGroup.place(row["groups__slug"]))
    groups = {row["groups"]: GroupLimits.of(row, prefix="groups__") for row in own_groups}
    columns = token.rows[0]
    if columns["uses_auto_groups"]:
        groups |= _auto_groups(token.counters.models)
    return columns | {
        "counters": token.counters,
        "raw": token.raw,
        "groups": tuple(sorted(groups, key=partial(ne, columns["first_group"]))),
        "group_rate_limits": [limits.rate_limit for limits in groups.values()],
        "group_budgets": tuple((group, limits.budget) for group, limits in groups.items() if limits.budget),
    }


def _rows_of_retired_keys(digests: Sequence[str]) -> dict[str, Row]:
    """Digest of a retired key -> its token."""
    if not digests:
        return {}
    retired = list(
        RetiredKey.objects.filter(digest__in=digests).values("pk", "digest", "token", "key_id", "valid_until")
    )
    rows = _rows(Token.objects.filter(pk__in={row["token"] for row in retired})) if retired else {}
    return {row["digest"]: rows[row["token"]] | {"retired": row} for row in retired if row["token"] in rows}


@process_cache(maxsize=8)
def _auto_groups(models_counter: int) -> Mapping[int, GroupLimits]:  # noqa: ARG001 (the key of the cache)
    """The limits of each group in the automatic order, the first one first.

    Cached under the counter that every change of a group raises. The request reads both from one snapshot.
    """
    groups = TokenGroup.objects.filter(auto_position__isnull=False).order_by("auto_position", "slug")
    return {row["pk"]: GroupLimits.of(row) for row in groups.values("pk", "rate_limit", *BUDGET)}


def _note_refused_key(row: Row, *, address: str, at: dt.datetime) -> None:
    """Records the use of a retired key after its grace period: a client was not updated, or the key has leaked."""
    if row["retired"]["valid_until"] <= at:
        LAST_USE.note_refused(row["retired"]["pk"], at=at)
        logger.warning(
            "A retired key of token %s is still in use, from %s. Check whether it has leaked.", row["key_id"], address
        )


def build_caller(
    row: Row, scope: Scope, newest_digest: str, *, identity: Identity | None, is_lasting: bool, at: dt.datetime
) -> Caller:
    """The caller of a valid key; its use is recorded for later writes."""
    KNOWN_DIGESTS.add(row["found_by"])
    LAST_USE.note_use(row["pk"], last_used_at=row["last_used_at"], at=at)
    if "retired" not in row and row["found_by"] != newest_digest:
        LAST_USE.note_digest(row["pk"], old=row["found_by"], new=newest_digest, pepper=max(settings.TOKEN_PEPPERS))
    return Caller(
        token=row["pk"],
        key_id=row["key_id"],
        name=row["name"],
        scope=scope,
        counters=row["counters"],
        rate_limit=rate_of(row),
        last_used_at=row["last_used_at"],
        is_lasting=is_lasting,
        identity=identity,
    )
