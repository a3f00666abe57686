"""Who reads an impact: the numbers are the same for everybody, names and figures are for those who may see them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from catalog.models import AIModel, Channel
from pricing.impact.impact import Impact
from pricing.impact.observing import preview
from pricing.models import PriceSheet
from tests import world
from tokens.models import OperatorGroups

pytestmark = pytest.mark.django_db


def impact_of(change: Callable[[], Any]) -> Impact:
    return preview(change, at=timezone.now())[1]


def operator(*permissions: str) -> User:
    user = User.objects.create_user("ann", is_staff=True)
    for permission in permissions:
        app, name = permission.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=name))
    return user


@pytest.fixture
def loss() -> Impact:
    for place in range(3):
        world.model(f"m-{place}")
    world.token(name="Acme")
    world.token(name="Beta", deny=["m-2"])
    return impact_of(lambda: AIModel.objects.filter(name="m-1").update(status="draft"))


def test_names_of_keys_are_for_those_who_may_view_tokens(loss: Impact) -> None:
    seen = loss.seen_by(operator("catalog.view_aimodel", "tokens.view_tokengroup"))

    assert seen.lines()[:3] == [
        "A key loses 1 of 3 models (m-1).",
        "A key loses 1 of 2 models (m-1).",
        "The group default no longer reaches 1 of 3 models (m-1).",
    ]
    assert seen.guards() == ["2 keys lose more than 5 % of their models, or all of them: 1 of 3, 1 of 2."]
    assert "Acme" not in str(seen.as_json())
    assert all(key["key_id"] == key["name"] == "" for key in seen.as_json()["keys"])
    assert len(seen.keys) == len(loss.keys)
    assert loss.seen_by(User(is_superuser=True, is_active=True)).lines() == loss.lines()


def test_keys_that_lose_everything_are_counted(loss: Impact) -> None:
    impact = impact_of(lambda: Channel.objects.update(enabled=False)).seen_by(operator())

    assert impact.lines()[:2] == [
        "2 keys lose all their models.",
        "A group no longer reaches all 3 models (m-0, m-1, m-2).",
    ]


def test_an_operator_of_one_group_sees_the_names_of_its_keys() -> None:
    world.model("m-0")
    world.token(name="Acme")
    world.token("theirs", name="Theirs")
    support = operator("tokens.view_token", "tokens.view_tokengroup")
    OperatorGroups.objects.create(operator=support).groups.set([world.token_group("theirs")])
    for channel in Channel.objects.all():
        channel.groups.add(world.token_group("theirs"))

    impact = impact_of(lambda: Channel.objects.update(enabled=False)).seen_by(support)

    assert impact.lines()[0] == "2 keys (Theirs, …) lose the only model (m-0)."
    assert impact.guards() == ["2 keys lose more than 5 % of their models, or all of them: Theirs (1 of 1), 1 of 1."]
    assert any(line.startswith("The group theirs") for line in impact.lines())
    assert not any("default" in line for line in impact.lines())


def test_prices_are_for_those_who_may_see_them() -> None:
    model = world.model("m-0")
    world.token(name="Acme")
    world.price(model, input="2.5")

    def change() -> None:
        PriceSheet.objects.all().delete()

    impact = impact_of(change)
    seen = impact.seen_by(operator("tokens.view_tokengroup"))
    assert "2.5" in str(impact.lines())
    assert seen.lines() == ["The price of m-0 for group default and visitors changes."]
    assert "2.5" not in str(seen.as_json())
    assert impact.seen_by(User.objects.create_user("bob", is_staff=True)).lines() == [
        "The price of m-0 for 1 group changes."
    ]
