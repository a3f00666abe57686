"""The confirmation of a deletion counts what would be deleted, and needs few queries for any number of rows."""

import datetime as dt
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.admin.confirmation.deletion import find_deleted
from catalog.models import AIModel, ModelAlias, Vendor
from pricing.models import DiscountRule, GroupRate, PriceSheet, UsageCount
from tests import admin_world, world
from tokens.models import Token

pytestmark = pytest.mark.django_db


# Each kind of row has its history, its revision and its entries of the audit trail.
def confirm(client: Client, page: str, *, most: int = 100) -> str:
    with CaptureQueriesContext(connection) as captured:
        body = client.get(f"/admin/{page}/").content.decode()
    assert len(captured) <= most
    return body


def select_all(client: Client, page: str, **values: Any) -> Any:
    """Chooses "select all rows" in a list, and deletes."""
    first = values.pop("first")
    form = {"action": "delete_selected", "select_across": "1", "_selected_action": [first], **values}
    return client.post(f"/admin/{page}/", form, follow=True)


def test_the_queries_of_a_confirmation_do_not_grow_with_its_rows(admin_client: Client) -> None:
    model, group = world.model(), world.token_group()
    channel = model.offers.get().channel_id
    rows = {"tokens/tokengroup": group.pk, "catalog/aimodel": model.pk, "catalog/channel": channel}
    pages = [f"{table}/{key}/delete" for table, key in rows.items()]

    def count(page: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(f"/admin/{page}/").status_code == 200
        return len(captured)

    def fill(first: int, last: int) -> None:
        for number in range(first, last):
            world.token(name=f"customer {number}")
            world.model(f"model-{number}")
            ModelAlias.objects.create(name=f"alias-{number}", model=model)

    fill(0, 4)
    few = list(map(count, pages))
    fill(4, 30)
    assert [count(page) <= number for page, number in zip(pages, few, strict=True)] == [True] * 3


def test_a_group_with_many_tokens_is_counted(admin_client: Client) -> None:
    group = world.token_group("vip")
    for number in range(40):
        world.token("vip", name=f"customer {number}")

    body = confirm(admin_client, f"tokens/tokengroup/{group.pk}/delete")

    assert "Links to tokens: 40" in body
    assert "customer 7" not in body


def test_a_model_with_everything_is_counted(admin_client: Client) -> None:
    model = world.model()
    for number in range(40):
        ModelAlias.objects.create(name=f"alias-{number}", model=model)
        UsageCount.objects.create(model=model, day=dt.date(2026, 1, 1) + dt.timedelta(number), reporter="x")

    body = confirm(admin_client, f"catalog/aimodel/{model.pk}/delete")

    # Usage counts are written by the software alone.
    assert "usage count" in body
    UsageCount.objects.all().delete()
    body = confirm(admin_client, f"catalog/aimodel/{model.pk}/delete")
    assert "Aliases: 40" in body
    assert "Offers: 1" in body


def test_the_rows_that_prevent_a_deletion_are_named_and_counted(admin_client: Client) -> None:
    vendor = world.vendor()
    for number in range(40):
        world.model(f"model-{number:02}", vendor=vendor)

    body = confirm(admin_client, f"catalog/vendor/{vendor.pk}/delete")

    assert "model-19" in body
    assert "model-20" not in body
    assert "and 20 more models" in body
    assert admin_client.post(f"/admin/catalog/vendor/{vendor.pk}/delete/", {"post": "yes"}).status_code == 200
    assert Vendor.objects.filter(pk=vendor.pk).exists()


def test_all_rows_of_a_list_are_deleted_without_naming_each(admin_client: Client) -> None:
    for number in range(60):
        world.token(name=f"customer {number}")
    first = Token.objects.order_by("pk")[0].pk

    with CaptureQueriesContext(connection) as captured:
        body = select_all(admin_client, "tokens/token", first=first).content.decode()

    assert len(captured) <= 90
    assert "Delete 60 tokens" in body
    assert "and 40 more tokens" in body
    assert body.count('name="_selected_action"') == 1
    select_all(admin_client, "tokens/token", first=first, number=59, post="yes")
    assert Token.objects.count() == 60
    asked = select_all(admin_client, "tokens/token", first=first, number=60, post="yes")
    admin_world.confirm(admin_client, "/admin/tokens/token/", asked)
    assert not Token.objects.exists()
    assert Token.history.filter(history_type="-", history_user__username="admin").count() == 60


def test_a_person_without_permission_for_what_belongs_to_a_row_cannot_delete_it(client: Client) -> None:
    model = world.model(on=None)
    world.price(model, starts_at=timezone.now() + dt.timedelta(days=1), input="1")
    somebody = User.objects.create_user("somebody", password="x", is_staff=True)
    somebody.user_permissions.set(Permission.objects.filter(codename__in=["view_aimodel", "delete_aimodel"]))
    client.force_login(somebody)

    assert "price sheet" in confirm(client, f"catalog/aimodel/{model.pk}/delete")
    assert client.post(f"/admin/catalog/aimodel/{model.pk}/delete/", {"post": "yes"}).status_code == 403
    assert AIModel.objects.exists()


@pytest.mark.parametrize("days", [-1, 1])
def test_the_rule_about_many_rows_is_the_rule_about_one(admin_user: User, days: int) -> None:
    start = timezone.now() + dt.timedelta(days=days)
    rows = [
        world.price(world.model(), input="1", starts_at=start),
        DiscountRule.objects.create(all_models=True, multiplier=2, starts_at=start),
        world.rate(world.token_group(), 1, starts_at=start),
    ]
    request = RequestFactory().get("/")
    request.user = admin_user
    for row in rows:
        model_admin: Any = admin.site.get_model_admin(type(row))
        is_refused = model_admin.undeletable(type(row)._base_manager.all()).exists()
        assert is_refused != model_admin.has_delete_permission(request, row)
        assert is_refused == bool(find_deleted([row], request)[3]) == (days < 0)
    assert {type(row) for row in rows} == {PriceSheet, DiscountRule, GroupRate}
