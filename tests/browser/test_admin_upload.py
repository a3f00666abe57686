"""A document is uploaded with a real browser."""

from pathlib import Path

import pytest

from catalog.exact import write_json
from catalog.models import ImportRun
from pricing.models import PriceSheet
from tests.browser.desk import Desk
from tests.browser.watched import SIZES

pytestmark = pytest.mark.django_db(transaction=True)


def test_choosing_a_file_fills_in_no_other_field(desk: Desk, tmp_path: Path) -> None:
    document = tmp_path / "prices of ours.csv"
    document.write_text("model,input,output\ngpt-4o,2.5,10\n")
    page = desk.open("/admin/catalog/importrun/add/")
    page.select_option("[name=source]", "csv")
    page.set_input_files("[name=file]", document)
    assert page.input_value("[name=channel]") == ""

    page.get_by_role("button", name="Review changes").click()
    page.wait_for_url("**/change/")

    assert ImportRun.objects.count() == 1
    assert "gpt-4o" in page.inner_text("body")
    assert desk.faults == []


def test_a_possible_placeholder_is_confirmed_in_the_review(desk: Desk, tmp_path: Path) -> None:
    names = ("gpt-4.5-preview", "gpt-4-all")
    rows = [{"model_name": name, "quota_type": 0, "model_ratio": 37.5, "completion_ratio": 2} for name in names]
    document = tmp_path / "pricing.json"
    document.write_bytes(write_json({"success": True, "data": rows}))
    page = desk.open("/admin/catalog/importrun/add/")
    page.select_option("[name=source]", "new_api")
    page.set_input_files("[name=file]", document)
    page.get_by_role("button", name="Review changes").click()
    page.wait_for_url("**/change/")

    page.get_by_text("Show the possible placeholders").click()
    page.wait_for_url("**show=placeholders")
    for name, size in SIZES.items():
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"the review is wider than a {name}"
    page.locator("tbody", has_text="gpt-4.5-preview").get_by_label("Confirm it as the price").check()
    page.get_by_role("button", name="Apply selected").click()
    page.get_by_text("Applied to 1 model.").wait_for()

    assert list(PriceSheet.objects.values_list("model__name", flat=True)) == ["gpt-4.5-preview"]
    assert desk.faults == []
