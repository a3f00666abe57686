"""The admin of vendors."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from catalog.admin.base import (
    CuratedAdmin,
    StateFilter,
    capped,
    display,
    figures_of,
)
from catalog.admin.forms import NamedForm
from catalog.admin.links import listed
from catalog.admin.lists.model_search import find_vendors
from catalog.models import (
    Vendor,
)


@figures_of("catalog.aimodel")
class HasModelsFilter(StateFilter):
    title = "models"
    parameter_name = "models"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("some", "With models"), ("none", "Without models")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "some":
                return queryset.filter(model_count__gt=0)
            case "none":
                return queryset.filter(model_count=0)
        return queryset


@admin.register(Vendor)
class VendorAdmin(CuratedAdmin):
    form = NamedForm
    list_display = ["name", "chinese_name", "slug", "aliases_shown", "models_listed"]
    list_filter = [HasModelsFilter]
    search_fields = ["name", "chinese_name", "slug", "aliases"]
    ordering = ["name"]
    prepopulated_fields = {"slug": ["name"]}
    fields = ["name", "chinese_name", "slug", "aliases", "icon", "description"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        rows, may_repeat = super().get_search_results(request, queryset, search_term)
        if not search_term.strip():
            return rows, may_repeat
        found = Q(pk__in=find_vendors(capped(search_term))) | Q(pk__in=rows.order_by().values("pk"))
        return queryset.filter(found), False

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(model_count=Count("models"))

    @display(description="Aliases")
    def aliases_shown(self, vendor: Vendor) -> str:
        return ", ".join(vendor.aliases)

    @figures_of("catalog.aimodel")
    @display(description="Models", ordering="model_count")
    def models_listed(self, vendor: Any) -> SafeString:
        return listed(vendor.model_count, "model", "catalog_aimodel", vendor__id__exact=vendor.pk)
