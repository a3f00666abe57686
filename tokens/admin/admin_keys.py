"""The admin of admin keys: operators issue keys for the management API and revoke them. Superusers see all keys."""

from contextlib import nullcontext
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from catalog.admin.base import CheckboxSelectMultiple, CuratedAdmin, CuratedForm, StateFilter, detail_action, display
from catalog.admin.confirmation.changes import Page, add_note, confirm, confirms_itself
from catalog.db.audit import deed
from catalog.error_messages import count
from tokens.admin.shown_once import ShowsOnce
from tokens.models import SCOPES, AdminKey
from tokens.operators.admin_keys import idle_scopes
from tokens.operators.reauthentication import ConfirmedForm

# The keys that the page names before they are revoked.
MOST_NAMED = 20
STATES = {"valid": "success", "revoked": "danger", "expired": "danger", "operator not active": "danger"}


class AdminKeyForm(CuratedForm):
    # Who fills in the form; set by the admin class.
    operator: Any = None

    scopes = forms.MultipleChoiceField(
        choices=[(scope, f"{scope}: {what}") for scope, what in SCOPES.items()],
        widget=CheckboxSelectMultiple,
        help_text=AdminKey._meta.get_field("scopes").help_text,
    )

    def clean(self) -> dict[str, Any]:
        if self.instance.pk is None:
            self.instance.operator = self.operator
        return super().clean()


class AdminKeyStateFilter(StateFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("usable", "Not revoked and not expired"), ("expired", "Expired"), ("revoked", "Revoked")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = timezone.now()
        match self.value():
            case "usable":
                return queryset.filter(revoked_at=None).exclude(expires_at__lte=now)
            case "expired":
                return queryset.filter(revoked_at=None, expires_at__lte=now)
            case "revoked":
                return queryset.exclude(revoked_at=None)
        return queryset


@admin.register(AdminKey)
class AdminKeyAdmin(ConfirmedForm, ShowsOnce, CuratedAdmin):
    new_key_template = "tokens/admin/new_admin_key.html"
    form = AdminKeyForm
    list_display = ["name", "operator", "masked", "scopes_shown", "state", "expires_at", "last_used_at", "created_at"]
    list_filter = [AdminKeyStateFilter]
    list_select_related = ["operator"]
    search_fields = ["name", "key_id", "operator__username"]
    search_help_text = "Name or key id."
    ordering = ["-created_at", "-pk"]
    actions = ["revoke_selected"]
    actions_detail = ["revoke"]
    deletes_many = False
    unsearchable = ("digest", "pepper")
    why_undeletable = "Keys are revoked and not deleted: the history of what they changed names them."
    readonly_fields = [
        "operator",
        "scopes_shown",
        "masked",
        "key_id",
        "state",
        "last_used_at",
        "created_at",
        "revoked_at",
    ]
    fieldsets = [
        (None, {"fields": ["name", "operator", "scopes", "scopes_shown"]}),
        ("Limits", {"fields": ["expires_at", "networks"]}),
        ("Key", {"fields": ["masked", "key_id", "state", "last_used_at", "created_at", "revoked_at"]}),
    ]
    about = (
        "A program sends this key to the management API, below /api/admin/v1. The key acts as you: what you may do "
        "now, and what the key's scopes include. Permissions that you lose are lost to the key at its next request, "
        "and the history names both of you."
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("digest", "pepper")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_revoked = isinstance(obj, AdminKey) and obj.revoked_at is not None
        return super().has_change_permission(request, obj) and not is_revoked

    def has_revoke_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return self.has_change_permission(request, self.get_object(request, object_id) if object_id else None)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def undeletable(self, rows: Any) -> Any:
        return rows

    def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool:
        """A key that was revoked stays revoked."""
        return True

    def get_fieldsets(self, request: HttpRequest, obj: AdminKey | None = None) -> Any:
        hidden = {"scopes"} if obj else {"operator", "scopes_shown"}
        fieldsets = [
            (title, {**options, "fields": [name for name in options["fields"] if name not in hidden]})
            for title, options in super().get_fieldsets(request, obj)
            if obj or title != "Key"
        ]
        if obj is None:
            fieldsets[0][1]["description"] = self.about
        return fieldsets

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        return type(form)(form.__name__, (form,), {"operator": request.user})

    def _changeform_view(self, request: HttpRequest, object_id: str | None, *args: Any) -> Any:
        # Its history row is written at the end of the form.
        with deed("issued") if object_id is None else nullcontext():
            return super()._changeform_view(request, object_id, *args)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            # The key exists only during this request: response_add hands it over to the page that shows it.
            obj.new_key = obj.assign_new_key()
        super().save_model(request, obj, form, change)
        for scope in idle_scopes(obj.operator, obj.scopes):
            messages.warning(request, f"You have no permission that the scope {scope} includes.")

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return self.show_once(request, obj, obj.new_key)

    def describe_new_key(self, request: HttpRequest, row: AdminKey) -> tuple[str, dict[str, Any]]:
        return f"New admin key {row.name}", {"admin_key": row}

    @detail_action(description="Revoke", url_path="revoke", permissions=["revoke"], icon="key_off")
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        key: AdminKey = self.find_row(request, object_id)
        page = reverse("admin:tokens_adminkey_change", args=[key.pk])
        return self._revoke(request, [key], f"Revoke {key.name}?", page, {}, is_requested=request.method == "POST")

    @confirms_itself
    @admin.action(description="Revoke selected admin keys", permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, queryset: Any) -> HttpResponseBase:
        keys = list(queryset.order_by("pk"))
        title = f"Revoke {count(len(keys), 'admin key')}?"
        back, fields = self.list_page(request), {"post": "yes"}
        return self._revoke(request, keys, title, back, fields, is_requested="post" in request.POST)

    def _revoke(
        self,
        request: HttpRequest,
        keys: list[AdminKey],
        title: str,
        back: str,
        fields: dict[str, str],
        *,
        is_requested: bool,
    ) -> HttpResponseBase:
        """Asks first: a revoked key stays revoked."""

        def revoke() -> HttpResponseBase:
            if not is_requested:
                for key in keys[:MOST_NAMED]:
                    add_note(request, f"{key.masked} of {key.operator} is refused from the next request on.")
                add_note(request, "A revoked key cannot be enabled again: issue another one instead.")
            now = timezone.now()
            self.report(request, sum(key.revoke(at=now) for key in keys), "revoked")
            return HttpResponseRedirect(back)

        def describe() -> Page:
            return Page(
                title, self.opts, button="Revoke", is_always_shown=True, asks_reason=True, back=back, fields=fields
            )

        return confirm(request, revoke, describe, is_requested=is_requested)

    @display(description="State", label=STATES)
    def state(self, key: AdminKey) -> str:
        return key.state(at=timezone.now())

    @display(description="Scopes")
    def scopes_shown(self, key: AdminKey) -> str:
        return ", ".join(key.scopes)
