"""A discount says which prices it changes, and by how much, before it is stored."""

import datetime as dt
import html
import re
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from pricing.models import DiscountRule, GroupRate
from tests import admin_world, world

pytestmark = pytest.mark.django_db

ADD = "/admin/pricing/discountrule/add/"


def post(client: Client, **fields: str) -> str:
    answer = client.post(ADD, admin_world.filled_in(client, ADD, **fields))
    return "" if answer.status_code == 302 else html.unescape(answer.content.decode())


@pytest.fixture(autouse=True)
def catalog() -> None:
    for name in ("a", "b"):
        model = world.model(name)
        world.price(model, role="list", input="3", output="9")
        world.price(model, role="cost", input="1", output="8")
    world.price(world.model("sold"), input="3", output="9")


def test_a_rule_without_a_target_is_refused(admin_client: Client) -> None:
    assert "Choose one of model, series and vendor, or all models" in post(admin_client, multiplier="0.01")
    assert not DiscountRule.objects.exists()


def test_a_rule_for_all_models_is_previewed_and_then_stored(admin_client: Client) -> None:
    form = admin_world.filled_in(admin_client, ADD, multiplier="0.5", all_models="on")
    asked = admin_client.post(ADD, form)
    page = asked.content.decode()
    assert "The rule changes the price of 2 models, 2 of them to less than their cost." in page
    assert re.search(r"Sold below cost</span><strong[^>]*>2<", page)
    for figure in ("$3.00", "$1.50", "$9.00", "$4.50", "Loss: "):
        assert figure in page
    assert "sold</a>" not in page
    assert not DiscountRule.objects.exists()

    assert admin_world.confirm(admin_client, ADD, asked).status_code == 302
    assert DiscountRule.objects.get().multiplier == Decimal("0.5")


def test_a_scheduled_rule_is_previewed_with_the_prices_of_its_start(admin_client: Client) -> None:
    start = timezone.now() + dt.timedelta(days=3)
    form = admin_world.filled_in(admin_client, ADD, multiplier="0.5", all_models="on")
    form |= {"starts_at_0": f"{start:%Y-%m-%d}", "starts_at_1": f"{start:%H:%M:%S}"}
    page = admin_client.post(ADD, form).content.decode()
    assert "The rule changes the price of 2 models" in page
    assert "$3.00" in page


@pytest.mark.parametrize("days", [0, 3])
def test_a_rate_of_a_group_is_confirmed(days: int, admin_client: Client) -> None:
    world.key()
    add = "/admin/pricing/grouprate/add/"
    start = timezone.now() + dt.timedelta(days=days)
    form = admin_world.filled_in(admin_client, add, group=str(world.token_group().pk), ratio="0.01")
    if days:
        form |= {"starts_at_0": f"{start:%Y-%m-%d}", "starts_at_1": f"{start:%H:%M:%S}"}
    asked = admin_client.post(add, form)
    assert admin_world.is_confirmation(asked)
    assert "$0.03" in asked.content.decode()
    assert not GroupRate.objects.exists()
    assert admin_world.confirm(admin_client, add, asked).status_code == 302


@pytest.mark.parametrize("multiplier", ["0", "-1", "1001", "1000000"])
def test_the_limits_are_those_of_repricing(multiplier: str, admin_client: Client) -> None:
    page = post(admin_client, multiplier=multiplier, all_models="on")
    assert "more than 0" in page or "must be" in page
    assert not DiscountRule.objects.exists()


def test_a_rule_that_changes_no_price_is_stored_at_once(admin_client: Client) -> None:
    assert post(admin_client, multiplier="0.5", series="none") == ""
