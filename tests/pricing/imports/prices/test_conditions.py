"""A line with an invalid condition is stored as a fact and reported; the rest of the price is imported."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from catalog.exact import write_json
from catalog.imports.context import PlanContext
from catalog.prices import MILLION, Line, Sheet
from catalog.sources.records import Document, Record
from pricing.imports.prices.planning import plan_prices
from pricing.models import PriceLine, PriceSheet
from tests.pricing.imports.running import run

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
NEVER = {"dim": "time", "op": "in", "value": {"tz": "Mars/Olympus", "windows": [{"hours": ["22:00-06:00"]}]}}


def line(amount: str, *conditions: dict[str, Any]) -> dict[str, Any]:
    figure = {"meter": "input", "amount": Decimal(amount), "per": 1_000_000, "unit": "token", "currency": "USD"}
    return {**figure, "conditions": list(conditions)}


def document(*prices: dict[str, Any]) -> bytes:
    return write_json({"data": [{"model_name": "m", "vendor_id": 1, "prices": list(prices)}]})


def test_the_line_is_a_fact_and_a_finding(tmp_path: Path, client: Client) -> None:
    content = document(line("3"), line("1", NEVER))
    outcome = run("new_api", content, tmp_path, "--apply", "--publish", "--channel", "c")
    assert outcome.code == 0, outcome.err
    assert [row.amount for row in PriceLine.objects.all()] == [3]
    unjudged = PriceSheet.objects.get().facts["unjudged"]
    assert [(line["meter"], line["amount"], line["conditions"]) for line in unjudged] == [("input", 1, [NEVER])]
    assert any("Mars/Olympus" in str(finding) for finding in outcome.report["findings"])
    assert client.get("/api/pricing?unpriced=rows").json()["data"][0]["model_ratio"] == 1.5

    again = run("new_api", content, tmp_path, "--apply")
    assert (again.report["counts"]["changed_prices"], PriceSheet.objects.count()) == (0, 1)


@pytest.mark.parametrize(
    "bad",
    [
        {"dim": "prompt_tokens", "op": "gt", "value": "many"},
        {"dim": "prompt_tokens", "op": "about", "value": 1000},
        {"dim": ["a"], "op": "eq", "value": 1},
        {"dim": "mode", "op": {}, "value": 1},
        {"dim": "request_match", "op": "eq", "value": {"body": 5}},
        {"dim": "time", "op": "in", "value": {"windows": []}},
        {"op": "eq"},
    ],
)
def test_every_invalid_condition_is_reported(bad: dict[str, Any]) -> None:
    figures = (
        Line("input", Decimal(3), MILLION, "token"),
        Line("input", Decimal(1), MILLION, "token", conditions=(bad,)),
    )
    context = PlanContext(NOW)
    plan = plan_prices(Document((Record("m", prices=Sheet("USD", figures)),)), context, role="list")
    assert plan.new["m"].lines == figures[:1]
    assert list(context.findings.by_sentence.values()) == [["m"]]


def test_scheduled_prices_are_checked_and_a_price_without_valid_lines_is_none() -> None:
    figures = (
        Line("input", Decimal(3), MILLION, "token"),
        Line("input", Decimal(1), MILLION, "token", conditions=(NEVER,)),
    )
    later = Sheet("USD", figures, starts_at=NOW + dt.timedelta(days=1))
    record = Record("m", prices=Sheet("USD", figures[1:]), announced=(later,))
    plan = plan_prices(Document((record,)), PlanContext(NOW), role="list")
    assert plan.without == ["m"]
    assert [change.prices.lines for change in plan.announced["m"]] == [figures[:1]]
