"""The impact of random changes is what the one resolver and the published prices say before and after, key by key."""

import datetime as dt
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import AIModel, Channel, ModelAlias, Offer
from pricing.engine.equality import same_price
from pricing.impact.impact import Access, Impact
from pricing.impact.observing import observe, preview
from pricing.models import DiscountRule, PriceSheet
from pricing.published.audience import apply_group_rate
from pricing.published.group_rates import group_rates
from pricing.published.prices import published_sheets
from tests import world
from tests.sizes import size
from tokens.access.visibility import Listing, PriceListing, public_scope
from tokens.auth.authentication import scopes_of
from tokens.models import Token, TokenGroup
from tokens.scope import Scope

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

NAMES = ("gpt-4o", "gpt-4o-mini", "claude/opus", "o1", "Ünï", "wild/*")
ALIASES = ("nick", "gpt-4", "old")
PATTERNS: tuple[tuple[list[str] | None, list[str]], ...] = (
    (None, []), (["*"], ["gpt-*"]), (["gpt-*", "nick"], []), (["vendor:openai"], ["o1"]), (["price:input<=2"], []),
    (["free", "old"], []), ([], []), (None, ["price:input>1"]), (["wild/x", "wild/*", "nothing"], []), (["o1"], []),
)  # fmt: skip


def build(dice: random.Random) -> None:
    """Models on two channels, groups, aliases, prices, and a token for every kind of patterns in some groups."""
    for slug in ("main", "side"):
        world.channel(slug)
    world.token_group("vip", is_public=dice.random() < 0.5).channels.set(Channel.objects.filter(slug="side"))
    for name in NAMES:
        model = world.model(name, on=dice.choice(["main", "side"]), listed=dice.random() < 0.8)
        if dice.random() < 0.8:
            world.price(model, role=dice.choice(["sell", "list"]), input=str(dice.randrange(4)), output="1")
    for alias in ALIASES:
        ModelAlias.objects.create(name=alias, model=any_model(dice), listed=dice.random() < 0.5)
    for place, (allow, deny) in enumerate(PATTERNS):
        groups = dice.sample(["default", "vip"], dice.choice([1, 2]))
        world.token(*groups, name=f"key {place}", allow=allow, deny=deny, enabled=dice.random() < 0.9)


def any_model(dice: random.Random) -> AIModel:
    return dice.choice(list(AIModel.objects.order_by("pk")))


def change(dice: random.Random, *, at: dt.datetime) -> None:
    """One random change of what keys see or pay."""
    model, other = any_model(dice), any_model(dice)
    channel = dice.choice(list(Channel.objects.order_by("pk")))
    token = dice.choice(list(Token.objects.order_by("pk")))
    group = dice.choice(list(TokenGroup.objects.order_by("pk")))
    alias = dice.choice([None, *ModelAlias.objects.order_by("pk")])
    changes: list[Callable[[], Any]] = [
        lambda: Channel.objects.filter(pk=channel.pk).update(enabled=not channel.enabled),
        lambda: AIModel.objects.filter(pk=model.pk).update(status=dice.choice(AIModel.Status.values)),
        lambda: AIModel.objects.filter(pk=model.pk).update(listed=not model.listed),
        lambda: AIModel.objects.filter(pk=model.pk).update(in_price_list=not model.in_price_list),
        lambda: AIModel.objects.filter(pk=model.pk).update(retires_on=at.date()),
        lambda: AIModel.objects.filter(pk=model.pk).update(
            retires_on=at.date(), successor=dice.choice([other, any_model(dice)]), forwards_to_successor=True
        ),
        lambda: AIModel.objects.update(forwards_to_successor=not model.forwards_to_successor),
        lambda: AIModel.objects.filter(pk=model.pk).update(starts_at=at + dt.timedelta(days=1)),
        lambda: AIModel.objects.filter(pk=model.pk).update(name=f"{model.name}-{dice.random()}"),
        lambda: Offer.objects.filter(model=model).update(enabled=False),
        lambda: Offer.objects.get_or_create(model=other, channel=channel),
        lambda: alias and alias.delete(),
        lambda: ModelAlias.objects.update(model=other),
        lambda: Token.objects.filter(pk=token.pk).update(enabled=not token.enabled),
        lambda: Token.objects.filter(pk=token.pk).update(expires_at=at),
        lambda: Token.objects.filter(pk=token.pk).update(deny=["*4*"]),
        lambda: token.groups.set([group]),
        lambda: token.delete(),
        lambda: group.channels.set([channel]),
        lambda: world.price(model, starts_at=at - dt.timedelta(minutes=dice.randrange(1, 99)), input="7"),
        lambda: PriceSheet.objects.filter(model=model).update(ends_at=at),
        lambda: world.rate(group, str(dice.randrange(1, 4)), at - dt.timedelta(minutes=dice.randrange(1, 9999))),
        lambda: DiscountRule.objects.create(multiplier=Decimal("0.5"), starts_at=at, all_models=True),
        lambda: other.pk not in PriceSheet.objects.values_list("model", flat=True) and other.delete(),
    ]
    dice.choice(changes)()


