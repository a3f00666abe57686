"""Admin keys: programs manage the catalog with them, as the operator who issued them, within scopes."""

import datetime as dt
import ipaddress
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone

from catalog.db.audit import deed
from catalog.db.fields import NamesField
from catalog.db.history import LONGEST_ACTOR, history
from catalog.db.revision import LockedModel, hold, track
from tokens import keys
from tokens.logs import scrub
from tokens.models.peppers import Pepper, WrongPepperError

# What a key may do at most, in words; the permissions of each are in tokens/operators/admin_keys.py.
SCOPES = {
    "read": "see everything that the operator may see",
    "catalog": "change models, vendors, channels, offers, endpoint types, groups, releases and pins",
    "prices": "set prices, discounts, and rates of groups and currencies",
    "tokens": "issue and change tokens, groups and webhooks, and see reported calls",
    "imports": "configure sources, and plan, apply and roll back imports",
}


def validate_scopes(scopes: list[str]) -> None:
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown:
        raise ValidationError(f"{unknown[0]!r} is not a valid scope. Use one of: {', '.join(SCOPES)}.")


class AdminKeyQuerySet(models.QuerySet["AdminKey"]):
    def named(self, key_id: str) -> "AdminKey":
        """The key with that key id; DoesNotExist with a message."""
        key = self.select_related("operator").filter(key_id=key_id).first()
        if key is None:
            # Somebody may paste a key here by mistake; it must not appear in the logs.
            raise AdminKey.DoesNotExist(f"There is no admin key with the key id {scrub(key_id)!r}.")
        return key


class AdminKey(LockedModel):
    """A key for the management API. It is valid while its operator is active, and no longer than it says."""

    named_by = ("name", "key_id")

    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="admin_keys",
        help_text="The key acts as this operator, whose permissions apply at each request.",
    )
    name = models.CharField(max_length=128, help_text="What uses the key, e.g. Shop. Shown in the history.")
    key_id = models.CharField(
        "key id", max_length=64, unique=True, editable=False, help_text="Safe to show and to log."
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    pepper = models.PositiveIntegerField(editable=False)
    masked = models.CharField("key", max_length=64, editable=False)
    scopes = NamesField(
        validators=[validate_scopes],
        help_text="What the key may do, as far as the operator may do it. Each scope includes reading what it changes.",
    )
    networks = NamesField(
        default=list,
        blank=True,
        help_text="Networks it may be used from, e.g. 203.0.113.0/24, 2001:db8::/32. Leave empty to allow all.",
    )
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="The key is refused from this time. Leave empty for a key that never expires."
    )
    revoked_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="The key is refused from this time, for good."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="To the minute.")

    objects = AdminKeyQuerySet.as_manager()
    history = history(excluded_fields=["digest", "pepper", "last_used_at"])

    class Meta:
        verbose_name = "admin key"

    def __str__(self) -> str:
        return f"{self.name} ({self.key_id})"

    def assign_new_key(self) -> str:
        """Gives this row a new key, unsaved; returns the plaintext, which is not stored."""
        new_key = keys.make_key(keys.ADMIN_PREFIX)
        self.key_id = new_key.key_id
        self.pepper = max(settings.TOKEN_PEPPERS)
        self.digest = keys.digest(new_key.plaintext, settings.TOKEN_PEPPERS[self.pepper])
        self.masked = f"{keys.ADMIN_PREFIX}_{new_key.key_id}_…{new_key.plaintext[-4:]}"
        return new_key.plaintext

    def save(self, *args: Any, **kwargs: Any) -> None:
        with transaction.atomic():
            if self._state.adding:
                Pepper.objects.remember(self.pepper)
                with deed("issued"):
                    super().save(*args, **kwargs)
            else:
                super().save(*args, **kwargs)

    def revoke(self, *, at: dt.datetime) -> bool:
        """Ends the key for good, from the next request on; whether it had not been revoked before."""
        with transaction.atomic():
            # If two people revoke it at once, the second waits here and sees the time of the first.
            hold()
            self.refresh_from_db(fields=["revoked_at"])
            if self.revoked_at is not None:
                return False
            self.revoked_at = at
            with deed("revoked"):
                self.save(update_fields=["revoked_at"])
        return True

    def state(self, *, at: dt.datetime) -> str:
        """The state of the key at that moment, in a word."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= at:
            return "expired"
        return "valid" if is_operator(self.operator) else "operator not active"

    def clean(self) -> None:
        super().clean()
        errors: dict[str, str] = {}
        for network in self.networks or ():
            try:
                ipaddress.ip_network(network)
            except ValueError as error:
                errors["networks"] = f"{error}."
        if self._state.adding and self.expires_at is not None and self.expires_at <= timezone.now():
            errors["expires_at"] = "This time is not in the future. Enter a later one."
        if errors:
            raise ValidationError(errors)
        if self._state.adding:
            if not is_operator(self.operator):
                raise ValidationError(f"{self.operator} is not an active operator, so the key would be refused.")
            try:
                Pepper.objects.refuse_wrong(max(settings.TOKEN_PEPPERS))
            except WrongPepperError as error:
                raise ValidationError(str(error)) from None


def is_operator(user: Any) -> bool:
    """Whether the account may use the admin now, and so its keys the management API."""
    return bool(user.is_active and user.is_staff)


class KeyHolder(User):
    """An operator as one of their admin keys acts: with the operator's permissions, as far as the key covers them."""

    admin_key: AdminKey
    # Whether the key's scopes include a permission; set when the request is authenticated.
    covers: Callable[[str], bool] = staticmethod(lambda _: False)

    class Meta:
        proxy = True
        default_permissions = ()

    @property
    def actor(self) -> str:
        """The operator and the key, for the history; a long name of the key is cut, not its id."""
        start, end = f"{self.get_username()}, with the admin key ", f" ({self.admin_key.key_id})"
        return f"{start}{self.admin_key.name[: LONGEST_ACTOR - len(start) - len(end)]}{end}"

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return self.covers(perm) and super().has_perm(perm, obj)

    def get_all_permissions(self, obj: Any = None) -> set[str]:
        return {permission for permission in super().get_all_permissions(obj) if self.covers(permission)}

    def has_module_perms(self, app_label: str) -> bool:
        return any(permission.startswith(f"{app_label}.") for permission in self.get_all_permissions())


track(AdminKey)
