"""The overview's timeline: what changes when, one entry for the changes of a kind and day, each with its link."""

import datetime as dt
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel
from pricing.admin.dashboard.timeline import Timeline, coming_up
from pricing.models import DiscountRule, PriceSheet
from tests import world
from tokens.models import ModelRelease

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


@pytest.fixture
def busy(db: None) -> dt.datetime:
    """A change of every kind, all on a Wednesday, and changes that are past, too far, or of what nobody sees."""
    now = timezone.now()
    soon = now + dt.timedelta(days=14)
    models = [world.model(f"m-{number}") for number in range(3)]
    for model in models:
        world.price(model, role="list", input="1")
        world.price(model, role="list", input="2", starts_at=soon)
    promotion = world.price(models[0], input="0.5", output="2", starts_at=soon)
    PriceSheet.objects.filter(pk=promotion.pk).update(ends_at=soon + dt.timedelta(days=1))
    DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.9"), starts_at=now, ends_at=soon)
    world.rate(world.token_group("vip"), "0.8", starts_at=soon)
    world.model("leaving", retires_on=soon.date())
    world.model("draft", retires_on=soon.date(), status=AIModel.Status.DRAFT)
    starting = world.model("starting", starts_at=soon)
    ModelRelease.objects.create(model=starting, group=world.token_group("beta"), starts_at=soon)
    world.token(name="Acme", expires_at=soon)
    world.token(name="off", expires_at=soon, enabled=False)
    world.model("far", retires_on=now.date() + dt.timedelta(days=400))
    return soon


def shown(timeline: Timeline | None) -> list[str]:
    assert timeline is not None
    return [f"{entry.lane}: {entry.text}" for entry in timeline.entries]


def operator(*permissions: str) -> User:
    user = User.objects.create_user("maria", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def test_changes_of_a_kind_and_day_are_one_entry_with_the_figures_of_a_single_price(busy: dt.datetime) -> None:
    timeline = coming_up(None, at=timezone.now())

    assert timeline is not None
    assert shown(timeline) == [
        "Prices: discount for all models expires",
        "Prices: group vip: new rate",
        "Prices: m-0 and 2 more: new list price",
        "Prices: m-0: new sell price, $0.50 / $2.00",
        "Models: leaving retires",
        "Models: starting starts",
        "Models: starting starts for a group",
        "Keys: key of Acme expires",
        "Prices: m-0: sell price ends",
    ]
    assert {entry.day for entry in timeline.entries} == {busy.date(), busy.date() + dt.timedelta(days=1)}
    assert timeline.entries[0].x == "15.56%"


def test_each_entry_links_to_its_rows(busy: dt.datetime, admin_client: Client) -> None:
    for day in (1, 2):
        world.token(name=f"Acme {day}", expires_at=busy + dt.timedelta(hours=day))
        world.model(f"leaving-{day}", retires_on=busy.date())
    timeline = admin_client.get("/admin/").context["timeline"]

    for entry in timeline.entries:
        page = admin_client.get(entry.link)
        assert page.status_code == 200, entry
        if "more" in entry.text:
            assert page.context["cl"].result_count == 3, entry
    assert "Keys: key of Acme and 2 more expire" in shown(timeline)
    assert "Models: leaving and 2 more retire" in shown(timeline)


def test_operators_see_only_changes_of_tables_that_they_may_view(busy: dt.datetime) -> None:
    user = operator("view_aimodel")

    assert {entry.partition(":")[0] for entry in shown(coming_up(user, at=timezone.now()))} == {"Models"}
    user.user_permissions.set(Permission.objects.filter(codename="view_token"))
    user = User.objects.get()
    assert shown(coming_up(user, at=timezone.now())) == ["Keys: key of Acme expires"]
    user.user_permissions.clear()
    assert coming_up(User.objects.get(), at=timezone.now()) is None
