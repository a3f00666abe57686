"""The automatic order of groups: on the price list, in the admin and through a migration."""

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from tests import world
from tokens.models import TokenGroup

pytestmark = pytest.mark.sql

BEFORE, AFTER = ("tokens", "0006_pepper_of_retired_keys"), ("tokens", "0007_order_of_automatic_groups")


def order(client: Client) -> Any:
    return json.loads(client.get("/api/pricing").content)["auto_groups"]


@pytest.mark.django_db
def test_the_price_list_names_them_in_the_order_that_is_tried(client: Client) -> None:
    TokenGroup.objects.update(auto_position=3)
    world.token_group("alpha", is_public=True, auto_position=20)
    world.token_group("zeta", is_public=True, auto_position=1)
    world.token_group("eta", is_public=True, auto_position=3)
    world.token_group("beta", is_public=True)
    world.token_group("gamma", auto_position=2)

    assert order(client) == ["zeta", "default", "eta", "alpha"]


@pytest.mark.django_db
def test_the_first_place_is_one() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 1"):
        TokenGroup(slug="x", label="X", auto_position=0).full_clean()
