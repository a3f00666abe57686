"""The admin of endpoint types, channels and offers."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from catalog.admin.base import (
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    CuratedAdmin,
    RelatedDropdownFilter,
    disable,
    display,
    enable,
    figures_of,
)
from catalog.admin.confirmation.deletion import name_rows
from catalog.admin.forms import NamedForm
from catalog.admin.links import listed
from catalog.admin.lists.model_search import FindsModels
from catalog.models import (
    Channel,
    EndpointType,
    Offer,
)
from catalog.models.endpoint import models_using


@admin.register(EndpointType)
class EndpointTypeAdmin(CuratedAdmin):
    form = NamedForm
    list_display = ["name", "method", "path", "label"]
    list_filter = [("method", ChoicesDropdownFilter)]
    search_fields = ["name", "path", "label"]
    ordering = ["name"]
    fields = ["name", "label", "method", "path"]

    def delete_model(self, request: HttpRequest, obj: EndpointType) -> None:
        """The row itself refuses its deletion while models use it."""
        obj.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[EndpointType]) -> None:
        """Delete one by one: a type that models use is not deleted, and the message says so."""
        for endpoint_type in queryset:
            self.delete_model(request, endpoint_type)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Models that name a type protect it, although there is no foreign key."""
        deleted, counts, missing_permissions, protected = super().get_deleted_objects(objs, request)
        users = models_using([endpoint_type.name for endpoint_type in objs])
        return deleted, counts, missing_permissions, [*protected, *name_rows(users, users.count())]


@admin.register(Channel)
class ChannelAdmin(CuratedAdmin):
    form = NamedForm
    list_display = ["name", "slug", "enabled", "offers_listed", "priority", "weight"]
    list_filter = [("enabled", BooleanRadioFilter)]
    search_fields = ["name", "slug", "base_url", "note"]
    ordering = ["name"]
    actions = [enable, disable]
    prepopulated_fields = {"slug": ["name"]}
    fieldsets = [
        (None, {"fields": ["name", "slug", "enabled", "offers_listed"]}),
        ("Upstream", {"fields": ["base_url", "priority", "weight", "note"]}),
    ]
    readonly_fields = ["offers_listed"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(offer_count=Count("offers"))

    @figures_of("catalog.offer")
    @display(description="Offers", ordering="offer_count")
    def offers_listed(self, channel: Any) -> SafeString | str:
        """A link instead of an inline: a channel may offer thousands of models."""
        if channel.pk is None:
            return "Save the channel first, then add offers to it."
        return listed(channel.offer_count, "model", "catalog_offer", channel__id__exact=channel.pk)


@admin.register(Offer)
class OfferAdmin(FindsModels, CuratedAdmin):
    list_display = ["model", "channel", "enabled", "upstream_name"]
    list_filter = [("enabled", BooleanRadioFilter), ("channel", RelatedDropdownFilter)]
    list_select_related = ["model", "channel"]
    search_fields = ["model__name", "channel__name", "channel__slug", "upstream_name"]
    ordering = ["channel__name", "model__name", "pk"]
    autocomplete_fields = ["model", "channel"]
    actions = [enable, disable]
    fields = ["model", "channel", "enabled", "upstream_name"]
