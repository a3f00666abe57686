"""A list of sixty rows takes no more queries than a list of six."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from catalog.models import Channel, EndpointType, Offer, Source, Vendor
from pricing.models import CurrencyRate, DiscountRule, PopularModel, UsageCount, UsageReporter
from tests import admin_world, world

TODAY = dt.datetime.now(tz=dt.UTC).date()
# Session, user, page count, rows, saved filters, and what a list's filters and columns add; measured, none to spare.
BUDGETS = {
    "auth/group": 5,
    "auth/user": 6,
    "catalog/aimodel": 10,  # the vendors and channels to filter by, sheets and their lines, what sources dropped
    "catalog/channel": 6,  # the groups that can use them
    "catalog/endpointtype": 5,
    "catalog/importrun": 6,  # the sources to filter by
    "catalog/offer": 6,  # the channels to filter by
    "catalog/revision": 5,
    "catalog/snapshot": 6,  # the sources to filter by
    "catalog/source": 5,
    "catalog/vendor": 5,
    "pricing/currencyrate": 6,  # the currencies to filter by
    "pricing/discountrule": 6,  # the vendors to filter by
    "pricing/grouprate": 5,
    "pricing/popularmodel": 6,  # the vendors to filter by
    "pricing/pricesheet": 7,  # the vendors to filter by, the lines
    "pricing/usagecount": 6,  # the vendors to filter by
    "pricing/usageevent": 5,
    "pricing/usagereporter": 5,
    "tokens/token": 7,  # the groups in the filter and those of each token
    "tokens/tokengroup": 6,  # their channels
}


def fill(start: int, stop: int) -> None:
    for n in range(start, stop):
        group = world.token_group(f"group-{n}")
        channel = world.channel(f"channel-{n}", group=group.slug)
        model = world.model(f"model-{n}", on=channel, vendor=world.vendor(f"vendor-{n}"))
        world.price(model, input="1", output="2")
        token, _ = world.token(group.slug, name=f"token-{n}")
        EndpointType.objects.create(name=f"type-{n}", path="/x")
        admin_world.import_run(f"source-{n}")
        world.rate(group, 1)
        PopularModel.objects.create(model=model, position=n)
        DiscountRule.objects.create(model=model, multiplier=Decimal("0.9"))
        CurrencyRate.objects.create(currency="CNY", per_usd=Decimal(7), as_of=TODAY - dt.timedelta(days=n))
        UsageReporter.objects.create(token=token)
        UsageCount.objects.create(model=model, name=model.name, day=TODAY, reporter=token.key_id)
        admin_world.usage_event(model, token)


def queries(client: Client, page: str) -> list[str]:
    # Cached for the life of the process, and queried by the first page.
    for model in (Channel, Offer, Source, Vendor):
        ContentType.objects.get_for_model(model)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"/admin/{page}/").status_code == 200
    return [query["sql"] for query in captured.captured_queries]


def test_a_lists_queries_do_not_grow_with_its_rows(admin_client: Client) -> None:
    fill(0, 6)
    few = {page: len(queries(admin_client, page)) for page in BUDGETS}

    fill(6, 60)
    many = {page: queries(admin_client, page) for page in BUDGETS}

    assert few == BUDGETS
    for page, statements in many.items():
        assert len(statements) == BUDGETS[page], "\n".join([page, *statements])


def test_a_list_of_snapshots_does_not_load_their_content(admin_client: Client) -> None:
    run = admin_world.import_run()

    for page in ("snapshot", "importrun", f"snapshot/{run.snapshot_id}/change", f"importrun/{run.pk}/change"):
        assert not [sql for sql in queries(admin_client, f"catalog/{page}") if '"packed"' in sql], page


def test_a_channel_with_many_offers_opens_with_few_queries(admin_client: Client) -> None:
    channel = world.channel()
    vendor = world.vendor()
    models: list[Any] = [world.model(f"model-{n}", on=channel, vendor=vendor) for n in range(60)]

    body = admin_client.get(f"/admin/catalog/channel/{channel.pk}/change/").content.decode()

    assert "60 models" in body
    assert models[7].name not in body
    assert len(queries(admin_client, f"catalog/channel/{channel.pk}/change")) <= 5


def test_a_channel_with_many_offers_is_deleted_with_few_queries(admin_client: Client) -> None:
    channel = world.channel()
    for n in range(60):
        world.model(f"model-{n}", on=channel, vendor=world.vendor())
    page = f"catalog/channel/{channel.pk}/delete"

    body = admin_client.get(f"/admin/{page}/").content.decode()

    assert "Offers: 60" in body
    # Most of them read what keys see and pay, before the deletion and after it.
    assert len(queries(admin_client, page)) <= 85
    with CaptureQueriesContext(connection) as captured:
        answer = admin_world.post_confirmed(admin_client, f"/admin/{page}/", {"post": "yes"})
    assert answer.status_code == 302
    assert len(captured) <= 160
    assert not Channel.objects.exists()
    assert Offer.history.filter(history_type="-", history_user__username="admin").count() == 60


def test_selected_channels_are_deleted_with_their_offers_with_few_queries(admin_client: Client) -> None:
    channels = [world.channel(f"channel-{n}") for n in range(3)]
    models = [world.model(f"model-{n}", on=None) for n in range(30)]
    for n in range(30):
        for channel in channels[:2]:
            Offer.objects.create(channel=channel, model=models[n])
    chosen = {"action": "delete_selected", "_selected_action": [channel.pk for channel in channels[:2]], "post": "yes"}

    with CaptureQueriesContext(connection) as captured:
        assert admin_world.post_confirmed(admin_client, "/admin/catalog/channel/", chosen).status_code == 302

    assert len(captured) <= 170
    assert [channel.name for channel in Channel.objects.all()] == [channels[2].name]
    assert Offer.history.filter(history_type="-", history_user__username="admin").count() == 60
    assert Channel.history.filter(history_type="-").count() == 2


@pytest.mark.django_db
def test_deleting_a_channel_reports_the_deleted_rows() -> None:
    channel = world.channel(group=None)
    world.model(on=channel)

    assert channel.delete() == (2, {"catalog.Channel": 1, "catalog.Offer": 1})
    assert Channel.objects.all().delete() == (0, {})


@pytest.mark.django_db
def test_deleting_a_channel_with_offers_requires_permission_to_delete_offers(client: Client) -> None:
    channel = world.channel()
    world.model(on=channel)
    rights = Permission.objects.filter(codename__in=["view_channel", "delete_channel"])
    somebody = User.objects.create_user("somebody", password="x", is_staff=True)
    somebody.user_permissions.set(rights)
    client.force_login(somebody)

    refused = client.post(f"/admin/catalog/channel/{channel.pk}/delete/", {"post": "yes"})

    assert refused.status_code == 403
    assert Channel.objects.filter(pk=channel.pk).exists()
