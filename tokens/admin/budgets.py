"""Budgets in the admin of tokens and of groups."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from catalog.admin.base import ModelAdmin, StateFilter, display
from catalog.exact import digits
from tokens.models.budgets import TERMS, Budgeted

SHOWN = ("spent_shown", "left_shown", "resets_shown")
STATES = {"used up": "danger", "nearly used up": "warning", "": "success"}


class BudgetFilter(StateFilter):
    title = "budget"
    parameter_name = "budget"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("spent", "Used up"),
            ("nearly", "Nearly used up"),
            ("unknown", "With calls of unknown cost"),
            ("set", "With a budget"),
            ("none", "Without a budget"),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = timezone.now()
        match self.value():
            case "spent":
                return queryset.spent(at=now)
            case "nearly":
                return queryset.nearly_spent(at=now)
            case "unknown":
                return queryset.with_unknown_costs(at=now)
            case "set" | "none":
                return queryset.filter(budget_amount__isnull=self.value() == "none")
        return queryset


class BudgetAdmin(ModelAdmin):
    """The fieldset of a budget, with what is spent of it, and a column of lists."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), *SHOWN]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The fieldsets with one for the budget after the second one."""
        first, second, *others = super().get_fieldsets(request, obj)
        shown = SHOWN if obj is not None and obj.budget is not None else ()
        return [first, second, ("Budget", {"fields": [*self.budget_fields, *shown]}), *others]

    budget_fields: tuple[str, ...] = TERMS

    @display(description="Spent in this period")
    def spent_shown(self, owner: Budgeted) -> str:
        spent = owner.spent_at(at=timezone.now())
        text = f"{digits(spent.amount)} {owner.budget_currency}"
        return f"{text} (calls of unknown cost: {spent.uncounted})" if spent.uncounted else text

    @display(description="Left")
    def left_shown(self, owner: Budgeted) -> str:
        now, budget = timezone.now(), owner.budget
        if budget is None:
            return "No budget"
        left = f"{digits(budget.left(owner.spent_at(at=now).amount))} {budget.currency}"
        return f"{left}: calls are refused" if budget.is_spent(at=now) else left

    @display(description="Resets")
    def resets_shown(self, owner: Budgeted) -> str:
        budget = owner.budget
        reset = budget.resets_at(at=timezone.now()) if budget else None
        return f"{reset:%Y-%m-%d %H:%M} UTC" if reset else "Never"

    @display(description="Budget", label=STATES)
    def budget_shown(self, owner: Budgeted) -> Any:
        """That it is used up, or nearly; otherwise the budget itself."""
        budget = owner.budget
        if budget is None:
            return None
        state = budget.state(at=timezone.now())
        return state, state or str(budget)
