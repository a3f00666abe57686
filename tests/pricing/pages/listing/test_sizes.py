"""GET /: a page has the same size with 4,413 models as with 100, whatever is searched."""

import gzip
from html.parser import HTMLParser

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from pricing.pages.listing.catalog import PAGE_ROWS
from pricing.pages.listing.contents import MOST_ELEMENTS
from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db

MODELS = 4413
MOST_BYTES = 40_000
PATHS = (
    "/", "/?q=family", "/?q=zzz", "/?sort=-price&lang=zh", "/?capability=tools&price=5", "/?sort=context&page=20",
    "/?page=74", "/results", "/results?q=instruct&sort=name&page=3",
)  # fmt: skip


class Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.number = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.number += 1


def test_every_page_is_small(client: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    shop.many(MODELS)
    shop.tiered()
    for path in PATHS:
        with django_assert_max_num_queries(40):
            answer = client.get(path, headers=shop.BROWSER | {"accept-encoding": "gzip"})
        html = gzip.decompress(answer.content).decode()

        assert len(answer.content) <= MOST_BYTES, path
        # Two more pages can be appended.
        of_row = Elements(html.partition("<tbody>")[2].partition("</tbody>")[0]).number / PAGE_ROWS
        assert Elements(html).number + 2 * PAGE_ROWS * of_row <= MOST_ELEMENTS, path
        assert len(shop.listed(html)) == (0 if "zzz" in path else 34 if "74" in path else PAGE_ROWS), path


def test_a_search_of_stored_rows_costs_two_queries(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    shop.many(100)
    for query in ("", "?page=2"):
        shop.get(client, f"/{query}")

    for query in ("?q=family", "?sort=name&page=2", "?capability=tools"):
        with django_assert_num_queries(2):  # the revision; the public groups
            shop.get(client, f"/results{query}")


def test_a_changed_model_is_shown_by_the_next_request(client: Client) -> None:
    shop.many(100)
    model = world.model("family-x", display_name="Before")
    world.price(model, input="1")
    assert "Before" in shop.get(client, "/results?q=family-x")

    model.display_name = "After"
    model.save()
    assert "After" in shop.get(client, "/results?q=after")
    world.price(model, input="7")

    page = shop.get(client, "/results?q=family-x&sort=price")
    assert "$7.00" in shop.row(page, "family-x")
    model.delete()
    assert shop.listed(shop.get(client, "/results?q=family-x")) == []
