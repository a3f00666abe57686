"""GET /: which models visitors see, in which order, at which prices."""

import datetime as dt

import pytest
from django.test import Client

from pricing.models import PopularModel
from tests import world
from tests.pricing.pages import shop

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def names(client: Client, query: str = "") -> list[str]:
    return shop.listed(shop.get(client, f"/{query}"))


def test_a_visitor_sees_only_public_models(client: Client) -> None:
    world.model("open")
    world.model("draft", status="draft")
    world.model("hidden", on=world.channel("inner", group="staff"))
    world.model("retired", retires_on=dt.date(2026, 1, 1))

    assert names(client) == ["open"]


def test_popular_models_come_first_then_the_newest(client: Client) -> None:
    world.model("old", released_on=dt.date(2025, 1, 1))
    world.model("new", released_on=dt.date(2026, 1, 1))
    world.model("undated")
    PopularModel.objects.create(model=world.model("loved", released_on=dt.date(2024, 1, 1)))

    assert names(client) == ["loved", "new", "old", "undated"]
    assert names(client, "?sort=newest") == ["new", "old", "loved", "undated"]


def test_orders_by_price_context_and_name(client: Client) -> None:
    world.price(world.model("b-dear", context_length=10), input="9")
    world.price(world.model("c-cheap", context_length=30), input="0.000000083")
    world.model("a-unpriced", context_length=20)

    assert names(client, "?sort=price") == ["c-cheap", "b-dear", "a-unpriced"]
    assert names(client, "?sort=context") == ["c-cheap", "a-unpriced", "b-dear"]
    assert names(client, "?sort=name") == ["a-unpriced", "b-dear", "c-cheap"]


def test_prices_are_those_of_the_group_that_the_visitor_chose(client: Client) -> None:
    model = world.model("gpt-4o")
    world.price(model, input="2.5", output="10")
    world.rate(world.token_group("default"), "1.2")
    world.rate(world.token_group("partner", is_public=True), "0.8")
    world.channel(group="partner")
    world.channel(group="secret")
    world.rate(world.token_group("secret"), "0.1")

    assert shop.row(shop.get(client, "/"), "gpt-4o").endswith("$3.00 $12.00")
    page = shop.get(client, "/?group=partner")
    assert shop.row(page, "gpt-4o").endswith("$2.00 $8.00")
    assert 'href="/models/gpt-4o?group=partner"' in page
    assert "secret" not in page.casefold()
    assert shop.row(shop.get(client, "/?group=secret"), "gpt-4o").endswith("$3.00 $12.00")


def test_an_empty_list_says_so(client: Client) -> None:
    assert "There are no models here yet." in shop.get(client, "/")

    world.model("gpt-4o")

    assert "No models match." in shop.text_of(shop.get(client, "/?q=zzz"))
