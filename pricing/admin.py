"""The admin of what it costs: price sheets, rates of groups, popular models, and prices on the pages of lower apps."""

import datetime as dt
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, Prefetch, Subquery
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone

from catalog.admin import AIModelAdmin, ImportRunAdmin, VendorAdmin, admin_list
from catalog.adminbase import (
    TO_THE_LETTER,
    AllValuesCheckboxFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    CuratedAdmin,
    CuratedForm,
    InlineFormSet,
    ModelForm,
    RangeDateFilter,
    ReadOnlyAdmin,
    RelatedDropdownFilter,
    StateFilter,
    TextInput,
    UntitledInline,
    display,
    register_over,
)
from catalog.exact import digits, write_json
from catalog.models import AIModel, ImportRun, Vendor
from pricing.margins import losses, models_at_a_loss
from pricing.models import (
    CurrencyRate,
    DiscountRule,
    DiscountRuleQuerySet,
    GroupRate,
    PopularModel,
    PriceLine,
    PriceSheet,
    UsageCount,
    UsageReporter,
)
from pricing.money import METERS, MILLION, excess_of
from pricing.repricingpages import EndingPages, PriceListPage, RepricingAdmin
from pricing.reviewpages import ImportPages
from pricing.summaries import in_and_out, summary
from pricing.wording import told_conditions
from tokens.admin import TokenGroupAdmin
from tokens.models import TokenGroup

LINE_FIELDS: Any = ["meter", "amount", "per", "unit", "kind", "conditions", "facts"]
# The same of a sheet that is written.
WRITTEN_FIELDS: Any = [*LINE_FIELDS[:-2], "conditions_shown", "facts_shown"]
SHEETS_SHOWN = 20
STATES = {"in force": "success", "announced": "info", "past": "default"}


class PriceLineForm(ModelForm):
    """A line that starts as the price of a million tokens, which most are."""

    class Meta:
        model = PriceLine
        fields = ["meter", "amount", "per", "unit", "kind", "conditions", "facts"]
        widgets = {
            "meter": TextInput(attrs={**TO_THE_LETTER, "list": "meters"}),
            "conditions": TextInput(attrs=TO_THE_LETTER),
            "facts": TextInput(attrs=TO_THE_LETTER),
        }
        help_texts = {"facts": 'Beside the figure, e.g. {"period": "day"} of units that are free.'}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.fields["per"].initial = MILLION
            self.fields["unit"].initial = "token"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        amount, per = cleaned.get("amount"), cleaned.get("per")
        unit, kind = cleaned.get("unit") or "", cleaned.get("kind")
        if kind == PriceLine.Kind.ABSOLUTE and amount is not None and per and (why := excess_of(amount, per, unit)):
            self.add_error("amount", why)
        return cleaned


class PriceLineFormSet(InlineFormSet):
    """Lines in the order in which they stand on the page; a price has one at least."""

    def clean(self) -> None:
        super().clean()
        written = [form for form in self.forms if form.has_changed() and form not in self.deleted_forms]
        if not written:
            raise ValidationError("Write at least one line: the amount is 0 where it is free.", code="empty")

    def save_new(self, form: Any, commit: bool = True) -> Any:
        form.instance.position = self.forms.index(form)
        return super().save_new(form, commit=commit)


class PriceLineInline(UntitledInline):
    model = PriceLine
    form = PriceLineForm
    formset = PriceLineFormSet
    readonly_fields = ["conditions_shown", "facts_shown"]
    ordering = ["position"]
    extra = 3
    # The menu behind every meter's line, which takes a source's own x.<source>.<name> as well.
    template_before = "pricing/admin/meters.html"
    meters = METERS

    def get_extra(self, request: HttpRequest, obj: PriceSheet | None = None, **kwargs: Any) -> int:
        return 0 if obj else self.extra + len(copied_lines(request))

    def get_fields(self, request: HttpRequest, obj: PriceSheet | None = None) -> Any:
        return WRITTEN_FIELDS if obj else LINE_FIELDS

    @display(description="Conditions")
    def conditions_shown(self, line: PriceLine) -> str:
        return told_conditions(line.conditions)

    @display(description="Facts")
    def facts_shown(self, line: PriceLine) -> str:
        return write_json(line.facts).decode() if line.facts else ""


