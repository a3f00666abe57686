"""The price book: sheets of lines in force from a moment, discounts, rates, and what is popular."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from catalog import revision
from catalog.audit import history
from catalog.bulk import delete_rows, update_with_history
from catalog.fields import ExactDecimalField, ExactJSONField
from catalog.models import AIModel, ImportRun, Vendor
from catalog.revision import TrackedModel, TrackedQuerySet, track
from pricing.begun import check_end, check_not_past
from pricing.conditions import ConditionError, check_conditions
from pricing.money import CURRENCY, METER, METERS, UNITS
from tokens.models import Token, TokenGroup


def _state(in_force: models.QuerySet[Any, Any], *, at: dt.datetime) -> models.Case:
    """Of rows that begin at a moment, which of them is in force: announced, in force or past."""
    return models.Case(
        models.When(starts_at__gt=at, then=models.Value("announced")),
        models.When(models.Exists(in_force.filter(pk=models.OuterRef("pk"))), then=models.Value("in force")),
        default=models.Value("past"),
    )


class PriceSheetQuerySet(TrackedQuerySet["PriceSheet"]):
    def open_at(self, *, at: dt.datetime) -> "PriceSheetQuerySet":
        """Those that have begun and not ended; of a model and role only the newest counts."""
        return self.filter(starts_at__lte=at).filter(Q(ends_at=None) | Q(ends_at__gt=at))

    def in_force(self, *, at: dt.datetime) -> "PriceSheetQuerySet":
        """The newest open sheet of each model and role; when a promotion ends, the sheet before it counts again."""
        same = PriceSheet.objects.open_at(at=at).filter(model=models.OuterRef("model"), role=models.OuterRef("role"))
        newer = same.filter(
            Q(starts_at__gt=models.OuterRef("starts_at"))
            | Q(starts_at=models.OuterRef("starts_at"), pk__gt=models.OuterRef("pk"))
        )
        return self.open_at(at=at).filter(~models.Exists(newer))

    def with_state(self, *, at: dt.datetime) -> "PriceSheetQuerySet":
        """Each with its `state` at that moment: announced, in force or past."""
        return self.annotate(state=_state(PriceSheet.objects.in_force(at=at), at=at))

    def with_lines(self) -> "PriceSheetQuerySet":
        """Each with its lines, in order."""
        return self.prefetch_related(models.Prefetch("lines", queryset=PriceLine.objects.order_by("position")))

    def models_priced(self, *, at: dt.datetime) -> models.QuerySet[Any, Any]:
        """The keys of the models that have a published price at that moment, sell or list."""
        return self.in_force(at=at).filter(role__in=[PriceSheet.Role.LIST, PriceSheet.Role.SELL]).values("model")

    def end(self, *, at: dt.datetime, now: dt.datetime, reason: str = "") -> int:
        """Lets those in force end at a moment, now or later, but no later than they would: all that changes in a sheet.

        The sheet before it counts again then; what was charged until now stays as it was.
        """
        if at < now:
            raise ValueError("A sheet ends now or later.")
        with transaction.atomic():
            revision.hold()
            ending = self.in_force(at=now).filter(Q(ends_at=None) | Q(ends_at__gt=at), starts_at__lt=at)
            return update_with_history(ending, ends_at=at, reason=reason)

    def withdraw(self, *, now: dt.datetime, reason: str = "") -> int:
        """Deletes those that have not begun, with their lines."""
        with transaction.atomic():
            revision.hold()
            announced = list(self.filter(starts_at__gt=now))
            delete_rows(list(PriceLine.objects.filter(sheet__in=self.filter(starts_at__gt=now).values("pk"))))
            delete_rows(announced, reason=reason)
        return len(announced)


class PriceSheet(TrackedModel):
    """What one model costs from a moment on. Written once and at most ended: a change of price is a new sheet."""

    class Role(models.TextChoices):
        LIST = "list", "List (the vendor's own price)"
        SELL = "sell", "Sell (what customers pay)"
        COST = "cost", "Cost (what we pay)"

    model = models.ForeignKey(AIModel, on_delete=models.CASCADE, related_name="sheets", help_text="What it prices.")
    role = models.CharField(
        max_length=8,
        choices=Role.choices,
        default=Role.SELL,
        help_text="Whose price it is; customers pay what sell says.",
    )
    currency = models.CharField(
        max_length=3, default="USD", validators=[CURRENCY], help_text="ISO 4217, e.g. USD or CNY."
    )
    starts_at = models.DateTimeField(default=timezone.now, help_text="In force from this moment.")
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Exclusive; for promotions that end by themselves.")
    facts = ExactJSONField(
        default=dict, blank=True, help_text="What the source says beside prices, e.g. the profile of a rule table."
    )
    run = models.ForeignKey(
        ImportRun,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="sheets",
        help_text="The import it came from.",
    )
    reason = models.CharField(max_length=255, blank=True, help_text="Why, for whoever reads the history.")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PriceSheetQuerySet.as_manager()
    # A sheet is written once and never edited; its history tells who withdrew an announced one.
    history = history()

    class Meta:
        verbose_name = "price sheet"
        indexes = [models.Index(fields=["model", "role", "-starts_at"], name="pricing_sheet_in_force")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=models.F("starts_at")),
                name="pricing_sheet_ends_after_start",
                violation_error_message="A sheet cannot end before it starts.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.role} from {self.starts_at:%Y-%m-%d}"

    def has_begun(self, *, at: dt.datetime) -> bool:
        return self.starts_at <= at

    def clean(self) -> None:
        super().clean()
        now = timezone.now()
        self.facts = self.facts or {}
        if not isinstance(self.facts, dict):
            raise ValidationError({"facts": 'These are names and values, e.g. {"tier_mode": "graduated"}.'})
        before = PriceSheet.objects.filter(pk=self.pk).first() if self.pk else None
        if before is None or not before.has_begun(at=now):
            check_not_past("starts_at", self.starts_at, now=now)
            return
        kept = ("model_id", "role", "currency", "starts_at", "facts")
        if any(getattr(self, name) != getattr(before, name) for name in kept):
            raise ValidationError("This sheet has begun: end it, and add a new one for the new price.")
        if self.ends_at != before.ends_at:
            check_end(before.ends_at, self.ends_at, now=now)


class PriceLine(TrackedModel):
    """One figure of a sheet, in the source's own unit: amount per `per` units of what the meter counts.

    Lines apply in the order of `position`; of the lines of one meter whose conditions all hold the last one counts.
    """

    class Kind(models.TextChoices):
        ABSOLUTE = "absolute", "Price"
        MULTIPLIER = "multiplier", "Multiplier"
        ALLOWANCE = "allowance", "Units free of charge"
        MINIMUM = "minimum", "Fewest units charged"
        DYNAMIC = "dynamic", "Decided per request"
        INCLUDED = "included", "Included in a plan"

    sheet = models.ForeignKey(PriceSheet, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField(
        default=0, help_text="Lower applies first; of those of one meter that hold, the last counts."
    )
    kind = models.CharField(
        max_length=16, choices=Kind.choices, default=Kind.ABSOLUTE, help_text="What the amount means: mostly a price."
    )
    meter = models.CharField(
        max_length=128,
        blank=True,
        validators=[METER],
        help_text="What is counted: " + ", ".join(list(METERS)[:6]) + ", … Empty, with a multiplier: all of them.",
    )
    amount = ExactDecimalField(null=True, blank=True, help_text="A plain number, e.g. 2.5 or 0.00000015.")
    per = models.PositiveBigIntegerField(default=1, help_text="Units the amount is for, e.g. 1000000.")
    unit = models.CharField(
        max_length=32,
        blank=True,
        choices=[(unit, unit) for unit in UNITS],
        help_text="What `per` counts, e.g. token or second.",
    )
    conditions = ExactJSONField(
        default=list,
        blank=True,
        help_text='All must hold, e.g. [{"dim": "prompt_tokens", "op": "gt", "value": 200000}].',
    )
    facts = ExactJSONField(default=dict, blank=True, help_text="What the source says beside the figure.")

    objects = TrackedQuerySet["PriceLine"].as_manager()

    class Meta:
        verbose_name = "price line"
        constraints = [
            models.UniqueConstraint(fields=["sheet", "position"], name="pricing_line_position"),
            models.CheckConstraint(condition=Q(per__gte=1), name="pricing_line_per_positive"),
            models.CheckConstraint(
                condition=Q(kind__in=["dynamic", "included"], amount=None)
                | Q(kind__in=["absolute", "multiplier", "allowance", "minimum"], amount__isnull=False),
                name="pricing_line_amount_where_it_belongs",
                violation_error_message="Dynamic and included lines have no amount, the other kinds have one.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.meter or 'all'} {self.amount}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            self._refuse_change()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        self._refuse_change()
        return super().delete(*args, **kwargs)

    def _refuse_change(self) -> None:
        """Of a sheet that has begun no line changes: past prices would be others."""
        begun = PriceSheet.objects.filter(starts_at__lte=timezone.now())
        stored = PriceLine.objects.filter(pk=self.pk).values("sheet")
        if begun.filter(Q(pk=self.sheet_id) | Q(pk__in=stored)).exists():
            raise ValidationError("The sheet of this line has begun: its lines stay, and a new price is a new sheet.")

    def clean(self) -> None:
        super().clean()
        if self.sheet_id is not None:
            self._refuse_change()
        self.facts = self.facts or {}
        if not isinstance(self.facts, dict):
            raise ValidationError({"facts": 'These are names and values, e.g. {"period": "day"}.'})
        if self.amount is not None and self.amount < 0:
            raise ValidationError({"amount": "A price is not negative."})
        if self.kind not in (self.Kind.MULTIPLIER, self.Kind.DYNAMIC, self.Kind.INCLUDED) and not (
            self.meter and self.unit
        ):
            raise ValidationError("A price says what it counts: choose a meter and a unit.")
        try:
            check_conditions(self.conditions)
        except ConditionError as error:
            raise ValidationError({"conditions": str(error)}) from None


class DiscountRuleQuerySet(TrackedQuerySet["DiscountRule"]):
    def in_state(self, state: str, *, at: dt.datetime) -> "DiscountRuleQuerySet":
        """Those that are `in force`, `announced` or `past`; see DiscountRule.state."""
        match state:
            case "announced":
                return self.filter(starts_at__gt=at)
            case "past":
                return self.filter(starts_at__lte=at, ends_at__lte=at)
        return self.in_force(at=at)

    def in_force(self, *, at: dt.datetime) -> "DiscountRuleQuerySet":
        return self.filter(starts_at__lte=at).filter(Q(ends_at=None) | Q(ends_at__gt=at))

    def end(self, *, now: dt.datetime) -> int:
        """Ends those in force; lists show undiscounted prices, or those of the next best rule, from then on."""
        with transaction.atomic():
            revision.hold()
            return update_with_history(self.in_force(at=now).filter(starts_at__lt=now), ends_at=now)


class DiscountRule(TrackedModel):
    """What list prices are multiplied by where no sell price is set: for a model, a series, a vendor, or for all.

    The most special rule in force counts, of equals the one that began last. Like a sheet it is not edited once it has
    begun, only ended, so that past prices stay what they were.
    """

    model = models.ForeignKey(AIModel, null=True, blank=True, on_delete=models.CASCADE, related_name="discount_rules")
    series = models.CharField(max_length=64, blank=True, help_text="The family, e.g. gpt-4o.")
    vendor = models.ForeignKey(Vendor, null=True, blank=True, on_delete=models.CASCADE, related_name="discount_rules")
    multiplier = ExactDecimalField(help_text="0.9 for ten percent off, 1.05 for five percent on top.")
    starts_at = models.DateTimeField(default=timezone.now, help_text="In force from this moment.")
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Exclusive; for promotions that end by themselves.")
    reason = models.CharField(max_length=255, blank=True, help_text="Why, for whoever reads the history.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DiscountRuleQuerySet.as_manager()
    history = history()

    class Meta:
        verbose_name = "discount rule"
        constraints = [
            models.CheckConstraint(
                condition=Q(series="", vendor=None) | Q(model=None, vendor=None) | Q(model=None, series=""),
                name="pricing_discount_one_target",
                violation_error_message="Choose a model, a series or a vendor, or none of them for all models.",
            ),
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=models.F("starts_at")),
                name="pricing_discount_ends_after_start",
                violation_error_message="A rule cannot end before it starts.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.target}: {self.multiplier}"

    @property
    def target(self) -> str:
        """What it is for, in words; reads the model or vendor."""
        if self.model_id is not None:
            return f"model {self.model}"
        if self.vendor_id is not None:
            return f"vendor {self.vendor}"
        return f"series {self.series}" if self.series else "all models"

    def state(self, *, at: dt.datetime) -> str:
        """Whether it has begun and not ended; a more special rule may still count before it."""
        if self.starts_at > at:
            return "announced"
        return "in force" if self.ends_at is None or self.ends_at > at else "past"

    def clean(self) -> None:
        super().clean()
        if self.multiplier is not None and self.multiplier <= 0:
            raise ValidationError({"multiplier": "A discount multiplies by more than 0; for a free model add a sheet."})
        now = timezone.now()
        before = DiscountRule.objects.filter(pk=self.pk).first() if self.pk else None
        if before is None or before.starts_at > now:
            check_not_past("starts_at", self.starts_at, now=now)
            return
        kept = ("model_id", "series", "vendor_id", "multiplier", "starts_at")
        if any(getattr(self, name) != getattr(before, name) for name in kept):
            raise ValidationError("This rule is in force: end it, and add a new one for the new discount.")
        if self.ends_at != before.ends_at:
            check_end(before.ends_at, self.ends_at, now=now)


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
        return self.annotate(state=_state(GroupRate.objects.in_force(at=at), at=at))


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


class PopularModel(TrackedModel):
    """A model that the price list puts first."""

    model = models.OneToOneField(AIModel, on_delete=models.CASCADE, related_name="popularity")
    position = models.PositiveIntegerField(default=0, help_text="Lower comes first.")

    objects = TrackedQuerySet["PopularModel"].as_manager()
    history = history()

    class Meta:
        verbose_name = "popular model"

    def __str__(self) -> str:
        return f"{self.position}. {self.model}"


class UsageCount(models.Model):
    """How much a model was used on a day (UTC), as one reporter counts it; a newer report replaces an older one.

    Not tracked: popularity follows from whole days, and pricing/popularity.py raises the revision when one changes.
    """

    model = models.ForeignKey(AIModel, on_delete=models.CASCADE, related_name="usage_counts")
    day = models.DateField()
    reporter = models.CharField(max_length=64, help_text="The key id that reported it, or the name of a file's origin.")
    requests = models.PositiveBigIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = "usage count"
        indexes = [models.Index(fields=["day"], name="pricing_usage_day")]
        constraints = [models.UniqueConstraint(fields=["model", "day", "reporter"], name="pricing_usage_once_a_day")]

    def __str__(self) -> str:
        return f"{self.model} {self.day}: {self.requests}"


class UsageReporter(TrackedModel):
    """A token whose holder, e.g. the gateway, may report usage; every other key may only read."""

    revision_counter = "permissions"

    token = models.OneToOneField(Token, on_delete=models.CASCADE, related_name="usage_reporter")

    objects = TrackedQuerySet["UsageReporter"].as_manager()
    history = history()

    class Meta:
        verbose_name = "usage reporter"

    def __str__(self) -> str:
        return str(self.token)


track(PriceSheet, PriceLine, DiscountRule, CurrencyRate, GroupRate, PopularModel)
track(UsageReporter, counter="permissions")
