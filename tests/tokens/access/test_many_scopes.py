"""What many scopes can see at once: what Listing says of each, and each pattern is compared with the catalog once."""

import random

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from catalog.models import AIModel, ModelAlias
from tests import world
from tokens.access.many_scopes import ManyScopes
from tokens.access.visibility import Listing
from tokens.scope import Scope

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

NAMES = ("gpt-4o", "gpt-4o-mini", "claude/opus", "o1", "a\\b", "vendor:x", "gpt", "Ünï")
PATTERNS = (
    "*", "gpt-*", "*4o*", "*mini", "o1", "id:vendor:x", "id:gpt-*", "vendor:open*", "vendor:OpenAI", "tag:none", "*/*",
    "g*4*", "*p*t*", "nick", "n*k", "endpoint:*", "*\\*", "ü*", "Ün*", "missing", "*missing*", "**", "modality:text",
    "price:input<=2", "price:input>2", "price:output<1", "free", "context>=8000", "context<8000", "capability:tools",
)  # fmt: skip


def test_each_scope_sees_what_its_list_has() -> None:
    for place, name in enumerate(NAMES):
        model = world.model(
            name,
            on="main" if place % 2 else "side",
            input_modalities=["text"] if place % 3 else [],
            capabilities=["tools"] if place % 4 else [],
            context_length=(None, 4000, 8000)[place % 3],
        )
        if place % 3:
            world.price(model, input=str(place // 2), output="0")
    world.model("draft", status=AIModel.Status.DRAFT)
    world.token_group("vip").channels.set([world.channel("side", group=None)])
    ModelAlias.objects.create(name="nick", model=AIModel.objects.get(name="o1"))
    groups = (world.token_group().pk, world.token_group("vip").pk, world.token_group("nobody").pk)
    dice, now = random.Random(7), timezone.now()  # noqa: S311
    world.rate(world.token_group("vip"), "2")
    many = ManyScopes(at=now)
    for _ in range(300):
        scope = Scope(
            groups=tuple(dice.sample(groups, dice.randrange(3))),
            allow=tuple(dice.sample(PATTERNS, dice.randrange(3))) if dice.random() < 0.7 else None,
            deny=tuple(dice.sample(PATTERNS, dice.randrange(3))),
        )
        visible = {model.pk for model in Listing(scope, now).models()}
        assert set(many.keys_of(many.visible(scope))) == visible, scope
        assert many.is_empty(scope) == (not visible), scope


def test_thousands_of_scopes_need_no_more_queries_than_one(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    world.model("gpt-4o")
    world.model("wild-*")
    group = world.token_group().pk
    groups = [world.token_group(f"group-{place}").pk for place in range(20)]
    # Ids, aliases, channels of groups, offers, starts, the names under selectors with the vendors, and wildcard models.
    for number in (1, 2000):
        with django_assert_num_queries(8):
            many = ManyScopes(at=timezone.now())
            scopes = [
                Scope((group, groups[place % 20]), (f"x{place}*", f"vendor:{place}", f"y{place}"))
                for place in range(number)
            ]
            assert all(many.is_empty(scope) for scope in scopes)
            assert not many.is_empty(Scope((group,), ("wild-x",)))
