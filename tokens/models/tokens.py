"""Tokens: who may see and call which models, and how long."""

import datetime as dt
import ipaddress
from collections.abc import Collection
from functools import reduce
from operator import or_
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q

from catalog.db import revision
from catalog.db.audit import deed
from catalog.db.bulk import update_with_history
from catalog.db.fields import NamesField
from catalog.db.history import history, one_history_row
from catalog.db.revision import track
from tokens import keys
from tokens.logs import scrub
from tokens.models.budgets import ACCOUNTING, TERMS, Budgeted, BudgetedQuerySet
from tokens.models.groups import TokenGroup
from tokens.models.metadata import MetadataField
from tokens.models.peppers import Pepper, WrongPepperError
from tokens.patterns.kinds import FREE, PRICE
from tokens.rate_limits import validate_rate
from tokens.scope import Scope, validate_patterns


class TokenQuerySet(BudgetedQuerySet["Token"]):
    def set_enabled(self, enabled: bool) -> int:
        """Enables or disables these tokens, with history; returns how many changed."""
        return update_with_history(self.exclude(enabled=enabled), enabled=enabled)

    def expiring(self, *, at: dt.datetime, within: dt.timedelta) -> "TokenQuerySet":
        """Enabled tokens that expire after `at`, but not long after."""
        return self.filter(enabled=True, expires_at__gt=at, expires_at__lte=at + within)

    def in_state(self, state: str, *, at: dt.datetime) -> "TokenQuerySet":
        """Those whose key is valid or in one of the STATES at that moment, as `Token.state` says."""
        is_early, is_late = Q(starts_at__gt=at), Q(expires_at__lte=at)
        if state == "disabled":
            return self.filter(enabled=False)
        if state == "expired":
            return self.filter(is_late, enabled=True)
        if state == "not yet":
            return self.filter(is_early, enabled=True).exclude(is_late)
        return self.filter(enabled=True).exclude(is_early).exclude(is_late)

    def with_key_id(self, key_id: str) -> "TokenQuerySet":
        """The token with that key id, current or retired."""
        retired = Token.objects.filter(retired_keys__key_id=key_id)
        return self.filter(Q(key_id=key_id) | Q(pk__in=retired.values("pk")))

    def comparing_prices(self) -> "TokenQuerySet":
        """All with a pattern that compares prices, and perhaps others."""
        # As JSON writes them, so that an id such as org/model:free is none.
        texts = [f'"{FREE}"', f'"{PRICE}']
        columns = ("allow__icontains", "deny__icontains")
        return self.filter(reduce(or_, (Q(**{column: text}) for column in columns for text in texts)))

    def named(self, key_id: str) -> "Token":
        """The token with that key id, current or retired; DoesNotExist with a message."""
        token = self.with_key_id(key_id).first()
        if token is None:
            # Somebody may paste a key here by mistake; it must not appear in the logs.
            raise Token.DoesNotExist(f"There is no token with the key id {scrub(key_id)!r}.")
        return token

    def holding(self, plaintext: str) -> "TokenQuerySet":
        """The token whose current or retired key this is, under any pepper."""
        digests = keys.digests(plaintext, settings.TOKEN_PEPPERS)
        return self.filter(Q(digest__in=digests) | Q(retired_keys__digest__in=digests)).distinct()


class TokenManager(models.Manager.from_queryset(TokenQuerySet)):  # type: ignore[misc]
    def issue(self, name: str, *, groups: list[TokenGroup], **fields: object) -> tuple["Token", str]:
        """Creates a token with a new key; returns both. The key is not stored and cannot be shown again."""
        token = Token(name=name, **fields)
        plaintext = token.assign_new_key()
        token.save_with(groups)
        return token, plaintext

    def take_over(self, name: str, *, plaintext: str, groups: list[TokenGroup], **fields: object) -> "Token":
        """Creates a token for a key that clients already use; keys.UnfitKeyError if it cannot be used here."""
        keys.refuse_unfit(plaintext, prefix=settings.TOKEN_PREFIX)
        if self.holding(plaintext).exists():
            raise keys.UnfitKeyError("This key already belongs to a token, or did before a rotation.")
        token = Token(name=name, **fields)
        token.assign_key(plaintext)
        token.save_with(groups, action="imported")
        return token

    def without_key(self, key_id: str, **fields: object) -> "Token":
        """An unsaved token that has no key until it is rotated."""
        token = Token(key_id=key_id, digest=keys.no_digest(), pepper=max(settings.TOKEN_PEPPERS), **fields)
        token.masked = NO_KEY
        return token


