"""Plans the tokens that a migration creates, and creates them. Keys are never shown.

Existing tokens are unchanged; they are found by the digests of their keys.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from catalog.db import bulk
from catalog.db.audit import deed
from catalog.imports.context import Findings
from catalog.progress import track
from pricing.gateways.groups import Groups
from pricing.gateways.keys.patterns import allow_patterns, deny_patterns
from pricing.gateways.reading.gateway import ENABLED, EXHAUSTED, EXPIRED, Gateway, GatewayToken, GatewayUser
from pricing.gateways.reading.new_api import REQUIRE_EMAIL_VERIFICATION
from tokens import keys
from tokens.models import Pepper, RetiredKey, Token, TokenGroup

# Digests per query: SQLite accepts 32,766 values in a statement.
BATCH = 5000
LATEST = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class NewToken:
    """A token to create; its key is never shown."""

    key: str = field(repr=False)
    # As in reports: `token 5` of the gateway.
    reported_as: str
    groups: tuple[str, ...]
    fields: dict[str, Any]


class TokenPlan:
    """The tokens to create, the number of existing ones, and why others are left out."""

    def __init__(self, gateway: Gateway, groups: Groups, findings: Findings, *, at: dt.datetime) -> None:
        self.at = at
        self.gateway = gateway
        self.groups = groups
        self.findings = findings
        self.names = tuple(dict.fromkeys(name for channel in gateway.channels for name in channel.models))
        self.new: list[NewToken] = []
        self.known = 0
        self.skipped = Counter({"deleted by their owners": gateway.deleted_tokens} if gateway.deleted_tokens else {})
        self.foreign_auto = (
            TokenGroup.objects.filter(auto_position__isnull=False)
            .exclude(slug__in=[gateway.group_here(name) for name in groups.names])
            .exists()
        )
        if gateway.users is None and gateway.tokens:
            findings.add("the database has no table of users: all users are treated as enabled and in group default")
        existing = _existing_digests(token.key for token in gateway.tokens)
        for token in track(gateway.tokens, "Comparing tokens"):
            self._plan(token, existing)

    def _plan(self, token: GatewayToken, existing: set[str]) -> None:
        key = _with_prefix(token.key)
        digest = keys.digest(key, settings.TOKEN_PEPPERS[max(settings.TOKEN_PEPPERS)])
        if not existing.isdisjoint(keys.digests(key, settings.TOKEN_PEPPERS)):
            self.known += 1
            return
        try:
            keys.refuse_unfit(token.key, prefix=settings.TOKEN_PREFIX)
        except keys.UnfitKeyError as error:
            self.skipped[f"invalid key: {error}"] += 1
            return
        existing.add(digest)
        if keys.normal_form(key) != token.key:
            self.findings.add("its key has an unusual form; it works with sk- in front of it", f"token {token.id}")
        self.new.append(self._new(token, key))

    def _new(self, token: GatewayToken, key: str) -> NewToken:
        user = self._user(token)
        reached = self._groups_of(token, user)
        automatic = (
            reached is not None
            and self.groups.is_automatic(token)
            and set(reached) == set(self.groups.automatic)
            and not self.foreign_auto
        )
        expires, is_valid = _timestamp(token.expires)
        is_refused = [
            self._is_refused_by_status(token, expires),
            self._refuse(token, "their expiries are not valid dates", applies=not is_valid),
            self._refuse(token, "none of their addresses is valid", applies=token.is_locked),
            self._refuse(
                token,
                "the gateway refuses tokens of group auto (its option UserUsableGroups has no auto)",
                applies=reached is None and self.groups.is_automatic(token),
            ),
        ]
        if user.is_unverified:
            self.findings.add(
                f"imported as over budget: the gateway lists models for users whose e-mail address is not confirmed, "
                f"but refuses their calls ({REQUIRE_EMAIL_VERIFICATION})",
                f"token {token.id}",
            )
        fields = {
            "name": (token.name or f"Token {token.id}")[:128],
            "enabled": user.enabled and not any(is_refused),
            "uses_auto_groups": automatic,
            "allow": self._allow(token),
            "deny": self._deny(token),
            "expires_at": expires,
            "networks": list(token.networks),
            # The budget of a key is part of its user's: the program refuses the calls of a user without quota.
            "is_over_budget": token.is_over_budget or user.is_over_budget or user.is_unverified,
            "note": f"Token {token.id} of {self.gateway.dialect.name}"
            + (f", user {user.name} ({token.user})." if user.name else f", user {token.user}."),
        }
        if token.accessed > 0:
            fields["last_used_at"] = _timestamp(token.accessed)[0]
        slugs = () if automatic else tuple(map(self.gateway.group_here, reached or ()))
        return NewToken(key, f"token {token.id}", slugs, fields)

    def _user(self, token: GatewayToken) -> GatewayUser:
        if self.gateway.users is None:
            return GatewayUser("", TokenGroup.DEFAULT, enabled=True)
        user = self.gateway.users.get(token.user)
        if user is None:
            self.findings.add("imported disabled, because their users are not in the database", f"token {token.id}")
            return GatewayUser("", TokenGroup.DEFAULT, enabled=False)
        if not user.enabled:
            self.findings.add("imported disabled, because their users are disabled", f"token {token.id}")
        return user

    def _groups_of(self, token: GatewayToken, user: GatewayUser) -> tuple[str, ...] | None:
        reached, name = self.groups.of_token(token, user), f"token {token.id}"
        if reached is None and self.groups.listed is not None:
            self.findings.add(
                "imported without a group: the gateway refuses the group that they name or their user's", name
            )
        elif reached is None and not self.groups.is_automatic(token):
            self.findings.add("imported without a group: their users may not use the group that they name", name)
        elif reached == () and not token.group:
            self.findings.add("imported without a group, because their users have none", name)
        elif self.groups.only and reached == (self.groups.only,) and token.group not in ("", self.groups.only):
            self.findings.add(
                f"reach group {self.groups.only} whatever group they name, as their users do there",
                name,
            )
        return reached

    def _is_refused_by_status(self, token: GatewayToken, expires: dt.datetime | None) -> bool:
        if token.status != EXPIRED:
            return token.status not in (ENABLED, EXHAUSTED)
        # A date in the past refuses it as well, and says why.
        return self._refuse(
            token, "their status is expired, although their date is not past", applies=not expires or expires > self.at
        )

    def _refuse(self, token: GatewayToken, why: str, *, applies: bool) -> bool:
        """Reports why a token is imported disabled, if it is."""
        if applies:
            self.findings.add(f"imported disabled, because {why}", f"token {token.id}")
        return applies

    def _allow(self, token: GatewayToken) -> list[str] | None:
        if token.limits is None:
            return None
        patterns, is_narrower = allow_patterns(token.limits, self.gateway.dialect.matched_name, self.names)
        if is_narrower:
            self.findings.add(
                "names in their limits were left out: the gateway lists them and refuses their calls, because it looks "
                "up another name for them",
                f"token {token.id}",
            )
        return patterns

    def _deny(self, token: GatewayToken) -> list[str]:
        patterns, is_narrower = deny_patterns(token.blocked, self.gateway.dialect.matched_name, self.names)
        if is_narrower:
            self.findings.add(
                "names in their block lists were left out: they block nothing there, because the gateway looks up "
                "another name for a call, or because of a space",
                f"token {token.id}",
            )
        return patterns


def _with_prefix(key: str) -> str:
    """The key with `sk-`, as gateways issue it; keys of the usual form also work without it."""
    return f"sk-{key}"


def _existing_digests(gateway_keys: Iterable[str]) -> set[str]:
    """The digests of these keys, under every pepper, that current or retired tokens have."""
    digests = [digest for key in gateway_keys for digest in keys.digests(_with_prefix(key), settings.TOKEN_PEPPERS)]
    existing: set[str] = set()
    for start in range(0, len(digests), BATCH):
        part = digests[start : start + BATCH]
        for model in (Token, RetiredKey):
            existing.update(model._default_manager.filter(digest__in=part).values_list("digest", flat=True))
    return existing


def _timestamp(seconds: int) -> tuple[dt.datetime | None, bool]:
    """The time, None for -1 (never), and whether the value is valid.

    The programs only compare numbers: one after the last date, such as a time in milliseconds, is far ahead.
    """
    if seconds == -1:
        return None, True
    if seconds >= LATEST.timestamp():
        return LATEST, True
    try:
        return dt.datetime.fromtimestamp(seconds, tz=dt.UTC), True
    except (OverflowError, ValueError, OSError):
        return None, False


def create_tokens(tokens: list[NewToken], *, reason: str) -> dict[int, str]:
    """Creates the tokens in bulk, because gateways have thousands; the reason in the history names their groups.

    Returns their primary keys, each with the token's name in reports.
    """
    reported: dict[int, str] = {}
    if tokens:
        Pepper.objects.remember(max(settings.TOKEN_PEPPERS))
    group_keys = dict(TokenGroup.objects.values_list("slug", "pk"))
    by_groups: defaultdict[tuple[str, ...], list[NewToken]] = defaultdict(list)
    for new in tokens:
        by_groups[new.groups].append(new)
    through = Token.groups.through
    parts = [(groups, part) for groups, news in by_groups.items() for part in bulk.batches(news, bulk.BATCH)]
    for groups, part in track(parts, "Writing tokens"):
        # The first group that reaches a model decides about the price of its calls.
        first = group_keys.get(groups[0]) if len(groups) > 1 else None
        rows = [_token(new, first_group=first) for new in part]
        bulk.insert_rows(rows)
        reported |= {token.pk: new.reported_as for token, new in zip(rows, part, strict=True)}
        through.objects.bulk_create(
            through(token_id=token.pk, tokengroup_id=group_keys[slug])
            for token in rows
            for slug in groups
            if slug in group_keys
        )
        with deed("imported"):
            bulk.write_history(
                Token, bulk.keys_of(rows), kind="+", reason=f"{reason}; groups: {', '.join(groups) or 'none'}"
            )
    return reported


def _token(new: NewToken, *, first_group: int | None) -> Token:
    token = Token(**new.fields, first_group_id=first_group)
    token.assign_key(new.key)
    return token
