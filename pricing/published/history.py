"""How published prices changed and will change: the history of a model, and the changes of all of them."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from django.db.models import Max

from catalog.models import AIModel
from catalog.prices import Sheet
from pricing.engine.timestamps import format_moment
from pricing.models import DiscountRule, PriceSheet
from pricing.newapi.ratios import JSON, figures, price_fields
from pricing.published.cursors import Place, place_of, write_cursor
from pricing.published.prices import Dated, dated_sheets, fits, published_of

# More changes than this in one answer are the newest ones, and the answer says where the others are.
MOST_CHANGES = 1000

# Moment -> when it was written down that the price may change then; None where only as a thing of the past.
Turns = dict[dt.datetime, dt.datetime | None]


@dataclass(frozen=True)
class Period:
    """What a model's published price was from a moment on; `known_at` is when that was written down.

    It is None for what was over by then, as prices are that an import brings along.
    """

    starts_at: dt.datetime
    known_at: dt.datetime | None
    price: JSON

    def told_at(self, *, at: dt.datetime) -> dt.datetime:
        """Since when readers can know of it: it counts and is written down; an announced one is written down."""
        known_at = self.known_at or self.starts_at
        return known_at if self.starts_at > at else max(self.starts_at, known_at)


@dataclass(frozen=True)
class Change:
    """One model's price moves at a moment, which may lie ahead."""

    model: str
    at: dt.datetime
    told_at: dt.datetime
    before: JSON
    after: JSON

    @property
    def place(self) -> Place:
        """The one told last comes first."""
        return place_of(self.told_at, self.model, self.at)


def periods(models: Iterable[AIModel], *, groups: Collection[str]) -> dict[str, list[Period]]:
    """Model id -> its published prices in the order of time, announced ones too; equal ones in a row are one.

    As readers in these groups may see them.
    """
    listed = list(models)
    sheets = dated_sheets(model.pk for model in listed)
    rules = list(DiscountRule.objects.select_related("vendor", "model"))
    sheets_edited, rules_edited = _edited(PriceSheet), _edited(DiscountRule)
    found = {}
    for model in listed:
        turns: Turns = {}
        own = [rule for rule in rules if fits(rule, model)]
        for each in sheets.get(model.pk, []):
            _note(turns, each, known_at=each.known_at, edited_at=sheets_edited.get(each.key))
        for rule in own:
            _note(turns, rule, known_at=rule.created_at, edited_at=rules_edited.get(rule.pk))
        found[model.name] = _periods(model, sheets.get(model.pk, []), own, turns, groups)
    return found


def _periods(
    model: AIModel, sheets: Sequence[Dated], rules: Sequence[DiscountRule], turns: Turns, groups: Collection[str]
) -> list[Period]:
    found: list[Period] = []
    for turn, known_at in sorted(turns.items()) if sheets else ():
        sheet = published_of(model, sheets, rules, at=turn)
        price = _price(sheet and sheet.seen_by(groups))
        if (found[-1].price if found else UNPRICED) != price:
            found.append(Period(turn, known_at, price))
        elif found and found[-1].known_at is None:
            # What was only known as past is the price that counts on: that is news, once.
            found[-1] = replace(found[-1], known_at=known_at)
    return found


def _edited(table: type[PriceSheet] | type[DiscountRule]) -> dict[int, dt.datetime]:
    """The rows with an end that were edited after they were made, and when last: what has begun is only ever ended."""
    rows = table.history.filter(history_type="~", ends_at__isnull=False).order_by()
    return dict(rows.values_list("id").annotate(Max("history_date")))


def _note(turns: Turns, dated: Dated | DiscountRule, *, known_at: dt.datetime, edited_at: dt.datetime | None) -> None:
    is_over = dated.ends_at is not None and dated.ends_at <= known_at
    for moment, known in ((dated.starts_at, known_at), (dated.ends_at, edited_at or known_at)):
        if moment is not None:
            told = [each for each in (turns.get(moment), None if is_over else known) if each]
            turns[moment] = max(told, default=None)


def _price(sheet: Sheet | None) -> JSON:
    """The price in its own currency, whole: what no rate or rendering of a later day can change."""
    if sheet is None:
        return UNPRICED
    return {
        "pricing_status": price_fields(sheet)["pricing_status"],
        "currency": sheet.currency,
        "discount": sheet.discount,
        "prices": figures(sheet),
    }


UNPRICED: JSON = {"pricing_status": "unpriced"}


def history(model: AIModel, *, at: dt.datetime, groups: Collection[str]) -> JSON:
    """The body of a model's price history, oldest first; an end of null is not yet known."""
    found = periods([model], groups=groups)[model.name]
    ends: list[dt.datetime | None] = [*(period.starts_at for period in found[1:]), None]
    return {
        "success": True,
        "data": {
            "model_name": model.name,
            "history": [
                {
                    "starts_at": format_moment(period.starts_at),
                    "ends_at": format_moment(end),
                    "announced": period.starts_at > at,
                    **period.price,
                }
                for period, end in zip(found, ends, strict=False)
            ],
        },
    }


def changes(models: Iterable[AIModel], *, since: dt.datetime, at: dt.datetime, groups: Collection[str]) -> list[Change]:
    """What readers can know of only since that moment, announced or begun, what was told last first."""
    found = []
    for name, of_model in periods(models, groups=groups).items():
        before = UNPRICED
        for period in of_model:
            if (told_at := period.told_at(at=at)) > since:
                found.append(Change(name, period.starts_at, told_at, before, period.price))
            before = period.price
    return sorted(found, key=lambda change: change.place)


def change_list(
    models: Iterable[AIModel],
    *,
    since: dt.datetime,
    at: dt.datetime,
    groups: Collection[str],
    after: Place | None = None,
) -> JSON:
    """The body of the list of changes, or of its part after a place."""
    every = changes(models, since=since, at=at, groups=groups)
    found = [change for change in every if after is None or change.place > after]
    is_complete = len(found) <= MOST_CHANGES
    return {
        "success": True,
        "since": format_moment(since),
        "complete": is_complete,
        "next": None if is_complete else write_cursor(since, found[MOST_CHANGES - 1].place),
        "data": [
            {
                "model_name": change.model,
                "at": format_moment(change.at),
                "told_at": format_moment(change.told_at),
                "announced": change.at > at,
                "before": change.before,
                "after": change.after,
            }
            for change in found[:MOST_CHANGES]
        ],
    }
