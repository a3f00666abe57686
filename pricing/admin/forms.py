"""Parts of the admin pages of dated prices: forms that start now, and the filter by state."""

import datetime as dt
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from catalog.admin.base import (
    CuratedForm,
    ModelForm,
    StateFilter,
)

STATES = {"current": "success", "scheduled": "info", "past": "default"}


class StartsNow(ModelForm):
    """A form that starts when it is saved if no time is entered: the time when the page was opened would be past."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None and "starts_at" in self.fields:
            field = self.fields["starts_at"]
            field.required, field.initial, field.show_hidden_initial = False, None, False
            field.help_text = "When it takes effect. Leave empty for now."

    def clean_starts_at(self) -> dt.datetime:
        return self.cleaned_data["starts_at"] or timezone.now()


class StartsNowForm(StartsNow, CuratedForm):
    """The same, for a page of its own."""


class PriceStateFilter(StateFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state, state.capitalize()) for state in STATES]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(state=self.value()) if self.value() in STATES else queryset
