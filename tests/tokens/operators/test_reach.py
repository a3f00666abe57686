"""An operator who is responsible for some groups sees their rows, and no other ones."""

import pytest
from django.contrib.auth.models import User

from catalog.operators.permissions import limit_rows
from pricing.models import GroupRate, UsageCount, UsageEvent
from tests import admin_world, world
from tokens.models import OperatorGroups, Token, TokenGroup

pytestmark = pytest.mark.django_db


def responsible_for(*slugs: str) -> User:
    operator = User.objects.create_user("sue", is_staff=True)
    limit = OperatorGroups.objects.create(operator=operator)
    limit.groups.set([world.token_group(slug) for slug in slugs])
    return operator


def names(operator: User | None) -> list[str]:
    return sorted(limit_rows(operator, Token.objects.all()).values_list("name", flat=True))


def test_tokens_of_other_groups_are_not_shown() -> None:
    operator = responsible_for("acme", "beta")
    world.token("acme", name="acme")
    world.token("acme", "beta", name="both")
    world.token("acme", "default", name="shared")
    world.token("default", name="other")
    world.token("acme", name="automatic", uses_auto_groups=True)
    Token.objects.issue("nowhere", groups=[])

    assert names(operator) == ["acme", "both"]
    assert len(names(None)) == len(names(User.objects.create_superuser("root"))) == 6
    assert len(names(User.objects.create_user("unlimited"))) == 6


def test_an_empty_limit_shows_nothing() -> None:
    operator = responsible_for()
    world.token()

    assert names(operator) == []
    assert not limit_rows(operator, TokenGroup.objects.all()).exists()


def test_rates_and_usage_of_other_groups_are_not_shown() -> None:
    operator = responsible_for("acme")
    model = world.model()
    for slug in ("acme", "default"):
        token, _ = world.token(slug)
        admin_world.usage_event(model, token)
        world.rate(world.token_group(slug), 1)
        UsageCount.objects.create(model=model, name="x", day=world.LONG_AGO.date(), reporter=token.key_id, requests=1)

    for table in (GroupRate, UsageEvent, UsageCount):
        assert table._default_manager.count() == 2
        assert limit_rows(operator, table._default_manager.all()).count() == 1, table
