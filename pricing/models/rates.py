"""Currency rates, and the rates that groups pay of the published price."""

import datetime as dt
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from catalog.db.fields import ExactDecimalField
from catalog.db.history import history
from catalog.db.revision import TrackedModel, TrackedQuerySet, track
from pricing.engine.money import CURRENCY
from pricing.models.immutability import check_not_past
from pricing.models.states import state_at
from tokens.models import TokenGroup


class CurrencyRateQuerySet(TrackedQuerySet["CurrencyRate"]):
    def on_file(self, *, on: dt.date) -> "dict[str, CurrencyRate]":
        """Currency -> its newest rate up to that day (UTC)."""
        return {rate.currency: rate for rate in self.filter(as_of__lte=on).order_by("as_of")}


class CurrencyRate(TrackedModel):
    """What a US dollar cost in another currency on a day: a fact with its date, never a constant in the code."""

    currency = models.CharField(max_length=3, validators=[CURRENCY], help_text="ISO 4217, e.g. CNY.")
    per_usd = ExactDecimalField("per US dollar", help_text="Units of it for one dollar, e.g. 7.3.")
    as_of = models.DateField("as of", help_text="Counts from this day (UTC) on, until a newer one does.")
    source = models.CharField(max_length=255, blank=True, help_text="Who says so, e.g. ECB reference rate.")

    objects = CurrencyRateQuerySet.as_manager()
    history = history()

    class Meta:
        verbose_name = "currency rate"
        constraints = [models.UniqueConstraint(fields=["currency", "as_of"], name="pricing_rate_one_a_day")]

    def __str__(self) -> str:
        return f"{self.per_usd} {self.currency} per USD on {self.as_of}"

    def may_change(self, *, on: dt.date) -> bool:
        """A rate is put right on its own day at the latest; after it, it stays."""
        return self.as_of >= on

    def clean(self) -> None:
        super().clean()
        if self.per_usd is not None and self.per_usd <= 0:
            raise ValidationError({"per_usd": "A rate is more than 0."})
        if self.currency == "USD":
            raise ValidationError({"currency": "A dollar is a dollar: rates are for other currencies."})
        today = timezone.now().date()
        before = CurrencyRate.objects.filter(pk=self.pk).first() if self.pk else None
        kept = ("currency", "per_usd", "as_of")
        if before is not None and not before.may_change(on=today):
            if any(getattr(self, name) != getattr(before, name) for name in kept):
                raise ValidationError("This rate counted on a day that is past: add a new one, from today on.")
        elif self.as_of is not None and self.as_of < today:
            raise ValidationError({"as_of": "That day is past: what was charged then stays as it was."})


class GroupRateQuerySet(TrackedQuerySet["GroupRate"]):
    def in_force(self, *, at: dt.datetime) -> "GroupRateQuerySet":
        """The newest of each group that has begun."""
        begun = GroupRate.objects.filter(group=models.OuterRef("group"), starts_at__lte=at)
        return self.filter(starts_at__lte=at).filter(
            ~models.Exists(begun.filter(starts_at__gt=models.OuterRef("starts_at")))
        )

    def with_state(self, *, at: dt.datetime) -> "GroupRateQuerySet":
        """Each with its `state` at that moment: announced, in force or past."""
        return self.annotate(state=state_at(GroupRate.objects.in_force(at=at), at=at))


class GroupRate(TrackedModel):
    """What a group pays of the published price from a moment on, until its next rate begins; 1 before its first.

    Like a sheet it is not edited once it has begun, only followed by another, so that past prices stay what they were.
    """

    group = models.ForeignKey(TokenGroup, on_delete=models.CASCADE, related_name="rates")
    ratio = ExactDecimalField(default=Decimal(1), help_text="A multiplier, e.g. 0.9 for ten percent off.")
    starts_at = models.DateTimeField(default=timezone.now, help_text="In force from this moment.")

    objects = GroupRateQuerySet.as_manager()
    history = history()

    class Meta:
        verbose_name = "group rate"
        constraints = [
            models.UniqueConstraint(
                fields=["group", "starts_at"],
                name="pricing_group_rate_one_a_moment",
                violation_error_message="Another rate of this group begins at that moment.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.ratio} from {self.starts_at:%Y-%m-%d}"

    def has_begun(self, *, at: dt.datetime) -> bool:
        return self.starts_at <= at

    def clean(self) -> None:
        super().clean()
        if self.ratio is not None and self.ratio < 0:
            raise ValidationError({"ratio": "A rate is not negative."})
        now = timezone.now()
        before = GroupRate.objects.filter(pk=self.pk).first() if self.pk else None
        if before is None or not before.has_begun(at=now):
            check_not_past("starts_at", self.starts_at, now=now)
        elif any(getattr(self, name) != getattr(before, name) for name in ("group_id", "ratio", "starts_at")):
            raise ValidationError("This rate has begun: it stays, and another one is added for the new ratio.")


track(CurrencyRate, GroupRate)
