"""Many rows are deleted with what belongs to them, as Django would, in few statements; what prevents it."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models import ProtectedError
from django.utils import timezone

from catalog.db import revision
from catalog.db.deletion import delete_with_history, find_obstacles
from catalog.models import AIModel, Channel, ModelAlias, Offer, Vendor
from pricing.models import PriceLine, PriceSheet, UsageCount, UsageReporter
from tests import world
from tokens.models import RetiredKey, Token, TokenGroup

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def test_models_are_deleted_with_their_rows_and_history() -> None:
    old, new = world.model("old"), world.model("new")
    rest = world.model("rest", successor=old)
    ModelAlias.objects.create(name="nick", model=old)
    for model in (old, new, rest):
        world.price(model, input="1")
    before = revision.read()

    assert delete_with_history(AIModel.objects.exclude(pk=rest.pk)) == 2

    assert [model.name for model in AIModel.objects.all()] == ["rest"]
    assert (Offer.objects.count(), ModelAlias.objects.count(), PriceSheet.objects.count()) == (1, 0, 1)
    assert PriceLine.objects.count() == 1
    assert AIModel.objects.get().successor is None
    for table, number in ((AIModel, 2), (Offer, 2), (ModelAlias, 1), (PriceSheet, 2)):
        assert table.history.filter(history_type="-").count() == number
    after = revision.read()
    assert after.models != before.models
    assert after.prices != before.prices


def test_any_number_of_tokens_is_deleted_with_the_same_statements(django_assert_max_num_queries: Any) -> None:
    for number in (3, 30):
        for place in range(number):
            token = world.token(name=f"customer {place}")[0]
            UsageReporter.objects.create(token=token)
            RetiredKey.objects.create(
                token=token, key_id="x", digest=f"{place}", masked="x", valid_until=world.LONG_AGO
            )
        permissions = revision.read().permissions
        with django_assert_max_num_queries(29):
            assert delete_with_history(Token.objects.all()) == number
        assert (Token.objects.count(), RetiredKey.objects.count(), Token.groups.through.objects.count()) == (0, 0, 0)
        assert revision.read().permissions != permissions


def test_a_group_is_deleted_without_its_tokens_and_channels() -> None:
    world.model()
    token = world.token("default", first_group=world.token_group())[0]

    delete_with_history(TokenGroup.objects.all())

    token.refresh_from_db()
    assert (token.first_group, token.groups.count(), Channel.objects.count()) == (None, 0, 1)


def test_rows_that_others_need_are_not_deleted() -> None:
    world.model(vendor=world.vendor("used"))
    world.vendor("unused")

    with pytest.raises(ProtectedError):
        delete_with_history(Vendor.objects.all())

    assert Vendor.objects.filter(slug__in=["used", "unused"]).count() == 2
    assert not Vendor.history.filter(history_type="-").exists()


def test_current_prices_and_usage_prevent_the_deletion_of_their_model() -> None:
    now, model = timezone.now(), world.model("priced")
    world.price(model, input="1")
    UsageCount.objects.create(model=model, name="priced", day=now.date(), reporter="gateway")
    obstacles = find_obstacles(AIModel.objects.filter(pk=model.pk), None, at=now)
    assert obstacles.forbidden == []
    assert sorted(obstacles.protected) == [
        "1 price sheet. They have taken effect: deleting them would change past prices.",
        "1 usage count. Only the software writes and removes them.",
    ]
    models = find_obstacles(Vendor.objects.filter(pk=model.vendor.pk), None, at=now)
    assert models.protected == ["Still used by 1 model."]


def test_an_operator_needs_the_permission_for_what_is_deleted_with_a_row() -> None:
    now, model = timezone.now(), world.model("announced", on=None)
    ModelAlias.objects.create(name="nick", model=model)
    world.price(model, input="1", starts_at=now + dt.timedelta(days=1))
    ann = User.objects.create_user("ann", is_staff=True)
    ann.user_permissions.set(Permission.objects.filter(codename__in=["delete_aimodel", "delete_pricesheet"]))
    rows = AIModel.objects.filter(pk=model.pk)
    # An alias has no page of its own. A price is also a matter of who may set prices.
    assert find_obstacles(rows, ann, at=now).forbidden == [PriceSheet]
    ann.user_permissions.add(Permission.objects.get(codename="add_pricesheet"))
    assert find_obstacles(rows, User.objects.get(pk=ann.pk), at=now).forbidden == []
