"""A repricing rule derives exact sell prices from current prices, and gives a reason for each skipped model."""

import datetime as dt
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.db import revision
from catalog.models import AIModel, Vendor
from catalog.prices import Line, Sheet
from pricing.curation.repricing import Repricing, Rule, apply_repricing, plan_repricing
from pricing.models import CurrencyRate, DiscountRule, PriceSheet
from tests import world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
NOW = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
TIER = [{"dim": "prompt_tokens", "op": "gt", "value": 200_000}]


def plan(base: str = "list", by: str = "1.1", digits: int | None = None, at: dt.datetime = NOW) -> Repricing:
    return plan_repricing(AIModel.objects.order_by("name"), Rule(base, Decimal(by), digits), at=at)


def new_lines() -> list[tuple[str, Decimal | None]]:
    lines = PriceSheet.objects.order_by("-pk")[0].lines.order_by("position")
    return [(line.meter, line.amount) for line in lines]


def test_every_price_is_multiplied_exactly() -> None:
    model = world.model()
    sheet = world.price(model, role="list", currency="CNY", input="2.5", output="0.123456789012345678901234567891")
    world.line(sheet, "input", "5", conditions=TIER)

    assert apply_repricing(plan(), reason="New year") == 1

    sell = PriceSheet.objects.get(role="sell")
    assert new_lines() == [("input", Decimal("2.75")), ("output", Decimal("0.1358024679135802467913580246801")),
                           ("input", Decimal("5.5"))]  # fmt: skip
    assert (sell.currency, sell.starts_at, sell.reason) == ("CNY", NOW, "New year")
    assert sell.lines.get(position=2).conditions == TIER


@pytest.mark.parametrize(
    ("digits", "amount"),
    [(1, "0.1"), (2, "0.14"), (3, "0.136"), (12, "0.135802467914"), (None, "0.13580246791357999999999999994")],
)
def test_prices_are_rounded_to_significant_digits(digits: int | None, amount: str) -> None:
    world.price(world.model(), role="list", input="0.1234567890123454545454545454")

    assert plan(digits=digits).steps[0].after.lines[0].amount == Decimal(amount)


def test_multipliers_and_included_lines_do_not_change() -> None:
    sheet = world.price(world.model(), role="list", input="2")
    world.line(sheet, "", "0.5", kind="multiplier", per=1, unit="")
    world.line(sheet, "output", None, kind="included", unit="")

    apply_repricing(plan(by="2"))

    assert new_lines() == [("input", 4), ("", Decimal("0.5")), ("output", None)]


def test_a_new_amount_is_not_by_the_rule_of_the_old_one() -> None:
    rule = {"price_rule": "by a rule", "kept": 1}
    sheet = Sheet("USD", (Line("input", Decimal(2), facts=rule), Line("output", Decimal(0), facts=rule)))
    repriced = Rule("list", Decimal(2)).of(sheet)
    assert [dict(line.facts) for line in repriced.lines] == [{"kept": 1}, rule]


def test_prices_before_and_after_are_what_customers_pay() -> None:
    model = world.model()
    world.price(model, role="list", input="4")
    world.price(model, input="5", output="7")

    moves = plan().steps[0].moves

    assert [(move.title, move.before, move.after) for move in moves] == [
        ("Input", Decimal(5), Decimal("4.4")),
        ("Output", Decimal(7), None),
    ]
    assert moves[0].percent == -12


def test_skipped_models_are_listed_with_the_reason() -> None:
    world.price(world.model("promoted"), input="1")
    PriceSheet.objects.update(ends_at=NOW + dt.timedelta(days=1))
    world.price(world.model("free"), input="0")
    world.line(world.price(world.model("dynamic")), "input", None, kind="dynamic", unit="")
    world.price(world.model("listed"), role="list", input="1")

    planned = plan("sell")

    assert planned.steps == []
    assert [(model.name, why) for model, why in planned.skipped] == [
        ("dynamic", "its sell price has no amount"),
        ("free", "customers already pay that price"),
        ("listed", "no sell price"),
        ("promoted", "its sell price ends on 2026-11-24"),
    ]


def test_a_price_that_a_promotion_sets_is_written_to_outlast_it() -> None:
    world.price(world.model(), role="list", input="2")
    rule = DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.9"), starts_at=world.LONG_AGO)
    assert plan(by="0.9").steps == []
    DiscountRule.objects.filter(pk=rule.pk).update(ends_at=NOW + dt.timedelta(days=1))
    assert len(plan(by="0.9").steps) == 1


def test_a_later_start_uses_the_prices_of_that_time() -> None:
    model = world.model()
    world.price(model, role="list", input="1")
    world.price(model, role="list", input="2", starts_at=NOW + dt.timedelta(days=1))

    apply_repricing(plan(by="3", at=NOW + dt.timedelta(days=2)))

    assert new_lines() == [("input", Decimal(6))]
    assert not PriceSheet.objects.in_force(at=NOW + dt.timedelta(days=1)).filter(role="sell").exists()


def test_losses_come_first_for_the_group_that_pays_the_least() -> None:
    for name, cost in (("a-gain", "0.9"), ("b-loss", "1")):
        model = world.model(name)
        world.price(model, role="list", input="1")
        world.price(model, role="cost", input=cost)
    world.rate(world.token_group(), "0.9")

    planned = plan(by="1.1")

    assert [(step.model.name, bool(step.losses)) for step in planned.steps] == [("b-loss", True), ("a-gain", False)]
    assert planned.losses == 1
    assert planned.steps[0].margin is not None
    assert round(planned.steps[0].margin, 2) == Decimal("-1.01")


def test_costs_in_another_currency_are_converted() -> None:
    model = world.model()
    world.price(model, role="list", input="1")
    world.price(model, role="cost", currency="CNY", input="14")
    assert plan().steps[0].margins == ()
    CurrencyRate.objects.create(currency="CNY", per_usd=Decimal(7), as_of=NOW.date())
    assert plan().losses == 1


def test_the_fingerprint_identifies_the_change() -> None:
    model = world.model()
    world.price(model, role="list", input="1")
    first = plan()
    assert plan(at=NOW + dt.timedelta(seconds=5)).fingerprint == first.fingerprint
    assert plan(by="1.2").fingerprint != first.fingerprint
    world.price(model, input="9")
    assert plan().fingerprint != first.fingerprint


def test_hundreds_are_planned_and_written_in_a_few_statements() -> None:
    author = User.objects.create_user("maria")
    vendor: Vendor = world.vendor()
    for n in range(40):
        model = world.model(f"model-{n}", vendor=vendor)
        world.price(model, role="list", input="1", output="2")
        world.price(model, role="cost", input="1", output="2")
    before = revision.current()

    with CaptureQueriesContext(connection) as captured:
        apply_repricing(plan(), author=author)

    # Models; sheets and lines of list and sell, of what is published, of cost; rules; two rates; promotions; groups
    # and their rates; then two savepoints around revision, sheets, their history, revision and lines, and webhooks.
    assert len(captured) <= 31
    assert PriceSheet.objects.filter(role="sell", author=author).count() == 40
    assert PriceSheet.history.filter(history_user=author).count() == 40
    assert revision.current() > before
