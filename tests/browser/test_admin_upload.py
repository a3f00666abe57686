"""A document is uploaded with a real browser."""

from pathlib import Path

import pytest

from catalog.models import ImportRun
from tests.browser.desk import Desk

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
