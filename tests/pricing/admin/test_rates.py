"""Rates in the admin: a new rate is added, a scheduled one can be edited, and others cannot change."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from pricing.models import GroupRate
from tests import admin_world, world

pytestmark = pytest.mark.django_db
RATES = "/admin/pricing/grouprate/"
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def current_rate(db: None) -> GroupRate:
    return world.rate(world.token_group(), "0.9")


def group_page() -> str:
    return f"/admin/tokens/tokengroup/{world.token_group().pk}/change/"


def test_a_rate_without_a_time_takes_effect_when_it_is_saved(admin_client: Client, current_rate: GroupRate) -> None:
    posted = admin_world.filled_in(admin_client, f"{RATES}add/", group=current_rate.group_id, ratio="0.5")
    before = timezone.now()
    admin_client.post(f"{RATES}add/", posted)
    assert before <= GroupRate.objects.get(ratio=Decimal("0.5")).starts_at <= timezone.now()


def test_a_rate_cannot_take_effect_in_the_past(admin_client: Client, current_rate: GroupRate) -> None:
    past = {"group": current_rate.group_id, "ratio": "0.5", "starts_at_0": "2026-01-02", "starts_at_1": "00:00:00"}
    answer = admin_client.post(f"{RATES}add/", admin_world.filled_in(admin_client, f"{RATES}add/", **past))
    assert "past prices cannot change" in answer.content.decode()
    assert GroupRate.objects.get() == current_rate


def test_a_rate_that_has_taken_effect_cannot_be_edited_or_deleted(
    admin_client: Client, current_rate: GroupRate
) -> None:
    page = f"{RATES}{current_rate.pk}/change/"
    answer = admin_client.post(page, admin_world.filled_in(admin_client, page, ratio="0.1"))
    assert "This rate has taken effect" in answer.content.decode()
    assert admin_client.post(f"{RATES}{current_rate.pk}/delete/", {"post": "yes"}).status_code == 403
    assert GroupRate.objects.get().ratio == Decimal("0.9")


def test_a_scheduled_rate_can_be_edited_and_deleted(admin_client: Client, current_rate: GroupRate) -> None:
    rate = world.rate(current_rate.group, "0.5", starts_at=timezone.now() + DAY)
    page = f"{RATES}{rate.pk}/change/"
    admin_client.post(page, admin_world.filled_in(admin_client, page, ratio="0.4"))
    assert GroupRate.objects.get(pk=rate.pk).ratio == Decimal("0.4")
    admin_client.post(f"{RATES}{rate.pk}/delete/", {"post": "yes"})
    assert GroupRate.objects.get() == current_rate


def test_the_list_filters_rates_by_state(admin_client: Client, current_rate: GroupRate) -> None:
    world.rate(current_rate.group, "0.8", starts_at=world.LONG_AGO + DAY)
    world.rate(current_rate.group, "0.7", starts_at=timezone.now() + DAY)
    for state, ratio in (("past", "0.9"), ("current", "0.8"), ("scheduled", "0.7")):
        page = admin_client.get(RATES, {"state": state}).content.decode()
        assert [
            ratio for ratio in ("0.9", "0.8", "0.7") if f">{ratio}<" in page.replace(" ", "").replace("\n", "")
        ] == [ratio]


def test_a_groups_page_adds_a_rate_but_edits_none(admin_client: Client, current_rate: GroupRate) -> None:
    announced = world.rate(current_rate.group, "0.5", starts_at=timezone.now() + DAY)
    posted = admin_world.filled_in(admin_client, group_page())
    posted |= {"rates-0-id": announced.pk, "rates-0-ratio": "0.1", "rates-0-DELETE": "on"}
    posted |= {"rates-1-id": current_rate.pk, "rates-1-ratio": "0.1", "rates-1-DELETE": "on"}
    posted |= {"rates-INITIAL_FORMS": "2", "rates-TOTAL_FORMS": "3", "rates-2-ratio": "1", "rates-2-starts_at_0": ""}
    answer = admin_client.post(group_page(), posted | {"rates-2-starts_at_1": ""})
    assert answer.status_code == 302, answer.content.decode()
    in_order = GroupRate.objects.order_by("starts_at").values_list("ratio", flat=True)
    assert list(in_order) == [Decimal("0.9"), 1, Decimal("0.5")]


def test_the_list_of_groups_shows_the_current_rate(admin_client: Client, current_rate: GroupRate) -> None:
    world.rate(current_rate.group, "0.65", starts_at=world.LONG_AGO + DAY)
    world.rate(current_rate.group, "0.35", starts_at=timezone.now() + DAY)
    page = admin_client.get("/admin/tokens/tokengroup/").content.decode()
    assert ("0.65" in page, "0.35" in page) == (True, False)
