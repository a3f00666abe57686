"""Every type of page of the admin is accessible and fits its screen: wide and narrow, light and dark."""

import json
from typing import Any

import pytest
from django.test import Client

from tests.browser.admin_pages import AdminPage, find_pages, one_of_each_template
from tests.browser.desk import Desk
from tests.browser.test_page_looks import AXE
from tests.sizes import FULL

pytestmark = pytest.mark.django_db(transaction=True)

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# Colors matter to few of axe's rules; all rules run at both sizes.
LOOKS: list[tuple[dict[str, int], str, bool]] = [(WIDE, "light", True), (NARROW, "dark", True)]
if FULL:
    LOOKS += [(WIDE, "dark", False), (NARROW, "light", False)]
OPEN_FORM = """([path, fields]) => {
  const form = Object.assign(document.createElement("form"), {method: "post", action: path});
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  for (const [name, value] of [["csrfmiddlewaretoken", token], ...Object.entries(fields)]) {
    form.append(Object.assign(document.createElement("input"), {type: "hidden", name, value}));
  }
  document.body.append(form);
  form.submit();
}"""


def show(desk: Desk, shown: AdminPage) -> Any:
    if not shown.is_signed_in:
        desk.page.context.clear_cookies()
    page = desk.open(shown.path)
    if shown.fields:
        with page.expect_navigation():
            page.evaluate(OPEN_FORM, [shown.path, dict(shown.fields)])
    return page


def violations(page: Any, *, all_rules: bool) -> list[str]:
    rules = {} if all_rules else {"runOnly": ["color-contrast"]}
    options = {"resultTypes": ["violations"], "preload": False, **rules}
    page.wait_for_function("!document.querySelector('html[x-cloak]')")
    found = page.evaluate(f"axe.run(document, {json.dumps(options)}).then(({{violations}}) => violations)")
    return [
        f"{violation['id']}: {node['html'][:300]} {node['failureSummary'][:200]}"
        for violation in found
        for node in violation["nodes"]
    ]


@pytest.mark.timeout(1800 if FULL else 600)
@pytest.mark.parametrize("desk", ["desk"], indirect=True)
def test_every_type_of_page_is_accessible_and_fits(desk: Desk) -> None:
    client = Client()
    for cookie in desk.page.context.cookies():
        client.cookies[cookie["name"]] = cookie["value"]
    axe = AXE.read_text() if AXE.exists() else ""
    faults: dict[str, list[str]] = {}

    pages = find_pages(client)
    for shown in pages if FULL else one_of_each_template(pages):
        page = show(desk, shown)
        if axe:
            page.evaluate(axe)
        for size, scheme, all_rules in LOOKS:
            page.set_viewport_size(size)
            page.emulate_media(color_scheme=scheme)
            found = [] if page.evaluate("document.documentElement.scrollWidth <= innerWidth") else ["too wide"]
            if axe:
                found += violations(page, all_rules=all_rules)
            if found:
                faults[f"{shown.name}, {shown.path}, {size['width']} px, {scheme}"] = found
        # Chromium reports the status of a refusal as an error.
        errors = [error for error in desk.faults if not (shown.is_refused and "Failed to load resource" in error)]
        desk.faults.clear()
        if errors:
            faults[f"{shown.name}, {shown.path}"] = errors

    assert not faults, "\n".join(f"{place}: {fault}" for place, found in faults.items() for fault in found)
    if not axe:
        pytest.skip("axe-core is not installed: npm install --prefix .venv/axe axe-core@4")
