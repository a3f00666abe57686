"""The admin of popular models, of reported usage, and of the tokens that report it."""

import datetime as dt
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from catalog.admin.base import (
    CappedPaginator,
    CuratedAdmin,
    RangeDateFilter,
    ReadOnlyAdmin,
    RelatedDropdownFilter,
    StateFilter,
    capped,
    display,
    figures_of,
    register_over,
)
from catalog.admin.links import linked_row, listed
from catalog.admin.lists.model_search import FindsModels
from catalog.db.history import current_operator
from catalog.error_messages import count
from catalog.exact import digits
from catalog.operators.permissions import may_set_prices, may_view
from pricing.engine.money import total
from pricing.models import (
    PopularModel,
    Spending,
    UsageCount,
    UsageEvent,
    UsageReporter,
)
from pricing.usage.charging import find_tokens
from pricing.usage.names import find_models
from pricing.usage.unknown import price_again
from tokens.admin.tokens import TokenAdmin
from tokens.models import Token

DAYS_SHOWN = 30


@admin.register(PopularModel)
class PopularModelAdmin(FindsModels, CuratedAdmin):
    list_display = ["model", "position"]
    list_filter = [("model__vendor", RelatedDropdownFilter)]
    list_select_related = ["model"]
    search_fields = ["model__name", "model__display_name"]
    ordering = ["position", "pk"]
    autocomplete_fields = ["model"]
    fields = ["model", "position"]


@admin.register(UsageReporter)
class UsageReporterAdmin(CuratedAdmin):
    list_display = ["token", "masked"]
    list_select_related = ["token"]
    search_fields = ["token__name", "token__key_id"]
    ordering = ["token__name", "pk"]
    autocomplete_fields = ["token"]
    fields = ["token"]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A reporter is a token with its name and key."""
        return super().has_view_permission(request, obj) and may_view(request.user, Token)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may change it sees it, too."""
        return super().has_change_permission(request, obj) and may_view(request.user, Token)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and may_view(request.user, Token)

    @display(description="Key")
    def masked(self, reporter: UsageReporter) -> str:
        return reporter.token.masked


@admin.register(UsageCount)
class UsageCountAdmin(ReadOnlyAdmin):
    list_display = ["name", "model", "day", "requests", "tokens", "reporter", "source"]
    list_filter = [("day", RangeDateFilter), ("model__vendor", RelatedDropdownFilter)]
    list_select_related = ["model"]
    search_fields = ["name", "model__name", "reporter", "source"]
    ordering = ["-day", "-requests", "-pk"]
    fields = ["name", "model", "day", "requests", "tokens", "reporter", "source"]


class CostFilter(StateFilter):
    title = "cost"
    parameter_name = "cost"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("known", "Known"), ("unknown", "Unknown"), ("unknown_model", "Unknown, of an unknown model")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "known":
                return queryset.filter(cost__isnull=False)
            case "unknown":
                return queryset.filter(cost=None)
            case "unknown_model":
                return queryset.filter(cost=None, model=None)
        return queryset


