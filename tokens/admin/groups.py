"""The admin of groups, and of the channels that they can use."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Prefetch
from django.http import HttpRequest
from django.utils.safestring import SafeString

from catalog.admin.base import BooleanRadioFilter, CuratedAdmin, display, figures_of, register_over
from catalog.admin.channels import ChannelAdmin
from catalog.admin.forms import NamedForm
from catalog.admin.links import listed
from catalog.models import Channel
from catalog.operators.permissions import limit_rows
from tokens.admin.budgets import BudgetAdmin, BudgetFilter
from tokens.models import TokenGroup


@admin.register(TokenGroup)
class TokenGroupAdmin(BudgetAdmin, CuratedAdmin):
    form = NamedForm
    list_display = ["slug", "label", "is_public", "auto_position", "channels_shown", "tokens_listed", "budget_shown"]
    list_filter = [BudgetFilter, ("is_public", BooleanRadioFilter)]
    search_fields = ["slug", "label", "description"]
    ordering = ["slug"]
    autocomplete_fields = ["channels"]
    fieldsets = [
        (None, {"fields": ["slug", "label", "description", "channels"]}),
        ("Limits", {"fields": ["rate_limit"]}),
        ("On the price list", {"fields": ["is_public", "auto_position"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        groups = super().get_queryset(request).prefetch_related("channels")
        return groups.annotate(token_count=Count("tokens", distinct=True))

    @figures_of("catalog.channel")
    @display(description="Channels")
    def channels_shown(self, group: TokenGroup) -> str:
        return ", ".join(sorted(channel.name for channel in group.channels.all()))

    @figures_of("tokens.token")
    @display(description="Tokens", ordering="token_count")
    def tokens_listed(self, group: Any) -> SafeString:
        return listed(group.token_count, "token", "tokens_token", groups__id__exact=group.pk)


@register_over(Channel)
class ReachedChannelAdmin(ChannelAdmin):
    """A channel with the groups that can use it; the channels of a group are set on the group's page."""

    list_display = [*ChannelAdmin.list_display[:4], "groups_shown", *ChannelAdmin.list_display[4:]]
    readonly_fields = [*ChannelAdmin.readonly_fields, "groups_shown"]
    fieldsets = [
        (None, {"fields": ["name", "slug", "enabled", "offers_listed", "groups_shown"]}),
        *ChannelAdmin.fieldsets[1:],
    ]

    def get_queryset(self, request: HttpRequest) -> Any:
        return (
            super()
            .get_queryset(request)
            .prefetch_related(Prefetch("groups", limit_rows(request.user, TokenGroup.objects.all())))
        )

    @figures_of("tokens.tokengroup")
    @display(description="Groups")
    def groups_shown(self, channel: Any) -> str:
        if channel.pk is None:
            return "Save the channel first, then add it to groups on their pages."
        slugs = sorted(group.slug for group in channel.groups.all())
        return ", ".join(slugs) or "No group: its models are not visible."
