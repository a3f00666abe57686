"""Webhooks: who is sent which events, at which address."""

import base64
import datetime as dt
import secrets
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models, transaction

from catalog.db.fields import NamesField
from catalog.db.history import history, one_history_row
from catalog.db.revision import LockedModel, track
from catalog.imports.fetching import FetchError, check_address
from catalog.models import Vendor
from tokens.encryption.addresses import HIDDEN, mask_url
from tokens.encryption.ciphers import Cipher, UnreadableError
from tokens.event_types.vocabulary import PING, unmatched_types, validate_types
from tokens.models.groups import TokenGroup

CIPHER = Cipher(
    b"modelbook: webhooks",
    "The address and the secret of the webhook cannot be read, because SECRET_KEY was replaced. Enter the address "
    "again and rotate the secret, or put the old value into SECRET_KEY_FALLBACKS.",
)
SECRET_PREFIX = "whsec_"  # noqa: S105  # how secrets start
# Standard Webhooks recommends 24 to 64 bytes.
SECRET_BYTES = 32
LONGEST_SECRET = 255
# How long a replaced secret still signs deliveries, beside the new one.
SECRET_OVERLAP = dt.timedelta(days=1)


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def set_enabled(self, enabled: bool) -> int:
        """Enables or disables these webhooks, with history; returns how many changed."""
        with transaction.atomic():
            changed = list(self.exclude(enabled=enabled))
            for webhook in changed:
                webhook.enabled, webhook.disabled_reason = enabled, ""
                webhook.save()
        return len(changed)


