"""Base classes of the admin: the only module that uses django-unfold.

Every admin class starts from these bases, so changing the theme means changing this module only.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import admin as auth_admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import OperationalError, models, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import cached_property
from simple_history.admin import SimpleHistoryAdmin
from unfold.contrib.filters.admin import (
    AllValuesCheckboxFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
    RangeDateFilter,
)

from catalog.admin.confirmation.changes import BACK, IS_BUSY, PREVIEW, confirm, note_saved
from catalog.admin.confirmation.deletion import DeletingAdmin, delete_selected
from catalog.admin.confirmation.undo import add_entries
from catalog.admin.links import initial_value, linked_row
from catalog.admin.lists.tools import ListTools
from catalog.admin.permitted import PermittedAdmin, PermittedListAdmin, figures_of
from catalog.db import revision
from catalog.db.deletion import WRITTEN_BY_SOFTWARE, delete_with_history
from catalog.db.fields import ExactDecimalField, ExactJSONField, NamesField
from catalog.db.history import one_history_row
from catalog.db.locking import BUSY, is_lock_timeout
from catalog.db.snapshot import snapshot
from catalog.operators.permissions import limit_rows

A = TypeVar("A", bound="type[admin.ModelAdmin[Any]]")
F = TypeVar("F", bound=Callable[..., Any])

if TYPE_CHECKING:
    SkinModelAdmin = admin.ModelAdmin[Any]
    SkinTabularInline = admin.TabularInline[Any, Any]
    SkinStackedInline = admin.StackedInline[Any, Any]
    SkinUserAdmin = auth_admin.UserAdmin[Any]

    def display(**_: Any) -> Callable[[F], F]: ...

    def detail_action(**_: Any) -> Callable[[F], F]: ...

    class HistorySkin:
        def history_form_view(self, *args: Any) -> HttpResponseBase: ...

        def history_view(self, *args: Any) -> HttpResponse: ...

        def set_history_delta_changes(self, *args: Any, **options: Any) -> None: ...

        def _changeform_view(self, *args: Any, **kwargs: Any) -> Any: ...

        def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool: ...

    def button(**_: Any) -> Any: ...

    ModelForm = forms.ModelForm[Any]
    TextInput = forms.TextInput
    InlineFormSet = forms.BaseInlineFormSet[Any, Any, Any]
    Checkbox = forms.CheckboxInput
    CheckboxSelectMultiple = forms.CheckboxSelectMultiple
    FileInput = forms.FileInput
    RadioSelect = forms.RadioSelect
    Select = forms.Select
    Textarea = forms.Textarea
    StateFilter = admin.SimpleListFilter
    SkinRelatedFilter = admin.RelatedFieldListFilter
    from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

    AccountForm = UserChangeForm[Any]
else:
    from unfold.admin import ModelAdmin as SkinModelAdmin
    from unfold.admin import StackedInline as SkinStackedInline
    from unfold.admin import TabularInline as SkinTabularInline
    from unfold.contrib.filters.admin import DropdownFilter as StateFilter
    from unfold.contrib.filters.admin import RelatedDropdownFilter as SkinRelatedFilter
    from unfold.dataclasses import UnfoldAction as button  # noqa: N813
    from unfold.decorators import action as detail_action
    from unfold.decorators import display
    from unfold.fields import UnfoldAdminReadonlyField
    from unfold.forms import AdminPasswordChangeForm, UserCreationForm
    from unfold.forms import PaginationInlineFormSet as InlineFormSet
    from unfold.forms import UserChangeForm as AccountForm
    from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget as CheckboxSelectMultiple

    # unfold's script writes the name of a chosen file into the next text field; this widget has such a field.
    from unfold.widgets import UnfoldAdminFileFieldWidget as FileInput
    from unfold.widgets import UnfoldAdminRadioSelectWidget as RadioSelect
    from unfold.widgets import UnfoldAdminSelectWidget as Select
    from unfold.widgets import UnfoldAdminTextareaWidget as Textarea
    from unfold.widgets import UnfoldAdminTextInputWidget as TextInput
    from unfold.widgets import UnfoldBooleanWidget as Checkbox

    # unfold links each related row, also if the operator may not open its page.
    UnfoldAdminReadonlyField.get_admin_url = lambda _, _relation, row: linked_row(row)
    SkinUserAdmin = auth_admin.UserAdmin
    HistorySkin = SimpleHistoryAdmin
    ModelForm = forms.ModelForm

admin.site.add_action(delete_selected)

# A search for more words takes too long on every database, and SQLite refuses it.
SEARCH_WORDS, SEARCH_LETTERS = 10, 200

PREVIEW_BUTTON = button(action_name=PREVIEW, description="Preview", path="", method=lambda *_: None, attrs={})

# For fields that hold code and not prose: browsers must not correct it.
VERBATIM = {"autocapitalize": "off", "autocomplete": "off", "spellcheck": "false"}


class NamesInput(Textarea):
    """A list of names. In a field with one line, browsers replace pasted line breaks with spaces."""

    def __init__(self, attrs: Mapping[str, Any] | None = None) -> None:
        super().__init__(attrs={**VERBATIM, "rows": 1, "data-list": "", **(attrs or {})})


FIELD_WIDGETS: Any = {
    NamesField: {"widget": NamesInput},
    ExactDecimalField: {"widget": TextInput(attrs={**VERBATIM, "inputmode": "decimal"})},
    ExactJSONField: {"widget": Textarea(attrs={**VERBATIM, "rows": 3})},
    models.TextField: {"widget": Textarea(attrs={"rows": 4})},
    models.URLField: {"assume_scheme": "https"},
}


class MomentInput(TextInput):
    """Date and time in one field, with the browser's own picker."""

    input_type = "datetime-local"


