"""A current price can be ended and a scheduled one withdrawn; a stored sheet changes in no other way."""

import datetime as dt
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from catalog.db import revision
from pricing.models import DiscountRule, PriceLine, PriceSheet
from tests import admin_world, world

pytestmark = pytest.mark.django_db

SHEETS = "/admin/pricing/pricesheet/"
DAY = dt.timedelta(days=1)


@pytest.fixture
def story() -> dict[str, PriceSheet]:
    """A price, a promotion that replaced it, and a scheduled price."""
    model, now = world.model(), timezone.now()
    return {
        "usual": world.price(model, input="10"),
        "promotion": world.price(model, input="7", starts_at=now - DAY),
        "announced": world.price(model, input="12", starts_at=now + DAY),
    }


def act(client: Client, action: str, *sheets: PriceSheet, **fields: str) -> str:
    posted: dict[str, Any] = {"action": action, "_selected_action": [sheet.pk for sheet in sheets]}
    page: str = admin_world.post(client, SHEETS, posted | fields, follow=True).content.decode()
    return page


def confirmed_prices(page: str) -> list[str]:
    """The prices before and after that the confirmation page lists."""
    listed = re.findall(r'<li class="price-change[^"]*">(.*?)</li>', page, re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", "", item).split()) for item in listed]


def charged(at: dt.datetime) -> Any:
    return PriceSheet.objects.in_force(at=at).get().lines.get().amount


def test_a_promotion_ends_and_the_price_before_it_applies_again(
    admin_client: Client, story: dict[str, PriceSheet]
) -> None:
    before = revision.current()
    page = act(admin_client, "end", *story.values())
    assert confirmed_prices(page) == ["Input: $7.00 per million tokens → $10.00 per million tokens"]
    assert "2 of the selected sheets are left unchanged" in page
    assert charged(timezone.now()) == 7

    done = act(admin_client, "end", *story.values(), confirmed="1", reason="Sold out")

    assert "1 price sheet ended from now on." in done
    assert charged(timezone.now()) == 10
    assert charged(timezone.now() - DAY / 2) == 7
    entry = story["promotion"].history.latest()
    assert (entry.history_change_reason, entry.history_user.username) == ("Sold out", "admin")
    assert revision.current() > before
    assert PriceSheet.objects.exclude(pk=story["promotion"].pk).filter(ends_at=None).count() == 2


def test_the_confirmation_lists_every_price_before_and_after(admin_client: Client) -> None:
    model = world.model()
    world.price(model, input="2", input__cache_read="0.2", input__audio="4", output__audio="8", output="10")
    long = [{"dim": "prompt_tokens", "op": "gt", "value": 200_000}]
    ending = world.price(
        model, starts_at=timezone.now() - DAY, input__cache_read="0.2", input__audio="4", output__audio="7", input="1",
    )  # fmt: skip
    world.line(ending, "input", "3", conditions=long)
    world.line(ending, "output", "0.000009", per=1)

    assert confirmed_prices(act(admin_client, "end", ending)) == [
        "Cached input: $0.20 per million tokens",
        "Audio input: $4.00 per million tokens",
        "Audio output: $7.00 per million tokens → $8.00 per million tokens",
        "Input: $1.00 per million tokens → $2.00 per million tokens",
        "Input, prompt above 200,000 tokens: $3.00 per million tokens → none",
        "Output: $9.00 per million tokens → $10.00 per million tokens",
    ]


def test_after_the_last_sell_price_customers_pay_the_list_price(admin_client: Client) -> None:
    model = world.model()
    world.price(model, role="list", input="10", output="20")
    DiscountRule.objects.create(all_models=True, multiplier="0.9", starts_at=world.LONG_AGO)
    page = act(admin_client, "end", world.price(model, input="8", output="18"))
    assert "no sell price: customers pay the list price" in page
    assert confirmed_prices(page) == [
        "Input: $8.00 per million tokens → $9.00 per million tokens",
        "Output: $18.00 per million tokens",
    ]


def test_without_another_price_the_confirmation_says_so(admin_client: Client) -> None:
    page = act(admin_client, "end", world.price(world.model(), role="cost", input="8", output="18"))
    assert "no cost price" in page
    assert confirmed_prices(page)[1] == "Output: $18.00 per million tokens → none"


def test_a_withdrawal_lists_every_price(admin_client: Client) -> None:
    sheet = world.price(
        world.model(), starts_at=timezone.now() + DAY, input="1", input__cache_read="2", input__audio="3", output="4"
    )
    assert len(confirmed_prices(act(admin_client, "withdraw", sheet))) == 4


def test_an_end_can_be_set_and_moved_earlier_but_not_later(admin_client: Client, story: dict[str, PriceSheet]) -> None:
    start, promotion = timezone.now().replace(second=0, microsecond=0), story["promotion"]
    for hours, expected in ((10, 10), (20, 10), (5, 5)):
        moment = start + dt.timedelta(hours=hours)
        act(admin_client, "end", promotion, confirmed="1", ends_at=f"{moment:%Y-%m-%dT%H:%M}")
        promotion.refresh_from_db()
        assert promotion.ends_at == start + dt.timedelta(hours=expected)

    assert "past prices cannot change" in act(admin_client, "end", promotion, confirmed="1", ends_at="2026-01-01T00:00")


def test_a_scheduled_price_is_withdrawn_with_its_lines(admin_client: Client, story: dict[str, PriceSheet]) -> None:
    assert "Withdraw 1 price" in act(admin_client, "withdraw", *story.values())

    act(admin_client, "withdraw", *story.values(), confirmed="1", reason="Not so soon")

    assert set(PriceSheet.objects.all()) == {story["usual"], story["promotion"]}
    assert PriceLine.objects.count() == 2
    gone = PriceSheet.history.get(history_type="-")
    assert (gone.history_change_reason, gone.history_user.username) == ("Not so soon", "admin")


def test_a_sheets_page_offers_only_possible_actions(admin_client: Client, story: dict[str, PriceSheet]) -> None:
    offered = {}
    for name, sheet in story.items():
        body = admin_client.get(f"{SHEETS}{sheet.pk}/change/").content.decode()
        offered[name] = [deed for deed in ("end", "withdraw") if f"{sheet.pk}/{deed}" in body]
    assert offered == {"usual": [], "promotion": ["end"], "announced": ["withdraw"]}

    admin_world.post_confirmed(admin_client, f"{SHEETS}{story['promotion'].pk}/end/", {"confirmed": "1"})
    admin_world.post_confirmed(admin_client, f"{SHEETS}{story['announced'].pk}/withdraw/", {"confirmed": "1"})

    assert charged(timezone.now() + 2 * DAY) == 10


def test_the_list_links_to_a_new_price_of_the_same_role(admin_client: Client) -> None:
    sheet = world.price(world.model(), role="cost", input="1")

    answer = admin_client.get(f"{SHEETS}{sheet.pk}/new-price/")

    assert answer["Location"] == f"/admin/catalog/aimodel/{sheet.model_id}/set-price/?role=cost"


def test_both_actions_require_permission(client: Client, story: dict[str, PriceSheet]) -> None:
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename__in=["view_pricesheet", "add_pricesheet"]))
    client.force_login(reader)

    act(client, "end", *story.values(), confirmed="1")
    act(client, "withdraw", *story.values(), confirmed="1")
    for deed in ("end", "withdraw"):
        assert client.post(f"{SHEETS}{story['promotion'].pk}/{deed}/", {"confirmed": "1"}).status_code == 403

    assert PriceSheet.objects.filter(ends_at=None).count() == 3


def test_a_current_discount_can_be_ended_but_not_deleted(admin_client: Client) -> None:
    rule = DiscountRule.objects.create(all_models=True, multiplier="0.9", starts_at=world.LONG_AGO)
    page = "/admin/pricing/discountrule/"

    admin_client.post(f"{page}{rule.pk}/delete/", {"post": "yes"})
    admin_client.post(page, {"action": "end_now", "_selected_action": [rule.pk]})

    rule.refresh_from_db()
    assert rule.state(at=timezone.now()) == "past"
    assert rule.history.latest().history_user.username == "admin"
