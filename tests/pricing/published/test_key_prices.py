"""The prices that patterns of keys compare: those of the group that pays, at the moment, by the one rule of prices."""

import datetime as dt
import random
from collections.abc import Collection
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from catalog.db.snapshot import snapshot
from catalog.models import AIModel
from pricing.models import CurrencyRate, DiscountRule, GroupRate, PriceSheet
from pricing.published import key_prices
from pricing.published.key_prices import read_prices
from tests import world
from tokens.access.visibility import Listing
from tokens.patterns.prices import Price
from tokens.scope import Scope

# Prices are stored only if what they are read from is committed.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sql]

FREE = Price(is_free=True, comparable=Decimal(0))
NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
HOUR, SECOND = dt.timedelta(hours=1), dt.timedelta(seconds=1)


def key_of(name: str) -> int:
    return world.token_group(name).pk


def price(model: AIModel, *groups: str, at: dt.datetime = NOW) -> Price:
    """Its price, read by itself and with those of all models."""
    keys = tuple(map(key_of, groups or ["default"]))
    alone = read_prices(keys, at=at, models=[model.pk]).of(model.pk)
    with snapshot():
        assert read_prices(keys, at=at).of(model.pk) == alone
    return alone


def cost(model: AIModel, *groups: str, meter: str = "input", at: dt.datetime = NOW) -> Any:
    return price(model, *groups, at=at).amount(meter)


def test_the_rate_of_the_group_that_pays_counts() -> None:
    model = world.model(on=world.channel("shared", group="default"))
    world.channel("shared", group="vip")
    world.price(model, input="4", output="8")
    world.rate(world.token_group("vip"), "2")

    assert (cost(model), cost(model, "vip"), cost(model, "vip", "default")) == (4, 8, 8)
    assert cost(model, "default", "vip", meter="output") == 8
    assert price(model, "nobody") == Price(is_known=False)


def test_lines_for_a_group_count_for_it_alone() -> None:
    model = world.model(on=world.channel("shared", group="default"))
    world.channel("shared", group="vip")
    sheet = world.price(model, input="4")
    world.line(sheet, "input", "9", conditions=[{"dim": "group", "op": "eq", "value": "vip"}])

    assert (cost(model), cost(model, "vip")) == (4, 9)


def test_a_discount_and_a_currency_rate_count() -> None:
    model = world.model()
    world.price(model, role="list", currency="CNY", input="14.4")
    assert price(model) == Price(is_known=False)

    CurrencyRate.objects.create(currency="CNY", per_usd="7.2", as_of=dt.date(2026, 1, 1))
    assert cost(model) == 2

    DiscountRule.objects.create(all_models=True, multiplier="0.5", starts_at=NOW)
    assert (cost(model, at=NOW - SECOND), cost(model)) == (2, 1)


def test_a_price_in_another_currency_is_converted_after_its_factors() -> None:
    model = world.model()
    world.price(model, role="list", currency="CNY", input="10")
    CurrencyRate.objects.create(currency="CNY", per_usd="7.2", as_of=dt.date(2026, 1, 1))
    DiscountRule.objects.create(all_models=True, multiplier="0.72", starts_at=NOW)

    # 10 / 7.2 has no end.
    assert cost(model) == 1


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], Price(is_known=False)),
        ([("input", "0"), ("output", "0")], FREE),
        # Output is charged, and nobody knows how much.
        ([("input", "0")], Price(is_known=False)),
        ([("input", "1")], Price(highest={"input": Decimal(1)}, unknown_side="output", comparable=Decimal(1))),
        ([("", None)], Price(is_known=False)),
    ],
)
def test_a_price_that_is_not_known_is_unknown(lines: list[tuple[str, str | None]], expected: Price) -> None:
    model = world.model(supported_endpoint_types=["openai"])
    sheet = world.price(model)
    for meter, amount in lines:
        world.line(sheet, meter, amount, kind="absolute" if amount else "dynamic", unit="token" if amount else "")

    assert price(model) == expected


def test_a_group_that_pays_nothing_has_free_models() -> None:
    model = world.model()
    world.price(model, input="4", output="8")
    world.rate(world.token_group(), "0", starts_at=NOW)

    assert price(model) == FREE
    assert cost(model, at=NOW - SECOND) == 4


