"""Migration: plans what a gateway's data changes here, and applies the plan in one transaction.

Models and prices are imported as from any source; channels and groups are the structure of the import; tokens are
created last. Nothing is deleted and existing tokens are unchanged, so a second migration only adds what is new.
"""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from catalog.db import bulk, revision
from catalog.error_messages import InputError
from catalog.imports.context import Findings, PlanContext, WriteContext
from catalog.models import AIModel
from catalog.progress import track
from catalog.sources.records import Structure
from pricing.gateways import document
from pricing.gateways.channels import Report, structure_of
from pricing.gateways.groups import AUTO, Groups, groups_of, slug_of
from pricing.gateways.tables import ENABLED, EXHAUSTED, EXPIRED, Gateway, GatewayToken, GatewayUser
from pricing.imports.options import Options
from pricing.imports.pipeline import apply_import, make_plan
from pricing.imports.plan import ImportPlan
from pricing.imports.structure import StructurePlan, apply_structure, plan_structure
from tokens import keys
from tokens.models import RetiredKey, Token, TokenGroup
from tokens.scope import SELECTORS

# Digests per query: SQLite accepts 32,766 values in a statement.
BATCH = 5000
LATEST = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class NewToken:
    """A token to create; its key is never shown."""

    key: str = field(repr=False)
    groups: tuple[str, ...]
    fields: dict[str, Any]


@dataclass
class MigrationPlan:
    """All changes of a migration."""

    gateway: Gateway
    # None if the gateway has no models.
    models: ImportPlan | None
    structure: StructurePlan
    tokens: list[NewToken]
    known_tokens: int
    skipped: Counter[str]
    findings: Findings

    @property
    def is_empty(self) -> bool:
        return (self.models is None or self.models.is_empty) and self.structure.is_empty and not self.tokens

    @property
    def guards(self) -> list[str]:
        return [str(guard) for guard in self.models.guards] if self.models else []


def plan_migration(gateway: Gateway, *, at: dt.datetime, accept_jumps: bool | tuple[str, ...] = False) -> MigrationPlan:
    """The changes that a migration would make; writes nothing."""
    context = PlanContext(at)
    findings = context.findings
    for sentence in (*gateway.findings, *document.findings(gateway)):
        findings.add(sentence)
    groups = groups_of(gateway)
    models = _plan_models(gateway, at=at, accept_jumps=accept_jumps)
    new_models = tuple(models.facts.new) if models else ()
    structure = _structure(gateway, groups, new=new_models, report=findings.add)
    _report_shared_groups(structure, findings)
    tokens = _TokenPlan(gateway, groups, findings)
    return MigrationPlan(
        gateway=gateway,
        models=models,
        structure=plan_structure(structure, context, new_models=new_models),
        tokens=tokens.new,
        known_tokens=tokens.known,
        skipped=tokens.skipped,
        findings=findings,
    )


def apply_migration(
    gateway: Gateway,
    *,
    at: dt.datetime,
    accept_jumps: bool | tuple[str, ...] = False,
    actor: AbstractBaseUser | None = None,
) -> tuple[MigrationPlan, bool]:
    """Plans a migration and applies it; False if it had no effect or a guard stopped it.

    If `accept_jumps` names some models, the changes of models with other jumps are held back, and their guard is
    returned. Everything else is applied completely or not at all.
    """
    with transaction.atomic():
        # All writers queue here, so that nothing changes between the plan and its application.
        revision.hold()
        plan = plan_migration(gateway, at=at, accept_jumps=accept_jumps)
        options = _options(accept_jumps=accept_jumps)
        if plan.is_empty or (plan.guards and not options.accepted_patterns):
            return plan, False
        reason = f"Migrated from {gateway.dialect.name}"
        if plan.models is not None:
            origin = gateway.dialect.name
            plan.models, _ = apply_import(document.write(gateway), options, at=at, origin=origin, actor=actor)
        structure = _structure(gateway, groups_of(gateway))
        apply_structure(structure, WriteContext(at, reason, actor))
        _create_tokens(plan.tokens, reason=reason)
    return plan, True


def _options(*, accept_jumps: bool | tuple[str, ...]) -> Options:
    return Options(source=document.SOURCE, allow_removals=True, accept_jumps=accept_jumps)


def _plan_models(gateway: Gateway, *, at: dt.datetime, accept_jumps: bool | tuple[str, ...]) -> ImportPlan | None:
    try:
        return make_plan(document.write(gateway), _options(accept_jumps=accept_jumps), at=at)
    except InputError:
        return None


def _structure(gateway: Gateway, groups: Groups, *, new: Iterable[str] = (), report: Report | None = None) -> Structure:
    return structure_of(
        gateway,
        groups,
        known_groups=frozenset(TokenGroup.objects.values_list("slug", flat=True)),
        storable=frozenset(AIModel.objects.values_list("name", flat=True)) | frozenset(new),
        report=report or (lambda _: None),
    )


