"""Channel: a connection to an upstream that serves models; offer: one model on one channel.

A channel has no upstream secret: this service calls no upstream.
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
    """Refuses a URL with user, password or query: it is shown to every operator and stored in the history."""
    parts = urlsplit(url)
    if parts.username or parts.password or parts.query:
        raise ValidationError(
            "Remove user names, passwords and query strings: the URL is stored and shown in plain text."
        )


class ChannelQuerySet(TrackedQuerySet["Channel"]):
    def set_enabled(self, enabled: bool) -> int:
        """Enables or disables these channels, with history; returns the number of changed channels."""
        return update_with_history(self.exclude(enabled=enabled), enabled=enabled)

    def delete(self) -> tuple[int, dict[str, int]]:
        return with_offers(self, super().delete)


class Channel(TrackedModel):
    slug = models.SlugField(max_length=64, unique=True, help_text="The name in commands, e.g. azure-east.")
    name = models.CharField(max_length=128, help_text="The name for operators. Customers never see it.")
    enabled = models.BooleanField(
        default=True, db_index=True, help_text="If off, no model is listed because of this channel."
    )
    base_url = models.URLField(
        "base URL",
        blank=True,
        validators=[refuse_credentials],
        help_text="The address of the upstream, as a note for operators: this service never calls it.",
    )
    priority = models.IntegerField(
        default=0, help_text="Gateways that read this catalog try channels with a higher priority first."
    )
    weight = models.PositiveIntegerField(
        default=0, help_text="The share of requests among channels with the same priority."
    )
    note = models.TextField(blank=True, help_text="A note for operators. Customers never see it.")

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
        """Enables or disables these offers, with history; returns the number of changed offers."""
        return update_with_history(self.exclude(enabled=enabled), enabled=enabled)


class Offer(TrackedModel):
    about_model = "model"
    named_by = ("model__name", "channel__name")

    channel = models.ForeignKey(
        Channel, on_delete=models.CASCADE, related_name="offers", help_text="The channel that serves the model."
    )
    model = models.ForeignKey(
        AIModel,
        on_delete=models.CASCADE,
        related_name="offers",
        help_text="The model that groups of the channel can reach.",
    )
    enabled = models.BooleanField(default=True, help_text="If off, the model is not available on this channel.")
    upstream_name = models.CharField(
        max_length=255, blank=True, help_text="The upstream's name of the model. Leave empty if it is the id."
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
    """Deletes the channels' offers, then the channels; returns the counts in total and per model, as Django does.

    Django itself would write the history of thousands of offers with one statement each.
    """
    with transaction.atomic():
        offers = list(Offer.objects.filter(channel__in=channels))
        delete_rows(offers)
        count, per_model = delete()
    return count + len(offers), per_model | ({Offer._meta.label: len(offers)} if offers else {})
