"""The admin of price sheets, which cannot be edited: a current sheet can be ended, a scheduled one withdrawn."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from catalog.admin.base import (
    VERBATIM,
    ChoicesDropdownFilter,
    InlineFormSet,
    ModelForm,
    RelatedDropdownFilter,
    TextInput,
    UntitledInline,
    display,
)
from catalog.admin.lists.model_search import FindsModels
from catalog.db.history import name_user
from catalog.exact import write_json
from catalog.operators.permissions import may_write
from catalog.prices import MILLION, PRICE_RULE, Line
from pricing.admin.forms import STATES, DatedAdmin, PriceStateFilter, StartsNowForm
from pricing.admin.repricing import EndingPages
from pricing.curation.summaries import line_value, summary
from pricing.engine.conditions import LENGTH
from pricing.engine.formatting import labels
from pricing.engine.formatting.amounts import line_amount
from pricing.engine.formatting.conditions import conditions
from pricing.engine.validation import amount_error, sheet_error
from pricing.models import (
    PriceLine,
    PriceSheet,
)

LINE_FIELDS: Any = ["meter", "amount", "per", "unit", "above", "group", "kind", "conditions", "facts"]


# Fact -> what its page is about.
PAGE_LABELS = {"source": "Price", "deprecation_source": "Retirement"}
# The fields of a stored sheet.
STORED_FIELDS: Any = ["meter", "price_shown", "conditions_shown", "facts_shown"]


class PriceLineForm(ModelForm):
    """A price line; by default the price of a million tokens, as most lines are.

    The conditions that most lines have are fields of their own.
    """

    above = forms.IntegerField(
        label="Above … tokens",
        required=False,
        min_value=0,
        widget=TextInput(attrs={**VERBATIM, "inputmode": "numeric"}),
        help_text="A tier: the line applies to longer prompts, e.g. 200000. Leave empty to apply to all lengths.",
    )
    group = forms.CharField(
        label="Only for group",
        required=False,
        widget=TextInput(attrs=VERBATIM),
        help_text="The line applies to this group. Leave empty to apply to all.",
    )

    class Meta:
        model = PriceLine
        fields = ["meter", "amount", "per", "unit", "kind", "conditions", "facts"]
        widgets = {
            "meter": TextInput(attrs={**VERBATIM, "list": "meters"}),
            "conditions": TextInput(attrs=VERBATIM),
            "facts": TextInput(attrs=VERBATIM),
        }
        labels = {"conditions": "Other conditions"}
        help_texts = {"facts": 'More facts about the line, e.g. {"period": "day"} for free units per day.'}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None and "per" in self.fields:
            self.fields["per"].initial = MILLION
            self.fields["unit"].initial = "token"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if isinstance(rest := cleaned.get("conditions") or [], list):
            cleaned["conditions"] = join_conditions(cleaned.get("above"), cleaned.get("group") or "", rest)
        return cleaned


class PriceLineFormSet(InlineFormSet):
    """Lines in the order of the page; a price needs at least one."""

    def clean(self) -> None:
        super().clean()
        filled = [form for form in self.forms if form.has_changed() and form not in self.deleted_forms]
        currency = self.instance.currency
        for form in filled:
            amount, per, unit, kind = (form.cleaned_data.get(name) for name in ("amount", "per", "unit", "kind"))
            if why := amount_error(Line("", amount, per or 0, unit or "", kind or ""), currency=currency):
                form.add_error("amount", why)
        if not any(self.errors):
            lines = [line_value(form.instance) for form in filled]
            if error := sheet_error(lines, currency=currency):
                raise ValidationError(error, code="invalid" if lines else "empty")

    def save_new(self, form: Any, commit: bool = True) -> Any:
        form.instance.position = self.forms.index(form)
        return super().save_new(form, commit=commit)


class PriceLineInline(UntitledInline):
    model = PriceLine
    form = PriceLineForm
    formset = PriceLineFormSet
    readonly_fields = ["price_shown", "conditions_shown", "facts_shown"]
    ordering = ["position"]
    extra = 3
    # The menu of meters. A line may also have a source's own meter, x.<source>.<name>.
    template_before = "pricing/admin/meters.html"
    meters = labels.METERS

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("sheet")

    def get_extra(self, request: HttpRequest, obj: PriceSheet | None = None, **kwargs: Any) -> int:
        return 0 if obj else self.extra + len(copied_lines(request))

    def get_fields(self, request: HttpRequest, obj: PriceSheet | None = None) -> Any:
        return STORED_FIELDS if obj else LINE_FIELDS

    @display(description="Price")
    def price_shown(self, line: PriceLine) -> str:
        return line_amount(line_value(line), line.sheet.currency)

    @display(description="Conditions")
    def conditions_shown(self, line: PriceLine) -> str:
        return conditions(line.conditions)

    @display(description="Facts")
    def facts_shown(self, line: PriceLine) -> str:
        return write_json(line.facts).decode() if line.facts else ""


@admin.register(PriceSheet)
class PriceSheetAdmin(FindsModels, EndingPages, DatedAdmin):
    """A sheet is added, ended or, before it takes effect, withdrawn; a new price is a new sheet."""

    form = StartsNowForm
    reason_field = "reason"
    # Sheets are withdrawn instead, which shows the effects first.
    deletes_many = False
    list_display = ["model", "role_shown", "state_shown", "figures", "starts_at", "ends_at", "author_name"]
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
        ("Origin", {"fields": ["state_shown", "author_name", "created_at", "run", "pages_shown", "facts_shown"]}),
    ]
    readonly_fields = ["state_shown", "pages_shown", "facts_shown", "author_name", "created_at"]

    def get_queryset(self, request: HttpRequest) -> Any:
        sheets = super().get_queryset(request).with_state(at=timezone.now())
        return sheets.select_related("model").with_lines()

    def has_change_permission(self, request: HttpRequest, obj: PriceSheet | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: PriceSheet | None = None) -> bool:
        if obj is not None and obj.has_started(at=timezone.now()):
            return False
        return super().has_delete_permission(request, obj) and may_write(request.user, "delete", PriceSheet)

    def save_model(self, request: HttpRequest, obj: PriceSheet, form: Any, change: bool) -> None:
        obj.author = request.user  # type: ignore[assignment]
        obj.author_name = name_user(request.user)  # type: ignore[arg-type]
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

    @display(description="Pages that the source names")
    def pages_shown(self, sheet: PriceSheet) -> str:
        return pages_of(sheet.facts)

    @display(description="Facts")
    def facts_shown(self, sheet: PriceSheet) -> str:
        return write_json(sheet.facts).decode() if sheet.facts else ""


def pages_of(facts: Mapping[str, Any]) -> SafeString:
    """Links to the pages on which a source says that it found a price or a retirement date."""
    pages = [(label, str(facts[name])) for name, label in PAGE_LABELS.items() if facts.get(name)]
    links = (
        format_html('{}: <a class="text-link" href="{}">{}</a>', label, page, page)
        if page.startswith(("https://", "http://"))
        else format_html("{}: {}", label, page)
        for label, page in pages
    )
    return format_html_join(mark_safe("<br>"), "{}", ((link,) for link in links))


def copied_sheet(request: HttpRequest) -> PriceSheet | None:
    """The sheet that the form of a new sheet is filled in from, as named in the page's address."""
    key = request.GET.get("from", "")
    if request.method != "GET" or not (key.isdecimal() and len(key) < 19):
        return None
    return PriceSheet.objects.filter(pk=key).first()


