"""The list of models in a real browser: addresses keep searches, rows are appended, and failures say what to do."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from pricing.pages.listing.catalog import PAGE_ROWS
from pricing.pages.listing.contents import MOST_ELEMENTS
from tests import world
from tests.browser.visitor import Visitor, visiting
from tests.browser.watched import SIZES
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db(transaction=True)

ELEMENTS = "document.getElementsByTagName('*').length"


@pytest.fixture
def visitor(chromium: Any, live_server: LiveServer) -> Iterator[Visitor]:
    shop.many(400)
    shop.tiered()
    world.token_group("default", is_public=True)
    world.token_group("vip", is_public=True)
    world.channel(group="vip")
    with visiting(chromium, live_server.url) as visitor:
        yield visitor


def searches(page: Any) -> list[str]:
    """The queries of the searches that the page sends from now on."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if re.search(r"/results\?.*q=", request.url) else None)
    return sent


def test_back_reload_and_shared_addresses_keep_the_search(visitor: Visitor, chromium: Any) -> None:
    page = visitor.open("/?lang=en")
    first = visitor.names()
    visitor.choose("q", "family 3")
    visitor.choose("vendor", "vendor-2")
    page.click("thead >> text=Context")
    visitor.wait()
    found, address = visitor.names(), page.url
    assert address.endswith("/?q=family+3&vendor=vendor-2&sort=context&lang=en")
    assert 0 < len(found) < PAGE_ROWS
    assert page.get_attribute("th.context", "aria-sort") == "descending"
    assert page.input_value("[name=sort]") == "context"

    page.reload()
    assert visitor.names() == found
    with visiting(chromium, visitor.address) as friend:
        friend.page.goto(address)
        assert friend.names() == found

    page.go_back()
    visitor.wait()
    assert page.url.endswith("/?q=family+3&vendor=vendor-2&lang=en")
    assert page.input_value("[name=sort]") == "popular"
    page.go_back()
    visitor.wait()
    assert page.input_value("[name=vendor]") == ""
    page.go_back()
    visitor.wait()
    assert (page.input_value("[name=q]"), visitor.names()) == ("", first)
    page.go_forward()
    visitor.wait()
    assert page.input_value("[name=q]") == "family 3"
    assert visitor.faults == []


def test_the_links_to_languages_and_groups_follow_the_search(visitor: Visitor) -> None:
    page = visitor.open("/?lang=en")
    visitor.choose("q", "family 3")
    visitor.choose("sort", "name")
    found = visitor.names()

    visitor.follow(".switch >> text=vip")
    assert page.url.endswith("/?q=family+3&sort=name&lang=en&group=vip")
    visitor.follow(".switch >> text=中文")
    assert page.url.endswith("/?q=family+3&sort=name&group=vip&lang=zh")
    assert visitor.names() == found
    assert page.input_value("[name=q]") == "family 3"
    assert visitor.faults == []


@pytest.mark.parametrize("size", SIZES)
def test_rows_are_appended_until_a_page_is_long(chromium: Any, visitor: Visitor, size: str) -> None:
    with visiting(chromium, visitor.address, viewport=SIZES[size]) as other:
        page = other.open("/?sort=name")
        shown = other.names()
        assert len(shown) == PAGE_ROWS
        while page.inner_text("#next") == "Show more":
            page.evaluate("scrollTo(0, document.body.scrollHeight)")
            page.locator("#models tbody tr").nth(len(shown)).wait_for()
            other.wait()
            shown = other.names()
        assert len(shown) >= 2 * PAGE_ROWS
        assert page.inner_text("#range") == f"1–{len(shown)} of 401"
        assert page.evaluate(ELEMENTS) <= MOST_ELEMENTS
        last = shown[-1]

        page.click("#next")
        other.wait()
        assert f"page={len(shown) // PAGE_ROWS + 1}" in page.url
        assert len(other.names()) == PAGE_ROWS
        assert last not in other.names()
        page.click("[rel=prev]")
        other.wait()
        assert last in other.names()
        assert other.faults == []