class CuratedForm(ModelForm):
    """A form that asks for a reason, and refuses to overwrite a change that somebody else made since it was opened."""

    change_reason = forms.CharField(
        label="Reason",
        required=False,
        max_length=500,
        widget=TextInput(),
        help_text="Shown in the history with your change.",
    )
    edition = forms.CharField(required=False, widget=forms.HiddenInput())
    stored: models.Model | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "edition" in self.fields:
            self.initial["edition"] = edition_of(self.instance)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance.pk:
            # Locked until the view's transaction ends: if two people save at once, the second sees the first change.
            revision.hold()
            self.stored = type(self.instance).objects.filter(pk=self.instance.pk).first()
            self._refuse_collision(cleaned.get("edition"))
        return cleaned

    def changes_columns(self) -> bool:
        """Whether saving would change the row's own columns, and not only its relations."""
        columns = [field.attname for field in self.instance._meta.concrete_fields if field.name in self.fields]
        stored = self.stored
        return stored is None or any(getattr(stored, name) != getattr(self.instance, name) for name in columns)

    def _refuse_collision(self, opened: str | None) -> None:
        if opened is None or opened == edition_of(self.instance):
            return
        last = self.instance.history.order_by("-history_id").first()
        raise forms.ValidationError(
            "%(who)s changed this at %(when)s, after you opened it. Your changes are not saved; they are still in the "
            "form below. See the other change in the history, then reload this page and enter your changes again.",
            code="collision",
            params={
                "who": (last and last.actor) or "Somebody else",
                "when": f"{timezone.localtime(last.history_date):%H:%M:%S}" if last else "some time",
            },
        )


class BusyForm:
    """Makes a form invalid, so that it is shown with what was entered; mixed into the form of a row."""

    def clean(self) -> None:
        raise forms.ValidationError(f"{BUSY} Your input is still in the form below.", code="busy")


def as_busy(page: HttpResponse) -> HttpResponse:
    """The page as the answer to a change that another writer has prevented."""
    page.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    page["Retry-After"] = "1"
    return page


def edition_of(row: models.Model) -> str:
    """The id of the last change of a row; empty if the row is not saved or has no history."""
    if row.pk is None:
        return ""
    latest = row.history.order_by("-history_id").values_list("history_id", flat=True).first()  # type: ignore[attr-defined]
    return str(latest or "")


