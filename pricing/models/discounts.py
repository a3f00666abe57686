"""Discount rules: multipliers of list prices for models without a sell price."""

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from catalog.db import revision
from catalog.db.bulk import update_with_history
from catalog.db.fields import ExactDecimalField
from catalog.db.history import history
from catalog.db.revision import TrackedModel, TrackedQuerySet, track
from catalog.models import AIModel, Vendor
from pricing.engine.money import LARGEST_MULTIPLIER, SMALLEST_FACTOR
from pricing.models.immutability import IN_EFFECT, check_end, check_not_past

CHOOSE_TARGET = "Choose one of model, series and vendor, or all models."
# A rule without a target would be one for all models by accident.
ONE_TARGET = (
    Q(all_models=True, model=None, series="", vendor=None)
    | Q(all_models=False, model__isnull=False, series="", vendor=None)
    | Q(all_models=False, model=None, series="", vendor__isnull=False)
    | (Q(all_models=False, model=None, vendor=None) & ~Q(series=""))
)


class DiscountRuleQuerySet(TrackedQuerySet["DiscountRule"]):
    def in_state(self, state: str, *, at: dt.datetime) -> "DiscountRuleQuerySet":
        """The rules in a state: current, scheduled or past; see DiscountRule.state."""
        match state:
            case "scheduled":
                return self.filter(starts_at__gt=at)
            case "past":
                return self.filter(starts_at__lte=at, ends_at__lte=at)
        return self.in_force(at=at)

    def in_force(self, *, at: dt.datetime) -> "DiscountRuleQuerySet":
        return self.filter(starts_at__lte=at).filter(Q(ends_at=None) | Q(ends_at__gt=at))

    def undeletable(self, *, at: dt.datetime) -> "DiscountRuleQuerySet":
        return self.filter(starts_at__lte=at)

    def end(self, *, now: dt.datetime) -> int:
        """Ends the current rules; then the next most specific rule applies, or the list price without a discount."""
        with transaction.atomic():
            revision.hold()
            return update_with_history(self.in_force(at=now).filter(starts_at__lt=now), ends_at=now)


class DiscountRule(TrackedModel):
    """A multiplier of the list prices of a model, a series, a vendor or all models, if they have no sell price.

    The most specific current rule applies; ties: the most recent wins. Like a sheet, a rule that has taken effect is
    not edited, only ended, so that past prices do not change.
    """

    revision_counter = "prices"
    named_by = ("model__name", "series", "vendor__name")

    all_models = models.BooleanField(
        default=False,
        help_text="Whether the rule applies to every model that has no more specific rule. Leave off to choose a "
        "model, a series or a vendor.",
    )
    model = models.ForeignKey(AIModel, null=True, blank=True, on_delete=models.CASCADE, related_name="discount_rules")
    series = models.CharField(max_length=64, blank=True, help_text="The series that the rule applies to, e.g. gpt-4o.")
    vendor = models.ForeignKey(Vendor, null=True, blank=True, on_delete=models.CASCADE, related_name="discount_rules")
    multiplier = ExactDecimalField(
        least=SMALLEST_FACTOR, help_text="The factor of list prices: 0.9 for a discount of 10%."
    )
    starts_at = models.DateTimeField("takes effect", default=timezone.now, help_text="When the rule takes effect.")
    ends_at = models.DateTimeField("expires", null=True, blank=True, help_text="Leave empty for a rule without an end.")
    reason = models.CharField(max_length=255, blank=True, help_text="The reason, shown in the history.")
    created_at = models.DateTimeField(auto_now_add=True)

    why_undeletable = IN_EFFECT
    objects = DiscountRuleQuerySet.as_manager()
    history = history()

    class Meta:
        verbose_name = "discount rule"
        constraints = [
            models.CheckConstraint(
                condition=ONE_TARGET, name="pricing_discount_one_target", violation_error_message=CHOOSE_TARGET
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=models.F("starts_at")),
                name="pricing_discount_ends_after_start",
                violation_error_message="The end must be after the start.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.target}: {self.multiplier}"

    @property
    def target(self) -> str:
        """The models that the rule applies to, in words; reads the model or vendor."""
        if self.model_id is not None:
            return f"model {self.model}"
        if self.vendor_id is not None:
            return f"vendor {self.vendor}"
        return f"series {self.series}" if self.series else "all models"

    def state(self, *, at: dt.datetime) -> str:
        """scheduled, current or past; a more specific rule may apply instead of a current one."""
        if self.starts_at > at:
            return "scheduled"
        return "current" if self.ends_at is None or self.ends_at > at else "past"

    def clean(self) -> None:
        super().clean()
        if self.multiplier is not None and not 0 < self.multiplier <= LARGEST_MULTIPLIER:
            raise ValidationError(
                {"multiplier": f"The multiplier must be more than 0 and at most {LARGEST_MULTIPLIER}."}
            )
        now = timezone.now()
        before = DiscountRule.objects.filter(pk=self.pk).first() if self.pk else None
        if before is None or before.starts_at > now:
            check_not_past("starts_at", self.starts_at, now=now)
            return
        fixed = ("all_models", "model_id", "series", "vendor_id", "multiplier", "starts_at")
        if any(getattr(self, name) != getattr(before, name) for name in fixed):
            raise ValidationError("This rule has taken effect. End it, and add a new rule for the new discount.")
        if self.ends_at != before.ends_at:
            check_end(before.ends_at, self.ends_at, now=now)


track(DiscountRule)
