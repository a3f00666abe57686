"""Deliveries of events: what waits, what arrived, and what did not, which operators send again."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.admin.base import (
    AllValuesCheckboxFilter,
    ChoicesDropdownFilter,
    RangeDateFilter,
    ReadOnlyAdmin,
    RelatedDropdownFilter,
    detail_action,
    display,
)
from catalog.admin.confirmation.changes import Page, confirm, confirms_itself
from catalog.error_messages import count
from catalog.exact import read_json
from catalog.operators.permissions import may
from tokens.events.delivery.queue import RETRIES, send_again
from tokens.events.delivery.sentences import write_sentence
from tokens.events.delivery.texts import in_one_line
from tokens.models import Delivery

State = Delivery.State
COLORS = {
    State.PENDING.label: "info",
    State.DELIVERED.label: "success",
    State.DEAD.label: "danger",
    State.CANCELLED.label: "warning",
}


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ["state_shown", "said", "receiver", "attempts_shown", "next_attempt_at", "problem"]
    list_filter = [
        ("state", ChoicesDropdownFilter),
        ("webhook", RelatedDropdownFilter),
        ("event__type", AllValuesCheckboxFilter),
        ("event__at", RangeDateFilter),
    ]
    list_select_related = ["event", "webhook"]
    search_fields = ["=event__event_id", "=event__type", "last_error"]
    search_help_text = "The id or the type of an event, or a part of the last error."
    ordering = ["-pk"]
    actions = ["send_selected_again"]
    actions_detail = ["send_one_again"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "state_shown", "webhook", "said", "attempts_shown", "last_attempt_at", "last_status", "last_error",
                    "next_attempt_at", "delivered_at",
                ]
            },
        ),
        ("Event", {"fields": ["event_id_shown", "event_type", "event_at", "body"]}),
    ]  # fmt: skip

    def has_send_again_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return may(request.user, "change", Delivery)

    @confirms_itself
    @admin.action(description="Send again", permissions=["send_again"])
    def send_selected_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> HttpResponseBase:
        rows = Delivery.objects.filter(pk__in=list(queryset.values_list("pk", flat=True)))
        fields = {"post": "yes"}
        return self._send_again(request, rows, self.list_page(request), fields, is_requested="post" in request.POST)

    @detail_action(description="Send again", url_path="send-again", permissions=["send_again"], icon="send")
    def send_one_again(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            raise PermissionDenied
        rows = Delivery.objects.filter(pk=row.pk)
        page = reverse("admin:tokens_delivery_change", args=[row.pk])
        return self._send_again(request, rows, page, {}, is_requested=request.method == "POST")

    def _send_again(
        self,
        request: HttpRequest,
        rows: QuerySet[Delivery],
        back: str,
        fields: dict[str, str],
        *,
        is_requested: bool,
    ) -> HttpResponseBase:
        number, delivered = rows.count(), rows.filter(state=State.DELIVERED).count()
        what = count(number, "delivery", "deliveries")

        def send() -> HttpResponseBase:
            if delivered and not is_requested:
                text = f"{count(delivered, 'of them is', 'of them are')} delivered: its receiver gets it a second time."
                self.message_user(request, text, messages.WARNING)
            try:
                send_again(rows.select_related("event", "webhook"), at=timezone.now())
            except ValidationError as error:
                self.message_user(request, error.messages[0], messages.ERROR)
            else:
                text = f"{what} will be sent again by run_worker, with the same id as before."
                self.message_user(request, text, messages.SUCCESS)
            return HttpResponseRedirect(back)

        def describe() -> Page:
            return Page(
                f"Send {what} again?",
                self.opts,
                button="Send again",
                is_always_shown=True,
                asks_reason=True,
                back=back,
                fields=fields,
            )

        return confirm(request, send, describe, is_requested=is_requested)

    @display(description="State", ordering="state", label=dict(COLORS))
    def state_shown(self, delivery: Delivery) -> str:
        return State(delivery.state).label

    @display(description="Event", ordering="event__type")
    def event_type(self, delivery: Delivery) -> str:
        return delivery.event.type

    @display(description="Id")
    def event_id_shown(self, delivery: Delivery) -> str:
        return delivery.event.event_id

    @display(description="At")
    def event_at(self, delivery: Delivery) -> str:
        return f"{delivery.event.at:%Y-%m-%d %H:%M:%S} UTC"

    @display(description="Receiver", ordering="webhook")
    def receiver(self, delivery: Delivery) -> SafeString:
        """In a cell that breaks long addresses."""
        return _in_a_cell(delivery.webhook.url)

    @display(description="Last error", ordering="last_error")
    def problem(self, delivery: Delivery) -> SafeString:
        return _in_a_cell(delivery.last_error or "-")

    @display(description="In words")
    def said(self, delivery: Delivery) -> SafeString:
        return _in_a_cell(in_one_line(write_sentence(delivery.event.type, read_json(delivery.event.data))))

    @display(description="Attempts", ordering="attempts")
    def attempts_shown(self, delivery: Delivery) -> str:
        return f"{delivery.attempts} of {len(RETRIES) + 1}"

    @display(description="Body")
    def body(self, delivery: Delivery) -> str:
        return delivery.event.body


def _in_a_cell(text: str) -> SafeString:
    """A text that is neither cut nor as wide as its longest word."""
    return format_html('<span class="cell-text">{}</span>', text)