class ModelAdmin(ListTools, DeletingAdmin, PermittedListAdmin, SkinModelAdmin):
    """Settings of all lists and forms."""

    formfield_overrides = FIELD_WIDGETS
    list_per_page = 50
    list_filter_submit = True
    list_fullwidth = True
    # Counting all rows only to show "of 5,000" would double the work of each search.
    show_full_result_count = False
    warn_unsaved_form = True

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[Any], search_term: str
    ) -> tuple[models.QuerySet[Any], bool]:
        return super().get_search_results(request, queryset, capped(search_term))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The initial values from the page's address, without values that the field rejects: Django would fail."""
        values = super().get_changeform_initial_data(request)
        valid = ((name, initial_value(self.opts, name, value)) for name, value in values.items())
        return {name: value for name, value in valid if value is not None}

    def render_page(self, request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
        """A page about these rows that is not one of Django's own, with breadcrumbs to their list."""
        return render_admin_page(request, template, title, opts=self.opts, **context)

    def report(self, request: HttpRequest, changed: int, outcome: str) -> None:
        """Show the message after a bulk action: how many rows changed, and what they are now, e.g. `enabled`."""
        names = self.opts.verbose_name if changed == 1 else self.opts.verbose_name_plural
        if changed:
            self.message_user(request, f"{changed} {names} {outcome}.", messages.SUCCESS)
        else:
            self.message_user(request, f"Nothing to change: your selection is already {outcome}.", messages.WARNING)


def render_admin_page(request: HttpRequest, template: str, title: str, **context: Any) -> HttpResponse:
    """A page with the admin's frame: navigation, user menu, messages."""
    return TemplateResponse(request, template, admin.site.each_context(request) | {"title": title} | context)


class RelatedDropdownFilter(SkinRelatedFilter):
    """A choice of the related rows that the operator may see."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        rows = field.related_model._default_manager.all()
        if (limited := limit_rows(request.user, rows)) is rows:
            return super().field_choices(field, request, model_admin)
        return [(row.pk, str(row)) for row in limited.order_by("pk")]


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of a table with millions of rows: only the first ones are counted."""

    MOST = 10_000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[: self.MOST].count())


