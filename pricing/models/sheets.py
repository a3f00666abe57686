"""Price sheets and their lines: the prices of a model from a moment on."""

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from catalog.db import revision
from catalog.db.bulk import create_rows, delete_rows, insert_rows, update_with_history
from catalog.db.fields import ExactDecimalField, ExactJSONField
from catalog.db.history import LONGEST_ACTOR, current_actor, history, name_actor
from catalog.db.revision import TrackedModel, TrackedQuerySet, track
from catalog.models import AIModel, ImportRun
from catalog.prices import Line, Sheet
from catalog.vocabulary import METERS
from pricing.engine.conditions import ConditionError, check_conditions
from pricing.engine.money import METER, UNITS, validate_currency
from pricing.engine.validation import per_error
from pricing.models.immutability import IN_EFFECT, check_end, check_not_past
from pricing.models.states import state_at
from tokens.events.changes import complete_change


class PriceSheetQuerySet(TrackedQuerySet["PriceSheet"]):
    def open_at(self, *, at: dt.datetime) -> "PriceSheetQuerySet":
        """The sheets that have started and not ended; only the newest of a model and role is current."""
        return self.filter(starts_at__lte=at).filter(Q(ends_at=None) | Q(ends_at__gt=at))

    def in_force(self, *, at: dt.datetime) -> "PriceSheetQuerySet":
        """The newest open sheet of each model and role; after a promotion, the sheet before it is current again."""
        same = PriceSheet.objects.open_at(at=at).filter(model=models.OuterRef("model"), role=models.OuterRef("role"))
        newer = same.filter(
            Q(starts_at__gt=models.OuterRef("starts_at"))
            | Q(starts_at=models.OuterRef("starts_at"), pk__gt=models.OuterRef("pk"))
        )
        return self.open_at(at=at).filter(~models.Exists(newer))

    def with_state(self, *, at: dt.datetime) -> "PriceSheetQuerySet":
        """Each sheet with its `state` at that moment: scheduled, current or past."""
        return self.annotate(state=state_at(PriceSheet.objects.in_force(at=at), at=at))

    def with_lines(self) -> "PriceSheetQuerySet":
        """Each sheet with its lines, in order."""
        return self.prefetch_related(models.Prefetch("lines", queryset=PriceLine.objects.order_by("position")))

    def models_priced(self, *, at: dt.datetime) -> models.QuerySet[Any, Any]:
        """The keys of the models with a sell or list price at that moment."""
        return self.in_force(at=at).filter(role__in=[PriceSheet.Role.LIST, PriceSheet.Role.SELL]).values("model")

    def end(self, *, at: dt.datetime, now: dt.datetime, reason: str = "") -> int:
        """Ends the current sheets at a moment, now or later, if they do not end earlier; returns how many.

        Then the sheet before each of them is current again. Past prices do not change.
        """
        if at < now:
            raise ValueError("A sheet must end now or later.")
        with transaction.atomic():
            revision.hold()
            ending = self.in_force(at=now).filter(Q(ends_at=None) | Q(ends_at__gt=at), starts_at__lt=at)
            return update_with_history(ending, ends_at=at, reason=reason)

    def write(
        self,
        prices: Iterable[tuple[int, Sheet]],
        *,
        role: str,
        starts_at: dt.datetime,
        run: ImportRun | None = None,
        reason: str = "",
        author: AbstractBaseUser | None = None,
    ) -> "list[PriceSheet]":
        """Writes a sheet of this role with its lines for each model key and price; returns the sheets.

        A price without a start of its own takes effect at `starts_at`.
        """
        values = list(prices)
        rows = [
            PriceSheet(
                model_id=model,
                role=role,
                currency=price.currency,
                starts_at=price.starts_at or starts_at,
                ends_at=price.ends_at,
                facts=dict(price.facts),
                run=run,
                reason=reason,
                author_id=None if author is None else author.pk,
                author_name=name_actor(author),
            )
            for model, price in values
        ]
        with complete_change():
            sheets = create_rows(rows, reason=reason, actor=author)
            lines = zip(sheets, (price.lines for _, price in values), strict=True)
            insert_rows([line for sheet, figures in lines for line in PriceLine.of_sheet(sheet, figures)])
        return sheets

    def undeletable(self, *, at: dt.datetime) -> "PriceSheetQuerySet":
        return self.filter(starts_at__lte=at)

    def withdraw(self, *, now: dt.datetime, reason: str = "") -> int:
        """Deletes the sheets that have not started, with their lines; returns how many."""
        with transaction.atomic():
            revision.hold()
            scheduled = list(self.filter(starts_at__gt=now))
            delete_rows(list(PriceLine.objects.filter(sheet__in=self.filter(starts_at__gt=now).values("pk"))))
            delete_rows(scheduled, reason=reason)
        return len(scheduled)


