"""A stored pattern that was the id of a model before patterns could compare prices still is one."""

from importlib import import_module

import pytest
from django.apps import apps

from catalog.models import ModelAlias
from tests import world
from tokens.models import Token
from tokens.scope import validate_patterns

pytestmark = pytest.mark.django_db

MIGRATION = import_module("tokens.migrations.0007_compare_prices_and_limits")


def test_patterns_keep_their_meaning() -> None:
    ModelAlias.objects.create(name="capability:new", model=world.model("capability:old"))
    old = ["free", "gpt-*", "context>=5", "price:input<=5", "max_output<1", "price:x", "capability:old", "id:free"]
    world.token(allow=old, deny=["capability:*", "vendor:openai", "capability:z*", "Free"])
    world.token(name="another", deny=["gpt-4o"])

    MIGRATION.keep_meaning(apps, None)

    migrated, another = Token.objects.order_by("pk")
    assert migrated.allow == [
        "id:free", "gpt-*", "id:context>=5", "id:price:input<=5", "id:max_output<1", "price:x", "id:capability:old",
        "id:free",
    ]  # fmt: skip
    assert migrated.deny == ["id:capability:old", "id:capability:new", "vendor:openai", "Free"]
    validate_patterns(migrated.allow[:5])
    assert (another.allow, another.deny) == (None, ["gpt-4o"])
