"""Imports of one model's prices by several sources, without files: documents in, prices at moments out."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from catalog.db.import_context import run_scope
from catalog.imports.context import PlanContext, WriteContext
from catalog.imports.import_policy import ImportPolicy
from catalog.models import ImportRun, Snapshot, Source
from catalog.prices import MILLION, Condition, Line, Sheet
from catalog.source_trust import CURATED, TRUST
from catalog.sources.records import Document, Record
from pricing.imports.prices.plan import PricePlan
from pricing.imports.prices.planning import plan_prices
from pricing.imports.prices.writing import apply_prices
from pricing.models import PriceSheet
from pricing.published.prices import written_lines
from tests import world

NOW = dt.datetime(2026, 11, 29, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
BATCH = {"dim": "service_tier", "op": "eq", "value": "batch"}
LONG = {"dim": "prompt_tokens", "op": "gt", "value": 200_000}


def line(meter: str, amount: Decimal | int | str, *conditions: Condition) -> Line:
    return Line(meter, Decimal(amount), MILLION, "token", conditions=conditions)


def sheet(*lines: Line, start: int | None = None, end: int | None = None, currency: str = "USD") -> Sheet:
    """A price from a day until another one, counted from now."""
    moments = [None if day is None else NOW + day * DAY for day in (start, end)]
    return Sheet(currency, lines, starts_at=moments[0], ends_at=moments[1])


def document(*prices: Sheet, name: str = "m") -> Document:
    """A source that states these prices of a model, the later ones before the earlier ones."""
    if len(prices) == 1 and prices[0].starts_at is None and prices[0].ends_at is None:
        return Document((Record(name, prices=prices[0]),))
    return Document((Record(name, schedule=prices),))


def stored_source(slug: str) -> Source:
    return Source.objects.get_or_create(slug=slug, defaults={"name": slug, "trust": TRUST.get(slug, CURATED)})[0]


def planned(source: str, content: Document, *, at: dt.datetime = NOW) -> tuple[PricePlan, PlanContext]:
    context = PlanContext(at, ImportPolicy.of(stored_source(source).as_writer()))
    dated = Document(tuple(record.priced_at(at) for record in content.records))
    return plan_prices(dated, context, role="list"), context


def imported(source: str, content: Document, *, at: dt.datetime = NOW) -> PricePlan:
    """Applies an import, as a run if it changes anything."""
    plan, _ = planned(source, content, at=at)
    if plan.is_empty:
        return plan
    row = stored_source(source)
    digest = f"{ImportRun.objects.count():064}"
    snapshot = Snapshot.objects.create(source=row, sha256=digest, size=0, packed=b"")
    run = ImportRun.objects.create(source=row, snapshot=snapshot, status=ImportRun.Status.APPLIED, applied_at=at)
    with run_scope(run.pk):
        undo = apply_prices(plan, WriteContext(at, "Test", None, run))
    run.report = {"undo": undo}
    run.save()
    return plan


Book = dict[tuple[dt.datetime, int], tuple[dt.datetime | None, dict[str, str]]]


def book(name: str = "m") -> Book:
    """Start and key of each stored list price -> its end, and meter and conditions -> amount."""
    rows = list(PriceSheet.objects.filter(model__name=name, role="list").values_list("pk", "starts_at", "ends_at"))
    lines = written_lines([key for key, _, _ in rows])
    return {(start, key): (end, {label(line): f"{line.amount:f}" for line in lines[key]}) for key, start, end in rows}


def figures(at: dt.datetime, sheets: Book | None = None) -> dict[str, str]:
    """The figures of the list price that applies at a moment."""
    sheets = book() if sheets is None else sheets
    open_sheets = [place for place, (end, _) in sheets.items() if place[0] <= at and (end is None or end > at)]
    return sheets[max(open_sheets)][1] if open_sheets else {}


def label(stored: Line) -> str:
    cases = [f"{condition['dim']} {condition['value']}" for condition in stored.conditions]
    return " ".join([stored.meter, *cases])


def timeline(at: dt.datetime, days: Iterable[int]) -> list[dict[str, str]]:
    """The figures now and on each of these days, counted from now, that are not past."""
    sheets = book()
    return [figures(moment, sheets) for moment in (at, *(NOW + day * DAY for day in days)) if moment >= at]


def model(name: str = "m") -> None:
    world.model(name)
