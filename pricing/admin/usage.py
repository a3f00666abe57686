"""The admin of popular models, usage counts and the tokens that report usage."""

from django.contrib import admin

from catalog.admin.base import CuratedAdmin, RangeDateFilter, ReadOnlyAdmin, RelatedDropdownFilter, display
from pricing.models import (
    PopularModel,
    UsageCount,
    UsageReporter,
)


@admin.register(PopularModel)
class PopularModelAdmin(CuratedAdmin):
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

    @display(description="Key")
    def masked(self, reporter: UsageReporter) -> str:
        return reporter.token.masked


@admin.register(UsageCount)
class UsageCountAdmin(ReadOnlyAdmin):
    list_display = ["model", "day", "requests", "tokens", "reporter"]
    list_filter = [("day", RangeDateFilter), ("model__vendor", RelatedDropdownFilter)]
    list_select_related = ["model"]
    search_fields = ["model__name", "reporter"]
    ordering = ["-day", "-requests", "-pk"]
    fields = ["model", "day", "requests", "tokens", "reporter"]