class Webhook(LockedModel):
    """A subscription: events of some types are sent to one address."""

    class Kind(models.TextChoices):
        WEBHOOK = "webhook", "Webhook, signed"
        MAIL = "mail", "Mail"
        SLACK = "slack", "Slack"
        FEISHU = "feishu", "Feishu or Lark"

    named_by = ("url",)

    kind = models.CharField(
        max_length=8, choices=Kind.choices, default=Kind.WEBHOOK, help_text="How the events are sent."
    )
    url = models.CharField(
        "address",
        max_length=2048,
        help_text="The URL that gets the events, or the mail address. Parts that may be secrets are only stored "
        "encrypted, and shown as an ellipsis.",
    )
    sealed_url = models.TextField(editable=False, help_text="The complete address, encrypted.")
    sealed_secret = models.TextField(blank=True, editable=False, help_text="The secret that signs, encrypted.")
    sealed_previous_secret = models.TextField(blank=True, editable=False)
    previous_secret_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Until then, the replaced secret signs too."
    )
    note = models.CharField(max_length=255, blank=True, help_text="A note for operators.")
    events = NamesField(
        default=list,
        blank=True,
        validators=[validate_types],
        help_text="The types of events that are sent, e.g. token.issued. Leave empty to send all.",
    )
    vendors = models.ManyToManyField(
        Vendor,
        blank=True,
        related_name="+",
        help_text="Only events about models of these vendors are sent. Leave empty to send those of all vendors.",
    )
    groups = models.ManyToManyField(
        TokenGroup,
        blank=True,
        related_name="+",
        help_text="Only events about these groups, their tokens and the models that they reach are sent. Leave empty "
        "to send those of all groups.",
    )
    # They stay when the last of these vendors or groups is deleted: then nothing is sent, and not everything.
    is_limited_to_vendors = models.BooleanField(default=False, editable=False)
    is_limited_to_groups = models.BooleanField(default=False, editable=False)
    enabled = models.BooleanField(default=True, help_text="If off, nothing is sent, and later events are not stored.")
    disabled_reason = models.CharField(
        max_length=255, blank=True, editable=False, help_text="Why it was disabled, if no person did it."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = WebhookQuerySet.as_manager()
    history = history(
        excluded_fields=["sealed_url", "sealed_secret", "sealed_previous_secret", "previous_secret_until"],
        m2m_fields=[vendors, groups],
    )

    class Meta:
        verbose_name = "webhook"

    def __str__(self) -> str:
        return f"{self.get_kind_display().partition(',')[0]} to {self.url}"

    @property
    def target(self) -> str:
        """The complete address; UnreadableError if SECRET_KEY was replaced."""
        return CIPHER.decrypt(self.sealed_url)

    def secrets(self, *, at: dt.datetime) -> list[str]:
        """The secrets that sign at that moment, the newest first; none for kinds that are not signed."""
        sealed = [self.sealed_secret]
        if self.previous_secret_until and at < self.previous_secret_until:
            sealed.append(self.sealed_previous_secret)
        return [CIPHER.decrypt(secret) for secret in sealed if secret]

    def assign_secret(self) -> str:
        """Gives it a new secret, unsaved; returns the plaintext, which is shown once."""
        secret = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
        self.sealed_secret = CIPHER.encrypt(secret)
        return secret

    def enter_secret(self, secret: str) -> None:
        """Takes the secret of a bot, unsaved; empty: nothing is signed. ValidationError if its kind has none."""
        if self.kind != self.Kind.FEISHU:
            text = "Only a bot of Feishu or Lark has a secret that you enter; webhooks get one here."
            raise ValidationError({"secret": ValidationError(text, code="invalid")})
        if len(secret) > LONGEST_SECRET or not secret.isascii() or not secret.isprintable():
            text = f"A secret has at most {LONGEST_SECRET} letters, digits and signs of ASCII."
            raise ValidationError({"secret": ValidationError(text, code="invalid")})
        self.sealed_secret = CIPHER.encrypt(secret) if secret else ""

    def rotate_secret(self, *, at: dt.datetime) -> str:
        """Gives it a new secret, unsaved; the old one signs for a day more, so that receivers can change theirs."""
        self.sealed_previous_secret, self.previous_secret_until = self.sealed_secret, at + SECRET_OVERLAP
        return self.assign_secret()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("update_fields") is None:
            self._seal()
        if self.enabled:
            # One that is enabled again forgets why it was disabled.
            self.disabled_reason = ""
        super().save(*args, **kwargs)
        if not self.enabled:
            # Otherwise it would get old events when it is enabled again.
            self.deliveries.cancel_pending()
        elif self.events:
            # Otherwise an operator who may not see events of other types could send them to a new address.
            self.deliveries.exclude(event__type__in=[*self.events, PING]).cancel_pending()

    def clean(self) -> None:
        super().clean()
        if self._is_sealed():
            return
        try:
            if self.kind == self.Kind.MAIL:
                validate_email(self.url)
            else:
                check_address(self.url)
        except FetchError as error:
            raise ValidationError({"url": ValidationError(str(error), code="invalid")}) from None
        except ValidationError:
            raise ValidationError({"url": ValidationError("Enter a mail address.", code="invalid")}) from None
        self._seal()

    def save_with(self, *, vendors: Collection[Vendor], groups: Collection[TokenGroup]) -> None:
        """Saves it with its limits, unless nothing changes: empty to send the events about all vendors, or all groups.

        Limits without their last vendor or group are empty, too; they stay until they get others.
        """
        self.refuse_unmatched(vendors=vendors, groups=groups)
        limits = {"vendors": set(vendors), "groups": set(groups)}
        before = {name: None if self.pk is None else set(getattr(self, name).all()) for name in limits}
        for name, rows in limits.items():
            if rows != before[name]:
                setattr(self, f"is_limited_to_{name}", bool(rows))
        if limits == before and not self._differs():
            return
        with one_history_row():
            self.save()
            self.vendors.set(vendors)
            self.groups.set(groups)

    def refuse_unmatched(self, *, vendors: Collection[Vendor], groups: Collection[TokenGroup]) -> None:
        """ValidationError if its limits to vendors or groups leave out a type that it names."""
        for name, what in unmatched_types(self.events, by_vendor=bool(vendors), by_group=bool(groups)):
            raise ValidationError(
                {"events": f"{name} concerns no {what}, so a webhook for some {what}s never gets it: remove one."}
            )

    def mask(self, url: str) -> str:
        """An address of its kind as people may see it."""
        if self.kind == self.Kind.MAIL:
            return url
        return mask_url(url, is_secret=self.kind in (self.Kind.SLACK, self.Kind.FEISHU))

    def _differs(self) -> bool:
        """Whether a column is not as it is stored."""
        stored = Webhook.objects.get(pk=self.pk)
        names = [field.attname for field in self._meta.concrete_fields]
        return any(getattr(stored, name) != getattr(self, name) for name in names)

    def _is_sealed(self) -> bool:
        """Whether `url` is the masked form of the address that is stored."""
        with suppress(UnreadableError):
            return bool(self.sealed_url) and self.mask(self.target) == self.url
        return HIDDEN in self.url and not self._state.adding

    def _seal(self) -> None:
        """Encrypts a new address, and keeps its masked form."""
        if self._is_sealed():
            return
        with suppress(UnreadableError):
            if self.sealed_url and self.target == self.url:
                self.url = self.mask(self.url)
                return
        self.sealed_url, self.url = CIPHER.encrypt(self.url), self.mask(self.url)


track(Webhook)