def _report_shared_groups(structure: Structure, findings: Findings) -> None:
    """Existing groups keep the channels that they reach, so migrated keys also see those channels."""
    foreign = TokenGroup.channels.through.objects.exclude(channel__slug__in=list(structure.channels))
    reaching = set(foreign.values_list("tokengroup__slug", flat=True))
    for slug in sorted(reaching & structure.groups.keys()):
        findings.add(f"the group {slug} already exists; its tokens also see the models that it reaches here")


class _TokenPlan:
    """The tokens to create, the number of existing ones, and why others are left out."""

    def __init__(self, gateway: Gateway, groups: Groups, findings: Findings) -> None:
        self.gateway = gateway
        self.groups = groups
        self.findings = findings
        self.new: list[NewToken] = []
        self.known = 0
        self.skipped = Counter({"deleted by their owners": gateway.deleted_tokens} if gateway.deleted_tokens else {})
        self.foreign_auto = (
            TokenGroup.objects.filter(auto_position__isnull=False)
            .exclude(slug__in=[slug_of(name) for name in groups.names])
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
            self.findings.add(f"token {token.id}: its key has an unusual form; it works with sk- in front of it")
        self.new.append(self._new(token, key))

    def _new(self, token: GatewayToken, key: str) -> NewToken:
        user = self._user(token)
        reached = self.groups.of_token(token, user)
        if reached is None:
            self.findings.add(f"token {token.id}: its user may not use its group; it was imported without a group")
        automatic = token.group == AUTO and set(reached or ()) == set(self.groups.automatic) and not self.foreign_auto
        expires, is_valid = _timestamp(token.expires)
        if not is_valid:
            self.findings.add(f"token {token.id}: its expiry is not a valid date; it was imported disabled")
        is_open = token.status in (ENABLED, EXHAUSTED) or (token.status == EXPIRED and expires is not None)
        if token.is_locked:
            self.findings.add(f"token {token.id}: none of its addresses is valid; it was imported disabled")
        fields = {
            "name": (token.name or f"Token {token.id}")[:128],
            "enabled": is_open and user.enabled and is_valid and not token.is_locked,
            "uses_auto_groups": automatic,
            "allow": self._allow(token),
            "expires_at": expires,
            "networks": list(token.networks),
            # The budget of a key is part of its user's: the program refuses the calls of a user without quota.
            "is_over_budget": token.is_over_budget or user.is_over_budget,
            "note": f"Token {token.id} of {self.gateway.dialect.name}"
            + (f", user {user.name} ({token.user})." if user.name else f", user {token.user}."),
        }
        if token.accessed > 0:
            fields["last_used_at"] = _timestamp(token.accessed)[0]
        slugs = () if automatic else tuple(slug_of(name) for name in reached or ())
        return NewToken(key, slugs, fields)

    def _user(self, token: GatewayToken) -> GatewayUser:
        if self.gateway.users is None:
            return GatewayUser("", TokenGroup.DEFAULT, enabled=True)
        user = self.gateway.users.get(token.user)
        if user is None:
            self.findings.add(f"token {token.id}: its user is not in the database; it was imported disabled")
            return GatewayUser("", TokenGroup.DEFAULT, enabled=False)
        if not user.enabled:
            self.findings.add(f"token {token.id}: its user is disabled; it was imported disabled")
        return user

    def _allow(self, token: GatewayToken) -> list[str] | None:
        if token.limits is None:
            return None
        # Gateways have only ids; a prefix such as vendor: would make it a selector here.
        return [name for name in token.limits if name.partition(":")[0] not in SELECTORS or ":" not in name]


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


def _create_tokens(tokens: list[NewToken], *, reason: str) -> None:
    """Creates the tokens in bulk, because gateways have thousands; the reason in the history names their groups."""
    group_keys = dict(TokenGroup.objects.values_list("slug", "pk"))
    by_groups: defaultdict[tuple[str, ...], list[NewToken]] = defaultdict(list)
    for new in tokens:
        by_groups[new.groups].append(new)
    through = Token.groups.through
    parts = [(groups, part) for groups, news in by_groups.items() for part in bulk.batches(news, bulk.BATCH)]
    for groups, part in track(parts, "Writing tokens"):
        rows = [_token(new) for new in part]
        created = bulk.create_rows(rows, reason=f"{reason}; groups: {', '.join(groups) or 'none'}")
        through.objects.bulk_create(
            through(token_id=token.pk, tokengroup_id=group_keys[slug])
            for token in created
            for slug in groups
            if slug in group_keys
        )


def _token(new: NewToken) -> Token:
    token = Token(**new.fields)
    token.assign_key(new.key)
    return token