def test_appended_rows_are_there_after_the_way_back(visitor: Visitor) -> None:
    page = visitor.open("/?sort=name")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.locator("#models tbody tr").nth(PAGE_ROWS).wait_for()
    visitor.wait()

    page.reload()
    page.locator("#models tbody tr").nth(PAGE_ROWS).wait_for()
    visitor.wait()

    assert visitor.names() == sorted(visitor.names(), key=visitor.names().index)
    assert len(set(visitor.names())) == len(visitor.names()) >= 2 * PAGE_ROWS
    assert visitor.faults == []


def test_an_input_method_is_left_alone_while_it_composes(visitor: Visitor) -> None:
    page = visitor.open("/")
    sent = searches(page)
    page.focus("[name=q]")
    keyboard = page.context.new_cdp_session(page)
    for text in ("t", "ti", "tie", "tier"):
        keyboard.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
    page.wait_for_timeout(300)
    assert page.input_value("[name=q]") == "tier"
    assert sent == []
    assert len(visitor.names()) == PAGE_ROWS

    keyboard.send("Input.insertText", {"text": "tiered"})
    visitor.wait()
    assert visitor.names() == ["tiered-pro"]
    assert len(sent) == 1
    assert visitor.faults == []


def test_the_last_of_several_searches_is_shown(visitor: Visitor) -> None:
    page = visitor.open("/")
    held: list[Any] = []
    page.route(re.compile(r"/results\?q=fam(&|$)"), lambda route: held.append(route))
    page.fill("[name=q]", "fam")
    page.wait_for_timeout(300)
    assert len(held) == 1

    visitor.choose("q", "tiered")
    assert visitor.names() == ["tiered-pro"]
    # It was aborted, so that its answer reaches nobody.
    page.wait_for_timeout(100)
    assert visitor.names() == ["tiered-pro"]
    assert page.url.endswith("/?q=tiered")


@pytest.mark.parametrize(
    ("status", "words"), [(429, "too many requests"), (503, "does not work"), (0, "no connection")]
)
def test_a_failed_search_says_so_and_keeps_the_rows(visitor: Visitor, status: int, words: str) -> None:
    page = visitor.open("/")
    before, address = visitor.names(), page.url

    def fail(route: Any) -> None:
        if status:
            route.fulfill(status=status, body="")
        else:
            route.abort("internetdisconnected")

    page.route(re.compile("/results"), fail)
    visitor.choose("q", "tiered")
    assert words in page.inner_text("[role=alert]")
    assert (visitor.names(), page.url) == (before, address)

    page.unroute(re.compile("/results"))
    page.press("[name=q]", "Enter")
    visitor.wait()
    assert visitor.names() == ["tiered-pro"]
    assert page.is_hidden("[role=alert]")


def test_picked_models_stay_picked_while_others_are_searched(visitor: Visitor) -> None:
    page = visitor.open("/")
    visitor.choose("q", "tiered")
    page.check("[value=tiered-pro]")
    visitor.choose("q", "family-1.1")
    page.locator("[name=m]:visible").first.check()
    visitor.choose("q", "no such model")

    assert page.inner_text("#compare") == "Compare 2 models"
    visitor.follow("#compare")
    assert "m=tiered-pro" in page.url
    assert page.locator("thead th").count() == 2
    page.go_back()
    assert visitor.faults == []


def test_the_number_of_results_is_announced(visitor: Visitor) -> None:
    page = visitor.open("/")
    # The element itself stays: readers announce the text that changes in it.
    page.evaluate("document.getElementById('count').dataset.same = '1'")

    visitor.choose("q", "tiered")

    assert page.evaluate("document.getElementById('count').dataset.same") == "1"
    assert page.inner_text("#count") == "1 model"
    assert page.get_by_role("status").and_(page.locator("#count")).inner_text() == "1 model"
    assert page.inner_text("#reset") == "Clear filters"
    page.click("#reset")
    visitor.wait()
    assert len(visitor.names()) == PAGE_ROWS
    assert page.input_value("[name=q]") == ""


