"""Forms that change prices: one model's price list, a rule for many models, the end of a sheet."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from catalog.admin.base import VERBATIM, Checkbox, MomentInput, Select, TextInput
from catalog.db.fields import ExactDecimalFormField
from catalog.exact import multiply
from catalog.prices import MILLION, Line, Sheet
from pricing.curation.rate_card import Row, with_amounts
from pricing.curation.repricing import Rule
from pricing.engine.equality import same_price
from pricing.engine.money import LARGEST_MULTIPLIER, SMALLEST_FACTOR, excess_of, validate_currency
from pricing.models import PriceSheet
from pricing.newapi.entered_ratios import INPUT, RATIOS, to_amounts, to_ratios

FIGURE = {**VERBATIM, "inputmode": "decimal"}


def moment_field(label: str, help_text: str) -> forms.DateTimeField:
    return forms.DateTimeField(label=label, required=False, widget=MomentInput(), help_text=help_text)


class MomentForm(forms.Form):
    """A change with a reason that takes effect now or later."""

    reason = forms.CharField(
        label="Reason", required=False, max_length=255, widget=TextInput(), help_text="Shown in the history."
    )

    def __init__(self, *args: Any, now: dt.datetime | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now or timezone.now()

    def ahead(self, name: str) -> dt.datetime | None:
        moment: dt.datetime | None = self.cleaned_data.get(name)
        if moment is not None and moment <= self.now:
            raise forms.ValidationError(
                "This time is past, and past prices cannot change. Enter a later time.", code="past"
            )
        return moment


class StartForm(MomentForm):
    starts_at = moment_field("Takes effect", "In UTC. Leave empty for now.")

    def clean_starts_at(self) -> dt.datetime | None:
        return self.ahead("starts_at")

    @property
    def start(self) -> dt.datetime:
        return self.cleaned_data.get("starts_at") or self.now


class PriceForm(StartForm):
    """One model's prices of one role, one field for each row; an empty field means no price, 0 means free."""

    currency = forms.CharField(
        max_length=3, validators=[validate_currency], widget=TextInput(attrs=VERBATIM), help_text="ISO 4217, e.g. USD."
    )
    ends_at = moment_field("Expires", "In UTC, e.g. for a promotion. Leave empty for no end.")
    keep = forms.BooleanField(label="Do not change these lines", required=False, initial=True, widget=Checkbox())
    # The key of the current sheet when the page was opened.
    base = forms.CharField(required=False, widget=forms.HiddenInput())
    field_order = ["currency", "starts_at", "ends_at", "reason"]

    def __init__(
        self,
        *args: Any,
        rows: Mapping[str, Row],
        others: Sequence[Line],
        sheet: Sheet | None,
        current: Sheet | None,
        as_ratios: bool = False,
        **kwargs: Any,
    ) -> None:
        """`sheet` has the initial prices; it can differ from `current`, the current sheet of this role.

        `as_ratios`: prices of tokens in dollars are shown and entered as ratios, where these are exact.
        """
        super().__init__(*args, **kwargs)
        is_in_dollars = sheet is None or sheet.currency == "USD"
        # A line per 3 tokens has no exact price per million: its row is not one.
        amounts = {key: row.amount for key, row in rows.items() if row.per == MILLION}
        self.ratios = to_ratios(amounts) if as_ratios and is_in_dollars else {}
        self.rows, self.others, self.sheet, self.current = rows, others, sheet, current
        for key, row in rows.items():
            self.fields[key] = ExactDecimalFormField(
                label=RATIOS[key] if key in self.ratios else row.title,
                required=False,
                initial=self.ratios.get(key, row.amount),
                widget=TextInput(attrs=FIGURE),
            )
        if not others:
            del self.fields["keep"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        currency = cleaned.get("currency", "")
        self._read_ratios(cleaned)
        for key, row in self.rows.items():
            amount = cleaned.get(key)
            if amount is not None and amount < 0:
                self.add_error(key, "The amount must not be negative.")
            elif amount is not None and (why := excess_of(amount, row.per, row.unit, currency=currency)):
                self.add_error(key, why)
        ends_at = cleaned.get("ends_at")
        if ends_at is not None and ends_at <= self.start:
            self.add_error("ends_at", "The end must be after the start.")
        if not self.errors:
            self._check_whole(cleaned)
        return cleaned

    def _read_ratios(self, cleaned: dict[str, Any]) -> None:
        """Replaces the entered ratios with their prices; prices whose ratios are unchanged keep every digit."""
        if not self.ratios or any(key in self.errors for key in self.ratios):
            return
        entered = {key: cleaned.get(key) for key in self.ratios}
        if any(ratio is not None for ratio in entered.values()) and cleaned.get("currency") != "USD":
            self.add_error("currency", "Ratios are multiples of $2. Enter prices for another currency.")
            return
        if entered == self.ratios:
            cleaned |= {key: self.rows[key].amount for key in self.ratios}
            return
        try:
            cleaned |= to_amounts(entered)
        except ValueError as error:
            self.add_error(INPUT, str(error))

    def _check_whole(self, cleaned: dict[str, Any]) -> None:
        new = self.new_sheet()
        if not new.lines:
            raise forms.ValidationError("Enter at least one price. Enter 0 if the model is free.", code="empty")
        if cleaned.get("keep") and self.sheet is not None and new.currency != self.sheet.currency:
            raise forms.ValidationError(
                f"The unchanged lines are in {self.sheet.currency}. Remove them, or use the full editor.",
                code="currency",
            )
        if self.current is not None and same_price(new, self.current) and cleaned.get("ends_at") is None:
            raise forms.ValidationError("No price differs from the current one.", code="unchanged")

    def new_sheet(self) -> Sheet:
        """The sheet that the form describes."""
        amounts = {key: self.cleaned_data.get(key) for key in self.rows}
        keep = bool(self.cleaned_data.get("keep"))
        return with_amounts(self.sheet, amounts, currency=self.cleaned_data["currency"], keep_others=keep)


class RuleForm(StartForm):
    """How the sell prices of many models change."""

    base = forms.ChoiceField(
        label="New sell price from",
        choices=[
            (PriceSheet.Role.SELL, "Their sell price"),
            (PriceSheet.Role.LIST, "Their list price"),
            (PriceSheet.Role.COST, "Their cost"),
        ],
        widget=Select(),
        help_text="Models without it are skipped.",
    )
    how = forms.ChoiceField(
        label="Change by",
        choices=[("percent", "Percent, e.g. 10 or -5"), ("multiplier", "Multiplier, e.g. 1.2")],
        widget=Select(),
    )
    number = ExactDecimalFormField(label="Amount", widget=TextInput(attrs=FIGURE))
    digits = forms.IntegerField(
        label="Round to",
        required=False,
        min_value=1,
        max_value=12,
        widget=TextInput(attrs={**VERBATIM, "inputmode": "numeric"}),
        help_text="Significant digits, e.g. 3 rounds 0.12345 to 0.123. Leave empty for exact prices.",
    )
    field_order = ["base", "how", "number", "digits", "starts_at", "reason"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("number") is not None and not SMALLEST_FACTOR <= self.multiplier <= LARGEST_MULTIPLIER:
            self.add_error("number", f"The multiplier must be more than 0 and at most {LARGEST_MULTIPLIER}.")
        return cleaned

    @property
    def multiplier(self) -> Decimal:
        number: Decimal = self.cleaned_data["number"]
        return multiply(Decimal(100) + number, Decimal("0.01")) if self.cleaned_data.get("how") == "percent" else number

    @property
    def rule(self) -> Rule:
        return Rule(self.cleaned_data["base"], self.multiplier, self.cleaned_data["digits"])


class EndForm(MomentForm):
    ends_at = moment_field("Ends at", "In UTC. Leave empty to end now.")
    field_order = ["ends_at", "reason"]

    def clean_ends_at(self) -> dt.datetime | None:
        return self.ahead("ends_at")

    @property
    def end(self) -> dt.datetime:
        return self.cleaned_data.get("ends_at") or self.now


class WithdrawForm(MomentForm):
    """The reason of a withdrawal."""
