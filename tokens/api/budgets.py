"""Budgets in responses: the refusal of a call, the warning before it, and what /api/token shows."""

import datetime as dt
import math
from collections.abc import Mapping
from typing import Annotated, TypedDict

from catalog.exact import digits
from tokens.api_error import ApiError
from tokens.budgets import NEVER, WARNING_SHARE, Budget
from tokens.http.errors import in_header
from tokens.models.budgets import Budgeted
from tokens.scope import Scope
from tokens.timestamps import format_timestamp

WARNING_HEADER = "X-Modelbook-Budget-Warning"
RESET_HEADER = "X-Modelbook-Resets-At"


class BudgetTerms(TypedDict):
    """What may be spent."""

    amount: Annotated[str, "All digits, as 2.5."]
    currency: Annotated[str, "As USD."]
    period: Annotated[str, {"enum": ["day", "month", "total"]}]


class Spending(TypedDict):
    """A budget, and what is spent of it."""

    budget: Annotated[BudgetTerms | None, "null: none."]
    spent: Annotated[str | None, "In the current period, in the currency of the budget; null without a budget."]
    left: Annotated[str | None, "What may still be spent in this period; null without a budget."]
    resets_at: Annotated[str | None, "When the period ends; null if it never does.", {"format": "date-time"}]
    uncounted: Annotated[int | None, "Calls of this period whose cost is not known; they are not part of `spent`."]


def refuse_spent(scope: Scope, groups: Mapping[int, str], *, at: dt.datetime) -> None:
    """ApiError if the key may not make a call because a budget is used up, its own or that of a group that pays for it.

    `groups` are the groups that pay: key -> slug.

    403, not 429: clients of OpenAI and Anthropic repeat a request after a 429, and nginx accepts only 401 and 403 as
    refusals.
    """
    if scope.is_over_budget:
        raise ApiError("insufficient_quota")
    spent = scope.spent_budget(at=at, groups=groups)
    if spent is None:
        return
    group, budget = spent
    headers = {}
    if budget.spent_until is None or budget.spent_until >= NEVER:
        end = "It does not reset."
    else:
        end = f"It resets at {format_timestamp(budget.spent_until)}."
        seconds = math.ceil((budget.spent_until - at).total_seconds())
        headers = {"Retry-After": str(seconds), RESET_HEADER: format_timestamp(budget.spent_until)}
    owner = "this API key" if group is None else f"group {groups[group]}"
    raise ApiError("insufficient_quota", f"The budget of {owner}, {budget}, is used up. {end}", headers=headers)


def warning_headers(scope: Scope, groups: Mapping[int, str], *, at: dt.datetime) -> dict[str, str]:
    """The header that warns of a budget that is nearly used up, for a call that is charged in one of these groups.

    It changes once in a period, so that stored responses remain valid until then.
    """
    texts = [
        f"{digits(WARNING_SHARE * 100)}% of {budget}{f' of group {in_header(groups[group])}' if group else ''}"
        f"{_reset(budget, at)}"
        for group, budget in scope.budgets(groups)
        if budget.is_nearly_spent(at=at)
    ]
    return {WARNING_HEADER: ", ".join(texts)} if texts else {}


def spending_of(owner: Budgeted | None, *, at: dt.datetime) -> Spending:
    """The budget of a token or group as /api/token shows it."""
    budget = owner.budget if owner else None
    if owner is None or budget is None:
        return {"budget": None, "spent": None, "left": None, "resets_at": None, "uncounted": None}
    spent, resets_at = owner.spent_at(at=at), budget.resets_at(at=at)
    return {
        "budget": terms_of(budget),
        "spent": digits(spent.amount),
        "left": digits(budget.left(spent.amount)),
        "resets_at": format_timestamp(resets_at) if resets_at else None,
        "uncounted": spent.uncounted,
    }


def terms_of(budget: Budget) -> BudgetTerms:
    return {"amount": digits(budget.amount), "currency": budget.currency, "period": budget.period}


def _reset(budget: Budget, at: dt.datetime) -> str:
    reset = budget.resets_at(at=at)
    return f", resets at {format_timestamp(reset)}" if reset else ""
