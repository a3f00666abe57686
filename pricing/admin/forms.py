"""Parts of the admin pages of dated prices: forms that start now, and the filter by state."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from catalog.admin.base import (
    CuratedForm,
    ModelForm,
    StateFilter,
)
from pricing.admin.repricing_forms import LARGEST_MULTIPLIER
from pricing.curation.repricing import Repricing, Step, plan_discount

# The preview of a discount has the first models only.
STEPS_SHOWN = 100
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


class DiscountForm(StartsNowForm):
    """A discount rule: its effect on prices and margins is shown before it is stored."""

    PREVIEWED = "previewed"
    # The prices that the rule changes, if they must be confirmed.
    plan: Repricing | None = None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        multiplier = cleaned.get("multiplier")
        if multiplier is not None and not 0 < multiplier <= LARGEST_MULTIPLIER:
            self.add_error("multiplier", f"The multiplier must be more than 0 and at most {LARGEST_MULTIPLIER}.")
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        rule = self.instance
        if self.errors or not (self.changes_columns() and rule.starts_at):
            return
        plan = plan_discount(rule, at=max(rule.starts_at, timezone.now()))
        if plan.steps and self.data.get(self.PREVIEWED) != plan.fingerprint:
            self.plan = plan
            changed = f"{len(plan.steps):,} of {len(plan.steps) + len(plan.skipped):,} models"
            self.add_error(None, f"The rule changes the price of {changed}. Check the preview, then save again.")

    @property
    def table(self) -> Sequence[Step]:
        """The first rows of the preview, those with losses first."""
        return self.plan.steps[:STEPS_SHOWN] if self.plan else []

    @property
    def more(self) -> int:
        return len(self.plan.steps) - len(self.table) if self.plan else 0


class PriceStateFilter(StateFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state, state.capitalize()) for state in STATES]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(state=self.value()) if self.value() in STATES else queryset
