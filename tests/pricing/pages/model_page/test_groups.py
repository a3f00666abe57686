"""The prices of all public groups on the page of a model."""

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel
from tests import world
from tests.pricing.pages import shop
from tokens.models import ModelRelease

pytestmark = pytest.mark.django_db


def table_of(client: Client, address: str) -> str:
    """The text of the table of groups; empty if there is none."""
    _, head, rest = shop.get(client, address).partition('<table class="prices groups">')
    return shop.text_of(f"<table>{rest.partition('</table>')[0]}") if head else ""


@pytest.fixture
def vip() -> None:
    world.channel("main")
    group = world.token_group("vip", label="VIP", is_public=True)
    world.channel("main", group="vip")
    world.rate(group, "0.5")


@pytest.mark.usefixtures("vip")
def test_each_public_group_has_its_price_and_a_link(client: Client) -> None:
    world.price(world.model("tokens"), input="2", output="8", input__cache_read="0.2")

    assert table_of(client, "/models/tokens") == (
        "Prices by group, per million tokens Group Input Output Cached input"
        " Default chosen $2.00 $8.00 $0.20 VIP $1.00 $4.00 $0.10"
    )
    page = shop.get(client, "/models/tokens?lang=zh")
    assert '<a href="/models/tokens?lang=zh&amp;group=vip">VIP</a>' in page
    assert "VIP chosen $1.00" in table_of(client, "/models/tokens?group=vip")


@pytest.mark.usefixtures("vip")
def test_prices_that_are_not_per_token_and_states_have_one_cell(client: Client) -> None:
    world.line(world.price(world.model("painter")), "output", "0.04", per=1, unit="image")
    world.model("unpriced")

    assert table_of(client, "/models/painter") == (
        "Prices by group Group Price Default chosen $0.04 per image VIP $0.02 per image"
    )
    assert "Default chosen no price yet VIP no price yet" in table_of(client, "/models/unpriced")


@pytest.mark.usefixtures("vip")
def test_a_group_that_does_not_reach_the_model_has_no_row(client: Client) -> None:
    world.channel("other")
    world.price(world.model("everywhere"), input="2")
    world.price(world.model("only-default", on="other"), input="2")
    ModelRelease.objects.create(
        model=world.model("later"), group=world.token_group("vip"), starts_at=timezone.now() + dt.timedelta(days=9)
    )

    assert "VIP" in table_of(client, "/models/everywhere")
    assert "VIP" not in table_of(client, "/models/only-default")
    assert "VIP" not in table_of(client, "/models/later")


@pytest.mark.usefixtures("vip")
def test_a_hidden_group_and_its_prices_are_not_shown(client: Client) -> None:
    secret = world.token_group("secret", label="Inner Circle")
    world.channel("main", group="secret")
    world.rate(secret, "0.123")
    sheet = world.price(world.model("tokens"), input="1000")
    world.line(sheet, "input", "77", conditions=[{"dim": "group", "op": "eq", "value": "secret"}])

    for address in ("/models/tokens", "/models/tokens?group=secret"):
        page = shop.get(client, address)
        assert "VIP" in table_of(client, address)
        for leak in ("Inner Circle", "$123", "$77"):
            assert leak not in page


def test_one_public_group_needs_no_table(client: Client) -> None:
    world.price(world.model("tokens"), input="2")

    assert table_of(client, "/models/tokens") == ""


def test_many_groups_take_no_more_queries_than_two(client: Client, django_assert_max_num_queries: object) -> None:
    def queries() -> int:
        table_of(client, "/models/tokens")
        world.model(f"other-{AIModel.objects.count()}")
        with django_assert_max_num_queries(200) as captured:  # type: ignore[operator]
            assert table_of(client, "/models/tokens")
        return len(captured)

    world.price(world.model("tokens"), input="2")
    for number in range(2):
        world.channel("main", group=world.token_group(f"group-{number}", is_public=True).slug)
    few = queries()
    for number in range(2, 9):
        world.channel("main", group=world.token_group(f"group-{number}", is_public=True).slug)

    assert queries() <= few


def test_the_vendor_links_to_its_models(client: Client) -> None:
    world.model("ours", vendor=world.vendor("acme"))

    page = shop.get(client, "/models/ours?lang=en")

    assert page.count('href="/?vendor=acme&amp;lang=en"') == 2