class StartsNow(ModelForm):
    """Begins now where no moment is written; what was shown when the page was opened would be past by then."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None and "starts_at" in self.fields:
            field = self.fields["starts_at"]
            field.required, field.initial, field.show_hidden_initial = False, None, False
            field.help_text = "In force from this moment. Empty: now."

    def clean_starts_at(self) -> dt.datetime:
        return self.cleaned_data["starts_at"] or timezone.now()


class StartsNowForm(StartsNow, CuratedForm):
    """The same on a page of its own."""


class PriceStateFilter(StateFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state, state.capitalize()) for state in STATES]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(state=self.value()) if self.value() in STATES else queryset


@admin.register(PriceSheet)
class PriceSheetAdmin(EndingPages, CuratedAdmin):
    """Written once: a sheet is added, ended or, before it begins, withdrawn; a change of price is a new sheet."""

    form = StartsNowForm
    reason_field = "reason"
    # Withdrawing is what it comes to, and says what it leaves.
    deletes_many = False
    list_display = ["model", "role_shown", "state_shown", "figures", "starts_at", "ends_at", "author"]
    list_filter = [PriceStateFilter, ("role", ChoicesDropdownFilter), ("model__vendor", RelatedDropdownFilter)]
    search_fields = ["model__name", "model__display_name", "reason"]
    ordering = ["-starts_at", "-pk"]
    autocomplete_fields = ["model"]
    inlines = [PriceLineInline]
    change_form_before_template = "pricing/admin/written_once.html"
    add_fieldsets = [
        (None, {"fields": ["model", ("role", "currency"), "starts_at", "ends_at", "reason", "facts"]}),
    ]
    fieldsets = [
        (None, {"fields": ["model", ("role", "currency"), "starts_at", "ends_at", "reason"]}),
        ("Where it comes from", {"fields": ["state_shown", "author", "created_at", "run", "facts_shown"]}),
    ]
    readonly_fields = ["state_shown", "facts_shown", "author", "created_at"]

    def get_queryset(self, request: HttpRequest) -> Any:
        sheets = super().get_queryset(request).with_state(at=timezone.now())  # type: ignore[attr-defined]
        return sheets.select_related("model", "author").with_lines()

    def has_change_permission(self, request: HttpRequest, obj: PriceSheet | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: PriceSheet | None = None) -> bool:
        if obj is not None and obj.has_begun(at=timezone.now()):
            return False
        return super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: PriceSheet, form: Any, change: bool) -> None:
        obj.author = request.user  # type: ignore[assignment]
        super().save_model(request, obj, form, change)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        copied = copied_sheet(request)
        if copied is None:
            return super().get_changeform_initial_data(request)
        return {"model": copied.model_id, "role": copied.role, "currency": copied.currency, "facts": copied.facts}

    def get_formset_kwargs(self, request: HttpRequest, obj: Any, inline: Any, prefix: str) -> dict[str, Any]:
        options: dict[str, Any] = super().get_formset_kwargs(request, obj, inline, prefix)
        return options | ({"initial": lines} if (lines := copied_lines(request)) else {})

    @display(description="Role", ordering="role")
    def role_shown(self, sheet: PriceSheet) -> str:
        return sheet.role.capitalize()

    @display(description="State", label=STATES)
    def state_shown(self, sheet: Any) -> str:
        return str(sheet.state)

    @display(description="Prices")
    def figures(self, sheet: PriceSheet) -> str:
        return summary(sheet)

    @display(description="Beside the prices")
    def facts_shown(self, sheet: PriceSheet) -> str:
        return write_json(sheet.facts).decode() if sheet.facts else ""


class RuleStateFilter(PriceStateFilter):
    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        state = self.value()
        return queryset.in_state(state, at=timezone.now()) if state in STATES else queryset


@admin.register(DiscountRule)
class DiscountRuleAdmin(CuratedAdmin):
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
    fields = ["model", "series", "vendor", "multiplier", "starts_at", "ends_at", "reason"]

    def has_delete_permission(self, request: HttpRequest, obj: DiscountRule | None = None) -> bool:
        """One that has begun is ended: without it past prices would be others."""
        if obj is not None and obj.starts_at <= timezone.now():
            return False
        return super().has_delete_permission(request, obj)

    @admin.action(description="End now", permissions=["change"])
    def end_now(self, request: HttpRequest, queryset: DiscountRuleQuerySet) -> None:
        self.report(request, queryset.end(now=timezone.now()), "ended")

    @display(description="For")
    def target(self, rule: DiscountRule) -> str:
        return rule.target.capitalize() if rule.target == "all models" else rule.target

    @display(description="Times", ordering="multiplier")
    def multiplier_shown(self, rule: DiscountRule) -> str:
        return digits(rule.multiplier)

    @display(description="State", label=STATES)
    def state_shown(self, rule: DiscountRule) -> str:
        return rule.state(at=timezone.now())


@admin.register(CurrencyRate)
class CurrencyRateAdmin(CuratedAdmin):
    list_display = ["currency", "per_usd_shown", "as_of", "source"]
    list_filter = [("currency", AllValuesCheckboxFilter), ("as_of", RangeDateFilter)]
    search_fields = ["currency", "source"]
    ordering = ["-as_of", "currency", "pk"]
    fields = ["currency", "per_usd", "as_of", "source"]
    deletes_many = False

    def has_delete_permission(self, request: HttpRequest, obj: CurrencyRate | None = None) -> bool:
        """One that counted on a day that is past stays: without it past prices would be others."""
        if obj is not None and not obj.may_change(on=timezone.now().date()):
            return False
        return super().has_delete_permission(request, obj)

    @display(description="Per US dollar")
    def per_usd_shown(self, rate: CurrencyRate) -> str:
        return digits(rate.per_usd)


@admin.register(GroupRate)
class GroupRateAdmin(CuratedAdmin):
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
        return super().get_queryset(request).with_state(at=timezone.now())  # type: ignore[attr-defined]

    def has_delete_permission(self, request: HttpRequest, obj: GroupRate | None = None) -> bool:
        """One that has begun is followed by another: without it past prices would be others."""
        if obj is not None and obj.has_begun(at=timezone.now()):
            return False
        return super().has_delete_permission(request, obj)

    @display(description="Ratio")
    def ratio_shown(self, rate: GroupRate) -> str:
        return digits(rate.ratio)

    @display(description="State", label=STATES)
    def state_shown(self, rate: Any) -> str:
        return str(rate.state)


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


class PricedFilter(StateFilter):
    title = "price"
    parameter_name = "price"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        found = [("yes", "Has a price"), ("no", "Has no price"), ("gap", "On offer without a price")]
        # Who may not see what we pay is not told where we lose.
        return [*found, ("loss", "Sold below cost")] if request.user.has_perm("pricing.view_pricesheet") else found

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        priced = PriceSheet.objects.models_priced(at=timezone.now())
        match self.value():
            case "yes":
                return queryset.filter(pk__in=priced)
            case "no":
                return queryset.exclude(pk__in=priced)
            case "gap":
                return queryset.published().offered().exclude(pk__in=priced)
            case "loss" if request.user.has_perm("pricing.view_pricesheet"):
                return queryset.filter(pk__in=models_at_a_loss(at=timezone.now()))
        return queryset


@register_over(AIModel)
class PricedAIModelAdmin(PriceListPage, AIModelAdmin):
    """A model with its prices, which are changed by adding a sheet."""

    actions: Any = [*AIModelAdmin.actions, *PriceListPage.actions]
    # Beside the status, where no scrolling is needed to see it.
    list_display = [*AIModelAdmin.list_display[:3], "price", *AIModelAdmin.list_display[3:]]
    list_filter = [*AIModelAdmin.list_filter, PricedFilter]
    readonly_fields = [*AIModelAdmin.readonly_fields, "sheets"]
    fieldsets = [*AIModelAdmin.fieldsets, ("Prices", {"fields": ["sheets"]})]

    def get_queryset(self, request: HttpRequest) -> Any:
        sheets = PriceSheet.objects.with_state(at=timezone.now()).with_lines().select_related("author", "run__source")
        # The report of a large import is hundreds of kilobytes, and would be read again for each of its sheets.
        sheets = sheets.defer("run__report", "run__options")
        ordered = Prefetch("sheets", queryset=sheets.order_by("-starts_at", "-pk"))
        return super().get_queryset(request).prefetch_related(ordered)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """With the history of prices for those who may see price sheets: it tells what we pay."""
        fieldsets = super().get_fieldsets(request, obj)
        may_see = request.user.has_perm("pricing.view_pricesheet")
        return fieldsets if may_see else [fieldset for fieldset in fieldsets if fieldset[0] != "Prices"]

    @display(description="Price in / out")
    def price(self, model: Any) -> str:
        in_force = {sheet.role: sheet for sheet in model.sheets.all() if sheet.state == "in force"}
        sheet = in_force.get(PriceSheet.Role.SELL) or in_force.get(PriceSheet.Role.LIST)
        return in_and_out(sheet) if sheet else "no price"

    @display(description="Price history")
    def sheets(self, model: Any) -> str:
        if model.pk is None:
            return "Save the model, then set its price."
        # The page's template asks for a read-only field five times over.
        if not hasattr(model, "sheets_shown"):
            model.sheets_shown = self.shown(model)
        return str(model.sheets_shown)

    def shown(self, model: Any) -> str:
        rows = model.sheets.all()
        context = {
            "rows": [(sheet, summary(sheet)) for sheet in rows[:SHEETS_SHOWN]],
            "more": len(rows) > SHEETS_SHOWN,
            "losses": losses(at=timezone.now(), models=[model]),
            "model": model,
            "all": admin_list("pricing_pricesheet", model__id__exact=model.pk),
        }
        return render_to_string("pricing/admin/sheets.html", context)


@register_over(Vendor)
class PricedVendorAdmin(RepricingAdmin, VendorAdmin):
    """A vendor whose models are re-priced together."""

    actions = ["reprice"]

    @admin.action(description="Re-price models of selected vendors", permissions=["reprice"])
    def reprice(self, request: HttpRequest, queryset: Any) -> HttpResponse | None:
        return self.reprice_models(request, AIModel.objects.filter(vendor__in=queryset.values("pk")), "reprice")


class GroupRateForm(StartsNow):
    """A rate without a ratio to start from: a row that was left as it stood would not be saved."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "ratio" in self.fields:
            self.fields["ratio"].initial = None


