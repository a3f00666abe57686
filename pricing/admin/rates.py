"""The admin of discount rules, currency rates and group rates."""

import datetime as dt
from dataclasses import replace
from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest
from django.utils import timezone

from catalog.admin.base import (
    AllValuesCheckboxFilter,
    BooleanRadioFilter,
    RangeDateFilter,
    RelatedDropdownFilter,
    UntitledInline,
    display,
    figures_of,
    register_over,
)
from catalog.admin.confirmation.changes import SAVED, Page
from catalog.admin.lists.model_search import FindsModels
from catalog.exact import digits
from catalog.operators.permissions import may_set_prices, may_write
from pricing.admin.forms import STATES, DatedAdmin, PriceStateFilter, StartsNow, StartsNowForm
from pricing.curation.repricing import plan_discount
from pricing.models import (
    CurrencyRate,
    DiscountRule,
    DiscountRuleQuerySet,
    GroupRate,
)
from tokens.admin.groups import TokenGroupAdmin
from tokens.models import TokenGroup
from tokens.operators.reauthentication import ConfirmedForm

# The preview of a discount has the first models only.
STEPS_SHOWN = 100
# A rule that started before was changed only in its end.
JUST_NOW = dt.timedelta(minutes=1)


class PricingAdmin(DatedAdmin):
    """Rows that change prices: their permission alone does not suffice, because that of prices is required, too."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return super().has_add_permission(request, *args) and may_write(request.user, "add", self.model)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and may_write(request.user, "change", self.model)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and may_write(request.user, "delete", self.model)


class RuleStateFilter(PriceStateFilter):
    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        state = self.value()
        return queryset.in_state(state, at=timezone.now()) if state in STATES else queryset


@admin.register(DiscountRule)
class DiscountRuleAdmin(FindsModels, ConfirmedForm, PricingAdmin):
    form = StartsNowForm
    reason_field = "reason"
    deletes_many = False
    list_display = ["target", "multiplier_shown", "state_shown", "starts_at", "ends_at", "reason"]
    list_filter = [RuleStateFilter, ("vendor", RelatedDropdownFilter)]
    list_select_related = ["model", "vendor"]
    search_fields = ["model__name", "series", "vendor__name", "reason"]
    ordering = ["-starts_at", "-pk"]
    autocomplete_fields = ["model", "vendor"]
    actions = ["end_now"]
    fields = ["model", "series", "vendor", "all_models", "multiplier", "starts_at", "ends_at", "reason"]

    def has_delete_permission(self, request: HttpRequest, obj: DiscountRule | None = None) -> bool:
        """Only a scheduled rule: deleting another one would change past prices."""
        if obj is not None and obj.starts_at <= timezone.now():
            return False
        return super().has_delete_permission(request, obj)

    def has_to_confirm(self, request: HttpRequest, object_id: str | None) -> bool:
        return bool(request.POST.get("all_models"))

    def describe_save(self, request: HttpRequest) -> Page:
        """With the figures and margins of all models whose price the rule changes."""
        page, rule = super().describe_save(request), request.META.get(SAVED)
        now = timezone.now()
        if not isinstance(rule, DiscountRule) or rule.starts_at < now - JUST_NOW:
            return page
        plan = plan_discount(rule, at=max(rule.starts_at, now))
        table = plan.steps[:STEPS_SHOWN]
        context = {"plan": plan, "table": table, "more": len(plan.steps) - len(table)}
        digest = plan.fingerprint if plan.steps else ""
        return replace(page, template="pricing/admin/discount_preview.html", context=context, digest=digest)

    @admin.action(description="End now", permissions=["change"])
    def end_now(self, request: HttpRequest, queryset: DiscountRuleQuerySet) -> None:
        self.report(request, queryset.end(now=timezone.now()), "ended")

    @display(description="Applies to")
    def target(self, rule: DiscountRule) -> str:
        return rule.target.capitalize() if rule.target == "all models" else rule.target

    @display(description="Multiplier", ordering="multiplier")
    def multiplier_shown(self, rule: DiscountRule) -> str:
        return digits(rule.multiplier)

    @display(description="State", label=STATES)
    def state_shown(self, rule: DiscountRule) -> str:
        return rule.state(at=timezone.now())


@admin.register(CurrencyRate)
class CurrencyRateAdmin(PricingAdmin):
    start_field = "as_of"
    list_display = ["currency", "per_usd_shown", "as_of", "source"]
    list_filter = [("currency", AllValuesCheckboxFilter), ("as_of", RangeDateFilter)]
    search_fields = ["currency", "source"]
    ordering = ["-as_of", "currency", "pk"]
    fields = ["currency", "per_usd", "as_of", "source"]
    deletes_many = False

    def has_delete_permission(self, request: HttpRequest, obj: CurrencyRate | None = None) -> bool:
        """Only a rate that was never used: deleting another one would change past prices."""
        if obj is not None and not obj.may_change(on=timezone.now().date()):
            return False
        return super().has_delete_permission(request, obj)

    @display(description="Per US dollar")
    def per_usd_shown(self, rate: CurrencyRate) -> str:
        return digits(rate.per_usd)


@admin.register(GroupRate)
class GroupRateAdmin(PricingAdmin):
    form = StartsNowForm
    deletes_many = False
    list_display = ["group", "ratio_shown", "state_shown", "starts_at"]
    list_filter = [PriceStateFilter, ("group__is_public", BooleanRadioFilter)]
    list_select_related = ["group"]
    search_fields = ["group__slug", "group__label"]
    ordering = ["group__slug", "-starts_at", "-pk"]
    autocomplete_fields = ["group"]
    fields = ["group", "ratio", "starts_at"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).with_state(at=timezone.now())

    def has_delete_permission(self, request: HttpRequest, obj: GroupRate | None = None) -> bool:
        """Only a scheduled rate: deleting another one would change past prices."""
        if obj is not None and obj.has_started(at=timezone.now()):
            return False
        return super().has_delete_permission(request, obj)

    @display(description="Ratio")
    def ratio_shown(self, rate: GroupRate) -> str:
        return digits(rate.ratio)

    @display(description="State", label=STATES)
    def state_shown(self, rate: Any) -> str:
        return str(rate.state)


class GroupRateForm(StartsNow):
    """A rate without an initial ratio: Django does not save a row that still has its initial values."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "ratio" in self.fields:
            self.fields["ratio"].initial = None


class GroupRateInline(UntitledInline):
    """A group's rates. New rates are added here; a scheduled rate is edited on its own page."""

    model = GroupRate
    form = GroupRateForm
    fields = ["ratio", "starts_at"]
    ordering = ["-starts_at", "-pk"]

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return super().has_add_permission(request, *args) and may_set_prices(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@register_over(TokenGroup)
class RatedTokenGroupAdmin(TokenGroupAdmin):
    """A group with its rates."""

    list_display = [*TokenGroupAdmin.list_display, "rate_shown"]
    inlines = [GroupRateInline]

    def moment_of_effect(self, request: HttpRequest) -> dt.datetime:
        """A minute later: a rate without a start takes effect when it is saved."""
        return timezone.now() + JUST_NOW

    def get_queryset(self, request: HttpRequest) -> Any:
        rates = GroupRate.objects.in_force(at=timezone.now()).filter(group=OuterRef("pk"))
        return super().get_queryset(request).annotate(rate=Subquery(rates.values("ratio")))

    @figures_of("pricing.grouprate")
    @display(description="Rate")
    def rate_shown(self, group: Any) -> str:
        return "1" if group.rate is None else digits(group.rate)
