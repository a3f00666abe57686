"""Changes the same fields of many models: a form, the confirmation with its effects, and one history row per model."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import helpers
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from catalog.admin.base import CuratedAdmin, Select
from catalog.admin.confirmation.changes import Page, confirm, confirms_itself
from catalog.admin.forms import NamesPicker
from catalog.db.bulk import BATCH, batches, create_rows, delete_rows, update_rows
from catalog.db.fields import NamesFormField
from catalog.error_messages import count, some
from catalog.models import AIModel, Channel, Offer, Vendor
from catalog.operators.permissions import may, may_view
from catalog.vocabulary import CAPABILITIES, INPUT_MODALITIES, OUTPUT_MODALITIES

ADD, REMOVE, REPLACE = "add", "remove", "replace"
HOW = [("", "Leave unchanged"), (ADD, "Add"), (REMOVE, "Remove"), (REPLACE, "Replace with")]
# The lists of names: field -> its label, and the names that the menu offers.
LISTS: dict[str, tuple[str, Callable[[], Iterable[str]]]] = {
    "tags": ("Tags", list),
    "input_modalities": ("Input types", lambda: INPUT_MODALITIES),
    "output_modalities": ("Output types", lambda: OUTPUT_MODALITIES),
    "capabilities": ("Capabilities", lambda: CAPABILITIES),
}
CHANNELS = "channels"
# Fields of the form beside those of the list page; the second one is only on the confirmation.
IS_FILLED, IS_CONFIRMED = "bulk_edit", "bulk_edit_confirmed"


@dataclass
class ListEdit:
    """How a list of names changes."""

    how: str
    names: list[str]

    def apply(self, names: Sequence[str]) -> list[str]:
        if self.how == REPLACE:
            return list(self.names)
        if self.how == ADD:
            return list(dict.fromkeys([*names, *self.names]))
        return [name for name in names if name not in self.names]


@dataclass
class BulkEdit:
    """What changes in all chosen models."""

    values: dict[str, Any] = field(default_factory=dict)
    lists: dict[str, ListEdit] = field(default_factory=dict)
    how: str = ""
    channels: list[Channel] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.values or self.lists or self.how)

    def __str__(self) -> str:
        """`vendor OpenAI; add tags new, fast`."""
        parts = [f"{name} {value}" for name, value in self.values.items()]
        parts += [
            f"{edit.how} {LISTS[name][0].lower()} {some(edit.names) or 'nothing'}" for name, edit in self.lists.items()
        ]
        if self.how:
            parts.append(f"{self.how} channels {some([channel.slug for channel in self.channels]) or 'nothing'}")
        return "; ".join(parts)

    def apply(self, models: Iterable[AIModel]) -> tuple[int, int]:
        """Writes the changes with their history, in the caller's transaction; the numbers of models and offers."""
        chosen = list(models)
        changed = [model for model in chosen if self._change(model)]
        for batch in batches(changed, BATCH):
            update_rows(batch, fields=[*self.values, *self.lists])
        return len(changed), self._change_offers(chosen) if self.how else 0

    def _change(self, model: AIModel) -> bool:
        new = self.values | {name: edit.apply(getattr(model, name)) for name, edit in self.lists.items()}
        is_changed = any(getattr(model, name) != value for name, value in new.items())
        for name, value in new.items():
            setattr(model, name, value)
        return is_changed

    def _change_offers(self, models: Sequence[AIModel]) -> int:
        """Adds, enables and removes offers on the channels."""
        chosen = {channel.pk for channel in self.channels}
        stored = list(Offer.objects.filter(model__in=[model.pk for model in models]))
        there = {(offer.model_id, offer.channel_id) for offer in stored}
        new, enabled = [], []
        if self.how != REMOVE:
            new = [
                Offer(model=model, channel=channel)
                for model in models
                for channel in self.channels
                if (model.pk, channel.pk) not in there
            ]
            enabled = [offer for offer in stored if offer.channel_id in chosen and not offer.enabled]
        is_removed = {REMOVE: lambda channel: channel in chosen, REPLACE: lambda channel: channel not in chosen}
        removed = [offer for offer in stored if is_removed.get(self.how, lambda _: False)(offer.channel_id)]
        for offer in enabled:
            offer.enabled = True
        create_rows(new)
        update_rows(enabled, fields=["enabled"])
        delete_rows(removed)
        return len(new) + len(enabled) + len(removed)


