"""How the published prices of models changed and will change."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal, NotRequired, TypedDict

from django.db.models import Max

from catalog.models import AIModel
from catalog.prices import Sheet
from pricing.engine.equality import PriceKey, price_key
from pricing.models import DiscountRule, PriceSheet
from pricing.newapi.ratios import PriceFigure, PriceStatus, figures
from pricing.published.group_rates import slugs_of
from pricing.published.prices import Dated, dated_sheets, fits, priced_or_none, published_steps
from tokens.access.charging import first_starts
from tokens.scope import Scope
from tokens.timestamps import format_timestamp

# Moment at which the price may change -> when that was recorded; None if it was already past when it was recorded.
Boundaries = dict[dt.datetime, dt.datetime | None]


class Price(TypedDict):
    """A price; only the status where it has no lines."""

    pricing_status: PriceStatus
    currency: NotRequired[Annotated[str, "Three letters."]]
    discount: NotRequired[Annotated[Decimal, "All figures are multiplied by it."]]
    tier_mode: NotRequired[Annotated[str, "graduated: each part of a prompt at the price of its own tier."]]
    prices: NotRequired[list[PriceFigure]]


class PriceAtTime(Price):
    """A time and its price."""

    starts_at: Annotated[str, {"format": "date-time"}]
    ends_at: Annotated[str | None, "null: not known.", {"format": "date-time"}]
    announced: Annotated[bool, "It lies ahead."]


class ModelHistory(TypedDict):
    """The model."""

    model_name: str
    retires_on: NotRequired[Annotated[str, "From this day (UTC) on, it has no price.", {"format": "date"}]]
    history: Annotated[list[PriceAtTime], "Oldest first."]


class PriceHistory(TypedDict):
    """A model's prices, past and announced."""

    success: Literal[True]
    data: ModelHistory


UNPRICED: Price = {"pricing_status": "unpriced"}


@dataclass(frozen=True)
class Period:
    """A model's published price from a moment on; `known_at` is when it was recorded.

    `known_at` is None for a price that was already past when it was recorded, as imported history is, and for the end
    by retirement, which is not announced as a change of the price.
    """

    starts_at: dt.datetime
    known_at: dt.datetime | None
    key: PriceKey
    sheet: Sheet | None
    is_retirement: bool = False
    # When the reader gets the model; None: at once.
    model_starts_at: dt.datetime | None = None

    @cached_property
    def price(self) -> Price:
        """The price as JSON."""
        return price_of(self.sheet)

    def reported_at(self, *, at: dt.datetime) -> dt.datetime | None:
        """Since when readers can know the price: an announced one since it was recorded, another since it applies.

        None for a retirement that lies ahead.
        """
        if self.is_retirement and self.known_at is None and self.starts_at > at:
            return None
        known_at = max(filter(None, (self.known_at or self.starts_at, self.model_starts_at)))
        return known_at if self.starts_at > at else max(self.starts_at, known_at)


def periods(
    models: Iterable[AIModel],
    *,
    groups: Collection[str],
    starts: Mapping[int, dt.datetime | None],
    for_export: bool = False,
) -> dict[str, list[Period]]:
    """Model id -> its published prices, oldest first, announced ones included, as readers in these groups see them.

    Two equal prices in a row are one period. A model has no price before it starts for the reader, at the moment in
    `starts` (model key -> moment; None or missing: at once), and from its retirement on. Prices are those before the
    rates of groups, and as in lists, a sheet without a known price counts as none. An export must lose neither single
    figures nor the rates of groups for a model: with `for_export`, the sheets have both.
    """
    listed = list(models)
    sheets = dated_sheets(model.pk for model in listed)
    rules = list(DiscountRule.objects.select_related("vendor", "model"))
    sheets_edited, rules_edited = _edited(PriceSheet), _edited(DiscountRule)
    by_model = {}
    for model in listed:
        boundaries: Boundaries = {}
        own_sheets = sheets.get(model.pk, [])
        own_rules = [rule for rule in rules if fits(rule, model)]
        for sheet in own_sheets:
            _add_boundaries(boundaries, sheet, known_at=sheet.known_at, edited_at=sheets_edited.get(sheet.key))
        for rule in own_rules:
            _add_boundaries(boundaries, rule, known_at=rule.created_at, edited_at=rules_edited.get(rule.pk))
        by_model[model.name] = _periods(
            model, own_sheets, own_rules, boundaries, groups, starts_at=starts.get(model.pk), for_export=for_export
        )
    return by_model


