"""What visitors choose in the list with scripts: columns, and the ids that they copy."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from tests import world
from tests.browser.visitor import Visitor, visiting
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db(transaction=True)

CLIPBOARD = ["clipboard-read", "clipboard-write"]


@pytest.fixture
def visitor(chromium: Any, live_server: LiveServer) -> Iterator[Visitor]:
    shop.many(12)
    world.price(world.model("vendor/a b", display_name="Odd", knowledge_cutoff="2025-06", open_weights=True), input="1")
    with visiting(chromium, live_server.url, permissions=CLIPBOARD) as visitor:
        yield visitor


def test_an_id_is_copied_from_its_row(visitor: Visitor) -> None:
    page = visitor.open("/?q=odd")
    button = page.locator("#models button.copy")

    button.focus()
    page.keyboard.press("Enter")

    page.wait_for_selector("#models button.copy >> text=/^Copied$/")
    assert page.evaluate("navigator.clipboard.readText()") == "vendor/a b"
    assert page.get_by_role("status").filter(has_text="Copied").count() == 1
    assert button.get_attribute("aria-label") == "Copy vendor/a b"
    page.wait_for_selector("#models button.copy >> text=/^Copy$/")
    assert visitor.faults == []


def test_a_button_that_is_pressed_twice_shows_its_label_again(visitor: Visitor) -> None:
    page = visitor.open("/?q=odd")

    page.locator("#models button.copy").dblclick()

    page.wait_for_selector("#models button.copy >> text=/^Copied$/")
    page.wait_for_selector("#models button.copy >> text=/^Copy$/")
    assert visitor.faults == []


def test_without_a_clipboard_there_are_no_buttons_to_copy(visitor: Visitor) -> None:
    """Browsers have none on pages without TLS."""
    visitor.page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page = visitor.open("/")

    page.locator("[name=m]").first.check()

    assert page.is_hidden("#copy")
    assert page.locator("button.copy:visible").count() == 0


def test_the_ids_of_picked_models_are_copied_together(visitor: Visitor) -> None:
    page = visitor.open("/")
    assert page.is_hidden("#copy")
    boxes = page.locator("[name=m]").all()[:8]
    boxes[0].check()
    assert page.inner_text("#copy") == "Copy 1 id"
    assert page.is_hidden("#compare")
    for box in boxes[1:]:
        box.check()

    page.click("#copy")

    page.wait_for_selector("#copy >> text=/^Copied$/")
    assert page.evaluate("navigator.clipboard.readText()").split("\n") == visitor.names()[:8]
    # More models than a comparison has columns for.
    assert page.is_disabled("#compare")
    assert page.inner_text("#compare") == "At most 6 models can be compared"
    boxes[0].uncheck()
    boxes[1].uncheck()
    assert page.is_enabled("#compare")
    assert visitor.faults == []


def test_columns_are_added_in_place_and_stay(visitor: Visitor) -> None:
    page = visitor.open("/?q=odd")

    page.click(".columns summary")
    page.check(".columns [value=weights]")
    visitor.wait()
    page.check(".columns [value=knowledge]")
    visitor.wait()

    assert page.locator("td.extra").all_inner_texts() == ["2025-06", "yes"]
    assert page.evaluate("location.search") == "?q=odd&cols=knowledge.weights"
    page.click("thead >> text=Open weights")
    visitor.wait()
    assert page.evaluate("location.search") == "?q=odd&sort=weights&cols=knowledge.weights"
    assert page.is_checked(".columns [value=weights]")
    page.go_back()
    visitor.wait()
    page.go_back()
    visitor.wait()
    assert not page.is_checked(".columns [value=knowledge]")
    assert page.locator("td.extra").all_inner_texts() == ["yes"]
    page.fill("[name=q]", "")
    visitor.wait()
    assert page.locator("td.extra").count() == 13
    assert visitor.faults == []


def test_without_scripts_columns_are_a_form_and_nothing_can_be_copied(chromium: Any, live_server: LiveServer) -> None:
    world.model("m", open_weights=False)
    with visiting(chromium, live_server.url, java_script_enabled=False) as plain:
        page = plain.open("/?sort=name")
        page.click(".columns summary")
        page.check(".columns [value=weights]")
        plain.follow(".columns button")
        assert page.locator("td.extra").all_inner_texts() == ["no"]
        assert "sort=name" in page.url
        assert page.is_hidden("#models button.copy")
        assert page.is_hidden("#copy")
        assert plain.faults == []
