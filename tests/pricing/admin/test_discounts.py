"""A discount says which prices it changes, and by how much, before it is stored."""

import html
import re
from decimal import Decimal

import pytest
from django.test import Client

from pricing.models import DiscountRule
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
    page = post(admin_client, multiplier="0.5", all_models="on")
    assert "The rule changes the price of 2 of 3 models. Check the preview, then save again." in page
    assert re.search(r"Sold below cost</span><strong[^>]*>2<", page)
    for figure in ("$3.00", "$1.50", "$9.00", "$4.50", "Loss: "):
        assert figure in page
    assert "sold</a>" not in page
    assert not DiscountRule.objects.exists()

    match = re.search(r'name="previewed" value="([0-9a-f]+)"', page)
    assert match is not None
    assert "changes the price of 2 of 3" in post(admin_client, multiplier="0.4", all_models="on", previewed=match[1])
    assert post(admin_client, multiplier="0.5", all_models="on", previewed=match[1]) == ""
    assert DiscountRule.objects.get().multiplier == Decimal("0.5")


@pytest.mark.parametrize("multiplier", ["0", "-1", "1001", "1000000"])
def test_the_limits_are_those_of_repricing(multiplier: str, admin_client: Client) -> None:
    page = post(admin_client, multiplier=multiplier, all_models="on")
    assert "more than 0" in page or "must be" in page
    assert not DiscountRule.objects.exists()


def test_a_rule_that_changes_no_price_is_stored_at_once(admin_client: Client) -> None:
    assert post(admin_client, multiplier="0.5", series="none") == ""