def _periods(
    model: AIModel,
    sheets: Sequence[Dated],
    rules: Sequence[DiscountRule],
    boundaries: Boundaries,
    groups: Collection[str],
    *,
    starts_at: dt.datetime | None,
    for_export: bool,
) -> list[Period]:
    listed: list[Period] = []
    if starts_at is not None and (earlier := [moment for moment in boundaries if moment <= starts_at]):
        # The price at the start is known since the one that applies then was recorded.
        boundaries = boundaries | {starts_at: boundaries[max(earlier)]}
    for moment, published in published_steps(model, sheets, rules, boundaries if sheets else (), starts_at=starts_at):
        sheet, known_at = published and published.seen_by(groups), boundaries.get(moment)
        sheet = sheet if for_export else priced_or_none(sheet and sheet.without_group_rates())
        key = price_key(sheet)
        if key != (listed[-1].key if listed else price_key(None)):
            is_retirement = moment == model.retires_at
            listed.append(Period(moment, known_at, key, sheet, is_retirement, model_starts_at=starts_at))
        elif listed and listed[-1].known_at is None:
            # A price that was recorded as past and still applies is reported once.
            listed[-1] = replace(listed[-1], known_at=known_at)
    return listed


def _edited(table: type[PriceSheet] | type[DiscountRule]) -> dict[int, dt.datetime]:
    """Key -> last edit, of rows with an end: only the end of a current row can be edited."""
    rows = table.history.filter(history_type="~", ends_at__isnull=False).order_by()
    return dict(rows.values_list("id").annotate(Max("history_date")))


def _add_boundaries(
    boundaries: Boundaries, dated: Dated | DiscountRule, *, known_at: dt.datetime, edited_at: dt.datetime | None
) -> None:
    is_past = dated.ends_at is not None and dated.ends_at <= known_at
    for moment, recorded_at in ((dated.starts_at, known_at), (dated.ends_at, edited_at or known_at)):
        if moment is not None:
            times = [time for time in (boundaries.get(moment), None if is_past else recorded_at) if time]
            boundaries[moment] = max(times, default=None)


def price_of(sheet: Sheet | None) -> Price:
    """The whole price in its own currency, so that a later currency rate does not change it."""
    if sheet is None:
        return UNPRICED
    price: Price = {"pricing_status": sheet.state, "currency": sheet.currency, "discount": sheet.discount}
    if "tier_mode" in sheet.facts:
        price["tier_mode"] = sheet.facts["tier_mode"]
    price["prices"] = figures(sheet)
    return price


def history(model: AIModel, *, at: dt.datetime, scope: Scope) -> PriceHistory:
    """The body of a model's price history for a reader, oldest first; an end of null is not yet known."""
    listed = periods([model], groups=slugs_of(scope), starts=first_starts([model.pk], scope))[model.name]
    rows: list[PriceAtTime] = [
        {
            "starts_at": format_timestamp(period.starts_at),
            "ends_at": format_timestamp(following.starts_at) if following else None,
            "announced": period.starts_at > at,
            **period.price,
        }
        for period, following in pairwise([*listed, None])
        if period is not None
    ]
    body: ModelHistory = {"model_name": model.name, "history": rows}
    if model.retires_on is not None:
        body["retires_on"] = model.retires_on.isoformat()
    return {"success": True, "data": body}