class KeyReplacedError(Exception):
    """The key to replace is not the token's current key any more."""


# The columns of its current key.
KEY = ("key_id", "digest", "pepper", "masked")
# What is shown in place of the key of a token that has none.
NO_KEY = "no key yet"
STATES = {"key_disabled": "disabled", "key_expired": "expired", "key_not_yet_valid": "not yet"}
# Days before its expiry at which a token is reported, the smallest first.
WARNINGS = {1: "a day", 7: "7 days", 30: "30 days"}


class Token(Budgeted):
    """A permission to list models, for everybody who has its key."""

    revision_counter = "permissions"
    named_by = ("name", "key_id")
    created_as = "issued"
    described = {"group": ("groups", "uses_auto_groups"), "budget": TERMS}

    name = models.CharField(max_length=128, help_text="The user of the token, e.g. Acme production.")
    key_id = models.CharField(
        "key id", max_length=64, unique=True, editable=False, help_text="Safe to show and to log."
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    pepper = models.PositiveIntegerField(editable=False)
    masked = models.CharField("key", max_length=64, editable=False)
    enabled = models.BooleanField(default=True, help_text="If off, the key is refused from the next request on.")
    groups = models.ManyToManyField(
        TokenGroup,
        blank=True,
        related_name="tokens",
        help_text="The token can see the models of these groups; without a group it can see none.",
    )
    uses_auto_groups = models.BooleanField(
        "automatic groups", default=False, help_text="The token is also in every group of the automatic order."
    )
    first_group = models.ForeignKey(
        TokenGroup,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="If several of its groups reach a model, the price is that of this group, if it is one of them. "
        "Leave empty for group default, then the others by name, then the automatic groups in their order.",
    )
    allow = NamesField(
        null=True,
        blank=True,
        default=None,
        validators=[validate_patterns],
        help_text="The models it can see; a model that matches one of the patterns is allowed. Ids or aliases, or "
        "vendor:, series:, tag:, endpoint:, modality:, capability: with a name; * matches any characters, also in "
        "models added later. E.g. gpt-*, vendor:anthropic, capability:tools. By figures: context>=200000, "
        "max_output>=8000, free, price:input<=5, price:request<=0.01. A price is the most that a request can pay, in "
        "US dollars for a million tokens or for one of another unit. After id:, everything is part of the id, e.g. "
        "id:gpt-4-gizmo-*. Leave empty to allow all models of its groups.",
    )
    deny = NamesField(
        default=list,
        blank=True,
        validators=[validate_patterns],
        help_text="The models it can never see, in the same notation; deny overrides allow. A comparison also denies "
        "the models whose figure is unknown. Leave empty to deny none.",
    )
    starts_at = models.DateTimeField(
        null=True, blank=True, help_text="The key is refused before this time. Leave empty for a key that is valid now."
    )
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="The key is refused from this time. Leave empty for a key that never expires."
    )
    networks = NamesField(
        default=list,
        blank=True,
        help_text="Networks it may be used from, e.g. 203.0.113.0/24, 2001:db8::/32. Leave empty to allow all.",
    )
    rate_limit = models.CharField(
        max_length=64,
        blank=True,
        validators=[validate_rate],
        help_text="Its rate limit, e.g. 60/minute. Leave empty to use the limit of its groups.",
    )
    is_over_budget = models.BooleanField(
        "calls blocked",
        default=False,
        help_text="If on, it can still list models, which costs nothing, but may not call them, whatever it has spent.",
    )
    note = models.TextField(blank=True)
    metadata = MetadataField(
        default=dict,
        blank=True,
        help_text='What your own programs store with it, a JSON object, e.g. {"customer": 42}. The holder of the key '
        "never sees it. Leave empty for none.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="To the minute.")

    objects = TokenManager()
    history = history(excluded_fields=["digest", "pepper", "last_used_at", *ACCOUNTING], m2m_fields=[groups])

    class Meta(Budgeted.Meta):
        verbose_name = "token"
        constraints = [
            *Budgeted.Meta.constraints,
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(expires_at=None) | Q(expires_at__gt=F("starts_at")),
                name="tokens_token_expires_after_start",
                violation_error_message="A token cannot expire before it starts.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.key_id})"

    @property
    def has_key(self) -> bool:
        """Whether somebody can have its key: a token of a catalog file has none until it is rotated."""
        return not self.digest.startswith(keys.NO_KEY)

    def assign_new_key(self) -> str:
        """Gives this token a new key, unsaved; returns the plaintext, which is not stored."""
        # A first key has the key id under which the token is known.
        known = self.key_id if not self.has_key and keys.is_key_id(self.key_id) else ""
        new_key = keys.make_key(settings.TOKEN_PREFIX, key_id=known)
        self.assign_key(new_key.plaintext)
        self.key_id = new_key.key_id
        self.masked = f"{settings.TOKEN_PREFIX}_{new_key.key_id}_…{new_key.plaintext[-4:]}"
        return new_key.plaintext

    def assign_key(self, plaintext: str) -> None:
        """Gives this token an existing key, unsaved; only its digest and last characters are stored."""
        self.key_id = keys.new_key_id()
        self.pepper = max(settings.TOKEN_PEPPERS)
        self.digest = keys.digest(plaintext, settings.TOKEN_PEPPERS[self.pepper])
        self.masked = f"{'sk-' if plaintext.startswith('sk-') else ''}…{plaintext[-4:]}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Writes all columns but those that a rotation or a request writes, which need `update_fields`.

        Otherwise, a token that was read before a rotation would bring back the replaced key.
        """
        with transaction.atomic():
            fields = kwargs.get("update_fields")
            if self._state.adding or "digest" in (fields or ()):
                Pepper.objects.remember(self.pepper)
            elif fields is None:
                revision.hold()
                stored = (*KEY, "last_used_at")
                self.refresh_from_db(fields=[name for name in stored if name not in self.get_deferred_fields()])
            super().save(*args, **kwargs)

    def save_with(self, groups: list[TokenGroup], *, action: str = "issued") -> None:
        """Saves a new token with its groups; `action` is what the audit trail says."""
        self.validate_first_group(groups)
        with deed(action), one_history_row():
            self.save()
            self.groups.set(groups)

    def rotate(self, *, grace: dt.timedelta, at: dt.datetime, replacing: str = "") -> str:
        """Gives the token a new key and saves it; returns the new key. The old one stays valid for the grace period.

        Without a grace period, keys that were retired before end now too. `replacing` is the key id of the key to
        replace; if it is not the current one any more, KeyReplacedError is raised and nothing changes.
        """
        with transaction.atomic():
            # If two rotations run at once, the second waits here and then retires the key of the first.
            revision.bump(self.revision_counter)
            self.refresh_from_db(fields=KEY)
            if replacing and self.key_id != replacing:
                raise KeyReplacedError(f"The key {replacing!r} is not the token's current key any more.")
            if not grace:
                # The key may have leaked, and with it the keys that it replaced.
                self.retired_keys.end(at=at)
            had_key = self.has_key
            if had_key:
                self.retired_keys.create(
                    key_id=self.key_id,
                    digest=self.digest,
                    pepper=self.pepper,
                    masked=self.masked,
                    valid_until=at + grace,
                )
            previous, plaintext = self.key_id, self.assign_new_key()
            until = f"with grace until {at + grace:%Y-%m-%d %H:%M:%S} UTC" if grace else "without grace"
            until = until if had_key else "to get its first key"
            with deed("rotated", detail=f"rotated {until}", previous_key_id=previous):
                self.save(update_fields=[*KEY, "updated_at"])
        return plaintext

    def state(self, *, at: dt.datetime) -> str:
        """The state of its key at that moment, in words."""
        scope = Scope(is_enabled=self.enabled, starts_at=self.starts_at, expires_at=self.expires_at)
        for refusal in scope.refusals(at=at, address=None):
            return STATES[refusal]
        left = self.expires_at - at if self.expires_at else dt.timedelta.max
        return next((f"expires within {span}" for days, span in WARNINGS.items() if left.days < days), "valid")

    def validate_first_group(self, groups: Collection[TokenGroup]) -> None:
        """ValidationError if the first group is not one of these groups of the token, and no automatic one."""
        group = self.first_group
        if group is None or group in groups or (self.uses_auto_groups and group.auto_position is not None):
            return
        raise ValidationError({"first_group": f"The token is not in group {group}: add it to the groups first."})

    def clean(self) -> None:
        super().clean()
        if self._state.adding:
            try:
                Pepper.objects.refuse_wrong(max(settings.TOKEN_PEPPERS))
            except WrongPepperError as error:
                raise ValidationError(str(error)) from None
        for network in self.networks:
            try:
                ipaddress.ip_network(network)
            except ValueError as error:
                raise ValidationError({"networks": f"{error}."}) from None


track(Token, Token.groups.through, counter="permissions")
