"""The stored events, which nobody changes."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.admin.base import AllValuesCheckboxFilter, RangeDateFilter, ReadOnlyAdmin, display
from tokens.models import Event


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ["type", "at", "id_shown", "vendors_shown", "groups_shown", "deliveries_shown"]
    list_filter = [("type", AllValuesCheckboxFilter), ("at", RangeDateFilter)]
    search_fields = ["=event_id", "data"]
    search_help_text = "The id of an event, or a part of its data."
    ordering = ["-pk"]
    fieldsets = [(None, {"fields": ["type", "at", "event_id", "vendors_shown", "groups_shown", "body"]})]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        rows: QuerySet[Event] = super().get_queryset(request).prefetch_related("deliveries")
        return rows

    # In an export, the column `id` is the number of the row.
    @display(description="Event id")
    def id_shown(self, event: Event) -> str:
        return event.event_id

    @display(description="Vendors")
    def vendors_shown(self, event: Event) -> str:
        return ", ".join(event.vendors) or "-"

    @display(description="Groups")
    def groups_shown(self, event: Event) -> str:
        return ", ".join(event.groups) or "-"

    @display(description="Deliveries")
    def deliveries_shown(self, event: Event) -> int:
        return len(event.deliveries.all())

    @display(description="Body")
    def body(self, event: Event) -> str:
        return event.body
