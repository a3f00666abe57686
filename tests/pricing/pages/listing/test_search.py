"""GET /: which models visitors see, in which order, at which prices."""

import datetime as dt

import pytest
from django.test import Client, RequestFactory
from django.utils.http import urlencode

from catalog.models import ModelAlias
from pricing.models import PopularModel
from pricing.pages.listing.catalog import CARDS
from pricing.pages.listing.matching import index_of
from pricing.pages.visitor import Visitor
from tests import world
from tests.pricing.pages import shop
from tokens.access.visibility import PriceListing

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


def test_other_spellings_aliases_and_vendors_find_models(client: Client) -> None:
    """What a search finds is tested in tests/catalog/search."""
    zhipu = world.vendor("zhipu", name="Zhipu AI")
    world.model("zai-org/glm-4.6", vendor=zhipu)
    own = world.vendor("house", name="House", aliases=["自研"])
    ModelAlias.objects.create(name="newest", model=world.model("gpt-5", vendor=own))

    for text in ("GPT5", "gpt 5", "newest", "NEWEST", "自研", "ziyan", "house/gpt-5", "ｇｐｔ－５"):
        assert names(client, f"?{urlencode({'q': text})}") == ["gpt-5"], text
    for text in ("智谱", "zhipu", "glm4.6", "z-ai/glm-4.6", "智谱 glm"):
        assert names(client, f"?{urlencode({'q': text})}") == ["zai-org/glm-4.6"], text


def test_names_of_hidden_models_find_nothing(client: Client) -> None:
    ModelAlias.objects.create(name="secret-alias", model=world.model("hidden", on=world.channel("in", group="staff")))
    ModelAlias.objects.create(name="draft-alias", model=world.model("draft", status="draft"))
    assert names(client, "?q=secret-alias") == names(client, "?q=draft-alias") == names(client, "?q=hidden") == []


def test_a_model_with_the_searched_name_comes_first(client: Client) -> None:
    for name in ("gpt-5-mini", "a/gpt-5.1"):
        PopularModel.objects.create(model=world.model(name))
    world.model("gpt-5")

    assert names(client, "?q=GPT5")[0] == "gpt-5"
    assert names(client, "?q=GPT5&sort=name") == ["a/gpt-5.1", "gpt-5", "gpt-5-mini"]


def test_names_are_read_once_for_the_same_models() -> None:
    """A new price makes a new list of the same models."""
    world.model("gpt-5")
    visitor = Visitor.from_request(RequestFactory().get("/"))
    models = PriceListing(visitor.public.scope, visitor.at).visible()

    assert index_of(tuple(CARDS.of(models))) is index_of(tuple(CARDS.of(models)))
