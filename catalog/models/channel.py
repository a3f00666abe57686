"""Channel: a way to an upstream that serves models; offer: one model on one channel.

A channel holds no upstream secret: this service calls no upstream.
"""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import models, transaction

from catalog.db.bulk import delete_rows, update_with_history
from catalog.db.history import history
from catalog.db.revision import TrackedModel, TrackedQuerySet
from catalog.models.aimodel import AIModel


def refuse_credentials(url: str) -> None:
    """A base URL is shown to every operator and kept in the history: no user, password or query may stand in it."""
    parts = urlsplit(url)
    if parts.username or parts.password or parts.query:
        raise ValidationError("Leave user names, passwords and query strings out: this is stored and shown in clear.")


class ChannelQuerySet(TrackedQuerySet["Channel"]):
    def set_enabled(self, enabled: bool) -> int:
        """Enables or disables these channels, with history; returns how many changed."""
        return update_with_history(self.exclude(enabled=enabled), enabled=enabled)

    def delete(self) -> tuple[int, dict[str, int]]:
        return with_offers(self, super().delete)


class Channel(TrackedModel):
    slug = models.SlugField(max_length=64, unique=True, help_text="For commands, e.g. azure-east.")
    name = models.CharField(max_length=128, help_text="For operators; customers never see it.")
    enabled = models.BooleanField(default=True, db_index=True, help_text="Off: nothing it offers is listed.")
    base_url = models.URLField(
        "base URL", blank=True, validators=[refuse_credentials], help_text="Where the upstream is; for the record only."
    )
    priority = models.IntegerField(default=0, help_text="Higher is tried first by gateways that read this catalog.")
    weight = models.PositiveIntegerField(default=0, help_text="The share among channels of one priority.")
    note = models.TextField(blank=True)

    objects = ChannelQuerySet.as_manager()
    history = history()

    class Meta:
        verbose_name = "channel"

    def __str__(self) -> str:
        return self.name

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        return with_offers([self], lambda: super(Channel, self).delete(*args, **kwargs))


class OfferQuerySet(TrackedQuerySet["Offer"]):
    def set_enabled(self, enabled: bool) -> int:
        """Enables or disables these offers, with history; returns how many changed."""
        return update_with_history(self.exclude(enabled=enabled), enabled=enabled)


class Offer(TrackedModel):
    channel = models.ForeignKey(
        Channel, on_delete=models.CASCADE, related_name="offers", help_text="Where the model can be had."
    )
    model = models.ForeignKey(
        AIModel, on_delete=models.CASCADE, related_name="offers", help_text="What groups of the channel then reach."
    )
    enabled = models.BooleanField(default=True, help_text="Off: the model is not to be had on this channel.")
    upstream_name = models.CharField(
        max_length=255, blank=True, help_text="What the upstream calls the model, where it differs from the id."
    )

    objects = OfferQuerySet.as_manager()
    history = history()

    class Meta:
        verbose_name = "offer"
        constraints = [models.UniqueConstraint(fields=["channel", "model"], name="catalog_offer_once_a_channel")]

    def __str__(self) -> str:
        return f"{self.model} on {self.channel}"


def with_offers(
    channels: Iterable[Channel], delete: Callable[[], tuple[int, dict[str, int]]]
) -> tuple[int, dict[str, int]]:
    """Deletes channels after their offers; returns what Django does: how many rows, and of which models.

    By itself Django would delete thousands of offers together too, but write the history of each with a statement.
    """
    with transaction.atomic():
        offers = list(Offer.objects.filter(channel__in=channels))
        delete_rows(offers)
        count, of_each = delete()
    return count + len(offers), of_each | ({Offer._meta.label: len(offers)} if offers else {})
