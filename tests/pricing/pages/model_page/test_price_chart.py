"""The steps of a price and their plot."""

import datetime as dt
import re
from decimal import Decimal

import pytest

from catalog.models import AIModel
from pricing.models import DiscountRule
from pricing.pages.model_page.history import Step, steps_of
from pricing.pages.model_page.price_chart import Plot, plot_of
from pricing.pages.visitor import PublicGroups
from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
MONTH = dt.timedelta(days=30)
FLEX = [{"dim": "service_tier", "op": "eq", "value": "flex"}]


def steps(model: AIModel) -> list[Step]:
    return steps_of(model, PublicGroups.choose("default"), at=NOW)


def plot(model: AIModel) -> Plot | None:
    return plot_of(steps(model), at=NOW)


def test_a_changed_factor_is_a_step_and_an_equal_price_is_not() -> None:
    model = world.model()
    world.price(model, starts_at=NOW - 3 * MONTH, input="2.5")
    equal = world.price(model, starts_at=NOW - 2 * MONTH)
    world.line(equal, "input", "0.0000025", per=1)
    world.line(equal, "", "1", kind="multiplier", per=1, unit="", conditions=FLEX)
    flex = world.price(model, starts_at=NOW - MONTH, input="2.5")
    world.line(flex, "", "0.5", kind="multiplier", per=1, unit="", conditions=FLEX)

    assert [step.at for step in steps(model)] == [NOW - 3 * MONTH, NOW - MONTH]
    assert [(move.old, move.new) for move in steps(model)[1].moves] == [("", "times 0.5")]


def test_a_sheet_with_the_same_price_is_not_a_step() -> None:
    model = shop.changed(steps=((NOW - 3 * MONTH, "1", "2"), (NOW - 2 * MONTH, "1", "2"), (NOW - MONTH, "1", "3")))

    assert [[(move.label, move.old, move.new) for move in step.moves] for step in steps(model)] == [
        [("Input", "", "$1.00 per million tokens"), ("Output", "", "$2.00 per million tokens")],
        [("Output", "$2.00", "$3.00 per million tokens")],
    ]


def test_discounts_begin_and_end_as_steps_at_the_groups_rate() -> None:
    world.rate(world.token_group("default"), 2)
    model = world.model()
    world.price(model, role="list", starts_at=NOW - 3 * MONTH, input="1")
    DiscountRule.objects.create(
        vendor=model.vendor, multiplier=Decimal("0.5"), starts_at=NOW - MONTH, ends_at=NOW + MONTH
    )

    assert [(step.tag.input, step.is_announced) for step in steps(model)] == [
        ("$2.00", False),
        ("$1.00", False),
        ("$2.00", True),
    ]


def test_a_later_rate_of_the_group_is_a_step_and_leaves_the_earlier_ones() -> None:
    model = world.model()
    world.price(model, starts_at=NOW - 3 * MONTH, input="1")
    group = world.token_group("default")
    world.rate(group, 2, starts_at=NOW - 2 * MONTH)
    before = steps(model)

    world.rate(group, 3, starts_at=NOW - MONTH)
    world.rate(group, 4, starts_at=NOW + MONTH)

    assert steps(model)[:2] == before
    assert [(step.tag.input, step.is_announced) for step in steps(model)] == [
        ("$1.00", False),
        ("$2.00", False),
        ("$3.00", False),
        ("$4.00", True),
    ]


def test_the_plot_steps_at_the_moments_and_is_dashed_after_now() -> None:
    model = shop.changed(steps=((NOW - 2 * MONTH, "4", "8"), (NOW - MONTH, "2", "8"), (NOW + MONTH, "2", "4")))

    drawn = plot(model)

    assert drawn is not None
    curves = {curve.kind: curve for curve in drawn.curves}
    # Three months and a quarter on 560 units: a month is 172.3.
    assert curves["input"].past == "M0.0 84.0H172.3M172.3 84.0V119.0H344.6"
    assert curves["output"].future == "M344.6 14.0H516.9M516.9 14.0V84.0H560.0"
    assert [label for _y, label in drawn.prices] == ["$8.00", "$4.00", "$0.00"]
    assert drawn.dates == (("0.0%", "2026-04-02", "start"), ("92.3%", "2026-07-01", "end"))


def test_a_promotion_that_ends_without_a_price_leaves_a_gap() -> None:
    model = world.model()
    first = world.price(model, starts_at=NOW - 3 * MONTH, input="1")
    first.ends_at = NOW - 2 * MONTH
    first.save()
    world.price(model, starts_at=NOW - MONTH, input="2")

    drawn = plot(model)

    assert [step.state for step in steps(model)] == ["", "no price yet", ""]
    assert drawn is not None
    assert len(re.findall("M", drawn.curves[0].past)) == 2
    assert drawn.curves[0].past.count("V") == 0


def test_a_single_price_has_no_chart() -> None:
    assert plot(shop.changed(steps=((NOW - MONTH, "1", "2"),))) is None
    assert plot(world.model("unpriced")) is None


def test_two_currencies_have_no_chart() -> None:
    model = world.model()
    world.price(model, starts_at=NOW - 2 * MONTH, input="1")
    world.price(model, starts_at=NOW - MONTH, currency="CNY", input="7")

    assert plot(model) is None
    assert [step.tag.input for step in steps(model)] == ["$1.00", "¥7.00"]


def test_rule_tables_are_drawn_by_their_headline() -> None:
    model = shop.image_rules("picture")
    world.line(world.price(model, starts_at=NOW - MONTH), "output.image", "0.08", per=1, unit="image")

    drawn = plot(model)

    assert drawn is not None
    assert [(curve.kind, curve.label) for curve in drawn.curves] == [("single", "Price")]
    assert drawn.prices[0][1] == "$0.08"


def test_changes_within_one_day_have_no_chart() -> None:
    """Both ends of the plot would have the same date."""
    morning, evening = NOW.replace(hour=6), NOW.replace(hour=18)
    model = shop.changed("hasty", steps=((morning, "1", "2"), (evening, "1", "3")))
    steps = steps_of(model, PublicGroups.choose("default"), at=NOW.replace(hour=20))
    assert len(steps) == 2
    assert plot_of(steps, at=NOW.replace(hour=20)) is None
    assert plot_of(steps, at=NOW + dt.timedelta(days=2)) is not None


def test_the_chart_states_its_unit_and_does_not_mix_two() -> None:
    model = shop.changed(steps=((NOW - 3 * MONTH, "1", "2"), (NOW - MONTH, "1", "3")))
    mixed = world.model("mixed")
    world.line(world.price(mixed, starts_at=NOW - 2 * MONTH), "output", "4", per=1, unit="image")
    world.line(world.price(mixed, starts_at=NOW - MONTH), "output", "0.1", per=1, unit="second")

    drawn = plot(model)
    assert drawn is not None
    assert drawn.unit == "per million tokens"
    assert plot(mixed) is None


@pytest.mark.parametrize("kind", ["dynamic", "included"])
def test_an_amount_beside_an_undecided_price_is_not_drawn(kind: str) -> None:
    model = world.model()
    undecided = world.price(model, starts_at=NOW - 3 * MONTH, input="0")
    world.line(undecided, "request", None, kind=kind, unit="", per=1)
    world.price(model, starts_at=NOW - 2 * MONTH, input="1")
    world.price(model, starts_at=NOW - MONTH, input="2")

    drawn = plot(model)

    assert drawn is not None
    assert drawn.curves[0].past.startswith("M186.7 ")
