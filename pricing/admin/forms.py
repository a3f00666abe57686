"""Parts of the admin pages of dated prices: forms that start now, and the filter by state."""

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone

from catalog.admin.base import (
    CuratedAdmin,
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


class DatedAdmin(CuratedAdmin):
    """Rows that take effect at a moment: the impact of a form is that of this moment."""

    start_field = "starts_at"

    def moment_of_effect(self, request: HttpRequest) -> dt.datetime:
        """A minute later, because a row without a start takes effect when it is saved, after this moment is read."""
        return max(self._start(request), timezone.now()) + dt.timedelta(minutes=1)

    def _start(self, request: HttpRequest) -> dt.datetime:
        now = timezone.now()
        field: Any = self.opts.get_field(self.start_field).formfield()  # type: ignore[union-attr]
        names = [f"{self.start_field}_0", f"{self.start_field}_1"]
        text = request.POST.get(self.start_field) or " ".join(request.POST.get(name, "") for name in names)
        try:
            start = field.clean(text.strip())
        except ValidationError:
            return now
        if isinstance(start, dt.datetime):
            return start
        return dt.datetime.combine(start, dt.time(), tzinfo=dt.UTC) if start else now
