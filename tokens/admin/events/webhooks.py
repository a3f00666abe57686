"""Webhooks: operators choose which events are sent where, rotate secrets, and send a test."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from catalog.admin.base import (
    BooleanRadioFilter,
    CheckboxSelectMultiple,
    ChoicesDropdownFilter,
    CuratedAdmin,
    CuratedForm,
    TextInput,
    detail_action,
    disable,
    display,
    enable,
)
from catalog.db.history import request_user
from tokens.admin.shown_once import ShowsOnce
from tokens.event_types.vocabulary import TYPES
from tokens.models import Webhook
from tokens.operators.reauthentication import ConfirmedForm, reauthentication_required
from tokens.operators.webhooks import rotate_secret, send_test, validate_choices

# Columns that the form changes and has no fields for.
HIDDEN = ("is_limited_to_vendors", "is_limited_to_groups", "sealed_url", "sealed_secret")
STATES = {"enabled": "success", "disabled": "danger"}


class WebhookForm(CuratedForm):
    events = forms.MultipleChoiceField(
        choices=[(name, f"{name}: {event_type.says}") for name, event_type in TYPES.items()],
        required=False,
        widget=CheckboxSelectMultiple,
        help_text="Choose none to send all.",
    )
    secret = forms.CharField(
        label="Secret of the bot",
        required=False,
        widget=TextInput(attrs={"autocomplete": "off"}),
        help_text="Only for Feishu and Lark, if the bot requires signatures. It is stored encrypted and never shown: "
        "leave this empty to keep the present one.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        webhook, vendors, groups = self.instance, cleaned.get("vendors", ()), cleaned.get("groups", ())
        webhook.kind, webhook.events = cleaned.get("kind", webhook.kind), cleaned.get("events", [])
        webhook.is_limited_to_vendors, webhook.is_limited_to_groups = bool(vendors), bool(groups)
        secret = cleaned.get("secret") or None
        validate_choices(webhook, vendors=vendors, groups=groups, secret=secret, actor=request_user())
        return cleaned

    def changes_columns(self) -> bool:
        """Also if the part of an address that is not shown changes, or a secret."""
        stored = self.stored
        return super().changes_columns() or any(
            getattr(stored, name) != getattr(self.instance, name) for name in HIDDEN
        )


@admin.register(Webhook)
class WebhookAdmin(ConfirmedForm, ShowsOnce, CuratedAdmin):
    new_key_template = "tokens/admin/new_secret.html"
    form = WebhookForm
    list_display = ["url", "kind", "events_shown", "limits_shown", "state", "reason_shown", "note"]
    list_filter = [("kind", ChoicesDropdownFilter), ("enabled", BooleanRadioFilter)]
    search_fields = ["url", "note"]
    search_help_text = "A part of the address that is shown, or of the note."
    ordering = ["-pk"]
    actions = [enable, disable]
    actions_detail = ["rotate", "test"]
    autocomplete_fields = ["vendors", "groups"]
    unsearchable = ("sealed_url", "sealed_secret", "sealed_previous_secret")
    readonly_fields = ["state", "reason_shown"]
    fieldsets = [
        (None, {"fields": ["kind", "url", "secret", "note", "enabled", "state", "reason_shown"]}),
        ("Events", {"fields": ["events", "vendors", "groups"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("vendors", "groups")

    def get_fieldsets(self, request: HttpRequest, obj: Webhook | None = None) -> Any:
        """A new webhook has no state; the secret is entered for bots of Feishu, before they exist and afterwards."""
        takes_secret = obj is None or (obj.kind == Webhook.Kind.FEISHU and self.has_change_permission(request, obj))
        hidden = {"state", "reason_shown"} if obj is None else set() if takes_secret else {"secret"}
        return [
            (title, {**options, "fields": [name for name in options["fields"] if name not in hidden]})
            for title, options in super().get_fieldsets(request, obj)
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), *(["kind"] if obj else [])]

    def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool:
        """Earlier addresses and secrets are not in the history."""
        return True

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change and obj.kind == Webhook.Kind.WEBHOOK:
            # It exists only during this request: response_add hands it over to the page that shows it.
            obj.new_secret = obj.assign_secret()
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        secret = getattr(obj, "new_secret", "")
        return self.show_once(request, obj, secret) if secret else super().response_add(request, obj, post_url_continue)

    def describe_new_key(self, request: HttpRequest, row: Webhook) -> tuple[str, dict[str, Any]]:
        return "New secret", {"webhook": row}

    @detail_action(description="New secret", url_path="rotate", permissions=["change"], icon="autorenew")
    @reauthentication_required
    def rotate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Asks first: the receiver has a day to take the new secret."""
        webhook = self.find_row(request, object_id)
        if request.method != "POST":
            effect = "It signs from now on. The secret that it replaces signs for a day more."
            return self._ask(request, webhook, "New secret?", effect, "Create the secret")
        try:
            secret = rotate_secret(webhook, at=timezone.now())
        except ValidationError as error:
            self.message_user(request, error.messages[0], messages.ERROR)
            return HttpResponseRedirect(reverse("admin:tokens_webhook_change", args=[webhook.pk]))
        return self.show_once(request, webhook, secret)

    @detail_action(description="Send a test", url_path="test", permissions=["change"], icon="send")
    def test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Stores an event of type ping for this webhook alone."""
        webhook = self.find_row(request, object_id)
        if request.method != "POST":
            effect = "run_worker sends an event of type ping, whatever types the webhook takes."
            return self._ask(request, webhook, "Send a test?", effect, "Send the test")
        event = send_test(webhook, at=timezone.now())
        self.message_user(request, "run_worker will send an event of type ping to this webhook.", messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:tokens_delivery_change", args=[event.deliveries.get().pk]))

    @display(description="State", label=STATES)
    def state(self, webhook: Webhook) -> Any:
        return "enabled" if webhook.enabled else "disabled"

    @display(description="Why it is disabled")
    def reason_shown(self, webhook: Webhook) -> SafeString:
        """Not in the label of the state, which is in one line that phones cut off."""
        return format_html('<span class="cell-text">{}</span>', webhook.disabled_reason or "-")

    @display(description="Events")
    def events_shown(self, webhook: Webhook) -> str:
        return ", ".join(webhook.events) or "all"

    @display(description="Only for")
    def limits_shown(self, webhook: Webhook) -> str:
        names = [str(row) for row in (*webhook.vendors.all(), *webhook.groups.all())]
        is_limited = webhook.is_limited_to_vendors or webhook.is_limited_to_groups
        return ", ".join(names) or ("what was deleted: nothing is sent" if is_limited else "-")

    def _ask(self, request: HttpRequest, webhook: Webhook, title: str, effect: str, button: str) -> HttpResponse:
        template = "tokens/admin/webhook_action.html"
        return self.render_page(request, template, title, webhook=webhook, effect=effect, button=button)
