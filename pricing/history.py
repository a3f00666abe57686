"""How published prices changed and will change: the history of a model, and the changes of all of them."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from catalog.models import AIModel
from pricing.book import Sheet
from pricing.models import DiscountRule
from pricing.publishing import Dated, dated_sheets, fits, published_of
from pricing.ratios import JSON, figures, price_fields

# More changes than this in one answer are the newest ones, and the answer says that there were more.
MOST_CHANGES = 1000


@dataclass(frozen=True)
class Period:
    """What a model's published price was from a moment on; `known_at` is when that was written down."""

    starts_at: dt.datetime
    known_at: dt.datetime
    price: JSON


@dataclass(frozen=True)
class Change:
    """One model's price moves at a moment, which may lie ahead."""

    model: str
    at: dt.datetime
    known_at: dt.datetime
    before: JSON
    after: JSON


def periods(models: Iterable[AIModel], *, groups: Collection[str]) -> dict[str, list[Period]]:
    """Model id -> its published prices in the order of time, announced ones too; equal ones in a row are one.

    As readers in these groups may see them.
    """
    listed = list(models)
    sheets = dated_sheets(model.pk for model in listed)
    rules = list(DiscountRule.objects.select_related("vendor", "model"))
    return {model.name: _periods(model, sheets.get(model.pk, []), rules, groups) for model in listed}


def _periods(
    model: AIModel, sheets: Sequence[Dated], rules: Sequence[DiscountRule], groups: Collection[str]
) -> list[Period]:
    if not sheets:
        return []
    own = [rule for rule in rules if fits(rule, model)]
    turns: dict[dt.datetime, dt.datetime] = {}
    for each in sheets:
        _note(turns, each, known_at=each.known_at)
    for rule in own:
        _note(turns, rule, known_at=rule.created_at)
    found: list[Period] = []
    for turn, known_at in sorted(turns.items()):
        sheet = published_of(model, sheets, own, at=turn)
        price = _price(sheet and sheet.seen_by(groups))
        if (found[-1].price if found else UNPRICED) != price:
            found.append(Period(turn, known_at, price))
    return found


def _note(turns: dict[dt.datetime, dt.datetime], dated: Dated | DiscountRule, *, known_at: dt.datetime) -> None:
    for moment in (dated.starts_at, dated.ends_at):
        if moment is not None:
            turns[moment] = max(turns.get(moment, known_at), known_at)


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
                    "starts_at": moment(period.starts_at),
                    "ends_at": moment(end),
                    "announced": period.starts_at > at,
                    **period.price,
                }
                for period, end in zip(found, ends, strict=False)
            ],
        },
    }


def changes(models: Iterable[AIModel], *, since: dt.datetime, groups: Collection[str]) -> list[Change]:
    """What changed after a moment or will change, the last first."""
    found = []
    for name, of_model in periods(models, groups=groups).items():
        before = UNPRICED
        for period in of_model:
            if period.starts_at > since:
                found.append(Change(name, period.starts_at, period.known_at, before, period.price))
            before = period.price
    return sorted(found, key=lambda change: (-change.at.timestamp(), change.model))


def change_list(models: Iterable[AIModel], *, since: dt.datetime, at: dt.datetime, groups: Collection[str]) -> JSON:
    """The body of the list of changes."""
    found = changes(models, since=since, groups=groups)
    return {
        "success": True,
        "since": moment(since),
        "complete": len(found) <= MOST_CHANGES,
        "data": [
            {
                "model_name": change.model,
                "at": moment(change.at),
                "announced": change.at > at,
                "before": change.before,
                "after": change.after,
            }
            for change in found[:MOST_CHANGES]
        ],
    }


def moment(value: dt.datetime | None) -> str | None:
    return None if value is None else value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
