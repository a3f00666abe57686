"""The admin is operated with the keyboard alone: Tab, Enter, Space, Escape and letters, never the mouse."""

import re
from typing import Any

import pytest

from catalog.models import AIModel
from tests import world
from tests.browser.desk import Desk
from tests.browser.watched import SIZES
from tokens.models import Token

pytestmark = pytest.mark.django_db(transaction=True)

# What has the focus: its name as screen readers say it, or else its name in the form; and whether it can be seen.
FOCUSED = """() => {
  const element = document.activeElement;
  const copy = element.cloneNode(true);
  copy.querySelectorAll("[aria-hidden=true]").forEach((icon) => icon.remove());
  const text = element.labels?.[0]?.textContent || copy.textContent || element.title;
  const label = element.getAttribute("aria-label") || text;
  const box = element.getBoundingClientRect();
  const frames = [element];
  while (frames.length < 6 && frames[0].parentElement) frames.unshift(frames[0].parentElement);
  const outlined = frames.map((frame) => getComputedStyle(frame)).some((style) => style.outlineStyle !== "none");
  return {
    label: label.replace(/\\s+/g, " ").trim(), name: element.getAttribute("name") || "", tag: element.localName,
    seen: box.width > 0 && box.height > 0 && outlined,
  };
}"""
MOST_STOPS = 150


def tab_to(page: Any, wanted: str) -> None:
    """Presses Tab until the element with this label or name has the focus; everything on the way shows the focus."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        assert focused["seen"] or focused["tag"] == "body", f"{focused} shows no focus"
        if wanted in (focused["label"], focused["name"]):
            return
    raise AssertionError(f"{wanted} cannot be reached with Tab")


def press(page: Any, key: str) -> None:
    """Presses a key that leads to another page."""
    with page.expect_navigation():
        page.keyboard.press(key)


@pytest.mark.parametrize("desk", ["desk"], indirect=True)
def test_a_model_is_published(desk: Desk) -> None:
    model = world.model("gpt-5", status=AIModel.Status.DRAFT)
    page = desk.open("/admin/catalog/aimodel/")

    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED)["label"] == "Skip to the content"
    page.keyboard.press("Enter")
    tab_to(page, "_selected_action")
    page.keyboard.press("Space")
    tab_to(page, "action")
    page.keyboard.type("Publish")
    tab_to(page, "Run")
    press(page, "Enter")
    confirm(page)

    page.get_by_text("1 model published.").wait_for()
    model.refresh_from_db()
    assert model.status == AIModel.Status.PUBLISHED
    assert desk.faults == []


def confirm(page: Any) -> None:
    """Presses the first button of the page that shows the effects of a change, if it is shown."""
    buttons = page.locator("#confirmation_form .confirmation-buttons button")
    if buttons.count():
        tab_to(page, buttons.first.inner_text())
        press(page, "Enter")


@pytest.mark.parametrize("desk", ["desk"], indirect=True)
def test_a_token_is_issued(desk: Desk) -> None:
    world.model()
    world.token_group()
    page = desk.open("/admin/")

    tab_to(page, "Tokens")
    press(page, "Enter")
    tab_to(page, "Add token")
    press(page, "Enter")
    tab_to(page, "name")
    page.keyboard.type("Acme")
    tab_to(page, "_save")
    press(page, "Enter")
    confirm(page)

    assert re.fullmatch(r"mb_live_\w+", page.locator("#new-key").inner_text())
    assert Token.objects.get().name == "Acme"
    assert desk.faults == []


@pytest.mark.parametrize("desk", ["phone"], indirect=True)
def test_the_menu_of_a_phone_keeps_the_focus_until_it_is_closed(desk: Desk) -> None:
    page = desk.open("/admin/")
    menu, opener = page.locator("#nav-sidebar"), page.locator("header [role=button][aria-label=Menu]:visible")
    assert not menu.is_visible()
    assert opener.get_attribute("aria-expanded") == "false"

    tab_to(page, "Menu")
    page.keyboard.press("Enter")
    menu.wait_for()

    assert opener.get_attribute("aria-expanded") == "true"
    inside = "document.querySelector('#nav-sidebar').contains(document.activeElement)"
    # The focus follows the menu in the next frame.
    page.wait_for_function(inside)
    first = page.evaluate(FOCUSED)
    for key in ("Tab", "Shift+Tab"):
        for number in range(MOST_STOPS):
            page.keyboard.press(key)
            assert page.evaluate(inside), f"{key} leaves the menu"
            if number and page.evaluate(FOCUSED) == first:
                break
        else:
            raise AssertionError(f"{key} does not return to the first entry")
    page.keyboard.press("Escape")
    menu.wait_for(state="hidden")
    page.wait_for_function(f"({FOCUSED})().label === 'Menu'")
    assert opener.get_attribute("aria-expanded") == "false"

    page.keyboard.press("Space")
    menu.wait_for()
    page.wait_for_function(inside)
    tab_to(page, "Models")
    press(page, "Enter")
    assert page.url.endswith("/admin/catalog/aimodel/")

    # On a wide screen the menu is beside the page, and the focus moves between them.
    page.set_viewport_size(SIZES["desk"] | {"width": 1440})
    menu.wait_for()
    tab_to(page, "q")
    assert desk.faults == []
