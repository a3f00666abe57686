"""Many rows are deleted with what belongs to them, as Django would, in few statements."""

from typing import Any

import pytest
from django.db.models import ProtectedError

from catalog.db import revision
from catalog.db.deletion import delete_with_history
from catalog.models import AIModel, Channel, ModelAlias, Offer, Vendor
from pricing.models import PriceLine, PriceSheet, UsageReporter
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
        with django_assert_max_num_queries(28):
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
