"""GET /: the orders of the list, in both directions, and the headers that lead to them."""

import datetime as dt
import re

import pytest
from django.test import Client

from tests import world
from tests.pricing.pages import shop

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


@pytest.fixture
def _models() -> None:
    for name, released, context, amount_in, amount_out in (
        ("b", dt.date(2025, 1, 1), 30, "9", "10"),
        ("a", dt.date(2026, 1, 1), 10, "1", "50"),
        ("d", dt.date(2024, 1, 1), 20, "0.5", "20"),
    ):
        world.price(world.model(name, released_on=released, context_length=context), input=amount_in, output=amount_out)
    world.model("c")


@pytest.mark.usefixtures("_models")
@pytest.mark.parametrize(
    ("sort", "names"),
    [("newest", "abdc"), ("price", "dabc"), ("output", "bdac"), ("context", "bdac"), ("name", "abcd")],
)
def test_both_directions_have_models_without_a_figure_last(client: Client, sort: str, names: str) -> None:
    assert "".join(shop.listed(shop.get(client, f"/?sort={sort}"))) == names

    reverse = names[::-1] if sort == "name" else f"{names[-2::-1]}c"
    assert "".join(shop.listed(shop.get(client, f"/?sort=-{sort}"))) == reverse


@pytest.mark.usefixtures("_models")
def test_popular_models_are_always_first(client: Client) -> None:
    assert shop.listed(shop.get(client, "/?sort=-popular")) == shop.listed(shop.get(client, "/"))


def headers(page: str) -> dict[str, tuple[str, str]]:
    """Label -> (the value of aria-sort, the address) of the headers that are links."""
    found = re.findall(r'<th scope="col"[^>]*?(?: aria-sort="(\w+)")?><a href="([^"]+)">([^<]+)', page)
    return {label: (order, link.replace("&amp;", "&")) for order, link, label in found}


@pytest.mark.usefixtures("_models")
def test_a_header_sorts_and_then_turns_around(client: Client) -> None:
    page = shop.get(client, "/?q=a&lang=en")
    assert headers(page) == {
        "Model": ("", "/?q=a&sort=name&lang=en"),
        "Context": ("", "/?q=a&sort=context&lang=en"),
        "Input": ("", "/?q=a&sort=price&lang=en"),
        "Output": ("", "/?q=a&sort=output&lang=en"),
    }

    sorted_page = shop.get(client, "/?sort=context")
    assert headers(sorted_page)["Context"] == ("descending", "/?sort=-context")
    turned = shop.get(client, "/?sort=-context")
    assert headers(turned)["Context"] == ("ascending", "/?sort=context")
    # The select says it, too.
    assert '<option value="-context" selected>Shortest context first</option>' in turned
    assert '<option value="-context"' not in sorted_page


@pytest.mark.django_db
def test_the_order_by_cached_input_is_that_of_the_column(client: Client) -> None:
    world.price(world.model("tokens"), input="1", output="2", input__cache_read="0.5")
    world.price(world.model("free"), input="0", output="0")
    # The price of a call is its headline, and the column has no price of cached input.
    calls = world.price(world.model("calls"), input__cache_read="0.1")
    world.line(calls, "request", "0.7", per=1, unit="request")

    page = shop.get(client, "/?sort=cached&cols=cached")

    assert shop.listed(page) == ["free", "tokens", "calls"]
    assert [shop.row(page, name).split()[-1] for name in shop.listed(page)] == ["free", "$0.50", "\N{EN DASH}"]
