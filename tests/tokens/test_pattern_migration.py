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


def test_patterns_survive_a_migration_backwards_and_forwards() -> None:
    allow = ["free", "id:free", "gpt-*", "context>=5", "price:input<=5", "capability:tools"]
    token, _ = world.token(allow=allow, deny=["price:output>8"], enabled=False)

    MIGRATION.mark_new(apps, None)
    token.refresh_from_db()
    assert token.allow[:3] == ["kept:free", "id:free", "gpt-*"]
    MIGRATION.keep_meaning(apps, None)

    token.refresh_from_db()
    assert (token.allow, token.deny) == (allow, ["price:output>8"])


def test_no_key_sees_more_after_a_migration_backwards() -> None:
    token, _ = world.token(deny=["gpt-4o", "price:output>8"])

    with pytest.raises(RuntimeError, match=f"a customer .{token.key_id}.*Disable them"):
        MIGRATION.mark_new(apps, None)

    token.refresh_from_db()
    assert token.deny == ["gpt-4o", "price:output>8"]