class GroupRateInline(UntitledInline):
    """A group's rates: a new one is added here, and one that is announced is edited on its own page."""

    model = GroupRate
    form = GroupRateForm
    fields = ["ratio", "starts_at"]
    ordering = ["-starts_at", "-pk"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@register_over(TokenGroup)
class RatedTokenGroupAdmin(TokenGroupAdmin):
    """A group with its rate."""

    list_display = [*TokenGroupAdmin.list_display, "rate_shown"]
    inlines = [GroupRateInline]

    def get_queryset(self, request: HttpRequest) -> Any:
        rates = GroupRate.objects.in_force(at=timezone.now()).filter(group=OuterRef("pk"))
        return super().get_queryset(request).annotate(rate=Subquery(rates.values("ratio")))

    @display(description="Rate")
    def rate_shown(self, group: Any) -> str:
        return "1" if group.rate is None else digits(group.rate)


def copied_sheet(request: HttpRequest) -> PriceSheet | None:
    """The sheet that a new one is to start from, which its page names in the address; only for showing the form."""
    key = request.GET.get("from", "")
    if request.method != "GET" or not (key.isdecimal() and len(key) < 19):
        return None
    return PriceSheet.objects.filter(pk=key).first()


def copied_lines(request: HttpRequest) -> list[dict[str, Any]]:
    sheet = copied_sheet(request)
    lines = sheet.lines.order_by("position") if sheet else []
    return [{name: getattr(line, name) for name in LINE_FIELDS} for line in lines]


@register_over(ImportRun)
class DecidedImportRunAdmin(ImportPages, ImportRunAdmin):
    """Runs that wait are looked through and decided about; those that were applied can be taken back."""


admin.site.index_title = "Overview"
admin.site.index_template = "pricing/admin/dashboard.html"
