"""Webhooks: who is sent which events; and deliveries: what was sent to them, and what was not."""

from typing import Annotated, Any, NotRequired, TypedDict, cast

import django_filters
from django.db.models import F
from django.http import HttpResponse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request

from catalog.exact import read_json
from pricing.admin_api.fields import Moment
from pricing.admin_api.filters import RowFilters
from pricing.admin_api.resource import READS, Resource
from pricing.admin_api.resources.bodies import Nothing, read_body
from pricing.admin_api.serializers import RowSerializer
from pricing.admin_api.writes import Outcome
from tokens.event_types.vocabulary import PING, TYPES
from tokens.events.delivery.queue import send_again
from tokens.models import Delivery, Webhook
from tokens.operators import webhooks

# A larger number is not a key.
MOST = 2**63 - 1


class WebhookSerializer(RowSerializer):
    secret = serializers.CharField(
        write_only=True,
        required=False,
        allow_blank=True,
        help_text="The secret of a bot of Feishu or Lark that requires signatures, which no response has.",
    )

    class Meta:
        model = Webhook
        fields = (
            "id", "kind", "url", "secret", "events", "vendors", "groups", "enabled", "disabled_reason", "note",
            "created_at", "updated_at",
        )  # fmt: skip
        read_only_fields = ("id", "disabled_reason", "created_at", "updated_at")
        fixed_fields = ("kind",)

    def store(self) -> Webhook:
        self.is_valid(raise_exception=True)
        values, actor = dict(self.validated_data), self.context["request"].user
        webhook: Any = self.instance or Webhook()
        secret = values.pop("secret", None)
        limits = {
            name: values.pop(name) if name in values else list(getattr(webhook, name).all()) if webhook.pk else []
            for name in ("vendors", "groups")
        }
        for name, value in values.items():
            setattr(webhook, name, value)
        webhook.new_secret = webhooks.store(webhook, **limits, secret=secret, actor=actor)
        return cast("Webhook", webhook)


class IssuedWebhook(TypedDict):
    """A webhook; `secret` is only in the response to the request that creates it."""

    secret: NotRequired[Annotated[str | None, "whsec_…; null in a repeat of the request."]]


class NewSecret(TypedDict):
    """The new secret of a webhook, which no other response has."""

    id: int
    secret: Annotated[str | None, "whsec_…; null in a repeat of the request."]


class SentTest(TypedDict):
    """An event of type ping on its way."""

    delivery: Annotated[int, "The number of the delivery."]
    event: Annotated[str, "The id of the event."]


class Webhooks(Resource):
    """Subscriptions to events. Parts of an address that may be secrets are only stored encrypted."""

    address = "webhooks"
    queryset = Webhook.objects.all()
    serializer_class = WebhookSerializer
    lookup_field = "pk"
    lookup_value_converter = "int"
    filters = {"kind": ["exact"], "enabled": ["exact"], "vendors": ["exact"], "groups": ["exact"]}
    ordering = ("id", "created_at", "updated_at")
    permissions = {"rotate": "change", "test": "change"}
    secrets = ("secret",)
    examples = {
        "create": {
            "kind": "webhook",
            "url": "https://shop.example.com/hooks/models",
            "events": ["price.announced", "model.retiring"],
            "vendors": ["openai"],
            "groups": ["default"],
            "note": "Reports prices and retirements to the shop",
        }
    }
    gives = {"rotate": NewSecret, "test": SentTest}
    adds = dict.fromkeys(("create", "batch", "update"), IssuedWebhook)
    takes_nothing = ("create", "update", "destroy", "batch", "rotate", "test")

    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, **_: Any) -> HttpResponse:
        """Gives the webhook a new secret; the old one signs for a day more, so that receivers can change theirs."""
        read_body(Nothing, request.data)

        def perform() -> Outcome:
            webhook = self.get_object()
            secret = webhooks.rotate_secret(webhook, at=timezone.now())
            return Outcome({"id": webhook.pk, "secret": secret})

        return self.write(perform)

    @action(detail=True, methods=["post"])
    def test(self, request: Request, **_: Any) -> HttpResponse:
        """Sends an event of type ping to the webhook alone; returns its delivery, which is pending."""
        read_body(Nothing, request.data)

        def perform() -> Outcome:
            webhook = self.get_object()
            event = webhooks.send_test(webhook, at=timezone.now())
            return Outcome({"delivery": event.deliveries.get().pk, "event": event.event_id})

        return self.write(perform)


class EventData(serializers.JSONField):
    """JSON with exact numbers, stored as text."""

    def to_representation(self, value: Any) -> Any:
        return read_json(value)


class DeliverySerializer(RowSerializer):
    event = serializers.CharField(source="event.event_id", read_only=True, help_text="The id of the event.")
    type = serializers.CharField(source="event.type", read_only=True)
    webhook = serializers.IntegerField(source="webhook_id", read_only=True, help_text="The number of the webhook.")
    at = Moment(source="event.at", read_only=True, help_text="When it happened.")
    data: Any = EventData(source="event.data", read_only=True, help_text="The data of the event, as it is sent.")

    class Meta:
        model = Delivery
        fields = (
            "id", "webhook", "event", "type", "at", "data", "state", "attempts", "next_attempt_at", "last_attempt_at",
            "last_status", "last_error", "delivered_at",
        )  # fmt: skip
        read_only_fields = fields


class DeliveryFilters(RowFilters):
    event = django_filters.CharFilter(field_name="event__event_id", help_text="The id of an event.")
    type = django_filters.ChoiceFilter(
        field_name="event__type", choices=[(name, name) for name in (*TYPES, PING)], help_text="A type of events."
    )
    webhook = django_filters.NumberFilter(min_value=1, max_value=MOST, help_text="The number of a webhook.")

    class Meta(RowFilters.Meta):
        model = Delivery
        fields = {"state": ["exact"]}


class Deliveries(Resource):
    """Events on their way to webhooks: `pending`, `delivered`, `dead` after the last attempt, or `cancelled`."""

    address = "deliveries"
    queryset = Delivery.objects.select_related("event").annotate(at=F("event__at"))
    serializer_class = DeliverySerializer
    lookup_field = "pk"
    lookup_value_converter = "int"
    methods = READS
    filterset_class = DeliveryFilters
    ordering = ("id", "next_attempt_at", "delivered_at")
    permissions = {"send_again": "change"}
    takes_nothing = ("send_again",)

    @action(detail=True, methods=["post"], url_path="send-again")
    def send_again(self, request: Request, **_: Any) -> HttpResponse:
        """Lets the worker send it once more, with the same id."""
        read_body(Nothing, request.data)

        def perform() -> Outcome:
            delivery = self.get_object()
            send_again([delivery], at=timezone.now())
            return Outcome(self.represent(delivery))

        return self.write(perform)
