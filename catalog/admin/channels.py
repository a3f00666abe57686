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
)
from catalog.admin.links import listed
from catalog.models import (
    Channel,
    EndpointType,
    Offer,
)


@admin.register(EndpointType)
class EndpointTypeAdmin(CuratedAdmin):
    list_display = ["name", "method", "path", "label"]
    list_filter = [("method", ChoicesDropdownFilter)]
    search_fields = ["name", "path", "label"]
    ordering = ["name"]
    fields = ["name", "label", "method", "path"]

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[EndpointType]) -> None:
        """Delete one by one: a type that models use is not deleted, and the message says so."""
        for endpoint_type in queryset:
            self.delete_model(request, endpoint_type)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Models that name a type protect it, although there is no foreign key."""
        deleted, counts, missing_permissions, protected = super().get_deleted_objects(objs, request)
        users = {model for endpoint_type in objs for model in endpoint_type.models_using()[:20]}
        return deleted, counts, missing_permissions, [*protected, *sorted(map(str, users))]


@admin.register(Channel)
class ChannelAdmin(CuratedAdmin):
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

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """The number of offers of each channel: naming thousands of offers would take a query for each model."""
        offers = {channel: Offer.objects.filter(channel=channel).count() for channel in objs}
        lines = [line for channel, count in offers.items() for line in (f"Channel: {channel}", [f"Offers: {count:,}"])]
        may_delete = request.user.has_perm("catalog.delete_offer") or not any(offers.values())
        counts = {Channel._meta.verbose_name_plural: len(offers), Offer._meta.verbose_name_plural: sum(offers.values())}
        return lines, counts, set() if may_delete else {Offer._meta.verbose_name}, []

    @display(description="Offers", ordering="offer_count")
    def offers_listed(self, channel: Any) -> SafeString | str:
        """A link instead of an inline: a channel may offer thousands of models."""
        if channel.pk is None:
            return "Save the channel first, then add offers to it."
        return listed(channel.offer_count, "model", "catalog_offer", channel__id__exact=channel.pk)


@admin.register(Offer)
class OfferAdmin(CuratedAdmin):
    list_display = ["model", "channel", "enabled", "upstream_name"]
    list_filter = [("enabled", BooleanRadioFilter), ("channel", RelatedDropdownFilter)]
    list_select_related = ["model", "channel"]
    search_fields = ["model__name", "channel__name", "channel__slug", "upstream_name"]
    ordering = ["channel__name", "model__name", "pk"]
    autocomplete_fields = ["model", "channel"]
    actions = [enable, disable]
    fields = ["model", "channel", "enabled", "upstream_name"]
