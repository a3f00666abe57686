"""Questions about permissions: what an operator may do, what commands may do, and what a refusal says."""

import pytest
from django.contrib.auth.models import Permission, User

from catalog.error_messages import InputError
from catalog.models import AIModel, Source
from catalog.operators.permissions import SETS_PRICES, may, may_set_prices, may_view, permission_to, require

pytestmark = pytest.mark.django_db


def operator(*codes: str) -> User:
    user = User.objects.create_user("ann", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codes))
    return user


def test_a_table_is_named_by_its_model_or_its_label() -> None:
    assert permission_to("view", AIModel) == permission_to("view", "catalog.AIModel") == "catalog.view_aimodel"


def test_an_operator_may_what_all_permissions_allow() -> None:
    ann = operator("view_aimodel")

    assert may_view(ann, AIModel)
    assert not may_view(ann, AIModel, Source)
    assert not may(ann, "change", AIModel)


def test_a_command_may_do_everything() -> None:
    assert may(None, "delete", AIModel)
    assert may_set_prices(None)
    require(None, SETS_PRICES, "set prices")


def test_a_refusal_says_what_is_not_permitted() -> None:
    require(operator("add_pricesheet"), SETS_PRICES, "set prices")

    with pytest.raises(InputError, match=r"You do not have permission to set prices\."):
        require(User.objects.create_user("bob"), SETS_PRICES, "set prices")
