"""Prices on the admin pages of models and vendors."""

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone

from catalog.admin.base import StateFilter, display, figures_of, register_over
from catalog.admin.confirmation.changes import confirms_itself
from catalog.admin.links import admin_list
from catalog.admin.vendors import VendorAdmin
from catalog.db.history import current_operator
from catalog.models import AIModel, Vendor
from catalog.operators.permissions import may_see_prices, may_set_prices, may_view
from pricing.admin.repricing import PriceListPage, RepricingAdmin
from pricing.admin.sheets import pages_of
from pricing.curation.margins import losses, models_at_a_loss
from pricing.curation.summaries import in_and_out, summary
from pricing.models import (
    PriceSheet,
)
from tokens.admin.models import ReleasedAIModelAdmin

SHEETS_SHOWN = 20


@figures_of("pricing.pricesheet")
class PricedFilter(StateFilter):
    title = "price"
    parameter_name = "price"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("yes", "Has a price"),
            ("no", "Has no price"),
            ("gap", "Offered without a price"),
            ("loss", "Sold below cost"),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        priced = PriceSheet.objects.models_priced(at=timezone.now())
        match self.value():
            case "yes":
                return queryset.filter(pk__in=priced)
            case "no":
                return queryset.exclude(pk__in=priced)
            case "gap":
                return queryset.published().offered().exclude(pk__in=priced)
            case "loss":
                return queryset.filter(pk__in=models_at_a_loss(at=timezone.now()))
        return queryset


@register_over(AIModel)
class PricedAIModelAdmin(PriceListPage, ReleasedAIModelAdmin):
    """A model with its price sheets. A price is changed by adding a sheet."""

    actions: Any = [*ReleasedAIModelAdmin.actions, *PriceListPage.actions]
    # Next to the status, so that it is visible without scrolling.
    list_display = [*ReleasedAIModelAdmin.list_display[:3], "price", *ReleasedAIModelAdmin.list_display[3:]]
    list_filter = [*ReleasedAIModelAdmin.list_filter, PricedFilter]
    readonly_fields = [*ReleasedAIModelAdmin.readonly_fields, "sheets", "pages"]
    fieldsets = [*ReleasedAIModelAdmin.fieldsets, ("Prices", {"fields": ["sheets", "pages"]})]

    def get_queryset(self, request: HttpRequest) -> Any:
        models = super().get_queryset(request)
        if not may_see_prices(request.user):
            return models
        sheets = PriceSheet.objects.with_state(at=timezone.now()).with_lines().select_related("run__source")
        # The report of a large import is hundreds of kilobytes and would be loaded for each of its sheets.
        sheets = sheets.defer("run__report", "run__options")
        ordered = Prefetch("sheets", queryset=sheets.order_by("-starts_at", "-pk"))
        return models.prefetch_related(ordered)

    @figures_of("pricing.pricesheet")
    @display(description="Price (input / output)")
    def price(self, model: Any) -> str:
        current = {sheet.role: sheet for sheet in model.sheets.all() if sheet.state == "current"}
        sheet = current.get(PriceSheet.Role.SELL) or current.get(PriceSheet.Role.LIST)
        return in_and_out(sheet) if sheet else "no price"

    @figures_of("pricing.pricesheet")
    @display(description="Price history")
    def sheets(self, model: Any) -> str:
        if model.pk is None:
            return "Save the model first, then set its price."
        # The template reads a read-only field five times.
        if not hasattr(model, "sheets_shown"):
            model.sheets_shown = self.render_sheets(model)
        return str(model.sheets_shown)

    @figures_of("pricing.pricesheet")
    @display(description="Pages that the source names")
    def pages(self, model: Any) -> str:
        """Those of the current list price."""
        if model.pk is None:
            return ""
        current = [sheet for sheet in model.sheets.all() if (sheet.role, sheet.state) == ("list", "current")]
        return pages_of(current[0].facts) if current else ""

    def render_sheets(self, model: Any) -> str:
        rows, operator = model.sheets.all(), current_operator()
        context = {
            "rows": [(sheet, summary(sheet)) for sheet in rows[:SHEETS_SHOWN]],
            "more": len(rows) > SHEETS_SHOWN,
            "losses": losses(at=timezone.now(), models=[model]),
            "model": model,
            "may_add": may_set_prices(operator),
            "may_view_runs": may_view(operator, "catalog.importrun"),
            "all": admin_list("pricing_pricesheet", model__id__exact=model.pk),
        }
        return render_to_string("pricing/admin/sheets.html", context)


@register_over(Vendor)
class PricedVendorAdmin(RepricingAdmin, VendorAdmin):
    """A vendor whose models can be repriced together."""

    actions = ["reprice"]

    @confirms_itself
    @admin.action(description="Reprice models of selected vendors", permissions=["reprice"])
    def reprice(self, request: HttpRequest, queryset: Any) -> HttpResponseBase:
        return self.reprice_models(request, AIModel.objects.filter(vendor__in=queryset.values("pk")), "reprice")