@dataclass(frozen=True)
class Seen:
    """What one scope can use and lists, according to the resolver."""

    models: frozenset[str]
    names: frozenset[str]
    rows: frozenset[str]

    @classmethod
    def of(cls, listing: Listing, scope: Scope) -> "Seen":
        visible = listing.visible()
        texts = [text for text in scope.allow or () if text.startswith("wild/") or text == "nothing"]
        names = {name for model in visible for name in (model.name, *model.aliases)}
        names |= {text for text in texts if listing.model(text) is not None}
        retired = AIModel.objects.filter(forwards_to_successor=True, retires_on__lte=listing.on)
        ids = [name for row in retired for name in (row.name, *row.aliases.values_list("name", flat=True))]
        names |= {name for name in ids if listing.model(name) is not None}
        models = frozenset(model.name for model in visible)
        return cls(models, frozenset(names), frozenset(entry.name for entry in listing.listed()))


@dataclass(frozen=True)
class Everything:
    """What all keys, groups and visitors see and what groups pay."""

    keys: Mapping[str, Seen]
    groups: Mapping[str, frozenset[str]]
    visitors: frozenset[str]
    prices: Mapping[tuple[str, str], Any]

    @classmethod
    def read(cls, *, at: dt.datetime) -> "Everything":
        key_ids = dict(Token.objects.values_list("pk", "key_id"))
        keys = {
            key_ids[token]: Seen.of(Listing(scope, at), scope)
            for token, scope in scopes_of(Token.objects.all())
            if not any(scope.refusals(at=at, address=None))
        }
        groups: dict[str, frozenset[str]] = {}
        prices = {}
        for group in TokenGroup.objects.all():
            models = Listing(Scope((group.pk,)), at).models()
            groups[group.slug] = frozenset(model.name for model in models)
            sheets = published_sheets(models, at=at, groups={group.slug})
            rate = group_rates([group], at=at)[group.slug]
            for model in models:
                sheet = sheets.get(model.pk)
                prices[str(model.pk), group.slug] = sheet and apply_group_rate(sheet, group.slug, rate)
        public = PriceListing(public_scope(), at).models()
        return cls(keys, groups, frozenset(model.name for model in public), prices)


def check(impact: Impact, before: Everything, after: Everything) -> None:
    keys = {key.key_id: key for key in impact.keys}
    nothing = Seen(frozenset(), frozenset(), frozenset())
    for key_id, old in before.keys.items():
        new = after.keys.get(key_id, nothing)
        access = keys[key_id].access if key_id in keys else Access()
        assert_lost_and_gained(access, old, new)
    assert {group.group: {*group.access.loses} for group in impact.groups if group.access.loses} == {
        slug: lost for slug, models in before.groups.items() if (lost := models - after.groups.get(slug, frozenset()))
    }
    assert {*impact.visitors.loses} == before.visitors - after.visitors
    ids = {str(pk): name for pk, name in AIModel.objects.values_list("pk", "name")}
    changed = {
        (ids[key], group)
        for (key, group), price in before.prices.items()
        if (key, group) in after.prices and not same_price(price, after.prices[key, group])
    }
    assert {(price.model, price.group) for price in impact.prices} == changed


def assert_lost_and_gained(access: Access, old: Seen, new: Seen) -> None:
    lost = old.names - new.names
    followed = {alias for alias in lost if alias in ALIASES}
    assert {*access.loses} == {name for name in lost if name not in ALIASES}
    assert {*access.lost_aliases} <= followed
    assert {*access.gains} == {name for name in new.names - old.names if name not in ALIASES}
    assert {*access.unlisted} == (old.rows - new.rows) & new.names
    if access.is_loss and old.models:
        emptied = not new.models
        assert access.is_guarded or not emptied


@pytest.mark.parametrize("seed", range(size(3, full=300)))
def test_the_impact_is_what_the_resolver_says_before_and_after(seed: int) -> None:
    dice, now = random.Random(seed), timezone.now()  # noqa: S311
    build(dice)
    after = Everything.read(at=now)
    for _ in range(6):
        before, state = after, dice.getstate()
        _, previewed = preview(lambda: change(dice, at=now), at=now)
        dice.setstate(state)
        with observe(at=now) as impact:
            change(dice, at=now)
        after = Everything.read(at=now)
        check(impact, before, after)
        assert previewed.as_json() == impact.as_json()
