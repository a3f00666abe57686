"""Price sheets, discount rules and currency rates."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError as ModelError
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from catalog.db.history import current_actor
from pricing.admin_api.errors import REQUIRED
from pricing.admin_api.resources.bases import (
    STATE,
    WARNINGS,
    Dated,
    DatedSerializer,
    PartSerializer,
    Priced,
    ReasonedSerializer,
    Warned,
    WarnedSerializer,
    errors_below,
)
from pricing.admin_api.serializers import RowSerializer
from pricing.curation.margins import loss_warnings
from pricing.curation.summaries import line_value
from pricing.engine.validation import amount_error, sheet_error
from pricing.models import CurrencyRate, DiscountRule, PriceLine, PriceSheet

# A sheet has tens of them.
MOST_LINES = 1000
NEVER_EDITED = (
    "A price sheet cannot be edited. To change the price, add a new sheet that takes effect when the new price applies."
)
ONLY_CURRENT = "Only a current price can end. Delete a scheduled one to withdraw it."
ONLY_EARLIER = "A price can only end earlier than it does. Add a new sheet for the time after its end."


class PriceLineSerializer(PartSerializer):
    """One line: `amount` in the currency of the sheet, for `per` units of what the meter counts."""

    class Meta:
        model = PriceLine
        fields = ("kind", "meter", "amount", "per", "unit", "conditions", "facts")


class PriceSheetSerializer(ReasonedSerializer, WarnedSerializer, DatedSerializer):
    """The prices of a model from a moment on. Only the end of a current one can be changed."""

    lines = PriceLineSerializer(
        many=True,
        max_length=MOST_LINES,
        help_text="In the order in which they apply: the last line of a meter whose conditions hold sets the price.",
    )

    run = serializers.IntegerField(
        source="run_id", read_only=True, allow_null=True, help_text="The number of the import that created the sheet."
    )

    class Meta:
        model = PriceSheet
        fields = (
            "id", "model", "role", "currency", "starts_at", "ends_at", STATE, "lines", "facts", "reason",
            "author_name", "created_at", "run", WARNINGS,
        )  # fmt: skip
        read_only_fields = ("id", "author_name", "created_at", "run")
        fixed_fields = ("model", "role", "currency", "starts_at", "lines", "facts", "reason")
        volatile_fields = (STATE, WARNINGS)

    def _refusal(self, name: str, field: Any, data: Mapping[str, Any]) -> ErrorDetail | None:
        refusal = super()._refusal(name, field, data)
        is_fixed = refusal is not None and name in self.Meta.fixed_fields
        return ErrorDetail(NEVER_EDITED, code="read_only") if is_fixed else refusal

    def store(self) -> PriceSheet:
        """Adds a sheet, or ends a stored one."""
        self.is_valid(raise_exception=True)
        if self.instance is not None:
            return self._end(self.instance)
        values = self.validated_data.pop("lines")
        self.rows = [PriceLine(position=place, **line) for place, line in enumerate(values)]
        sheet: PriceSheet = super().store()
        for row in self.rows:
            row.sheet = sheet
        PriceLine.objects.bulk_create(self.rows)
        return sheet

    def check(self, row: PriceSheet, relations: Mapping[str, Any]) -> None:
        row.author, row.author_name = self.context["request"].user, current_actor()
        errors = dict[str, list[ModelError]]()
        try:
            super().check(row, relations)
        except ModelError as error:
            errors = dict(error.error_dict)
        for line in self.rows:
            if fault := self._error_of(line, row.currency):
                errors |= errors_below(f"lines.{line.position}", fault)
        if not errors and (message := sheet_error(list(map(line_value, self.rows)), currency=row.currency)):
            errors["lines"] = [ModelError(message, code="invalid")]
        if errors:
            raise ModelError(errors)

    def _error_of(self, line: PriceLine, currency: str) -> ModelError | None:
        """The error of one line, as the form of a sheet has it."""
        given: Mapping[str, Any] = self.initial_data["lines"][line.position]
        if line.kind == PriceLine.Kind.ABSOLUTE and "per" not in given:
            # How many units the amount is for must not be a guess.
            return ModelError({"per": ModelError(REQUIRED, code="required")})
        try:
            line.full_clean(exclude=["sheet"])
        except ModelError as error:
            return error
        message = amount_error(line_value(line), currency=currency)
        return ModelError({"amount": ModelError(message, code="invalid")}) if message else None

    def _end(self, sheet: PriceSheet) -> PriceSheet:
        """Ends a current sheet, now or later, by the rules of the admin's page for that."""
        end = self.validated_data.get("ends_at", sheet.ends_at)
        if end == sheet.ends_at:
            return sheet
        now, is_current = timezone.now(), sheet.state == "current"  # type: ignore[attr-defined]
        sheet.ends_at = end
        sheet.full_clean()
        if not is_current:
            raise ModelError({"ends_at": ModelError(ONLY_CURRENT, code="invalid")})
        if end is None or not PriceSheet.objects.filter(pk=sheet.pk).end(at=max(end, now), now=now):
            raise ModelError({"ends_at": ModelError(ONLY_EARLIER, code="invalid")})
        return sheet


