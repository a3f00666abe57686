"""Stored lines with invalid conditions break nothing, publish no number, and are reported by the health checks."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.exact import read_json
from catalog.prices import Line
from pricing.curation.health_checks import RULES, run_checks
from pricing.curation.margins import losses
from pricing.engine.validation import tier_faults
from pricing.models import PriceLine, PriceSheet
from tests import world

pytestmark = pytest.mark.django_db
UNSOUND: dict[str, Any] = {
    "no list": {"dim": "prompt_tokens", "op": "gt", "value": 1},
    "no condition": ["prompt_tokens > 1"],
    "no value": [{"dim": "prompt_tokens", "op": "gt"}],
    "unknown operator": [{"dim": "prompt_tokens", "op": "above", "value": 1}],
    "a number that is none": [{"dim": "prompt_tokens", "op": "gt", "value": "many"}],
    "a length as a name": [{"dim": "prompt_tokens", "op": "eq", "value": "many"}],
    "a list that is none": [{"dim": "service_tier", "op": "in", "value": "flex"}],
    "no windows": [{"dim": "time", "op": "in", "value": {"tz": "UTC"}}],
    "no hours": [{"dim": "time", "op": "in", "value": {"windows": [{"hours": []}]}}],
    "no weekdays": [{"dim": "time", "op": "in", "value": {"windows": [{"hours": ["00:00-01:00"], "weekdays": []}]}}],
    "no time zone": [{"dim": "time", "op": "in", "value": {"tz": "Mars", "windows": [{"hours": ["00:00-01:00"]}]}}],
    "no span": [{"dim": "time", "op": "eq", "value": {"windows": [{"hours": ["9-5"]}]}}],
    "a match of nothing": [{"dim": "request_match", "op": "eq", "value": {}}],
    "a match that is none": [{"dim": "request_match", "op": "eq", "value": "fast"}],
}


@pytest.fixture(params=UNSOUND)
def sheet(request: pytest.FixtureRequest) -> PriceSheet:
    """A price with an invalid line, and a cost with the same line."""
    model = world.model("broken", context_length=8000)
    for role in ("sell", "cost"):
        sheet = world.price(model, role=role, input="2.5", output="10")
        line = world.line(sheet, "input", "1")
        PriceLine.objects.filter(pk=line.pk).update(conditions=UNSOUND[request.param])
    return PriceSheet.objects.get(role="sell")


def test_the_list_has_no_price(client: Client, sheet: PriceSheet) -> None:
    row = read_json(client.get("/api/pricing?unpriced=rows").content)["data"][0]
    assert row["pricing_status"] == "dynamic"
    assert not {"quota_type", "model_ratio", "model_price", "billing_expr", "prices"} & row.keys()


def test_a_quote_has_no_price(client: Client, sheet: PriceSheet) -> None:
    key = world.key()
    body = {"model": "broken", "usage": {"input": 1000, "output": 10}}
    answer = client.post(
        "/api/pricing/quote", body, content_type="application/json", headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.status_code == 200, answer.content
    assert answer.json()["amount"] is None
    assert {line["state"] for line in answer.json()["lines"]} == {"dynamic"}


@pytest.mark.parametrize("path", ["/", "/models/broken", "/compare?models=broken", "/api/pricing/changes"])
def test_no_page_breaks(client: Client, sheet: PriceSheet, path: str) -> None:
    assert client.get(path, headers={"Accept": "text/html"}).status_code == 200


def test_there_is_no_margin(sheet: PriceSheet) -> None:
    assert losses(at=timezone.now()) == []


def test_the_health_check_names_model_sheet_and_line(sheet: PriceSheet) -> None:
    sheet_findings = [
        finding
        for rule, findings in run_checks(RULES, at=timezone.now())
        for finding in findings
        if rule.about is PriceSheet
    ]
    assert [str(finding.row) for finding in sheet_findings] == [
        "broken sell from 2026-01-01",
        "broken cost from 2026-01-01",
    ]
    assert all(finding.problem.startswith("line 3 (input): ") for finding in sheet_findings)


def tiers(*lines: Any) -> list[Line]:
    """Lines for input, each with conditions on the length: operator and number."""
    return [
        Line(
            "input", Decimal(1), 1_000_000, "token", conditions=tuple(_length(op, number) for op, number in conditions)
        )
        for conditions in lines
    ]


def _length(op: str, number: int) -> dict[str, Any]:
    return {"dim": "prompt_tokens", "op": op, "value": number}


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        (tiers([], [("gt", 10)], [("gt", 20)]), []),
        (tiers([("lte", 10)], [("gt", 10), ("lte", 20)], [("gt", 20)]), []),
        (tiers([("lt", 11)], [("gte", 11)]), []),
        (tiers([], [("gt", 20)], [("gt", 10)]), ["line 2 (input) never applies: line 3 is for the same lengths"]),
        (tiers([("gt", 10)], []), ["line 1 (input) never applies: line 2 is for the same lengths"]),
        (
            tiers([("lte", 10)], [("gt", 20)]),
            ["input has no price for prompts of 11 to 20 tokens"],
        ),
        (tiers([("gt", 10)]), ["input has no price for prompts of 1 to 10 tokens"]),
        (tiers([("lte", 10)]), ["input has no price for prompts of 11 or more tokens"]),
        (
            tiers([], [("gt", 10), ("lte", 30)], [("gt", 20), ("lte", 40)]),
            ["lines 2 and 3 (input) are both for 21 to 30 tokens; the later applies"],
        ),
        (
            tiers([], [("gt", 30), ("lt", 20)]),
            ["line 2 (input) never applies: no prompt has 31 to 19 tokens"],
        ),
    ],
)
def test_tiers_that_overlap_or_leave_a_gap_are_reported(lines: list[Line], faults: list[str]) -> None:
    assert list(tier_faults(lines)) == faults


def test_lengths_beyond_the_context_need_no_price() -> None:
    assert list(tier_faults(tiers([("lte", 10)]), longest=10)) == []
    assert len(list(tier_faults(tiers([("lte", 10)]), longest=11))) == 1


def test_a_meter_without_a_price_for_a_length_falls_back() -> None:
    cached = Line("input.cache_read", Decimal(1), 1_000_000, "token", conditions=(_length("gt", 10),))
    assert list(tier_faults([*tiers([]), cached])) == []


def test_the_health_check_includes_scheduled_prices() -> None:
    sheet = world.price(world.model("gappy"), starts_at=timezone.now() + dt.timedelta(days=3))
    world.line(sheet, "input", "1", conditions=[_length("gt", 1000)])
    findings_by_rule = {rule.name: findings for rule, findings in run_checks(RULES, at=timezone.now())}
    assert [finding.problem for finding in findings_by_rule["odd-tiers"]] == [
        "input has no price for prompts of 1 to 1,000 tokens"
    ]
    assert str(findings_by_rule["odd-tiers"][0].row) == str(sheet)


def test_an_expression_has_no_0_for_a_missing_price(client: Client) -> None:
    sheet = world.price(world.model("gappy"), output="8")
    world.line(sheet, "input", "1", conditions=[_length("lte", 1000)])
    world.line(sheet, "input", "2", conditions=[_length("gt", 2000)])
    row = read_json(client.get("/api/pricing?unpriced=rows").content)["data"][0]
    assert "billing_expr" not in row
    assert len(row["prices"]) == 3
