"""The catalog page in a real browser: with scripts it shows the same as the server renders without them."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from tests.browser.visitor import Visitor, visiting
from tests.browser.watched import SIZES
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db(transaction=True)

# What the form is filled with, and what must be seen then.
SEARCHES: list[dict[str, str]] = [
    {"q": "family 3"},
    {"q": "INSTRUCT vendor-1"},
    {"vendor": "vendor-2"},
    {"input": "image", "endpoint": "gemini"},
    {"capability": "tools", "context": "128000"},
    {"price": "0.5", "sort": "price"},
    {"sort": "newest"},
    {"sort": "context"},
    {"sort": "name", "q": "7"},
    {"q": "no such thing"},
]


@pytest.fixture
def visitor(chromium: Any, live_server: LiveServer) -> Iterator[Visitor]:
    shop.many(40)
    shop.tiered()
    shop.image_rules()
    with visiting(chromium, live_server.url) as visitor:
        yield visitor


def test_scripts_find_and_order_the_same_models_as_the_server(visitor: Visitor, chromium: Any) -> None:
    with visiting(chromium, visitor.address, java_script_enabled=False) as plain:
        for search in SEARCHES:
            page = visitor.open("/")
            for name, value in search.items():
                visitor.choose(name, value)
            query = page.evaluate("location.search")

            plain.open(f"/{query}")

            assert plain.names() == visitor.names(), search
            assert plain.page.inner_text("#count") == page.inner_text("#count")
            assert plain.page.is_visible("#none") == page.is_visible("#none")
            # A reload, or a friend's link, shows the same.
            visitor.open(f"/{query}")
            assert visitor.names() == plain.names()
    assert visitor.faults == []


def test_without_scripts_the_form_and_the_comparison_work(chromium: Any, live_server: LiveServer) -> None:
    shop.many(5)
    with visiting(chromium, live_server.url, java_script_enabled=False) as plain:
        page = plain.open("/")
        page.fill("[name=q]", "family-1.1 instruct")
        page.press("[name=q]", "Enter")
        page.wait_for_url(re.compile(r"q=family-1.1\+instruct"))
        assert len(plain.names()) == 1
        page.click("#search summary")
        page.select_option("[name=sort]", "name")
        page.fill("[name=q]", "")
        plain.follow("text=Search")
        assert plain.names() == sorted(plain.names())
        for box in page.locator("[name=m]").all()[:2]:
            box.check()
        plain.follow("text=Compare selected")
        assert page.locator("thead th").count() == 2
        assert plain.faults == []


def test_models_are_picked_and_compared(visitor: Visitor) -> None:
    page = visitor.open("/")
    assert page.is_hidden("#compare")

    for box in page.locator("[name=m]").all()[:6]:
        box.check()

    assert page.inner_text("#compare") == "Compare 6 models"
    page.locator("[name=m]").nth(0).uncheck()
    visitor.follow("#compare")
    assert "/compare?" in page.url
    assert page.locator("thead th").count() == 5
    visitor.follow("text=Remove >> nth=0")
    assert page.locator("thead th").count() == 4
    assert visitor.faults == []


def test_a_search_deep_in_the_list_shows_its_first_result(chromium: Any, live_server: LiveServer) -> None:
    shop.many(60)
    with visiting(chromium, live_server.url, viewport=SIZES["phone"]) as visitor:
        page = visitor.open("/")
        page.evaluate("scrollTo(0, 1500)")

        visitor.choose("q", "family 1")

        bottom = page.locator("#search").bounding_box()["y"] + page.locator("#search").bounding_box()["height"]
        assert page.locator("#models tbody tr:not([hidden])").first.bounding_box()["y"] >= bottom - 1


def test_the_keyboard_alone_is_enough(visitor: Visitor) -> None:
    page = visitor.open("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    for _ in range(4):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "q":
            break
    page.keyboard.type("tiered")
    visitor.wait()
    assert visitor.names() == ["tiered-pro"]
    page.locator("#models tbody a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/models/tiered-pro")
    assert visitor.faults == []
