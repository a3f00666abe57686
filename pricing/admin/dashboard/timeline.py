"""What is coming up: prices, retirements, starts, discounts, rates and the expiry of keys, each on its day (UTC).

Changes of one kind on one day are one entry, so that an import with thousands of announced prices is one, too.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from django.db.models import Count, F, Min, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf, TruncDate, TruncWeek
from django.urls import reverse

from catalog.admin.links import admin_list
from catalog.models import AIModel
from catalog.operators.permissions import limit_rows, may_view
from pricing.curation.summaries import in_and_out
from pricing.models import DiscountRule, GroupRate, PriceSheet
from tokens.models import ModelRelease, Token, TokenGroup

AHEAD = dt.timedelta(days=90)
# Entries that are shown at once; the others can be opened.
SHOWN = 10
# Single price changes whose figures are shown: each needs its sheet.
FIGURES = 30

PRICES, MODELS, KEYS = LANES = ("Prices", "Models", "Keys")


@dataclass(frozen=True)
class Entry:
    """What happens on a day."""

    day: dt.date
    lane: str
    text: str
    link: str
    # The sheet of a single new price.
    sheet: int | None = None
    # Percent of the width of the timeline.
    x: str = ""


@dataclass(frozen=True)
class Timeline:
    entries: Sequence[Entry]
    # The first days of the months: (percent of the width, label).
    marks: Sequence[tuple[str, str]]
    days: int = AHEAD.days

    @property
    def shown(self) -> Sequence[Entry]:
        return self.entries[:SHOWN]

    @property
    def more(self) -> Sequence[Entry]:
        return self.entries[SHOWN:]

    @property
    def lanes(self) -> Sequence[tuple[str, Sequence[Entry]]]:
        """The title of each lane with its entries."""
        return [(lane, [entry for entry in self.entries if entry.lane == lane]) for lane in LANES]


@dataclass(frozen=True)
class Kind:
    """One kind of change: its rows, the column with its time, and a sentence with the name of the first row."""

    lane: str
    rows: QuerySet[Any]
    column: str
    name: Any
    # `{who}`: the name, and how many others; `{s}`: the ending of the verb.
    text: str
    # The page of the row with this key.
    page: str
    key: str = "pk"
    # What the list has to be filtered by, so that it has these rows alone.
    filters: Mapping[str, Any] = field(default_factory=dict)
    is_date: bool = False
    is_new_price: bool = False
    # Keys expire every day: those of a week are one entry.
    by_week: bool = False

    def entries(self, *, since: dt.datetime, until: dt.datetime) -> Iterator[Entry]:
        first, last = (since.date(), until.date()) if self.is_date else (since, until)
        rows = self.rows.filter(**{f"{self.column}__gt": first, f"{self.column}__lte": last}).order_by()
        days = rows.annotate(part=self._part()).values_list("part")
        sums = {"number": Count("pk"), "row": Min(self.key), "first": Min(self.name), "on": Min(self.column)}
        for part, number, row, name, moment in days.annotate(**sums):
            on = moment if self.is_date else moment.astimezone(dt.UTC).date()
            who = f"{name} and {number - 1:,} more" if number > 1 else name
            sheet = row if self.is_new_price and number == 1 else None
            text = self.text.format(who=who, s="" if number > 1 else "s")
            yield Entry(on, self.lane, text, self._link(part, number, row, since), sheet)

    def _part(self) -> Any:
        if self.is_date:
            return F(self.column)
        return (TruncWeek if self.by_week else TruncDate)(self.column, tzinfo=dt.UTC)

    def _link(self, part: dt.date, number: int, row: int, since: dt.datetime) -> str:
        """The page of a single row, or the list of all rows of this entry."""
        if number == 1 or self.key != "pk":
            return reverse(f"admin:{self.page}_change", args=[row])
        if self.is_date:
            return admin_list(self.page, **{self.column: part.isoformat()}, **self.filters)
        start = dt.datetime.combine(part, dt.time(), dt.UTC)
        end = start + dt.timedelta(days=7 if self.by_week else 1)
        limits = {f"{self.column}__gt": max(start, since), f"{self.column}__lt": end}
        times = {lookup: moment.isoformat().replace("+00:00", "Z") for lookup, moment in limits.items()}
        return admin_list(self.page, **times, **self.filters)


def coming_up(operator: Any, *, at: dt.datetime) -> Timeline | None:
    """What is coming up of what this operator may see; None if they may see none of it."""
    kinds = list(_kinds(operator))
    if not kinds:
        return None
    until = at + AHEAD
    entries = _with_figures([entry for kind in kinds for entry in kind.entries(since=at, until=until)])
    entries.sort(key=lambda entry: (entry.day, LANES.index(entry.lane), entry.text))
    x = partial(_share, since=at.date())
    marks = [(x(day), f"{day:%b}") for day in _months(at.date(), until.date())]
    return Timeline([replace(entry, x=x(entry.day)) for entry in entries], marks)


def _kinds(operator: Any) -> Iterator[Kind]:
    sees: Callable[..., bool] = partial(may_view, operator)
    if sees(PriceSheet, AIModel):
        for role in PriceSheet.Role:
            sheets, chosen = PriceSheet.objects.filter(role=role), {"role__exact": role.value}
            sheet = partial(Kind, PRICES, sheets, name="model__name", page="pricing_pricesheet", filters=chosen)
            yield sheet("starts_at", text=f"{{who}}: new {role.value} price", is_new_price=True)
            yield sheet("ends_at", text=f"{{who}}: {role.value} price ends")
    if sees(DiscountRule, AIModel):
        target = Coalesce("model__name", "vendor__name", NullIf("series", Value("")), Value("all models"))
        rule = partial(Kind, PRICES, DiscountRule.objects.all(), name=target, page="pricing_discountrule")
        yield rule("starts_at", text="discount for {who} takes effect")
        yield rule("ends_at", text="discount for {who} expires")
    if sees(GroupRate, TokenGroup):
        rates = limit_rows(operator, GroupRate.objects.all())
        yield Kind(PRICES, rates, "starts_at", "group__slug", "group {who}: new rate", "pricing_grouprate")
    if sees(AIModel):
        model = partial(
            Kind, MODELS, AIModel.objects.published(), name="name", page="catalog_aimodel",
            filters={"status__exact": "published"},
        )  # fmt: skip
        yield model("retires_on", text="{who} retire{s}", is_date=True)
        yield model("starts_at", text="{who} start{s}")
        releases = limit_rows(operator, ModelRelease.objects.filter(model__in=AIModel.objects.published()))
        text = "{who} start{s} for a group"
        yield Kind(MODELS, releases, "starts_at", "model__name", text, "catalog_aimodel", key="model")
    if sees(Token):
        tokens = limit_rows(operator, Token.objects.filter(enabled=True))
        text, page, enabled = "key of {who} expire{s}", "tokens_token", {"enabled__exact": 1}
        yield Kind(KEYS, tokens, "expires_at", "name", text, page, filters=enabled, by_week=True)


def _with_figures(entries: Sequence[Entry]) -> list[Entry]:
    """The entries with the price itself where a single one takes effect."""
    keys = [entry.sheet for entry in entries if entry.sheet is not None][:FIGURES]
    sheets = PriceSheet.objects.filter(pk__in=keys).select_related("model").with_lines() if keys else ()
    prices = {sheet.pk: in_and_out(sheet) for sheet in sheets}
    return [
        replace(entry, text=f"{entry.text}, {prices[entry.sheet]}") if entry.sheet in prices else entry
        for entry in entries
    ]


def _share(day: dt.date, *, since: dt.date) -> str:
    return f"{min(max((day - since).days / AHEAD.days, 0), 1):.2%}"


def _months(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """The first days of the months, without one whose name would cover "today"."""
    day = (first.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
    while day <= last:
        if day - first > AHEAD / 9:
            yield day
        day = (day + dt.timedelta(days=32)).replace(day=1)
