"""Searching, explaining, exporting and editing many rows in a real browser; a pasted key gets into no address."""

from pathlib import Path

import pytest

from catalog.models import AIModel, SavedFilter
from tests import world
from tests.browser.desk import Desk
from tests.browser.test_admin_accessibility import violations
from tests.browser.test_page_looks import AXE

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("desk", ["desk"], indirect=True)
def test_an_operator_finds_explains_exports_and_edits(desk: Desk) -> None:
    for name in ("gpt-4o", "gpt-4o-mini", "claude"):
        world.model(name)
    token, key = world.token(name="Acme", deny=["claude"])
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.url))

    # By keyboard alone: the search box, a model, its page.
    page = desk.open("/admin/")
    page.keyboard.press("Control+k")
    box = page.locator("#search-input-command")
    box.press_sequentially("gpt-4o-m")
    page.locator("#command-results-list a", has_text="gpt-4o-mini").wait_for()
    assert page.get_by_role("dialog", name="Search").is_visible()
    if AXE.exists():
        page.evaluate(AXE.read_text())
        assert violations(page, all_rules=True) == []
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/aimodel/{AIModel.objects.get(name='gpt-4o-mini').pk}/change/")

    # A key in either search box is sent to the page that explains it.
    for kind in ("search", "list"):
        if kind == "search":
            page.keyboard.press("Control+k")
            box = page.locator("#search-input-command")
            page.evaluate("([field, key]) => { field.focus(); field.value = key }", [box.element_handle(), key[:-1]])
            box.press_sequentially(key[-1])
        else:
            desk.open("/admin/tokens/token/")
            page.fill("#searchbar", key)
            page.press("#searchbar", "Enter")
        page.locator("#verdict").wait_for()
        assert page.url.endswith("/admin/explain/")
        assert page.input_value("[name=key]") == token.key_id
        assert key[-38:] not in page.content()
    page.fill("[name=model]", "claude")
    page.get_by_role("button", name="Explain", exact=True).click()
    page.get_by_text("Refused: 403 model_not_allowed").wait_for()
    assert "deny pattern claude" in page.locator(".gate.decides").inner_text()
    assert not [url for url in asked if key[-38:] in url]

    # The filters of a list are saved, and its rows exported.
    desk.open("/admin/catalog/aimodel/?q=gpt")
    page.get_by_text("Save these filters").click()
    page.fill(".list-actions [name=name]", "GPT")
    page.get_by_role("button", name="Save", exact=True).click()
    page.locator(".saved-filters .chosen", has_text="GPT").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    lines = Path(download.value.path()).read_text().splitlines()
    assert [line.split(",")[1] for line in lines] == ["name", "gpt-4o", "gpt-4o-mini"]
    assert SavedFilter.objects.get().query == "q=gpt"

    # Several models are edited at once.
    page.locator("#action-toggle").first.check()
    page.locator("select[name=action]").select_option("bulk_edit")
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator("#bulk_form").wait_for()
    page.select_option("[name=tags_how]", "add")
    page.locator("[name=tags]").fill("chat")
    page.get_by_role("button", name="Show the effects").click()
    page.locator("#id_reason").fill("tidy")
    page.get_by_role("button", name="Change 2 models").click()
    page.get_by_text("2 models changed: add tags chat.").wait_for()
    assert [model.tags for model in AIModel.objects.order_by("name")] == [[], ["chat"], ["chat"]]
    assert desk.faults == []
