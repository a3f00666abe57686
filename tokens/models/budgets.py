"""The columns of a budget: what the operator sets, and what the accounting writes.

Every way to write a row counts again what was spent (`Budgeted.complete`), so that a change of a budget decides the
next call.
"""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Self, TypeVar

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from catalog.db import revision
from catalog.db.fields import ExactDecimalField
from catalog.db.revision import TrackedModel, TrackedQuerySet
from catalog.vocabulary import currency_fault
from tokens.budgets import DAY, MONTH, PERIODS, TOTAL, Budget, period_start, validate_amount, validate_currency

# What the operator sets.
TERMS = ("budget_amount", "budget_currency", "budget_period")
# What the accounting writes. The history does not record it.
ACCOUNTING = ("spent", "uncounted", "spent_since", "spent_until", "warned_until")

M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True)
class Spent:
    """What was spent in a period, in the currency of a budget, and the number of calls whose cost is not known."""

    amount: Decimal = Decimal(0)
    uncounted: int = 0


# Counts what was spent of the budgets of stored rows of one class in their periods at a moment: primary key -> sum.
CountSpending = Callable[[Sequence["Budgeted"], dt.datetime], Mapping[int, Spent]]
_counts: list[CountSpending] = []


def count_spending_with(count: CountSpending) -> None:
    """Sets how spending is counted: prices and usage belong to a layer above this one."""
    _counts[:] = [count]


class BudgetedQuerySet(TrackedQuerySet[M]):
    def spent(self, *, at: dt.datetime) -> Self:
        """Those whose budget is used up at that moment."""
        return self.filter(budget_amount__isnull=False, spent_until__gt=at)

    def nearly_spent(self, *, at: dt.datetime) -> Self:
        """Those whose budget is nearly used up."""
        return self.filter(budget_amount__isnull=False, warned_until__gt=at).exclude(spent_until__gt=at)

    def with_unknown_costs(self, *, at: dt.datetime) -> Self:
        """Those of whose calls in the current period some have no known cost."""
        current = Q()
        for period in PERIODS:
            current |= Q(budget_period=period, spent_since=period_start(period, at=at))
        return self.filter(current, budget_amount__isnull=False, uncounted__gt=0)

    def update(self, **values: Any) -> int:
        if not set(TERMS).isdisjoint(values):
            raise TypeError("A budget is changed by save() or update_rows(), which count what was spent of it.")
        return super().update(**values)

    def bulk_create(self, objs: Any, *args: Any, **kwargs: Any) -> list[M]:
        rows: Any = list(objs)
        if rows:
            type(rows[0]).complete(rows)
        return super().bulk_create(rows, *args, **kwargs)


class Budgeted(TrackedModel):
    """A row with a budget of its own."""

    # Columns that decide others of the same row: only save() and update_rows() may write them.
    deciding_columns = TERMS

    budget_amount = ExactDecimalField(
        "budget",
        null=True,
        blank=True,
        validators=[validate_amount],
        help_text="What its calls may cost per period; when that much is spent, calls are refused until the period "
        "ends. 0 refuses all calls. Leave empty for no budget.",
    )
    budget_currency = models.CharField(
        "currency of the budget",
        max_length=3,
        default="USD",
        validators=[validate_currency],
        help_text="ISO 4217, e.g. USD. Costs in other currencies are converted with the currency rate of their day.",
    )
    budget_period = models.CharField(
        "period of the budget",
        max_length=8,
        default=TOTAL,
        choices=[(DAY, "Each day"), (MONTH, "Each month"), (TOTAL, "In total")],
        help_text="By the calendar in UTC. A budget in total never resets: raise it to renew it.",
    )
    spent = ExactDecimalField(default=Decimal(0), editable=False, help_text="In this period, in the same currency.")
    uncounted = models.PositiveBigIntegerField(
        "calls of unknown cost", default=0, editable=False, help_text="In this period; they are not part of `spent`."
    )
    spent_since = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="The start of the period that `spent` counts."
    )
    spent_until = models.DateTimeField(null=True, blank=True, editable=False, help_text="Calls are refused until then.")
    warned_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Most of the budget is spent until then."
    )

    class Meta:
        abstract = True
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(budget_period__in=PERIODS), name="%(app_label)s_%(class)s_has_known_budget_period"
            ),
        ]

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """Also accepts the currency that the row has, which earlier versions did not compare with ISO 4217."""
        stored = type(self)._default_manager.filter(pk=self.pk, budget_currency=self.budget_currency)
        if self.pk and currency_fault(self.budget_currency) and stored.exists():
            exclude = {*(exclude or ()), "budget_currency"}
        super().clean_fields(exclude=exclude)

    def save(self, *args: Any, **kwargs: Any) -> None:
        fields = kwargs.get("update_fields")
        with transaction.atomic():
            if fields is None or not set(TERMS).isdisjoint(fields):
                if self.budget_amount is not None:
                    # Costs may be reported now; they wait until this row is written.
                    revision.hold()
                self.complete([self])
                if fields is not None:
                    kwargs["update_fields"] = {*fields, *ACCOUNTING}
            super().save(*args, **kwargs)

    @classmethod
    def complete(cls, rows: Sequence["Budgeted"], fields: Collection[str] = TERMS) -> Collection[str]:
        """Counts what was spent of the budgets of rows that are about to be written; returns the columns it has set.

        `fields` are those that will be written. Call it in a transaction that blocks other writers.
        """
        if set(TERMS).isdisjoint(fields):
            return ()
        now = timezone.now()
        stored = [row for row in rows if row.pk is not None and row.budget_amount is not None]
        spent = _counts[0](stored, now) if stored else {}
        for row in rows:
            row.account_for(spent.get(row.pk, Spent()), at=now)
        return ACCOUNTING

    def account_for(self, spent: Spent, *, at: dt.datetime) -> None:
        """Sets the columns of the accounting, unsaved, to what was spent in the current period."""
        budget = self.budget
        self.spent, self.uncounted = spent.amount, spent.uncounted
        self.spent_since = self.spent_until = self.warned_until = None
        if budget is None:
            self.spent, self.uncounted = Decimal(0), 0
            return
        self.spent_since = period_start(budget.period, at=at)
        self.spent_until = budget.end_of_refusal(spent.amount, at=at)
        self.warned_until = budget.end_of_warning(spent.amount, at=at)

    @property
    def budget(self) -> Budget | None:
        """The budget, and until when its calls are refused."""
        if self.budget_amount is None:
            return None
        return Budget(
            amount=self.budget_amount,
            currency=self.budget_currency,
            period=self.budget_period,
            spent_until=self.spent_until,
            warned_until=self.warned_until,
        )

    def spent_at(self, *, at: dt.datetime) -> Spent:
        """What was spent in the period that contains the moment, as far as it is counted."""
        if self.budget_amount is None or self.spent_since != period_start(self.budget_period, at=at):
            return Spent()
        return Spent(self.spent, self.uncounted)
