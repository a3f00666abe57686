"""Moving in: from a gateway, read, to a plan, and from the plan to the catalog, in one transaction.

Models and prices go the way of every import; channels and groups are its structure; tokens are made last. Nothing is
deleted and no token that is here already is touched, so moving in again only brings what is new.
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
from pricing.gateways.channels import Tell, structure_of
from pricing.gateways.groups import AUTO, Groups, groups_of, slug_of
from pricing.gateways.tables import ENABLED, EXHAUSTED, EXPIRED, Gateway, GatewayToken, GatewayUser
from pricing.imports.pipeline import apply_import, make_plan
from pricing.imports.plan import ImportPlan, Options
from pricing.imports.structure import StructurePlan, apply_structure, plan_structure
from tokens import keys
from tokens.models import RetiredKey, Token, TokenGroup
from tokens.scope import SELECTORS

# Digests asked for at a time: SQLite takes 32,766 values in a statement.
BATCH = 5000
LATEST = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class NewToken:
    """A token to be made; the key is seen by nobody."""

    key: str = field(repr=False)
    groups: tuple[str, ...]
    fields: dict[str, Any]


@dataclass
class MovePlan:
    """All that moving in will do."""

    gateway: Gateway
    # None where the gateway has no models.
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


def plan_move(gateway: Gateway, *, at: dt.datetime, accept_jumps: bool = False) -> MovePlan:
    """What moving in would do; writes nothing."""
    context = PlanContext(at)
    findings = context.findings
    for sentence in (*gateway.findings, *document.findings(gateway)):
        findings.add(sentence)
    groups = groups_of(gateway)
    models = _plan_models(gateway, at=at, accept_jumps=accept_jumps)
    structure = _structure(gateway, groups, new=models.facts.new if models else (), tell=findings.add)
    _judge_groups(structure, findings)
    tokens = _Tokens(gateway, groups, findings)
    return MovePlan(
        gateway=gateway,
        models=models,
        structure=plan_structure(structure, context),
        tokens=tokens.new,
        known_tokens=tokens.known,
        skipped=tokens.skipped,
        findings=findings,
    )


def apply_move(
    gateway: Gateway,
    *,
    at: dt.datetime,
    accept_jumps: bool = False,
    actor: AbstractBaseUser | None = None,
) -> tuple[MovePlan, bool]:
    """Plans and moves in, all of it or nothing; False where there was nothing to do or a guard stopped it."""
    with transaction.atomic():
        # All writers queue here, so what is planned is what is there when it is applied.
        revision.hold()
        plan = plan_move(gateway, at=at, accept_jumps=accept_jumps)
        if plan.is_empty or plan.guards:
            return plan, False
        reason = f"Moved in from {gateway.dialect.name}"
        if plan.models is not None:
            options = _options(accept_jumps=accept_jumps)
            apply_import(document.write(gateway), options, at=at, origin=gateway.dialect.name, actor=actor)
        structure = _structure(gateway, groups_of(gateway))
        apply_structure(structure, WriteContext(at, reason, actor))
        _make_tokens(plan.tokens, reason=reason)
    return plan, True


def _options(*, accept_jumps: bool) -> Options:
    return Options(source=document.SOURCE, allow_removals=True, accept_jumps=accept_jumps)


def _plan_models(gateway: Gateway, *, at: dt.datetime, accept_jumps: bool) -> ImportPlan | None:
    try:
        return make_plan(document.write(gateway), _options(accept_jumps=accept_jumps), at=at)
    except InputError:
        return None


def _structure(gateway: Gateway, groups: Groups, *, new: Iterable[str] = (), tell: Tell | None = None) -> Structure:
    return structure_of(
        gateway,
        groups,
        known_groups=frozenset(TokenGroup.objects.values_list("slug", flat=True)),
        storable=frozenset(AIModel.objects.values_list("name", flat=True)) | frozenset(new),
        tell=tell or (lambda _: None),
    )


def _judge_groups(structure: Structure, findings: Findings) -> None:
    """Groups that are here already keep the channels they reach: migrated keys see those too."""
    foreign = TokenGroup.channels.through.objects.exclude(channel__slug__in=list(structure.channels))
    reaching = set(foreign.values_list("tokengroup__slug", flat=True))
    for slug in sorted(reaching & structure.groups.keys()):
        findings.add(f"the group {slug} is here already; its tokens see what it reaches here as well")


class _Tokens:
    """The tokens that are to be made, those that are here, and why others are left out."""

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
            findings.add("the database has no table of users: all of them count as enabled and in group default")
        here = _digests_here(token.key for token in gateway.tokens)
        for token in track(gateway.tokens, "Comparing tokens"):
            self._plan(token, here)

    def _plan(self, token: GatewayToken, here: set[str]) -> None:
        key = _as_clients_send_it(token.key)
        digest = keys.digest(key, settings.TOKEN_PEPPERS[max(settings.TOKEN_PEPPERS)])
        if not here.isdisjoint(keys.digests(key, settings.TOKEN_PEPPERS)):
            self.known += 1
            return
        try:
            keys.refuse_unfit(token.key, prefix=settings.TOKEN_PREFIX)
        except keys.UnfitKeyError as error:
            self.skipped[f"key unfit: {error}"] += 1
            return
        here.add(digest)
        if keys.normal_form(key) != token.key:
            self.findings.add(f"token {token.id}: its key has not the usual form; it works with sk- in front of it")
        self.new.append(self._new(token, key))

    def _new(self, token: GatewayToken, key: str) -> NewToken:
        user = self._user(token)
        reached = self.groups.of_token(token, user)
        if reached is None:
            self.findings.add(f"token {token.id}: its group is not open to its user; it was brought without a group")
        automatic = token.group == AUTO and set(reached or ()) == set(self.groups.automatic) and not self.foreign_auto
        expires, is_readable = _moment(token.expires)
        if not is_readable:
            self.findings.add(f"token {token.id}: its end is no date; it was brought disabled")
        is_open = token.status in (ENABLED, EXHAUSTED) or (token.status == EXPIRED and expires is not None)
        if token.is_locked:
            self.findings.add(f"token {token.id}: none of its addresses can be read; it was brought disabled")
        fields = {
            "name": (token.name or f"Token {token.id}")[:128],
            "enabled": is_open and user.enabled and is_readable and not token.is_locked,
            "uses_auto_groups": automatic,
            "allow": self._allow(token),
            "expires_at": expires,
            "networks": list(token.networks),
            "is_over_budget": token.is_over_budget,
            "note": f"Token {token.id} of {self.gateway.dialect.name}"
            + (f", user {user.name} ({token.user})." if user.name else f", user {token.user}."),
        }
        if token.accessed > 0:
            fields["last_used_at"] = _moment(token.accessed)[0]
        slugs = () if automatic else tuple(slug_of(name) for name in reached or ())
        return NewToken(key, slugs, fields)

    def _user(self, token: GatewayToken) -> GatewayUser:
        if self.gateway.users is None:
            return GatewayUser("", TokenGroup.DEFAULT, enabled=True)
        user = self.gateway.users.get(token.user)
        if user is None:
            self.findings.add(f"token {token.id}: its user is not in the database; it was brought disabled")
            return GatewayUser("", TokenGroup.DEFAULT, enabled=False)
        if not user.enabled:
            self.findings.add(f"token {token.id}: its user is switched off; it was brought disabled")
        return user

    def _allow(self, token: GatewayToken) -> list[str] | None:
        if token.limits is None:
            return None
        # Names are names there; here such a beginning would make a selector of it.
        return [name for name in token.limits if name.partition(":")[0] not in SELECTORS or ":" not in name]


def _as_clients_send_it(key: str) -> str:
    """With `sk-`: the form that gateways hand out; keys of the usual form work without it too."""
    return f"sk-{key}"


def _digests_here(held: Iterable[str]) -> set[str]:
    """Of the digests of these keys, under every pepper, those that tokens have or had."""
    wanted = [digest for key in held for digest in keys.digests(_as_clients_send_it(key), settings.TOKEN_PEPPERS)]
    found: set[str] = set()
    for start in range(0, len(wanted), BATCH):
        part = wanted[start : start + BATCH]
        for model in (Token, RetiredKey):
            found.update(model._default_manager.filter(digest__in=part).values_list("digest", flat=True))
    return found


def _moment(seconds: int) -> tuple[dt.datetime | None, bool]:
    """The moment, none for -1, and whether it is one."""
    if seconds == -1:
        return None, True
    try:
        return min(dt.datetime.fromtimestamp(seconds, tz=dt.UTC), LATEST), True
    except (OverflowError, ValueError, OSError):
        return None, False


def _make_tokens(tokens: list[NewToken], *, reason: str) -> None:
    """Many at once: a gateway has them by the thousand. The reason in the history names the groups of each."""
    keys_of = dict(TokenGroup.objects.values_list("slug", "pk"))
    alike: defaultdict[tuple[str, ...], list[NewToken]] = defaultdict(list)
    for new in tokens:
        alike[new.groups].append(new)
    through = Token.groups.through
    parts = [(groups, part) for groups, news in alike.items() for part in bulk.batches(news, bulk.BATCH)]
    for groups, part in track(parts, "Writing tokens"):
        rows = [_token(new) for new in part]
        made = bulk.create_rows(rows, reason=f"{reason}; groups: {', '.join(groups) or 'none'}")
        through.objects.bulk_create(
            through(token_id=token.pk, tokengroup_id=keys_of[slug])
            for token in made
            for slug in groups
            if slug in keys_of
        )


def _token(new: NewToken) -> Token:
    token = Token(**new.fields)
    token.assign_key(new.key)
    return token
