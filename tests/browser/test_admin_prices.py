"""Prices are changed in a real browser: a price list filled in, many re-priced, a promotion ended."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import AIModel
from pricing.models import PriceSheet
from tests import world
from tests.browser.desk import Desk
from tests.pricing.verification import books

pytestmark = pytest.mark.django_db(transaction=True)

TIER = [{"dim": "prompt_tokens", "op": "gt", "value": 200_000}]


def shop() -> AIModel:
    """A model with every kind of price, and some with long names."""
    model = world.model("openai/gpt-4o-2026-11-20")
    world.line(world.price(model, role="list", input="2.5", output="10"), "input", "5", conditions=TIER)
    world.price(model, role="cost", input="2.4", output="9")
    world.price(model, input="1.9", output="8.9", starts_at=timezone.now() - dt.timedelta(days=3))
    for n in range(4):
        long = world.model(f"vendor/{'a-long-name-' * 6}{n}")
        world.price(long, role="list", input=f"0.{n}12345678901234567890123", output="1")
    world.model("unpriced")
    return model


def fits(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_price_list_is_filled_in(desk: Desk) -> None:
    model = shop()
    page = desk.open(f"/admin/catalog/aimodel/{model.pk}/set-price/")
    assert fits(page)

    page.get_by_role("link", name="List", exact=True).click()
    page.wait_for_url("**role=list&as=prices")
    page.get_by_label("Output per million tokens", exact=True).fill("12.000000000000000000001")
    page.get_by_label("Takes effect").fill("2099-01-01T12:30")
    page.get_by_label("Reason").fill("The vendor says so")
    page.get_by_role("button", name="Set this price").click()
    page.wait_for_url("**/change/")

    announced = PriceSheet.objects.order_by("-pk")[0]
    assert (announced.role, announced.starts_at) == ("list", dt.datetime(2099, 1, 1, 12, 30, tzinfo=dt.UTC))
    assert "12.000000000000000000001" in page.inner_text("#price-history")
    assert fits(page)
    assert desk.faults == []


def test_many_models_are_repriced_after_a_preview(desk: Desk) -> None:
    shop()
    page = desk.open("/admin/catalog/aimodel/")
    page.evaluate("document.querySelectorAll('[name=_selected_action]').forEach(box => box.click())")
    page.select_option("select[name=action]", "reprice")
    page.locator("button[name=index]").first.click()
    page.select_option("[name=base]", "list")
    page.fill("[name=number]", "-10")
    assert fits(page)

    page.get_by_role("button", name="Preview").click()
    page.wait_for_selector("#preview")

    assert fits(page)
    assert page.locator("#preview tbody").count() == 5
    assert page.locator("#preview tbody.loss").count() == 1
    assert "sold at $2.25, costs $2.40 per million tokens" in page.locator("#preview tbody").first.inner_text()
    assert page.get_by_text("unpriced: no list price").is_visible()
    page.get_by_role("button", name="Apply 5 new prices").click()
    page.get_by_role("button", name="Continue anyway").click()
    page.get_by_text("5 new sell prices from now on.").wait_for()
    assert PriceSheet.objects.in_force(at=timezone.now()).filter(role="sell", author__username="maria").count() == 5
    assert desk.faults == []


def test_a_promotion_is_ended(desk: Desk) -> None:
    sheet = shop().sheets.get(role="sell")
    page = desk.open(f"/admin/pricing/pricesheet/{sheet.pk}/end/")
    assert fits(page)
    assert "no sell price" in page.inner_text("#end_form")

    page.get_by_role("button", name="End 1 price").click()
    page.get_by_role("button", name="Continue anyway").click()
    page.wait_for_url("**/change/")

    assert not PriceSheet.objects.in_force(at=timezone.now()).filter(role="sell").exists()
    assert desk.faults == []


def test_a_figure_of_a_price_book_is_adopted(desk: Desk) -> None:
    world.channel("c")
    books.store("litellm", books.litellm(gpt_5="2.5e-06", **{"a-long-name-" * 6: "1e-06"}))
    books.hold("models_dev", books.models_dev(gpt_5={"input": 3, "output": 10}))
    books.hold("genai_prices", books.genai_prices(gpt_5={"input_mtok": 3, "output_mtok": 10}))
    assert fits(desk.open("/admin/verification/?show=all"))
    page = desk.open("/admin/verification/")
    assert fits(page)

    page.get_by_role("link", name="Adopt models.dev's figure for gpt-5, Input").click()
    page.wait_for_url("**/models_dev/")
    assert fits(page)
    page.get_by_label("Reason").fill("The vendor says so")
    page.get_by_role("button", name="Adopt this figure").click()
    page.locator("#confirmation_form").get_by_role("button", name="Adopt this figure").click()
    page.wait_for_url("**q=gpt-5**")

    assert "Input: $2.50 per million tokens → $3.00 per million tokens" in page.inner_text("body")
    sheet = PriceSheet.objects.order_by("-pk")[0]
    assert (sheet.role, sheet.reason, sheet.lines.get(meter="input").amount) == ("list", "The vendor says so", 3)