def test_an_announced_price_takes_effect_at_its_moment() -> None:
    model = world.model()
    world.price(model, input="4", output="8")
    world.price(model, input="6", output="8", starts_at=NOW + HOUR)

    assert [cost(model, at=NOW + offset) for offset in (HOUR - SECOND, HOUR, 2 * HOUR)] == [4, 6, 6]
    with snapshot():
        before, after = (read_prices((key_of("default"),), at=NOW + offset) for offset in (HOUR - SECOND, HOUR))
    assert (before.until, after.until) == (NOW + HOUR, NOW.replace(hour=0) + dt.timedelta(days=1))
    assert before.key != after.key


CHANGES: tuple[Any, ...] = (
    lambda dice: world.price(some_model(dice), input=str(dice.randint(0, 9)), output="1", starts_at=some_time(dice)),
    lambda dice: PriceSheet.objects.filter(model=some_model(dice)).delete(),
    lambda dice: GroupRate.objects.create(
        group=world.token_group(dice.choice(["default", "vip"])), ratio=dice.choice(["0", "0.5", "2"]),
        starts_at=NOW + dice.randint(-10**6, 10**6) * SECOND,
    ),
    lambda dice: DiscountRule.objects.create(
        model=some_model(dice), multiplier=dice.choice(["0.1", "0.9"]), starts_at=some_time(dice)
    ),
    lambda dice: AIModel.objects.filter(pk=some_model(dice).pk).update(status=dice.choice(["draft", "published"])),
    lambda dice: world.token_group("vip").channels.set([world.channel(dice.choice(["main", "side"]), group=None)]),
)  # fmt: skip


def some_model(dice: random.Random) -> AIModel:
    return dice.choice(list(AIModel.objects.order_by("pk")))


def some_time(dice: random.Random) -> dt.datetime:
    return NOW + dice.randint(-3600, 3600) * SECOND


@pytest.mark.parametrize("seed", range(3))
def test_stored_prices_and_lists_equal_those_that_are_read_again(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    for number in range(6):
        model = world.model(f"model-{number}", on=dice.choice(["main", "side"]))
        world.price(model, input=str(number), output="2")
    groups = (key_of("vip"), key_of("default"))
    scopes = [
        Scope(groups, allow=("price:input<=3",)), Scope(groups[::-1], deny=("price:input>3",)),
        Scope(groups, allow=("free", "model-5")), Scope(groups, allow=("model-1", "model-2"), deny=("price:input>1",)),
    ]  # fmt: skip
    for _ in range(12):
        dice.choice(CHANGES)(dice)
        at = some_time(dice)
        with snapshot():
            stored = dict(read_prices(groups, at=at).by_model)
            keys = list(AIModel.objects.values_list("pk", flat=True))
            assert stored == read_prices(groups, at=at, models=keys).by_model
            for scope in scopes:
                listing = Listing(scope, at)
                listed = {model.name for model in listing.listed()}
                assert listed == {name for name in map("model-{}".format, range(6)) if listing.model(name)}, scope


def test_a_change_reads_only_the_changed_models_again(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        world.price(world.model(f"model-{number}"), input="1", output="2")
    read: list[int] = []
    original = key_prices._prices

    def count(group: Any, models: Collection[AIModel], *args: Any, **options: Any) -> Any:
        read.append(len(models))
        return original(group, models, *args, **options)

    monkeypatch.setattr(key_prices, "_prices", count)
    listing = Listing(Scope((key_of("default"),), allow=("price:input<=1",)), timezone.now())

    assert [len(listing.listed()) for _ in range(3)] == [4, 4, 4]
    world.price(AIModel.objects.get(name="model-2"), input="5", output="2", starts_at=timezone.now() - SECOND)

    assert len(Listing(listing.scope, timezone.now()).listed()) == 3
    assert read == [4, 1]
    # Single models are not read again either.
    assert [Listing(listing.scope, timezone.now()).model(f"model-{number}") is None for number in (1, 2)] == [
        False,
        True,
    ]
    assert read == [4, 1]
