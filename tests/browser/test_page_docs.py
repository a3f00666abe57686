"""The documentation of the API in a browser: it fits, is accessible, and its scripts copy, filter and print."""

from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from tests.browser.test_page_looks import AXE
from tests.browser.visitor import visiting
from tests.browser.watched import SIZES

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = ("/docs", "/docs/management?lang=zh")
OPEN_ALL = "for (const details of document.querySelectorAll('details')) details.open = true"


@pytest.mark.parametrize(("size", "scheme"), [("desk", "light"), ("phone", "dark")])
def test_both_pages_fit_call_no_other_host_and_have_no_fault(
    chromium: Any, live_server: LiveServer, size: str, scheme: str
) -> None:
    axe = AXE.read_text() if AXE.exists() else ""
    with visiting(chromium, live_server.url, viewport=SIZES[size], color_scheme=scheme) as visitor:
        for path in PAGES:
            page = visitor.open(path)
            page.evaluate(OPEN_ALL)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"
            if axe:
                page.evaluate(axe)
                violations = page.evaluate("axe.run().then(({violations}) => violations)")
                assert [(each["id"], each["nodes"][0]["html"][:200]) for each in violations] == [], path
        assert visitor.faults == []
    if not axe:
        pytest.skip("axe-core is not installed: npm install --prefix .venv/axe axe-core@4")


def test_an_example_is_copied_in_the_chosen_language_and_announced(chromium: Any, live_server: LiveServer) -> None:
    with visiting(chromium, live_server.url, permissions=["clipboard-read", "clipboard-write"]) as visitor:
        page = visitor.open("/docs")
        page.get_by_label("Python", exact=True).check()
        page.locator("#autoListModels summary", has_text="Example").click()
        shown = page.locator("#autoListModels figure:visible")
        assert shown.count() == 1

        shown.get_by_role("button", name="Copy Python GET /v1/models").press("Enter")

        page.get_by_role("status").filter(has_text="Copied").wait_for(state="attached")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == shown.locator("pre").text_content()
        assert copied.startswith("import os\n\nfrom openai import OpenAI\n")
        assert visitor.faults == []


def test_operations_are_filtered_and_the_number_is_announced(chromium: Any, live_server: LiveServer) -> None:
    with visiting(chromium, live_server.url) as visitor:
        page = visitor.open("/docs/management")
        shown = page.locator("article:visible")
        everything = shown.count()

        page.get_by_label("Filter operations").fill("post tokens rotate")
        assert shown.evaluate_all("all => all.map(each => each.id)") == ["rotateToken"]
        assert page.locator("#found").inner_text() == "Operations found: 1"
        assert page.locator("section#vendors").is_hidden()
        links = page.locator(".contents li:visible").evaluate_all("all => all.map(each => each.textContent)")
        assert links == ["Authentication", "Tokens", "Common parameters", "Errors", "Response headers", "Schemas"]
        page.get_by_label("Filter operations").fill("teapot")
        assert page.locator("#found").inner_text() == "No operation matches."
        page.get_by_label("Filter operations").fill("")
        assert shown.count() == everything
        assert visitor.faults == []


def test_a_link_opens_its_schema_and_paper_has_everything(chromium: Any, live_server: LiveServer) -> None:
    with visiting(chromium, live_server.url) as visitor:
        page = visitor.open("/docs#OpenAIModel")
        assert page.locator("#OpenAIModel dl").is_visible()
        assert page.locator("#OpenAIModelList dl").is_hidden()

        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("details:not([open])").count() == 0
        assert page.locator("#autoListModels figure.curl").is_visible()
        assert page.locator(".contents").is_hidden()
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("#OpenAIModelList").get_attribute("open") is None


def test_it_works_without_scripts(chromium: Any, live_server: LiveServer) -> None:
    with visiting(chromium, live_server.url, java_script_enabled=False) as visitor:
        page = visitor.open("/docs")
        page.get_by_label("JavaScript", exact=True).check()
        page.locator("#getPricing summary", has_text="Example").click()

        assert page.locator("#getPricing figure:visible pre").inner_text().startswith("const response = await fetch(")
        assert page.locator("button:visible").count() == 0
        assert page.locator("#find").is_hidden()