def scroll_down(page: Any) -> None:
    page.evaluate("scrollTo(0, document.body.scrollHeight)")


@pytest.mark.parametrize("status", [429, 503, 0])
def test_rows_that_cannot_be_appended_are_not_requested_again_and_again(visitor: Visitor, status: int) -> None:
    page = visitor.open("/?sort=name")
    sent: list[Any] = []

    def fail(route: Any) -> None:
        sent.append(route)
        route.fulfill(status=status, body="") if status else route.abort("internetdisconnected")

    page.route(re.compile("/results"), fail)
    scroll_down(page)
    page.wait_for_timeout(600)
    assert len(sent) == 1
    # The reason is shown where the visitor is.
    words = page.locator("[role=alert]").bounding_box()
    assert 0 <= words["y"] < SIZES["desk"]["height"]

    page.unroute(re.compile("/results"))
    page.click("text=Show more")
    page.locator("#models tbody tr").nth(PAGE_ROWS).wait_for()
    visitor.wait()
    assert page.is_hidden("[role=alert]")


def test_the_order_of_a_header_stays_in_both_directions(visitor: Visitor) -> None:
    page = visitor.open("/?lang=en")
    for order in ("context", "-context"):
        page.click("thead >> text=Context")
        visitor.wait()
        assert page.input_value("[name=sort]") == order
        visitor.choose("q", f"family {len(order)}")
        assert page.url.endswith(f"&sort={order}&lang=en")
    assert page.inner_text("[name=sort] option:checked") == "Shortest context first"

    # The page of another address does not have the option.
    page.click("#reset")
    visitor.wait()
    page.reload()
    page.go_back()
    page.wait_for_function("() => document.querySelector('[name=sort]').value === '-context'")
    visitor.choose("q", "family")
    assert page.url.endswith("/?q=family&sort=-context&lang=en")
    assert visitor.faults == []


def test_a_filter_of_another_page_stays_on_the_way_back(visitor: Visitor) -> None:
    page = visitor.open("/?context=5000&lang=en")
    found = page.inner_text("#count")
    visitor.choose("q", "family")
    page.click("#reset")
    visitor.wait()
    page.reload()
    page.go_back()
    page.wait_for_function("() => document.querySelector('[name=context]').value === '5000'")
    visitor.choose("q", "")
    assert page.url.endswith("/?context=5000&lang=en")
    assert page.inner_text("#count") == found


def test_a_header_keeps_what_was_typed_before_the_list_shows_it(visitor: Visitor) -> None:
    page = visitor.open("/?lang=en")
    page.route(re.compile(r"/results\?(?!.*sort=).*q=tiered"), lambda _route: None)
    page.fill("[name=q]", "tiered")
    page.wait_for_timeout(200)

    page.click("thead >> text=Context")
    visitor.wait()

    assert page.url.endswith("/?q=tiered&sort=context&lang=en")
    assert visitor.names() == ["tiered-pro"]


def test_a_switch_keeps_what_was_typed_before_the_list_shows_it(visitor: Visitor) -> None:
    page = visitor.open("/?lang=en&page=2")
    page.route(re.compile(r"/results\?.*q=tiered"), lambda _route: None)
    page.fill("[name=q]", "tiered")
    page.wait_for_timeout(200)

    visitor.follow("#switches >> text=中文")

    assert page.input_value("[name=q]") == "tiered"
    assert visitor.names() == ["tiered-pro"]
    assert "page=" not in page.url


def test_a_reload_keeps_the_place_in_appended_rows(visitor: Visitor) -> None:
    page = visitor.open("/?sort=name")
    scroll_down(page)
    row = page.locator("#models tbody tr").nth(PAGE_ROWS + 30)
    row.wait_for()
    visitor.wait()
    row.scroll_into_view_if_needed()
    place = page.evaluate("scrollY")
    page.wait_for_function("() => history.state.top === scrollY")

    page.reload()
    row.wait_for()
    visitor.wait()
    page.wait_for_function("place => Math.abs(scrollY - place) < 100", arg=place)
