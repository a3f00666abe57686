"""All safe aliases of a plan are created with one click in a real browser, on a desk and on a phone."""

import json

import pytest
from django.utils import timezone

from catalog.models import ModelAlias
from catalog.sources import SOURCES
from pricing.imports.options import Options
from pricing.imports.review import save_plan
from tests import world
from tests.browser.desk import Desk

pytestmark = pytest.mark.django_db(transaction=True)


def test_one_click_creates_the_safe_aliases_and_returns_to_the_plan(desk: Desk) -> None:
    for name in ("gpt-5.5", "grok-4.5"):
        world.price(world.model(name), role="list", input="2", output="8")
    rows = [
        {"id": name, "pricing": {"prompt": prompt, "completion": "0.000008"}}
        for name, prompt in (("openai/gpt-5.5", "0.000002"), ("x-ai/grok-4.5", "0.00002"))
    ]
    document = json.dumps({"data": rows}).encode()
    run = save_plan(document, Options(source=SOURCES["openrouter"]), at=timezone.now())[1]
    assert run is not None
    page = desk.open(f"/admin/catalog/importrun/{run.pk}/change/")
    page.get_by_role("link", name="Create all safe aliases at once").click()
    page.wait_for_url("**/aliases/")
    assert page.locator("[name=alias]:checked").count() == 1
    assert "The prices differ more than fourfold (Input)" in page.inner_text("#review")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    if page.viewport_size["width"] > 768:  # A phone shows no head of the table.
        page.check("#tick-all")
        assert page.locator("[name=alias]:checked").count() == 2

    page.get_by_role("button", name="Create all 1 safe alias").click()
    page.wait_for_url("**/change/")

    assert list(ModelAlias.objects.values_list("name", flat=True)) == ["openai/gpt-5.5"]
    assert "1 alias created" in page.inner_text("body")
    assert desk.faults == []
