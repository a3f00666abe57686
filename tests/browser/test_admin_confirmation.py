"""A change that takes models from keys is confirmed in a real browser, on a desktop and a phone."""

import pytest

from catalog.models import Channel
from tests import world
from tests.browser.desk import Desk

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_only_channel_is_disabled_after_a_look_at_the_loss(desk: Desk) -> None:
    for name in ("gpt-4o", "o3"):
        world.model(name)
    world.token(name="Acme")
    channel = Channel.objects.get()
    page = desk.open(f"/admin/catalog/channel/{channel.pk}/change/")

    page.locator("[name=enabled]").uncheck()
    page.locator("[name=_save]").click()
    page.get_by_text("Acme loses all 2 models").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Go back").click()
    assert not page.locator("[name=enabled]").is_checked()
    page.locator("[name=_save]").click()
    page.locator("[name=_accept_loss]").check()
    assert Channel.objects.get().enabled
    page.get_by_role("button", name="Save anyway").click()
    page.wait_for_url("**/admin/catalog/channel/")

    assert not Channel.objects.get().enabled
    assert desk.faults == []
