"""The outbox: events, stored in the transaction of what they are about, and their deliveries to webhooks."""

import secrets
import string

from django.db import models
from django.db.models import Q

from catalog.db.fields import NamesField
from tokens.models.webhooks import Webhook
from tokens.timestamps import format_timestamp

ID_PREFIX, ID_LENGTH = "msg_", 24
LONGEST_KEY = 255


def new_event_id() -> str:
    """An id that no other event has, with 142 random bits."""
    alphabet = string.ascii_letters + string.digits
    return ID_PREFIX + "".join(secrets.choice(alphabet) for _ in range(ID_LENGTH))


class Event(models.Model):
    """Something that happened, as it is sent: never changed, and removed when it is old."""

    event_id = models.CharField(
        "id", max_length=64, unique=True, default=new_event_id, help_text="The same however often it is sent."
    )
    type = models.CharField(max_length=32, db_index=True)
    at = models.DateTimeField(db_index=True)
    data = models.TextField(help_text="JSON, exactly as it is sent.")
    vendors = NamesField(default=list, blank=True, help_text="The slugs of the vendors that it concerns.")
    groups = NamesField(default=list, blank=True, help_text="The names of the groups that it concerns.")
    key = models.CharField(
        max_length=LONGEST_KEY, unique=True, null=True, blank=True, help_text="No other event has the same reason."
    )

    class Meta:
        verbose_name = "event"

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"

    @property
    def body(self) -> str:
        """What is sent: JSON with the type, the timestamp and the data, always with the same bytes."""
        return f'{{"type":"{self.type}","timestamp":"{format_timestamp(self.at)}","data":{self.data}}}'


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def pending(self) -> "DeliveryQuerySet":
        """Those that are still to be sent."""
        return self.filter(state=Delivery.State.PENDING)

    def dead(self) -> "DeliveryQuerySet":
        """Those that were attempted for the last time."""
        return self.filter(state=Delivery.State.DEAD)

    def cancel_pending(self) -> int:
        """Nothing that is still to be sent is sent any more; returns the number of deliveries."""
        return self.pending().update(state=Delivery.State.CANCELLED, next_attempt_at=None)


class Delivery(models.Model):
    """One event for one webhook."""

    class State(models.TextChoices):
        PENDING = "pending", "Pending"
        DELIVERED = "delivered", "Delivered"
        DEAD = "dead", "Not delivered"
        CANCELLED = "cancelled", "Cancelled"

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True, help_text="Empty unless it is pending.")
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    last_status = models.PositiveIntegerField(null=True, blank=True, help_text="The last response, e.g. 503.")
    last_error = models.CharField(max_length=512, blank=True, help_text="Why the last attempt failed.")
    delivered_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = "delivery"
        verbose_name_plural = "deliveries"
        indexes = (
            models.Index(fields=["next_attempt_at"], name="tokens_delivery_due", condition=Q(state="pending")),
            # It starts with the webhook: SQLite takes an index that starts with the state, and sorts what waits.
            models.Index(fields=["webhook", "state"], name="tokens_delivery_of_webhook"),
            models.Index(fields=["webhook"], name="tokens_delivery_dead", condition=Q(state="dead")),
        )
        constraints = (models.UniqueConstraint(fields=["event", "webhook"], name="tokens_delivery_once"),)

    def __str__(self) -> str:
        return f"{self.event} for {self.webhook}"
