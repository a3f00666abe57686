"""The admin in a real browser, on a desktop and a phone, without a call to another host."""

import re

import pytest

from catalog.models import AIModel, EndpointType
from tests import world
from tests.browser.desk import PASSWORD, Desk
from tokens.models import Token

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("desk", ["phone"], indirect=True)
def test_an_operator_signs_in(desk: Desk) -> None:
    desk.page.context.clear_cookies()
    page = desk.open("/admin/login/")

    page.fill("[name=username]", "maria")
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")

    page.wait_for_url("**/admin/")
    assert desk.faults == []


@pytest.mark.parametrize("desk", ["desk"], indirect=True)
def test_lists_may_be_pasted_and_names_with_separators_stay(desk: Desk) -> None:
    token, _ = world.token(deny=["id:a;b"])
    page = desk.open(f"/admin/tokens/token/{token.pk}/change/")
    deny = page.locator("[name=deny]")
    assert deny.input_value() == '"id:a;b"'
    deny.fill('"id:a;b"，gpt-*\nclaude-*')
    page.locator("[name=_save]").click()
    page.wait_for_url("**/admin/tokens/token/")
    model = world.model(capabilities=["tools", "odd;one"], supported_endpoint_types=[])
    page = desk.open(f"/admin/catalog/aimodel/{model.pk}/change/")
    page.get_by_label("Move odd;one forward").click()
    page.locator("[name=_save]").click()
    page.wait_for_url("**/admin/catalog/aimodel/")

    token.refresh_from_db()
    model.refresh_from_db()
    assert token.deny == ["id:a;b", "gpt-*", "claude-*"]
    assert model.capabilities == ["odd;one", "tools"]
    assert desk.faults == []


def test_an_operator_orders_endpoint_types_by_hand(desk: Desk) -> None:
    for name in ("openai", "anthropic", "kling"):
        EndpointType.objects.get_or_create(name=name, defaults={"path": "/v1/x"})
    model = world.model(supported_endpoint_types=["openai"])
    page = desk.open(f"/admin/catalog/aimodel/{model.pk}/change/")
    picker = page.locator(".names").first

    picker.locator("select").select_option("anthropic")
    picker.get_by_label("Move anthropic forward").click()
    page.get_by_label("Only these, in this order").check()
    page.locator(".names").nth(1).locator("select").select_option("kling")
    page.locator("[name=_save]").click()
    page.wait_for_url("**/admin/catalog/aimodel/")

    model.refresh_from_db()
    assert model.supported_endpoint_types == ["anthropic", "openai"]
    assert model.public_endpoint_types == ["kling"]
    assert desk.faults == []


def test_a_new_key_is_shown_once(desk: Desk) -> None:
    world.token_group()
    page = desk.open("/admin/tokens/token/add/")

    page.fill("[name=name]", "Acme")
    page.locator("[name=_save]").click()
    key = page.locator("#new-key").inner_text()

    assert re.fullmatch(r"mb_live_[0-9A-Za-z]{10}_[0-9A-Za-z]{38}", key)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_text("I have copied it").click()
    page.wait_for_url("**/change/")
    assert key not in page.content()
    page.go_back()
    page.get_by_text("cannot be shown again").wait_for()
    page.reload()
    assert key not in page.content()
    assert Token.objects.count() == 1


@pytest.mark.parametrize("desk", ["desk"], indirect=True)
def test_a_name_never_runs(desk: Desk) -> None:
    attack = '"><img src=x onerror=alert(1)><p x-init="alert(2)" x-data>{{ 7*7 }}${alert(3)}'
    vendor = world.vendor("evil", name=attack[:120])
    model = AIModel.objects.create(name=attack.replace(",", ""), vendor=vendor, display_name=attack, tags=[attack])
    world.price(model, input="1")

    for place in ("", f"{model.pk}/change/", f"{model.pk}/history/", f"{model.pk}/delete/"):
        desk.open(f"/admin/catalog/aimodel/{place}").wait_for_timeout(100)

    assert desk.faults == []


@pytest.mark.parametrize("desk", ["desk"], indirect=True)
def test_a_script_in_a_page_is_not_run(desk: Desk) -> None:
    page = desk.open("/admin/")

    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = true'}))"
    )

    assert page.evaluate("window.ran") is None
