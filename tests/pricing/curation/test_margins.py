"""Prices below cost are found for the group that pays the least."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import AIModel
from pricing.curation import margins
from pricing.curation.margins import losses, models_at_a_loss
from pricing.models import CurrencyRate, DiscountRule, PriceSheet
from tests import world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


def loss_list() -> list[tuple[Any, ...]]:
    return [(loss.model.name, loss.meter, loss.cost, loss.sell) for loss in losses(at=NOW)]


def test_a_price_below_cost_is_found_and_an_equal_one_is_not() -> None:
    model = world.model()
    world.price(model, role="cost", input="2", output="8")
    world.price(model, role="sell", input="1.5", output="8")
    assert loss_list() == [("gpt-4o", "input", 2, Decimal("1.5"))]


def test_discounts_and_the_lowest_rate_apply() -> None:
    model = world.model()
    world.price(model, role="cost", input="2")
    world.price(model, role="list", input="4")
    DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.5"), starts_at=world.LONG_AGO)
    assert loss_list() == []
    world.rate(world.token_group(), "0.9")
    assert loss_list() == [("gpt-4o", "input", 2, Decimal("1.8"))]


def test_the_rate_of_a_group_for_a_model_is_compared_in_place_of_its_own() -> None:
    model, group = world.model(), world.token_group()
    world.price(model, role="cost", input="2")
    sell = world.price(model, role="sell", input="4")
    world.rate(group, "0.1")
    assert loss_list() == [("gpt-4o", "input", 2, Decimal("0.4"))]
    conditions = [{"dim": "group", "op": "eq", "value": group.slug}]
    world.line(sell, "", "0.5", kind="multiplier", unit="", conditions=conditions, facts={"is_group_rate": True})
    assert loss_list() == []


def test_prices_and_costs_are_compared_under_the_same_conditions() -> None:
    model = world.model()
    above = [{"dim": "prompt_tokens", "op": "gt", "value": 1000}]
    cost, sell = world.price(model, role="cost", input="2"), world.price(model, role="sell", input="3")
    world.line(cost, "input", "4", conditions=above)
    assert loss_list() == [("gpt-4o", "input", 4, 3)]
    world.line(sell, "input", "5", conditions=above)
    assert loss_list() == []


def test_units_and_currencies_are_converted() -> None:
    model = world.model()
    cost = world.price(model, role="cost", currency="CNY", input="14")
    world.line(cost, "input.cache_read", "0.00000021", per=1)
    world.price(model, role="sell", input="1.9", input__cache_read="0.03")
    assert loss_list() == []
    CurrencyRate.objects.create(currency="CNY", per_usd=Decimal(7), as_of=NOW.date())
    assert [(name, meter) for name, meter, _, _ in loss_list()] == [("gpt-4o", "input")]


@pytest.mark.parametrize(("price", "is_loss"), [("3.59", True), ("3.6", False)])
def test_a_cost_per_minute_is_compared_with_a_price_per_hour(price: str, is_loss: bool) -> None:
    model = world.model("whisper")
    world.line(world.price(model, role="cost"), "input.audio", "0.06", unit="minute", per=1)
    world.line(world.price(model, role="sell"), "input.audio", price, unit="hour", per=1)
    assert loss_list() == ([("whisper", "input.audio", Decimal("0.06"), Decimal(price) / 60)] if is_loss else [])


def test_a_loss_is_described() -> None:
    model = world.model()
    world.price(model, role="cost", input="2")
    world.price(model, role="sell", input="1")
    assert str(losses(at=NOW, models=[model])[0]) == "gpt-4o: Input sold at $1.00 below $2.00 per million tokens"


def test_after_a_change_only_the_models_that_it_is_about_are_compared_again(monkeypatch: pytest.MonkeyPatch) -> None:
    models = [world.model(f"m-{number}") for number in range(3)]
    for model in models:
        world.price(model, role="cost", input="2")
        world.price(model, input="3")
    assert models_at_a_loss(at=NOW) == set()
    compared: list[str] = []
    find = margins.published_margins

    def note(*, at: dt.datetime, models: Any = None) -> Any:
        compared.extend(["all"] if models is None else sorted(model.name for model in models))
        return find(at=at, models=models)

    monkeypatch.setattr(margins, "published_margins", note)
    world.price(models[1], input="1", starts_at=NOW - dt.timedelta(days=1))
    assert models_at_a_loss(at=NOW) == {models[1].pk}
    AIModel.objects.filter(pk=models[1].pk).set_status("draft")
    assert models_at_a_loss(at=NOW) == set()
    assert compared == ["m-1"]
    # A scheduled cost.
    world.price(models[2], role="cost", input="4", starts_at=NOW + dt.timedelta(days=1))
    assert models_at_a_loss(at=NOW) == set()
    assert models_at_a_loss(at=NOW + dt.timedelta(days=1)) == {models[2].pk}
    assert models_at_a_loss(at=NOW) == set()


def test_models_at_a_loss_are_cached_until_something_changes() -> None:
    model = world.model()
    world.price(model, role="cost", input="2")
    world.price(model, input="3")
    world.price(model, input="1", starts_at=NOW + dt.timedelta(days=1))
    assert models_at_a_loss(at=NOW) == set()

    with CaptureQueriesContext(connection) as captured:
        models_at_a_loss(at=NOW + dt.timedelta(seconds=1))
    assert len(captured) == 2  # the revision, and the last start or end of a cost

    assert models_at_a_loss(at=NOW + dt.timedelta(days=1)) == {model.pk}
    world.rate(world.token_group(), "0.5")
    assert models_at_a_loss(at=NOW) == {model.pk}
    world.token_group().channels.clear()
    assert models_at_a_loss(at=NOW) == set()


def test_a_loss_is_shown_per_million_tokens_in_any_unit() -> None:
    model = world.model("by-one")
    for role, amount in (("cost", "0.0000025"), ("sell", "0.000002")):
        sheet = PriceSheet.objects.create(model=model, role=role, starts_at=world.LONG_AGO)
        world.line(sheet, "input", amount, per=1)
    (loss,) = losses(at=timezone.now())
    assert (loss.cost, loss.sell, loss.per) == (Decimal("2.5"), Decimal(2), 1_000_000)
