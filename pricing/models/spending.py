"""What tokens have spent, per day."""

import datetime as dt
from collections.abc import Collection, Iterable
from decimal import Decimal

from django.db import models

from catalog.db.bulk import KEYS, batches
from catalog.db.fields import ExactDecimalField

# The group of a call that no group of its token reached.
NO_GROUP = 0


class SpendingQuerySet(models.QuerySet["Spending"]):
    def of_tokens(self, tokens: Collection[int], days: Collection[dt.date]) -> Iterable["Spending"]:
        """The rows of these tokens on these days."""
        for batch in batches(sorted(tokens), KEYS):
            yield from self.filter(token_key__in=batch, day__in=days)


class Spending(models.Model):
    """What the calls of a token in a group cost on a day (UTC), in one currency.

    The keys are not relations: what was charged remains when a token or a group is deleted.
    """

    SUMS = ("amount", "calls", "uncounted")

    token_key = models.BigIntegerField(help_text="The primary key of the token.")
    group_key = models.BigIntegerField(help_text="The primary key of the group whose price applied; 0: none.")
    day = models.DateField()
    currency = models.CharField(max_length=3, blank=True, help_text="Empty for calls whose cost is not known.")
    amount = ExactDecimalField(default=Decimal(0))
    calls = models.PositiveBigIntegerField(default=0)
    uncounted = models.PositiveBigIntegerField(
        "calls of unknown cost", default=0, help_text="Calls of a model without a price, for example."
    )

    objects = SpendingQuerySet.as_manager()

    class Meta:
        verbose_name = "spending"
        verbose_name_plural = "spending"
        indexes = (
            models.Index(fields=["group_key", "day"], name="pricing_spending_of_group"),
            models.Index(fields=["day"], name="pricing_spending_day"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=["token_key", "group_key", "day", "currency"], name="pricing_spending_once_a_day"
            ),
        )

    def __str__(self) -> str:
        return f"{self.amount} {self.currency} on {self.day}"

    @classmethod
    def of(cls, key: tuple[int, int, dt.date, str]) -> "Spending":
        """A row with this key and without any call, unsaved."""
        token, group, day, currency = key
        return cls(token_key=token, group_key=group, day=day, currency=currency)

    @property
    def key(self) -> tuple[int, int, dt.date, str]:
        return self.token_key, self.group_key, self.day, self.currency
