"""The pages on a desktop and a phone, light and dark: they fit the screen and are accessible."""

import datetime as dt
import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_django.live_server_helper import LiveServer

from tests import world
from tests.browser.visitor import visiting
from tests.browser.watched import SIZES
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db(transaction=True)

# .ci/run puts it there: npm install --prefix .venv/axe axe-core
AXE = Path(sys.prefix) / "axe/node_modules/axe-core/axe.min.js"
NOW = dt.datetime.now(tz=dt.UTC)
PAGES = [
    "/", "/?cols=cached.max_output.released.knowledge.weights&currency=CNY&per=1K", "/?q=zzz",
    "/?lang=zh&q=tier&sort=price&vendor=openai", "/models/tiered-pro", "/models/picture-one", "/models/changing",
    "/models/leaving?lang=zh", "/compare?m=tiered-pro&m=picture-one&m=changing", "/compare",
    "/models/evil/<img src=x onerror=alert(1)>",
]  # fmt: skip


@pytest.fixture
def _shop(transactional_db: None) -> None:
    shop.many(10)
    shop.tiered(description="word " * 60, supported_endpoint_types=["openai", "anthropic", "gemini"])
    shop.image_rules()
    month = dt.timedelta(days=30)
    shop.changed(steps=((NOW - 2 * month, "3", "12"), (NOW - month, "2", "10"), (NOW + month, "1", "8")))
    world.model("leaving", retires_on=NOW.date() + month, successor=world.model("a" * 200))
    world.model("evil/<img src=x onerror=alert(1)>", display_name="<script>alert(1)</script>", description="'\"><b>")
    for name in ("vip", "官转", "限时特价", "官方直连渠道（稳定，不限速）", "逆向渠道（随时下架，价格最低）"):
        world.token_group(name, is_public=True)


@pytest.mark.usefixtures("_shop")
@pytest.mark.parametrize(("size", "scheme"), [("desk", "light"), ("phone", "dark")])
def test_every_page_fits_calls_no_other_host_and_has_no_fault(
    chromium: Any, live_server: LiveServer, size: str, scheme: str
) -> None:
    axe = AXE.read_text() if AXE.exists() else ""
    with visiting(chromium, live_server.url, viewport=SIZES[size], color_scheme=scheme) as visitor:
        for path in PAGES:
            page = visitor.open(path)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} is too wide"
            broken = (
                "[...document.querySelectorAll('.switch a')].filter(link => link.getClientRects().length > 1).length"
            )
            assert page.evaluate(broken) == 0, f"{path} breaks the name of a group"
            if axe:
                page.evaluate(axe)
                # Off by default: targets of at least 24 px, or with that much space around them (WCAG 2.2, AA).
                rules = "{rules: {'target-size': {enabled: true}}}"
                violations = page.evaluate(f"axe.run({rules}).then(({{violations}}) => violations)")
                assert [
                    (violation["id"], [node["html"][:200] for node in violation["nodes"]]) for violation in violations
                ] == [], path
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert background == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(18, 19, 22)")
        assert visitor.faults == []
    if not axe:
        pytest.skip("axe-core is not installed: npm install --prefix .venv/axe axe-core@4")


@pytest.mark.usefixtures("_shop")
def test_the_calculator_answers_while_the_visitor_types(chromium: Any, live_server: LiveServer) -> None:
    with visiting(chromium, live_server.url) as visitor:
        page = visitor.open("/models/tiered-pro")
        total = page.locator("#result .total")
        assert total.inner_text() == "$0.0225"

        page.fill("[name='u.input']", "300000")
        page.locator("#result .total", has_text="$0.765").wait_for()
        page.select_option("[name='f.service_tier']", "batch")
        page.locator("#result .total", has_text="$0.1925").wait_for()
        assert "prompt above" not in page.inner_text("#result")
        page.fill("[name='u.input']", "-5")
        page.locator("#result", has_text="Input: '-5' is not a number").wait_for()
        assert page.locator("[aria-invalid=true]").count() == 1
        assert "$" not in page.inner_text("#result")
        page.fill("[name='u.input']", "5")
        page.locator("#result .total").wait_for()
        assert page.locator("[aria-invalid=true]").count() == 0
        assert "u.input=5&" in page.url
        page.reload()
        assert page.input_value("[name='u.input']") == "5"
        total = page.inner_text("#result .total")
        visitor.follow("text=中文")
        assert page.inner_text("#result .total") == total
        assert page.input_value("[name='f.service_tier']") == "batch"
        assert visitor.faults == []

    with visiting(chromium, live_server.url, java_script_enabled=False) as plain:
        page = plain.open("/models/tiered-pro")
        page.fill("[name='u.input']", "300000")
        plain.follow("text=Calculate")
        assert page.locator("#result .total").inner_text() == "$0.765"
        page.fill("[name='u.input']", "abc")
        plain.follow("text=Calculate")
        assert page.inner_text("#result") == "Input: 'abc' is not a number from 0 to 1,000,000,000,000,000."


@pytest.mark.usefixtures("_shop")
def test_history_is_drawn_with_readable_labels_and_written(chromium: Any, live_server: LiveServer) -> None:
    with visiting(chromium, live_server.url) as visitor:
        page = visitor.open("/models/changing")

        assert page.get_by_role("img", name="Price over time").bounding_box()["height"] > 100
        assert page.locator(".curve.future").count() == 2
        assert page.locator("table:has-text('Changes') tbody tr").count() == 2
        assert "Input: $2.00 → $1.00 per million tokens" in page.inner_text(".notice")
        for name, size in SIZES.items():
            page.set_viewport_size(size)
            labels = page.locator(".plot text")
            heights = labels.evaluate_all("all => all.map(each => each.getBoundingClientRect().height)")
            assert len(heights) == 5, name
            assert min(heights) >= 11, name


@pytest.mark.usefixtures("_shop")
def test_models_are_added_to_a_comparison_and_the_first_stays_in_sight(chromium: Any, live_server: LiveServer) -> None:
    for number in range(4):
        world.price(world.model(f"extra-{number}"), input=str(number + 1))
    with visiting(chromium, live_server.url, viewport={"width": 390, "height": 844}) as visitor:
        page = visitor.open("/compare?m=tiered-pro")
        for number in range(4):
            page.fill("#add [name=q]", f"extra {number}")
            link = page.locator(f"#found a:has-text('extra-{number}')")
            link.wait_for()
            assert "q=extra" in page.url
            with page.expect_navigation():
                link.click()
        heads = page.locator(".side thead th")
        assert "Tiered Pro" in heads.first.inner_text()
        assert heads.count() == 5
        page.evaluate("document.querySelector('.scroll').scrollLeft = 9999")
        first, last = heads.first.bounding_box(), heads.last.bounding_box()
        assert first["x"] >= 0
        assert last["x"] >= first["x"] + first["width"] - 1
        assert last["x"] + last["width"] <= 391
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert visitor.faults == []

    with visiting(chromium, live_server.url, java_script_enabled=False) as plain:
        page = plain.open("/compare?m=tiered-pro")
        page.fill("#add [name=q]", "extra 2")
        plain.follow("#add button")
        plain.follow("#found a")
        assert page.locator(".side thead th").count() == 2
        assert plain.faults == []