@admin.register(UsageEvent)
class UsageEventAdmin(ReadOnlyAdmin):
    """Calls, the newest first. A search finds a key id, a model or an event id, each as a whole."""

    list_display = ["at", "caller", "called", "group", "used", "cost_shown"]
    list_filter = [("at", RangeDateFilter), CostFilter]
    list_select_related = ["token", "model"]
    search_fields = ["key_id"]
    search_help_text = "A whole key id, model id, alias or event id"
    ordering = ["-at", "-pk"]
    paginator = CappedPaginator
    actions = ["price_unknown"]
    fields = [
        "event_id", "at", "token_shown", "key_id", "model", "name", "group", "usage_shown", "request_shown",
        "cost_shown", "reporter_shown", "received_at",
    ]  # fmt: skip

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Rows that an index finds: there are millions."""
        term = capped(search_term).strip()
        if not term:
            return queryset, False
        tokens, models = find_tokens({term}).values(), find_models({term}).values()
        reporters = UsageReporter.objects.values("token")
        found = Q(token__in=[*tokens]) | Q(model__in=[*models]) | Q(reporter__in=reporters, event_id=term)
        return queryset.filter(found), False

    def has_price_again_permission(self, request: HttpRequest) -> bool:
        return may_set_prices(request.user)

    @admin.action(description="Price again, where the cost is unknown", permissions=["price_again"])
    def price_unknown(self, request: HttpRequest, queryset: QuerySet[UsageEvent]) -> None:
        events, priced = price_again(UsageEvent.objects.filter(pk__in=list(queryset.values_list("pk", flat=True))))
        self.message_user(request, f"{priced} of {count(events, 'event')} of unknown cost priced.")

    @display(description="Key", ordering="token")
    def caller(self, event: UsageEvent) -> str:
        if not may_view(current_operator(), Token):
            return event.key_id
        return str(event.token or f"{event.key_id} (no token)")

    @figures_of("tokens.token")
    @display(description="Token")
    def token_shown(self, event: UsageEvent) -> str:
        return linked_row(event.token) if event.token else "-"

    @figures_of("tokens.token")
    @display(description="Reporter")
    def reporter_shown(self, event: UsageEvent) -> str:
        return linked_row(event.reporter) if event.reporter else "-"

    @display(description="Model", ordering="model")
    def called(self, event: UsageEvent) -> str:
        if event.model is None:
            return f"{event.name} (unknown)"
        return event.model.name if event.model.name == event.name else f"{event.model} as {event.name}"

    @display(description="Usage")
    def used(self, event: UsageEvent) -> str:
        """The largest quantities, for one line of a list."""
        parts = [f"{meter} {_quantity(value)}" for meter, value in event.usage.items()]
        return ", ".join(parts[:3]) + (", …" if len(parts) > 3 else "")

    @display(description="Usage")
    def usage_shown(self, event: UsageEvent) -> str:
        return "\n".join(f"{meter}: {_quantity(value)}" for meter, value in event.usage.items())

    @display(description="Request")
    def request_shown(self, event: UsageEvent) -> str:
        return "\n".join(f"{name}: {value}" for name, value in event.request.items()) or "-"

    @display(description="Cost")
    def cost_shown(self, event: UsageEvent) -> str:
        return "unknown" if event.cost is None else f"{digits(event.cost)} {event.currency}"


@register_over(Token)
class ReportingTokenAdmin(TokenAdmin):
    """A token with what its calls have cost."""

    readonly_fields = [*TokenAdmin.readonly_fields, "usage_shown"]
    fieldsets = [*TokenAdmin.fieldsets, ("Usage", {"fields": ["usage_shown"]})]

    def get_fieldsets(self, request: HttpRequest, obj: Token | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        return [fieldset for fieldset in fieldsets if obj is not None or fieldset[0] != "Usage"]

    @figures_of("pricing.usageevent")
    @display(description=f"Last {DAYS_SHOWN} days")
    def usage_shown(self, token: Token) -> str:
        """The sums of its calls, with a link to them."""
        since = timezone.now().date() - dt.timedelta(days=DAYS_SHOWN)
        rows = list(Spending.objects.filter(token_key=token.pk, day__gt=since))
        calls, uncounted = sum(row.calls for row in rows), sum(row.uncounted for row in rows)
        if not calls:
            return "no reported calls"
        currencies = sorted({row.currency for row in rows if row.currency})
        costs = [
            f"{digits(total(row.amount for row in rows if row.currency == currency))} {currency}"
            for currency in currencies
        ]
        parts = [*costs, *([f"unknown cost of {count(uncounted, 'call')}"] if uncounted else [])]
        link = listed(calls, "call", "pricing_usageevent", token__id__exact=token.pk)
        return format_html("{}: {}", link, ", ".join(parts))


def _quantity(value: Any) -> str:
    """A quantity, with its unit if it has one."""
    quantity, unit = (value["quantity"], f" {value['unit']}") if isinstance(value, dict) else (value, "")
    return f"{quantity:,}{unit}"