def split_conditions(conditions: Sequence[Any]) -> dict[str, Any]:
    """The fields of conditions; those that `join_conditions` would write in another way stay in the last field."""
    rest, above, group = list(conditions), None, ""
    if rest and rest[0].get("dim") == LENGTH and rest[0].get("op") == "gt" and isinstance(rest[0].get("value"), int):
        above = rest.pop(0)["value"]
    if rest and rest[0].get("dim") == "group" and rest[0].get("op") == "eq" and isinstance(rest[0].get("value"), str):
        group = rest.pop(0)["value"]
    if write_json(join_conditions(above, group, rest)) != write_json(list(conditions)):
        return {"above": None, "group": "", "conditions": list(conditions)}
    return {"above": above, "group": group, "conditions": rest}


def join_conditions(above: int | None, group: str, conditions: Sequence[Any]) -> list[Any]:
    """The conditions of a line whose form has these values."""
    tier = [] if above is None else [{"dim": LENGTH, "op": "gt", "value": above}]
    audience = [{"dim": "group", "op": "eq", "value": group}] if group else []
    return [*tier, *audience, *conditions]


def copied_lines(request: HttpRequest) -> list[dict[str, Any]]:
    sheet = copied_sheet(request)
    lines = list(sheet.lines.order_by("position")) if sheet else []
    for line in lines:
        # The rule does not explain a price that a person set.
        line.facts.pop(PRICE_RULE, None)
    columns = [name for name in LINE_FIELDS if name not in ("above", "group")]
    return [{name: getattr(line, name) for name in columns} | split_conditions(line.conditions) for line in lines]
