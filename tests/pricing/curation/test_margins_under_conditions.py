"""A loss is found in any kind of request, at any hour of the week, for any group."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from pricing.curation.catalog_snapshot import CatalogSnapshot
from pricing.curation.checks.of_prices import below_cost
from pricing.curation.margins import losses
from pricing.curation.repricing import Rule, plan_repricing
from pricing.engine.scenarios import MAX_SCENARIOS, list_scenarios
from pricing.models import GroupRate, PriceSheet
from pricing.published.prices import sheets_in_force
from tests import world

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)  # a Monday


def when(dim: str, value: Any, op: str = "eq") -> list[dict[str, Any]]:
    return [{"dim": dim, "op": op, "value": value}]


def pair() -> tuple[PriceSheet, PriceSheet]:
    """A cost sheet (input 3, output 6) and a sell sheet (input 5, output 10)."""
    model = world.model()
    return world.price(model, role="cost", input="3", output="6"), world.price(model, input="5", output="10")


def loss_list() -> list[tuple[Any, ...]]:
    return [(loss.label, loss.cost, loss.sell) for loss in losses(at=NOW)]


def test_a_cheaper_tier_is_compared_with_a_cost_without_tiers() -> None:
    cost, sell = pair()
    assert loss_list() == []
    world.line(sell, "input", "1", conditions=when("service_tier", "flex"))
    assert loss_list() == [("Input, service tier flex", 3, 1)]
    world.line(cost, "input", "0.9", conditions=when("service_tier", "flex"))
    assert loss_list() == []


def test_a_conditional_multiplier_applies_on_both_sheets() -> None:
    cost, sell = pair()
    batch = {"per": 1, "unit": "", "kind": "multiplier", "conditions": when("service_tier", "batch")}
    world.line(sell, "", "0.1", **batch)
    assert loss_list() == [
        ("Input, service tier batch", 3, Decimal("0.5")),
        ("Output, service tier batch", 6, 1),
    ]
    world.line(cost, "", "0.1", **batch)
    assert loss_list() == []


def test_only_the_worst_scenario_is_reported() -> None:
    _, sell = pair()
    world.line(sell, "input", "2", conditions=when("service_tier", "flex"))
    world.line(sell, "input", "1", conditions=when("prompt_tokens", 1000, "lt"))
    assert loss_list() == [("Input, prompt below 1,000 tokens", 3, 1)]


def test_a_loss_at_another_hour_of_the_week_is_found() -> None:
    cost, sell = pair()
    friday_night = {"tz": "Asia/Shanghai", "windows": [{"hours": ["22:00-23:30"], "weekdays": [5]}]}
    world.line(cost, "input", "7", conditions=when("time", friday_night, "in"))
    assert [(cost, sell) for _, cost, sell in loss_list()] == [(7, 5)]
    world.line(sell, "input", "8", conditions=when("time", friday_night, "in"))
    assert loss_list() == []


def test_fields_of_the_request_and_their_absence_are_examined() -> None:
    cost, sell = pair()
    world.line(cost, "output", "12", conditions=when("request_match", {"body": {"options.speed": "fast"}}))
    world.line(cost, "input", "0.5", conditions=when("has_audio", False))
    world.line(sell, "input", "1", conditions=when("has_audio", False, "ne"))
    assert [(cost, sell) for _, cost, sell in loss_list()] == [(3, 1), (12, 10)]


def test_a_price_of_a_group_is_multiplied_by_that_groups_rate() -> None:
    _, sell = pair()
    for slug, rate in (("default", "1"), ("vip", "2")):
        world.channel(group=slug)
        world.rate(world.token_group(slug), rate)
    world.line(sell, "input", "1.6", conditions=when("group", "vip"))
    assert loss_list() == []
    GroupRate.objects.filter(group__slug="vip").update(ratio=Decimal("1.5"))
    assert [(loss.label, loss.sell, loss.group) for loss in losses(at=NOW)] == [("Input", Decimal("2.4"), "vip")]


def test_the_preview_and_the_health_check_report_a_loss() -> None:
    cost, sell = pair()
    world.line(sell, "input", "1", conditions=when("service_tier", "flex"))
    problems = [finding.problem for finding in below_cost(CatalogSnapshot(at=NOW))]
    assert problems == ["Input, service tier flex: sold at $1.00, costs $3.00 per million tokens"]
    plan = plan_repricing([cost.model], Rule("sell", Decimal(2)), at=NOW)
    assert [loss.label for loss in plan.steps[0].losses] == ["Input, service tier flex"]


def test_with_too_many_combinations_each_line_is_examined() -> None:
    cost, sell = pair()
    for number in range(MAX_SCENARIOS // 8):
        for dim in ("resolution", "mode", "region"):
            world.line(cost, "output", "6", conditions=when(dim, f"{dim}-{number}"))
    world.line(sell, "output", "1", conditions=when("mode", "mode-7"))
    assert [(cost, sell) for _, cost, sell in loss_list()] == [(6, 1)]
    lines = sheets_in_force([cost.model_id], roles=["cost"], at=NOW)[cost.model_id]["cost"].lines
    assert len(list_scenarios(lines, meter="output", groups=["default"], at=NOW)) == len(lines)
