"""The sentences of an impact: who loses and gains what, now and later, and which prices change."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import AIModel, Channel, ModelAlias
from pricing.impact.impact import Impact
from pricing.impact.observing import preview
from pricing.models import DiscountRule
from tests import world
from tokens.models import Token

pytestmark = pytest.mark.django_db


def impact_of(change: Callable[[], Any]) -> Impact:
    return preview(change, at=timezone.now())[1]


def create_models(number: int = 3) -> list[AIModel]:
    models = [world.model(f"m-{place}") for place in range(number)]
    world.token(name="Acme")
    return models


def test_a_change_without_effect_says_so() -> None:
    model = create_models()[0]
    impact = impact_of(lambda: AIModel.objects.filter(pk=model.pk).update(description="New"))
    assert impact.is_empty
    assert impact.lines() == ["No key loses or gains a model, and no price changes."]


def test_lost_models_are_named_for_keys_groups_and_visitors() -> None:
    create_models()
    impact = impact_of(lambda: AIModel.objects.filter(name="m-1").update(status="draft"))
    assert impact.lines() == [
        "The key Acme loses 1 of 3 models (m-1).",
        "The group default no longer reaches 1 of 3 models (m-1).",
        "Visitors without a key no longer see 1 of 3 models of the price list (m-1).",
    ]
    assert impact.guards() == ["1 key loses more than 5 % of its models, or all of them: Acme (1 of 3)."]


def test_keys_that_lose_everything_are_one_line() -> None:
    create_models()
    world.token(name="Beta", deny=["m-1"])
    lines = impact_of(lambda: Channel.objects.update(enabled=False)).lines()
    assert lines[0] == "2 keys (Acme, Beta) lose all their models."


def test_a_model_that_retires_later_is_lost_from_that_day_on() -> None:
    create_models()
    day = timezone.now().date() + dt.timedelta(days=3)
    impact = impact_of(lambda: AIModel.objects.update(retires_on=day))
    assert impact.lines() == [f"From {day} on, the key Acme loses all 3 models (m-0, m-1, m-2)."]
    assert impact.guards() == ["1 key loses more than 5 % of its models, or all of them: Acme (3 of 3)."]
    assert impact.as_json()["keys"][0]["on"] == day.isoformat()


@pytest.mark.parametrize("days", [0, 3])
def test_a_model_that_forwards_its_calls_is_not_lost_by_keys_that_see_the_successor(days: int) -> None:
    create_models()
    world.key(name="Old Only", allow=["m-0"])
    day, successor = timezone.now().date() + dt.timedelta(days=days), AIModel.objects.get(name="m-1")

    impact = impact_of(
        lambda: AIModel.objects.filter(name="m-0").update(
            retires_on=day, successor=successor, forwards_to_successor=True
        )
    )

    assert {key.name for key in impact.keys if [*key.access.loses]} == {"Old Only"}


def test_a_disabled_key_is_shown_and_is_guarded_only_if_it_is_not_the_object_of_the_change() -> None:
    create_models()
    impact = impact_of(lambda: Token.objects.get().delete())
    assert impact.lines() == ["The key Acme is deleted and loses its 3 models."]
    assert impact.needs_confirmation
    assert (len(impact.guards()), impact.guards(may_end=True)) == (1, [])
    impact = impact_of(lambda: Token.objects.update(enabled=False))
    assert impact.lines() == ["The key Acme is disabled and loses its 3 models."]


def test_a_key_that_is_already_invalid_is_not_counted() -> None:
    create_models()
    Token.objects.update(enabled=False)
    impact = impact_of(lambda: Channel.objects.update(enabled=False))
    assert impact.keys == []


def test_lost_aliases_and_rows_of_lists_are_named() -> None:
    model = create_models()[0]
    ModelAlias.objects.create(name="nick", model=model)
    assert "The key Acme can no longer use the alias nick." in impact_of(ModelAlias.objects.all().delete).lines()
    impact = impact_of(lambda: AIModel.objects.update(listed=False))
    assert impact.lines()[0] == "The key Acme no longer lists m-0, m-1, m-2 (it can still use them)."
    assert impact.guards() == ["1 key loses more than 5 % of its models, or all of them: Acme (3 of 3 in its list)."]


def test_an_id_that_becomes_an_alias_is_not_lost() -> None:
    first, second = create_models(2)

    def merge() -> None:
        AIModel.objects.filter(pk=second.pk).update(name="m-1 (merged)", status="draft")
        ModelAlias.objects.create(name="m-1", model=first, listed=True)

    impact = impact_of(merge)
    assert [key.access.loses for key in impact.keys] == [()]
    assert impact.lines()[0] == "The key Acme gets m-0 instead of m-1 under the name m-1."


def test_an_alias_that_moves_to_another_model_is_named() -> None:
    first, second = create_models(2)
    ModelAlias.objects.create(name="nick", model=second, listed=True)
    impact = impact_of(lambda: ModelAlias.objects.update(model=first))
    assert impact.lines()[0] == "The key Acme gets m-0 instead of m-1 under the name nick."
    assert impact.needs_confirmation
    assert impact.guards() == []
    assert impact.as_json()["keys"][0]["redirects"] == [{"name": "nick", "before": "m-1", "after": "m-0"}]


def test_prices_are_those_that_groups_pay() -> None:
    model = create_models()[0]
    world.price(model, role="list", input="2")
    now = timezone.now()
    impact = impact_of(lambda: DiscountRule.objects.create(multiplier=Decimal("0.5"), all_models=True, starts_at=now))
    assert impact.lines() == [
        "The price of m-0 for group default and visitors: Input: $2.00 → $1.00 per million tokens."
    ]
    assert impact.as_json()["prices"] == [
        {
            "model": "m-0",
            "group": "default",
            "before": "Input $2.00 per million tokens",
            "after": "Input $1.00 per million tokens",
        }
    ]
