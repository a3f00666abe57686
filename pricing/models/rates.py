"""Currency rates, and the rates of groups: multipliers of the published price."""

import datetime as dt
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from catalog.db.fields import ExactDecimalField
from catalog.db.history import history
from catalog.db.revision import TrackedModel, TrackedQuerySet, track
from pricing.engine.money import LARGEST_FACTOR, SMALLEST_FACTOR, validate_currency
from pricing.models.immutability import IN_EFFECT, check_not_past
from pricing.models.states import state_at
from tokens.models import TokenGroup

# Units of a currency for one US dollar beyond these are a mistake.
LOWEST_RATE, HIGHEST_RATE = SMALLEST_FACTOR, LARGEST_FACTOR**2


class CurrencyRateQuerySet(TrackedQuerySet["CurrencyRate"]):
    def on_file(self, *, on: dt.date) -> "dict[str, CurrencyRate]":
        """Currency -> its newest rate on that day (UTC), if prices can be converted with it."""
        newest = {rate.currency: rate for rate in self.filter(as_of__lte=on).order_by("as_of")}
        return {currency: rate for currency, rate in newest.items() if rate.can_convert}

    def undeletable(self, *, at: dt.datetime) -> "CurrencyRateQuerySet":
        return self.filter(as_of__lt=at.date())


class CurrencyRate(TrackedModel):
    """Units of a currency for one US dollar, from a day on until the next rate."""

    revision_counter = "prices"
    named_by = ("currency",)

    currency = models.CharField(max_length=3, validators=[validate_currency], help_text="ISO 4217, e.g. CNY.")
    per_usd = ExactDecimalField(
        "per US dollar",
        least=LOWEST_RATE,
        most=HIGHEST_RATE,
        help_text="Units of the currency for one US dollar, e.g. 7.3.",
    )
    as_of = models.DateField("as of", help_text="The first day (UTC) of the rate; it applies until the next one.")
    source = models.CharField(max_length=255, blank=True, help_text="Who published the rate, e.g. ECB reference rate.")

    why_undeletable = IN_EFFECT
    objects = CurrencyRateQuerySet.as_manager()
    history = history()

    class Meta:
        verbose_name = "currency rate"
        constraints = [models.UniqueConstraint(fields=["currency", "as_of"], name="pricing_rate_one_a_day")]

    def __str__(self) -> str:
        return f"{self.per_usd} {self.currency} per USD on {self.as_of}"

    @property
    def can_convert(self) -> bool:
        """Whether prices can be converted with it: a rate beyond the bounds is a mistake."""
        return bool(LOWEST_RATE <= self.per_usd <= HIGHEST_RATE)

    def may_change(self, *, on: dt.date) -> bool:
        """Whether the rate can still be corrected: until the end of its own day."""
        return self.as_of >= on

    def clean(self) -> None:
        super().clean()
        if self.per_usd is not None and self.per_usd <= 0:
            raise ValidationError({"per_usd": "The rate must be more than 0."})
        if self.currency == "USD":
            raise ValidationError({"currency": "USD needs no rate. Choose another currency."})
        today = timezone.now().date()
        before = CurrencyRate.objects.filter(pk=self.pk).first() if self.pk else None
        fixed = ("currency", "per_usd", "as_of")
        if before is not None and not before.may_change(on=today):
            if any(getattr(self, name) != getattr(before, name) for name in fixed):
                raise ValidationError("This rate applied on a past day. Add a new rate from today on.")
        elif self.as_of is not None and self.as_of < today:
            raise ValidationError({"as_of": "This day is past. Enter today or a later day."})


class GroupRateQuerySet(TrackedQuerySet["GroupRate"]):
    def in_force(self, *, at: dt.datetime) -> "GroupRateQuerySet":
        """The newest rate of each group that has taken effect."""
        started = GroupRate.objects.filter(group=models.OuterRef("group"), starts_at__lte=at)
        return self.filter(starts_at__lte=at).filter(
            ~models.Exists(started.filter(starts_at__gt=models.OuterRef("starts_at")))
        )

    def with_state(self, *, at: dt.datetime) -> "GroupRateQuerySet":
        """Each rate with its `state` at that moment: scheduled, current or past."""
        return self.annotate(state=state_at(GroupRate.objects.in_force(at=at), at=at))

    def undeletable(self, *, at: dt.datetime) -> "GroupRateQuerySet":
        return self.filter(starts_at__lte=at)


class GroupRate(TrackedModel):
    """A group's multiplier of published prices, from a moment on until its next rate; 1 before its first rate.

    A rate that has taken effect is not edited, only followed by another, so that past prices do not change.
    """

    revision_counter = "prices"
    named_by = ("group__slug",)

    group = models.ForeignKey(TokenGroup, on_delete=models.CASCADE, related_name="rates")
    ratio = ExactDecimalField(
        default=Decimal(1),
        least=SMALLEST_FACTOR,
        most=LARGEST_FACTOR,
        help_text="The factor of prices, e.g. 0.9 for a discount of 10%.",
    )
    starts_at = models.DateTimeField("takes effect", default=timezone.now, help_text="When the rate takes effect.")

    why_undeletable = IN_EFFECT
    objects = GroupRateQuerySet.as_manager()
    history = history()

    class Meta:
        verbose_name = "group rate"
        constraints = [
            models.UniqueConstraint(
                fields=["group", "starts_at"],
                name="pricing_group_rate_one_a_moment",
                violation_error_message="Another rate of this group takes effect at this time. Choose another time.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.ratio} from {self.starts_at:%Y-%m-%d}"

    def has_started(self, *, at: dt.datetime) -> bool:
        return self.starts_at <= at

    def clean(self) -> None:
        super().clean()
        if self.ratio is not None and self.ratio < 0:
            raise ValidationError({"ratio": "The rate must not be negative."})
        now = timezone.now()
        before = GroupRate.objects.filter(pk=self.pk).first() if self.pk else None
        if before is None or not before.has_started(at=now):
            check_not_past("starts_at", self.starts_at, now=now)
        elif any(getattr(self, name) != getattr(before, name) for name in ("group_id", "ratio", "starts_at")):
            raise ValidationError("This rate has taken effect. Add another rate for the new ratio.")


track(CurrencyRate, GroupRate)
