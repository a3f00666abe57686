"""A key pays what the first of its groups that reaches a model pays: another group is another price."""

from unittest.mock import ANY

import pytest
from django.test import override_settings
from django.utils import timezone

from catalog.models import AIModel, Channel, CodexProfile
from pricing.impact.impact import Impact
from pricing.impact.observing import observe, preview
from tests import world
from tokens.models import Token, TokenGroup

pytestmark = pytest.mark.django_db


@pytest.fixture
def vip() -> TokenGroup:
    """A group at half the price, which a key has beside the group default."""
    world.price(world.model("gpt-4o"), input="4", output="8")
    vip = world.token_group("vip", is_public=False)
    vip.channels.set(Channel.objects.all())
    world.rate(vip, "0.5", timezone.now())
    world.token("default", "vip", name="Acme", first_group=vip)
    world.token(name="Other")
    return vip


def take_channel(vip: TokenGroup) -> None:
    vip.channels.clear()


def test_a_group_that_loses_a_channel_changes_the_price_of_its_keys(vip: TokenGroup) -> None:
    now = timezone.now()
    _, planned = preview(lambda: take_channel(vip), at=now)
    with observe(at=now) as impact:
        take_channel(vip)
    assert planned.as_json() == impact.as_json()
    assert impact.needs_confirmation
    assert not impact.keys
    key_id = Token.objects.get(name="Acme").key_id
    assert impact.as_json()["prices"] == [
        {
            "model": "gpt-4o",
            "group": "default",
            "group_before": "vip",
            "keys": [key_id],
            "visitors": False,
            "before": ANY,
            "after": ANY,
        }
    ]
    line = impact.lines()[-1]
    assert line.startswith("The price of gpt-4o in group default instead of vip (Acme): ")
    assert "Input: $2.00 → $4.00" in line
    assert "Output: $4.00 → $8.00" in line


def test_a_key_that_leaves_a_group_pays_another_price(vip: TokenGroup) -> None:
    with observe(at=timezone.now()) as impact:
        Token.objects.get(name="Acme").groups.remove(vip)
    assert [(price.model, price.old_group, price.group) for price in impact.prices] == [("gpt-4o", "vip", "default")]


def test_another_first_group_is_another_price(vip: TokenGroup) -> None:
    with observe(at=timezone.now()) as impact:
        Token.objects.filter(name="Acme").update(first_group=TokenGroup.objects.get(slug="default"))
    assert [(price.model, price.old_group, price.group) for price in impact.prices] == [("gpt-4o", "vip", "default")]


def narrowed() -> Impact:
    with observe(at=timezone.now()) as impact:
        AIModel.objects.filter(name="claude").update(supported_endpoint_types=["openai"])
    return impact


def test_a_list_that_loses_a_model_by_its_endpoint_types_says_so() -> None:
    world.model("claude", supported_endpoint_types=["openai", "anthropic", "openai-response"])
    CodexProfile.objects.create(model=AIModel.objects.get(), instructions="Work.")
    world.token(name="Acme")
    impact = narrowed()
    assert impact.lines() == [
        "The key Acme no longer lists claude for clients of Codex.",
        "The group default no longer lists claude for clients of Codex.",
    ]
    assert impact.guards() == [
        "1 key loses more than 5 % of its models, or all of them: Acme (1 of 1 in its list for Codex)."
    ]
    AIModel.objects.update(supported_endpoint_types=["anthropic"])
    with override_settings(NARROW_DIALECTS=True):
        assert narrowed().lines()[0] == "The key Acme no longer lists claude for clients of anthropic."