class PriceSheet(TrackedModel):
    """The prices of one model from a moment on. A sheet is never edited, only ended: a new price is a new sheet."""

    revision_counter = "prices"
    about_model = "model"
    named_by = ("model__name", "role")

    class Role(models.TextChoices):
        LIST = "list", "List (the vendor's own price)"
        SELL = "sell", "Sell (what customers pay)"
        COST = "cost", "Cost (what we pay)"

    model = models.ForeignKey(AIModel, on_delete=models.CASCADE, related_name="sheets", help_text="The priced model.")
    role = models.CharField(
        max_length=8,
        choices=Role.choices,
        default=Role.SELL,
        help_text="List is the vendor's price, sell is the price for customers, cost is your own cost.",
    )
    currency = models.CharField(
        max_length=3,
        default="USD",
        validators=[validate_currency],
        help_text="The currency code (ISO 4217), e.g. USD or CNY.",
    )
    starts_at = models.DateTimeField("takes effect", default=timezone.now, help_text="When the sheet takes effect.")
    ends_at = models.DateTimeField(
        "expires", null=True, blank=True, help_text="Leave empty for a price without an end."
    )
    facts = ExactJSONField(
        default=dict, blank=True, help_text="Other values of the source, e.g. the profile of a rule table."
    )
    run = models.ForeignKey(
        ImportRun,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="sheets",
        help_text="The import that created the sheet.",
    )
    reason = models.CharField(max_length=255, blank=True, help_text="The reason, shown in the history.")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    # It stays when the operator is deleted.
    author_name = models.CharField(
        "author", max_length=LONGEST_ACTOR, blank=True, editable=False, default=current_actor
    )
    created_at = models.DateTimeField(auto_now_add=True)

    why_undeletable = IN_EFFECT
    objects = PriceSheetQuerySet.as_manager()
    # A sheet is never edited; its history shows who ended it, or who withdrew a scheduled one.
    history = history()

    class Meta:
        verbose_name = "price sheet"
        indexes = [models.Index(fields=["model", "role", "-starts_at"], name="pricing_sheet_in_force")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=models.F("starts_at")),
                name="pricing_sheet_ends_after_start",
                violation_error_message="The end must be after the start.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.role} from {self.starts_at:%Y-%m-%d}"

    def has_started(self, *, at: dt.datetime) -> bool:
        return self.starts_at <= at

    def clean(self) -> None:
        super().clean()
        now = timezone.now()
        self.facts = self.facts or {}
        if not isinstance(self.facts, dict):
            raise ValidationError({"facts": 'Enter a JSON object, e.g. {"tier_mode": "graduated"}.'})
        before = PriceSheet.objects.filter(pk=self.pk).first() if self.pk else None
        if before is None or not before.has_started(at=now):
            check_not_past("starts_at", self.starts_at, now=now)
            return
        fixed = ("model_id", "role", "currency", "starts_at", "facts")
        if any(getattr(self, name) != getattr(before, name) for name in fixed):
            raise ValidationError("This sheet has taken effect. End it, and add a new sheet for the new price.")
        if self.ends_at != before.ends_at:
            check_end(before.ends_at, self.ends_at, now=now)


