"""A group that gets another name keeps its prices."""

from decimal import Decimal

import pytest
from django.test import Client

from catalog.db import revision
from catalog.models import Source
from pricing.models import PriceLine
from tests import world
from tokens.models import TokenGroup

pytestmark = pytest.mark.django_db


def named(op: str, value: object) -> list[dict[str, object]]:
    return [{"dim": "group", "op": op, "value": value}]


def test_conditions_of_past_and_current_prices_state_the_new_name() -> None:
    group = world.token_group("group-fcf43bc1")
    sheet = world.price(world.model(), input="1")
    own = world.line(sheet, "input", "2", conditions=named("eq", "group-fcf43bc1"))
    several = world.line(sheet, "input", "3", conditions=named("in", ["vip", "group-fcf43bc1"]))
    other = world.line(sheet, "input", "4", conditions=named("ne", "Group-fcf43bc1"))
    length = world.line(sheet, "input", "5", conditions=[{"dim": "prompt_tokens", "op": "gt", "value": 200000}])
    before = revision.read()

    group.slug = "官转"
    group.save()

    conditions = {line.pk: line.conditions for line in PriceLine.objects.all()}
    assert conditions[own.pk] == named("eq", "官转")
    assert conditions[several.pk] == named("in", ["vip", "官转"])
    assert conditions[other.pk] == other.conditions
    assert conditions[length.pk] == length.conditions
    assert revision.read().prices != before.prices


def test_the_price_of_the_group_stays_the_same(client: Client) -> None:
    group = world.token_group("premium", is_public=True)
    world.channel("fast", group="premium")
    sheet = world.price(world.model(on="fast"), input="1", output="2")
    world.line(sheet, "input", "7", conditions=named("eq", "premium"))
    question = {"model": "gpt-4o", "usage": {"input": 1_000_000}}
    assert client.post("/api/pricing/quote", question, "application/json").json()["amount"] == "7"

    group.slug = "限时特价"
    group.save()

    answer = client.post("/api/pricing/quote", question, "application/json").json()
    assert (answer["amount"], answer["group"]) == ("7", "限时特价")


def test_sources_of_the_group_follow() -> None:
    source = Source.objects.create(slug="upstream", name="Upstream", channel="up", group="premium")
    group = world.token_group("premium")

    group.slug = "官转"
    group.save()

    source.refresh_from_db()
    assert source.group == "官转"
    assert source.history.first().history_change_reason == "Group premium is now 官转"


def test_an_edit_without_a_new_name_changes_no_price() -> None:
    group = world.token_group("premium")
    world.line(world.price(world.model(), input="1"), "input", "2", conditions=named("eq", "premium"))
    before = revision.read()

    group.label = "Premium customers"
    group.save()

    assert revision.read().prices == before.prices


def test_groups_whose_names_differ_by_case_have_different_prices(client: Client) -> None:
    for name in ("VIP", "vip"):
        world.channel("fast", group=name)
    TokenGroup.objects.update(is_public=True)
    sheet = world.price(world.model(on="fast"), input="1", output="2")
    world.line(sheet, "input", "7", conditions=named("eq", "VIP"))
    world.line(sheet, "input", "9", conditions=named("in", ["vip"]))

    def amount(group: str) -> str:
        question = {"model": "gpt-4o", "usage": {"input": 1_000_000}, "group": group}
        return str(client.post("/api/pricing/quote", question, "application/json").json()["amount"])

    assert (amount("VIP"), amount("vip")) == ("7", "9")
    assert {line.amount for line in PriceLine.objects.all()} == {Decimal(number) for number in (1, 2, 7, 9)}