class ReadOnlyAdmin(ModelAdmin):
    """Rows that the software writes and people can only view."""

    why_undeletable = WRITTEN_BY_SOFTWARE

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def undeletable(self, rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
        return rows


class CuratedAdmin(HistorySkin, ModelAdmin):
    """Rows that people edit: the history shows who made each change and why, and no change overwrites another."""

    form = CuratedForm
    object_history_list_template = "catalog/admin/history.html"
    history_list_per_page = 50
    # The form field with the reason: the form's own, or a column of the model.
    reason_field = "change_reason"
    # Whether the rows selected in the list can be deleted together.
    deletes_many = True

    def get_actions(self, request: HttpRequest, action_location: Any = None) -> Any:
        # Django 6.1 and later passes the part of the page that shows the actions.
        location = {} if action_location is None else {"action_location": action_location}
        actions = super().get_actions(request, **location)
        if not self.deletes_many:
            actions.pop("delete_selected", None)
        return actions

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = without(super().get_fieldsets(request, obj), {"change_reason", "edition"})
        if obj and self.reason_field == "change_reason" and self.has_change_permission(request, obj):
            fieldsets.append(("Change history", {"fields": ["change_reason", "edition"]}))
        return fieldsets

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """The form of a row. If another writer holds the lock for too long, the form is shown again with its values."""
        if object_id is None:
            extra_context = {"actions_submit_line": [PREVIEW_BUTTON], **(extra_context or {})}
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except OperationalError as error:
            if request.method != "POST" or not is_lock_timeout(error):
                raise
        request.META[IS_BUSY] = True
        with snapshot():
            # The snapshot is open before Django opens its transaction, which waits for no lock then.
            revision.current()
            page: Any = super().changeform_view(request, object_id, form_url, extra_context)
            return as_busy(page.render())

    def get_actions_submit_line(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """The buttons beside Save; unfold asks for them on the pages of stored rows."""
        return [PREVIEW_BUTTON] if self.has_change_permission(request) else []

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        return type(form)(form.__name__, (BusyForm, form), {}) if IS_BUSY in request.META else form

    def _changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """A form that changes columns and relations of a row is one change in its history."""
        with one_history_row() if request.method == "POST" else nullcontext():
            return super()._changeform_view(request, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj._change_reason = form.cleaned_data.get(self.reason_field) or None  # noqa: SLF001
        note_saved(request, obj)
        # Saving an unchanged row would add a record without a change to the history.
        if not change or form.changes_columns():
            super().save_model(request, obj, form, change)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """With few statements, however many rows belong to it."""
        if self.deletes_many:
            delete_with_history(self.model._default_manager.filter(pk=obj.pk))
        else:
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        delete_with_history(queryset)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        self._row_in_reach(request, object_id)
        return super().history_view(request, object_id, extra_context)

    def set_history_delta_changes(self, request: HttpRequest, historical_records: Any, **options: Any) -> None:
        """The old and new values of the changes on a page, and what the audit trail says of them."""
        super().set_history_delta_changes(request, historical_records, **options)
        add_entries(request, historical_records, kind=self.opts.label_lower)

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: Any = None
    ) -> HttpResponseBase:
        """An old version of a row. A POST restores it, which django-simple-history allows to anyone who may view."""
        row = self._row_in_reach(request, object_id)
        if request.method == "POST" and (self.revert_disabled(request) or not self.has_change_permission(request, row)):
            raise PermissionDenied
        # The theme's link to the history has no address here: it would be a button that does nothing.
        context = {**(extra_context or {}), "show_history": False}

        def perform() -> HttpResponseBase:
            with transaction.atomic():
                return super(CuratedAdmin, self).history_form_view(request, object_id, version_id, context)

        if request.method != "POST" or BACK in request.POST:
            return perform()
        return confirm(request, perform, lambda: self.describe_save(request))


class TabularInline(PermittedAdmin, SkinTabularInline):
    formfield_overrides = FIELD_WIDGETS
    extra = 0


class UntitledInline(TabularInline):
    """An inline without a title line above each row, for rows that are clear without it."""

    # unfold's releases for Python 3.12 and later have the newer name.
    if hasattr(SkinTabularInline, "show_title"):
        show_title = False
    else:
        hide_title = True


class StackedInline(PermittedAdmin, SkinStackedInline):
    """A row with many fields, one below the other."""

    formfield_overrides = FIELD_WIDGETS
    extra = 0


class UserAdmin(SkinUserAdmin, ModelAdmin):
    """Django's own user pages in this theme."""

    form = AccountForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_filter_submit = False


class GroupAdmin(auth_admin.GroupAdmin, ModelAdmin):
    """Django's own permission groups in this theme."""


@admin.action(description="Enable selected %(verbose_name_plural)s", permissions=["change"])
def enable(modeladmin: ModelAdmin, request: HttpRequest, queryset: Any) -> None:
    modeladmin.report(request, queryset.set_enabled(True), "enabled")


@admin.action(description="Disable selected %(verbose_name_plural)s", permissions=["change"])
def disable(modeladmin: ModelAdmin, request: HttpRequest, queryset: Any) -> None:
    modeladmin.report(request, queryset.set_enabled(False), "disabled")


def capped(search_term: str) -> str:
    """The part of a search term that is sent to the database; PostgreSQL rejects NUL."""
    return " ".join(search_term[:SEARCH_LETTERS].replace("\x00", "").split()[:SEARCH_WORDS])


def without(fieldsets: Iterable[Any], names: set[str]) -> list[Any]:
    """A new list of the fieldsets, without some fields."""
    return [
        (title, {**options, "fields": [name for name in options["fields"] if name not in names]})
        for title, options in fieldsets
    ]


def register_over(model: type[models.Model]) -> Callable[[A], A]:
    """Register an admin class instead of the one that a lower app has for the same model."""

    def register(admin_class: A) -> A:
        admin.site.unregister(model)
        admin.site.register(model, admin_class)
        return admin_class

    return register


__all__ = [
    "VERBATIM",
    "AccountForm",
    "AllValuesCheckboxFilter",
    "BooleanRadioFilter",
    "Checkbox",
    "CheckboxSelectMultiple",
    "ChoicesDropdownFilter",
    "CuratedAdmin",
    "CuratedForm",
    "FileInput",
    "GroupAdmin",
    "InlineFormSet",
    "ModelAdmin",
    "ModelForm",
    "MomentInput",
    "NamesInput",
    "RadioSelect",
    "RangeDateFilter",
    "ReadOnlyAdmin",
    "RelatedDropdownFilter",
    "Select",
    "StackedInline",
    "StateFilter",
    "TabularInline",
    "TextInput",
    "UserAdmin",
    "as_busy",
    "detail_action",
    "disable",
    "display",
    "enable",
    "figures_of",
    "register_over",
    "render_admin_page",
]