class PriceLine(TrackedModel):
    """One price of a sheet in the source's own unit: `amount` for `per` units of what the meter counts.

    Lines apply in the order of `position`: the last line of a meter whose conditions all hold sets the price.
    """

    revision_counter = "prices"
    about_model = "sheet__model"

    class Kind(models.TextChoices):
        ABSOLUTE = "absolute", "Price"
        MULTIPLIER = "multiplier", "Multiplier"
        ALLOWANCE = "allowance", "Free units"
        MINIMUM = "minimum", "Minimum units"
        DYNAMIC = "dynamic", "Decided per request"
        INCLUDED = "included", "Included in a plan"

    sheet = models.ForeignKey(PriceSheet, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField(
        default=0, help_text="The order of the lines. The last line of a meter whose conditions hold sets the price."
    )
    kind = models.CharField(
        max_length=16,
        choices=Kind.choices,
        default=Kind.ABSOLUTE,
        help_text="What the amount is: usually a price.",
    )
    meter = models.CharField(
        max_length=128,
        blank=True,
        validators=[METER],
        help_text="What is counted: " + ", ".join(list(METERS)[:6]) + ", … Leave empty to multiply all prices.",
    )
    amount = ExactDecimalField(null=True, blank=True, help_text="A number, e.g. 2.5 or 0.00000015.")
    per = models.PositiveBigIntegerField(default=1, help_text="How many units the amount pays for, e.g. 1000000.")
    unit = models.CharField(
        max_length=32,
        blank=True,
        choices=[(unit, unit) for unit in UNITS],
        help_text="The unit that is counted, e.g. token or second.",
    )
    conditions = ExactJSONField(
        default=list,
        blank=True,
        help_text='When the line applies, e.g. [{"dim": "prompt_tokens", "op": "gt", "value": 200000}]; all must hold. '
        "Leave empty to apply to all requests.",
    )
    facts = ExactJSONField(default=dict, blank=True, help_text="Other values of the source for this price.")
    run = models.ForeignKey(
        ImportRun,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="The import that stated the line. Empty if it is the import of the sheet.",
    )

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
                violation_error_message="Dynamic and included lines have no amount; all other kinds need one.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.meter or 'all'} {self.amount}"

    @classmethod
    def of_sheet(cls, sheet: PriceSheet, lines: Iterable[Line]) -> "Iterator[PriceLine]":
        """Unsaved rows of a saved sheet for these lines, in their order.

        Only the sheets of imports have lines of other imports: a person confirms every line of a new sheet.
        """
        for position, line in enumerate(lines):
            yield cls(
                sheet_id=sheet.pk,
                position=position,
                kind=line.kind,
                meter=line.meter,
                amount=line.amount,
                per=line.per,
                unit=line.unit,
                conditions=[dict(condition) for condition in line.conditions],
                facts=dict(line.facts),
                run_id=line.run if sheet.run_id else None,
            )

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            self._refuse_change()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        self._refuse_change()
        return super().delete(*args, **kwargs)

    def _refuse_change(self) -> None:
        """ValidationError if the sheet has taken effect: a change would alter past prices."""
        started = PriceSheet.objects.filter(starts_at__lte=timezone.now())
        stored = PriceLine.objects.filter(pk=self.pk).values("sheet")
        if started.filter(Q(pk=self.sheet_id) | Q(pk__in=stored)).exists():
            raise ValidationError("The sheet of this line has taken effect. Add a new sheet for the new price.")

    def clean(self) -> None:
        super().clean()
        if message := per_error(self.per):
            raise ValidationError({"per": ValidationError(message, code="min_value")})
        if self.sheet_id is not None:
            self._refuse_change()
        self.facts = self.facts or {}
        if not isinstance(self.facts, dict):
            raise ValidationError({"facts": 'Enter a JSON object, e.g. {"period": "day"}.'})
        if self.amount is not None and self.amount < 0:
            raise ValidationError({"amount": "The amount must not be negative."})
        if self.kind not in (self.Kind.MULTIPLIER, self.Kind.DYNAMIC, self.Kind.INCLUDED) and not (
            self.meter and self.unit
        ):
            raise ValidationError("A price needs a meter and a unit. Choose both.")
        if self.unit and not Line(self.meter, self.amount, unit=self.unit).is_money:
            raise ValidationError({"unit": f"{self.unit} is not money or a unit of a request. Choose another unit."})
        try:
            check_conditions(self.conditions)
        except ConditionError as error:
            raise ValidationError({"conditions": str(error)}) from None


track(PriceSheet, PriceLine)
