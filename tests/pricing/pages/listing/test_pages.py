"""GET /: the list by pages, without scripts."""

import re

import pytest
from django.test import Client

from pricing.pages.listing import catalog
from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _five_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "PAGE_ROWS", 2)
    for name in "abcde":
        world.price(world.model(f"model-{name}"), input="1", output="2")


def links(page: str) -> dict[str, str]:
    """rel -> the address of the link below the rows; the head has the same ones."""
    found = dict(re.findall(r'<a [^>]*?rel="(prev|next)" href="([^"]+)"', page))
    in_head = dict(re.findall(r'<link rel="(prev|next)" href="([^"]+)"', page))
    assert found == in_head
    return {rel: link.replace("&amp;", "&") for rel, link in found.items()}


def test_the_pages_together_have_every_model_once(client: Client) -> None:
    names, address, counted = [], "/?sort=name&lang=en", 0
    while address:
        page = shop.get(client, address)
        names += shop.listed(page)
        counted += 1
        address = links(page).get("next", "")

    assert names == [f"model-{name}" for name in "abcde"]
    assert counted == 3
    assert links(page) == {"prev": "/?sort=name&page=2&lang=en"}
    assert "5–5 of 5" in page


def test_a_page_repeats_the_search_and_the_choices_of_the_visitor(client: Client) -> None:
    page = shop.get(client, "/?q=model&sort=-name&page=2&lang=en")

    assert shop.listed(page) == ["model-c", "model-b"]
    assert links(page) == {"prev": "/?q=model&sort=-name&lang=en", "next": "/?q=model&sort=-name&page=3&lang=en"}
    assert 'href="/?q=model&amp;sort=-name&amp;page=2&amp;lang=zh"' in page
    # A new search begins at the first page.
    assert '<input type="hidden" name="page"' not in page


@pytest.mark.parametrize(
    ("asked", "shown"), [("4", "3"), ("99999", "3"), ("100000", ""), ("0", ""), ("-1", ""), ("²", "")]
)
def test_an_address_of_no_page_shows_the_nearest_one(client: Client, asked: str, shown: str) -> None:
    page = shop.get(client, f"/?sort=name&page={asked}")

    assert shop.listed(page) == (["model-e"] if shown else ["model-a", "model-b"])
    number = f"&amp;page={shown}" if shown else ""
    assert f'href="/?sort=name{number}&amp;lang=zh"' in page


def test_a_search_without_a_match_is_a_small_page(client: Client) -> None:
    page = shop.get(client, "/?q=zzz&page=7")

    assert shop.listed(page) == []
    assert "<table" not in page
    assert links(page) == {}
    assert "0 models" in page


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", (">1,500 models<", ">1,499–1,500 of 1,500<")),
        ("zh", (">1,500 个模型<", ">第 1,499–1,500 个，共 1,500 个<")),
    ],
)
def test_numbers_of_models_have_separators(
    client: Client, monkeypatch: pytest.MonkeyPatch, language: str, texts: tuple[str, ...]
) -> None:
    monkeypatch.setattr(catalog.Catalog, "found", lambda self, _search: list(self.cards) * 300)
    page = shop.get(client, f"/?page=750&lang={language}")

    assert [text for text in texts if text not in page] == []