class PriceSheets(Priced, Warned, Dated):
    """The prices of models. A new price is a new sheet; with a later start, it is announced until then."""

    address = "price-sheets"
    queryset = PriceSheet.objects.all()
    serializer_class = PriceSheetSerializer
    filters = {
        "model": ["exact", "in"], "model__vendor": ["exact"], "role": ["exact"], "currency": ["exact"],
        "starts_at": ["gt", "lte"], "ends_at": ["gt", "lte", "isnull"], "run": ["exact"],
    }  # fmt: skip
    ordering = ("id", "starts_at", "created_at")
    examples = {
        "create": {
            "model": "gpt-4o",
            "role": "sell",
            "currency": "USD",
            "starts_at": "2030-01-01T00:00:00Z",
            "lines": [
                {"meter": "input", "amount": "2.50", "per": 1_000_000, "unit": "token"},
                {"meter": "input.cache_read", "amount": "1.25", "per": 1_000_000, "unit": "token"},
                {"meter": "output", "amount": "10.00", "per": 1_000_000, "unit": "token"},
            ],
            "reason": "New prices of the vendor",
        }
    }

    def _with_relations(self, rows: Any, only: Sequence[Any] | None = None) -> Any:
        return super()._with_relations(rows, only).with_lines()

    def find_warnings(self, rows: Sequence[Mapping[str, Any]]) -> Mapping[int, Sequence[str]]:
        """Prices below cost, from the moment on at which each sheet takes effect."""
        sheets = PriceSheet.objects.filter(pk__in=[row["id"] for row in rows]).select_related("model__vendor")
        now = timezone.now()
        return {sheet.pk: loss_warnings([sheet.model], at=max(sheet.starts_at, now)) for sheet in sheets}


class DiscountSerializer(ReasonedSerializer, DatedSerializer):
    class Meta:
        model = DiscountRule
        fields = (
            "id", "all_models", "model", "series", "vendor", "multiplier", "starts_at", "ends_at", STATE, "reason",
            "created_at",
        )  # fmt: skip
        read_only_fields = ("id", "created_at")
        volatile_fields = (STATE,)


class Discounts(Priced, Dated):
    """Factors of list prices for models without a sell price. One for all models says so with `all_models`."""

    address = "discounts"
    queryset = DiscountRule.objects.all()
    serializer_class = DiscountSerializer
    filters = {
        "all_models": ["exact"], "model": ["exact", "in"], "series": ["exact", "in"], "vendor": ["exact", "in"],
        "starts_at": ["gt", "lte"], "ends_at": ["gt", "lte", "isnull"],
    }  # fmt: skip
    ordering = ("id", "starts_at", "created_at")


class CurrencyRateSerializer(RowSerializer):
    class Meta:
        model = CurrencyRate
        fields = ("id", "currency", "per_usd", "as_of", "source")
        read_only_fields = ("id",)


class CurrencyRates(Priced):
    """Units of currencies for one US dollar, each from a day on until the next rate."""

    address = "currency-rates"
    queryset = CurrencyRate.objects.all()
    serializer_class = CurrencyRateSerializer
    lookup_field = "pk"
    lookup_value_converter = "int"
    filters = {"currency": ["exact", "in"], "as_of": ["exact", "gte", "lte"]}
    ordering = ("id", "currency", "as_of")