class BulkEditForm(forms.Form):
    """Each field is left unchanged unless something is chosen."""

    vendor = forms.ModelChoiceField(
        Vendor.objects.order_by("name"), required=False, empty_label="Leave unchanged", widget=Select
    )
    status = forms.ChoiceField(
        choices=[("", "Leave unchanged"), *AIModel.Status.choices],
        required=False,
        widget=Select,
        help_text="A draft is only visible in this admin.",
    )

    def __init__(self, operator: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_view(operator, Vendor):
            del self.fields["vendor"]
        for name, (label, known) in LISTS.items():
            self.fields[f"{name}_how"] = forms.ChoiceField(label=label, choices=HOW, required=False, widget=Select)
            self.fields[name] = NamesFormField(
                label=f"{label}: names",
                required=False,
                widget=NamesPicker(known),
                help_text="" if list(known()) else "Separate them with commas.",
            )
        if may(operator, "add", Offer) and may(operator, "change", Offer) and may(operator, "delete", Offer):
            self.fields[f"{CHANNELS}_how"] = forms.ChoiceField(
                label="Channels",
                choices=HOW,
                required=False,
                widget=Select,
                help_text="The channels that offer the models. Offers that exist and are disabled are enabled.",
            )
            self.fields[CHANNELS] = forms.ModelMultipleChoiceField(
                Channel.objects.order_by("name"),
                label="Channels: names",
                required=False,
                widget=forms.CheckboxSelectMultiple,
            )

    def rows(self) -> list[tuple[Any, Any]]:
        """The fields in the order of the page: each list with what happens to it."""
        names = [name for name in ("vendor", "status") if name in self.fields]
        lists = [name for name in (*LISTS, CHANNELS) if name in self.fields]
        return [(self[name], None) for name in names] + [(self[f"{name}_how"], self[name]) for name in lists]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in (*LISTS, CHANNELS):
            how, names = cleaned.get(f"{name}_how"), cleaned.get(name)
            if how in (ADD, REMOVE) and not names:
                self.add_error(name, f"Choose what to {how}.")
            elif names and not how:
                self.add_error(f"{name}_how", "Choose what happens to the names.")
        if not self.errors and self.edit.is_empty:
            raise forms.ValidationError("Choose at least one change.")
        return cleaned

    @property
    def edit(self) -> BulkEdit:
        cleaned = self.cleaned_data
        return BulkEdit(
            {name: cleaned[name] for name in ("vendor", "status") if cleaned.get(name)},
            {name: ListEdit(cleaned[f"{name}_how"], cleaned[name]) for name in LISTS if cleaned.get(f"{name}_how")},
            cleaned.get(f"{CHANNELS}_how") or "",
            list(cleaned.get(CHANNELS) or ()),
        )


class BulkEditAdmin(CuratedAdmin):
    """A list of models with the action."""

    @confirms_itself
    @admin.action(description="Edit selected models", permissions=["change"])
    def bulk_edit(self, request: HttpRequest, queryset: Any) -> Any:
        models = AIModel.objects.filter(pk__in=queryset.order_by().values("pk"))
        number, back = models.count(), self.list_page(request)
        if request.POST.get("number", str(number)) != str(number):
            message = "The selected models have changed since the form was shown. Nothing was changed."
            self.message_user(request, message, messages.ERROR)
            return None
        form = BulkEditForm(request.user, request.POST if IS_FILLED in request.POST else None)
        if not form.is_bound or not form.is_valid():
            return self._show_form(request, form, models, number, back)
        edit, name = form.edit, count(number, "model")

        def perform() -> HttpResponse:
            changed, offers = edit.apply(models.order_by("pk"))
            told = [count(changed, "model")] if changed else []
            told += [count(offers, "offer")] if offers else []
            message = f"{' and '.join(told)} changed: {edit}." if told else f"Nothing to change: {edit}."
            self.message_user(request, message, messages.SUCCESS if told else messages.WARNING)
            return HttpResponseRedirect(back)

        page = Page(
            f"Change {name}: {edit}?",
            self.opts,
            button=f"Change {name}",
            is_always_shown=True,
            asks_reason=True,
            back=back,
            fields={IS_CONFIRMED: "yes"},
        )
        return confirm(request, perform, lambda: page, is_requested=IS_CONFIRMED in request.POST)

    def _show_form(self, request: HttpRequest, form: BulkEditForm, models: Any, number: int, back: str) -> HttpResponse:
        is_all = request.POST.get("select_across") == "1"
        return self.render_page(
            request,
            "catalog/admin/bulk_edit.html",
            f"Edit {count(number, 'model')}",
            form=form,
            names=some(list(models.order_by("name").values_list("name", flat=True)[:6])),
            number=number,
            is_all=is_all,
            keys=models.order_by("pk").values_list("pk", flat=True)[: 1 if is_all else None],
            checkbox=helpers.ACTION_CHECKBOX_NAME,
            is_filled=IS_FILLED,
            back=back,
            media=self.media + form.media,
        )
