"""Events of budgets: most of one is spent, or all of it."""

import datetime as dt
from collections.abc import Iterable, Iterator

from catalog.exact import digits
from tokens.budgets import period_start
from tokens.event_types import shapes
from tokens.events.changes import plain_value
from tokens.events.outbox import Draft
from tokens.events.token_events import context_of, draft
from tokens.models import Token, TokenGroup


def budget_events(owners: Iterable[Token | TokenGroup], *, at: dt.datetime) -> Iterator[Draft]:
    """The events of budgets that are spent, or nearly, at this moment: each once a period for each amount."""
    for owner in owners:
        budget = owner.budget
        if budget is None or not (budget.is_spent(at=at) or budget.is_nearly_spent(at=at)):
            continue
        name = "budget.spent" if budget.is_spent(at=at) else "budget.warning"
        data: shapes.BudgetSpent = {
            **_context(owner),
            "amount": digits(budget.amount),
            "currency": budget.currency,
            "period": budget.period,
            "spent": digits(owner.spent),
            "resets_at": plain_value(budget.resets_at(at=at)),
        }
        start = period_start(budget.period, at=at).date()
        terms = f"{budget.period} {start} {digits(budget.amount)} {budget.currency}"
        yield draft(name, data, key=f"{name} {owner._meta.label_lower} {owner.pk} {terms}")


def _context(owner: Token | TokenGroup) -> shapes.BudgetContext:
    if isinstance(owner, TokenGroup):
        return {"key_id": None, "name": None, "groups": [owner.slug], "metadata": {}}
    return {**context_of(owner, owner.groups.values_list("slug", flat=True))}
