"""The admin of tokens."""

import datetime as dt
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from catalog.admin.base import (
    BooleanRadioFilter,
    CuratedAdmin,
    CuratedForm,
    NamesInput,
    RelatedDropdownFilter,
    StateFilter,
    disable,
    display,
    enable,
    figures_of,
)
from catalog.admin.confirmation.changes import add_note
from catalog.admin.forms import AbsentOrNamesField
from catalog.db.fields import NamesFormField
from catalog.db.history import request_user
from tokens.admin.budgets import BudgetAdmin, BudgetFilter
from tokens.admin.explain_page import last_refusal_of
from tokens.admin.key_pages import KeyPages
from tokens.auth.sight import sight_of_token
from tokens.models import Token, TokenGroup
from tokens.models.budgets import TERMS
from tokens.operators.reauthentication import ConfirmedForm
from tokens.operators.tokens import validate_reach
from tokens.patterns.typed import fold_pattern

STATES = {
    "valid": "success",
    "disabled": "danger",
    "expired": "danger",
    "not yet": "info",
    "expires within a day": "danger",
    "expires within 7 days": "warning",
    "expires within 30 days": "warning",
}


SOON = dt.timedelta(days=30)


class TokenForm(CuratedForm):
    allow = AbsentOrNamesField(
        label="Allow",
        absent="All models of its groups",
        listed="Only models that match these patterns (an empty list: no models)",
        fold=fold_pattern,
        help_text=Token._meta.get_field("allow").help_text,
    )
    deny = NamesFormField(
        required=False, fold=fold_pattern, widget=NamesInput(), help_text=Token._meta.get_field("deny").help_text
    )

    def clean(self) -> Any:
        cleaned = super().clean()
        self.instance.first_group = self.cleaned_data.get("first_group")
        self.instance.uses_auto_groups = self.cleaned_data.get("uses_auto_groups", False)
        groups = self.cleaned_data.get("groups", ())
        self.instance.validate_first_group(groups)
        if "groups" in self.cleaned_data:
            validate_reach(self.instance, groups, actor=request_user())
        return cleaned


class TokenStateFilter(StateFilter):
    title = "validity"
    parameter_name = "validity"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("expiring", "Expires within 30 days"),
            ("week", "Expires within 7 days"),
            ("day", "Expires within a day"),
            ("expired", "Expired"),
            ("off", "Disabled"),
            ("leaked", "Replaced key still used"),
            ("refused", "Refused in the last 24 hours"),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = timezone.now()
        match self.value():
            case "expiring":
                return queryset.expiring(at=now, within=SOON)
            case "week":
                return queryset.expiring(at=now, within=dt.timedelta(days=7))
            case "day":
                return queryset.expiring(at=now, within=dt.timedelta(days=1))
            case "leaked":
                return queryset.filter(retired_keys__refused_uses__gt=0).distinct()
            case "refused":
                return queryset.filter(last_refusal__at__gt=now - dt.timedelta(days=1))
            case "expired":
                return queryset.filter(expires_at__lte=now)
            case "off":
                return queryset.filter(enabled=False)
        return queryset


@admin.register(Token)
class TokenAdmin(ConfirmedForm, BudgetAdmin, KeyPages, CuratedAdmin):
    form = TokenForm
    list_display = [
        "name",
        "masked",
        "state",
        "groups_shown",
        "budget_shown",
        "expires_at",
        "last_used_at",
        "refused",
        "created_at",
    ]
    list_select_related = ["last_refusal"]
    list_filter = [
        TokenStateFilter,
        BudgetFilter,
        ("enabled", BooleanRadioFilter),
        ("groups", RelatedDropdownFilter),
    ]
    search_fields = ["name", "key_id", "=retired_keys__key_id", "note", "metadata"]
    search_help_text = "Name, key id (of a replaced key, too), note or metadata."
    ordering = ["-created_at", "-pk"]
    autocomplete_fields = ["groups", "first_group"]
    actions = [enable, disable]
    unsearchable = ("digest", "pepper")
    budget_fields = (*TERMS, "is_over_budget")
    readonly_fields = ["masked", "key_id", "last_used_at", "created_at", "updated_at", "retired_shown", "refusal_shown"]
    fieldsets = [
        (None, {"fields": ["name", "groups", "uses_auto_groups", "first_group", "enabled"]}),
        ("Models", {"fields": ["allow", "deny"]}),
        (
            "Validity and limits",
            {"fields": ["starts_at", "expires_at", "networks", "rate_limit"]},
        ),
        ("Note", {"fields": ["note", "metadata"]}),
        (
            "Key",
            {
                "fields": [
                    "masked",
                    "key_id",
                    "last_used_at",
                    "refusal_shown",
                    "created_at",
                    "updated_at",
                    "retired_shown",
                ]
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups").defer("digest", "pepper")

    def has_to_confirm(self, request: HttpRequest, object_id: str | None) -> bool:
        return object_id is None

    def get_fieldsets(self, request: HttpRequest, obj: Token | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if obj else [fieldset for fieldset in fieldsets if fieldset[0] != "Key"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"groups": [TokenGroup.objects.default().pk]} | super().get_changeform_initial_data(request)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            # The key exists only during this request: response_add hands it over to the page that shows it.
            obj.new_key = obj.assign_new_key()
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        token = form.instance
        sight = sight_of_token(token, at=timezone.now())
        add_note(request, f"{token} {sight}.", messages.WARNING if sight.problems else messages.INFO)

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        return self.show_once(request, obj, obj.new_key)

    def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool:
        """A deleted token cannot be restored: its history has no digest of the key."""
        return True

    @display(description="State", label=STATES)
    def state(self, token: Token) -> str:
        return token.state(at=timezone.now())

    @display(description="Replaced keys")
    def retired_shown(self, token: Token) -> str:
        """The keys that rotations replaced; uses after the grace period may be a leak."""
        retired = token.retired_keys.order_by("-retired_at", "-pk")
        return "\n".join(
            f"{key.masked} until {key.valid_until:%Y-%m-%d %H:%M}, uses after that: {key.refused_uses}"
            for key in retired
        )

    @display(description="Last refused", ordering="last_refusal__at")
    def refused(self, token: Token) -> str:
        refusal = last_refusal_of(token)
        return f"{refusal.at:%Y-%m-%d %H:%M} {refusal.code}" if refusal else ""

    @display(description="Last refused request")
    def refusal_shown(self, token: Token) -> str:
        return str(last_refusal_of(token) or "No request with a key of this token was refused.")

    @figures_of("tokens.tokengroup")
    @display(description="Groups")
    def groups_shown(self, token: Token) -> str:
        """In the order of the token, without the automatic groups."""
        groups, first = token.groups.all(), token.first_group_id
        return ", ".join(slug for *_, slug in sorted(TokenGroup.place(g.slug, is_first=g.pk == first) for g in groups))
