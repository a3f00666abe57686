"""Random catalogs and keys: the list is what a few lines of brute force say, and a single model is there iff listed."""

from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import AIModel, Channel, ModelAlias, Offer
from tests import world
from tokens.authentication import _auto_groups, row_of, scope_of
from tokens.bodies import BODIES
from tokens.explaining import survey
from tokens.models import Token, TokenGroup

MODELS = ("gpt-4o", "gpt-4o-mini", "vendor/gpt:free", "a.b", "axb")
CHANNELS = ("east", "west", "north")
GROUPS = ("one", "two", "three")
PATTERNS = (
    "*", "gpt-*", "gpt-4o", "*mini", "vendor/*", "a.b", "a*b", "*o*i", "g*4*", "**", "A.B", "?", "nothing",
    "vendor:openai", "vendor:o*i", "vendor:other", "nick", "n*", "other/nick", "*nick",
)  # fmt: skip
ALIASES = ("nick", "other/nick", "gpt-nick")


def subsets(names: tuple[str, ...]) -> st.SearchStrategy[Any]:
    return st.lists(st.sampled_from(names), unique=True)


worlds = st.fixed_dictionaries(
    {
        "published": subsets(MODELS),
        "enabled": subsets(CHANNELS),
        "offers": st.dictionaries(st.tuples(st.sampled_from(MODELS), st.sampled_from(CHANNELS)), st.booleans()),
        "reach": st.sets(st.tuples(st.sampled_from(GROUPS), st.sampled_from(CHANNELS))),
        "groups": subsets(GROUPS),
        "allow": st.none() | subsets(PATTERNS),
        "aliases": st.dictionaries(st.sampled_from(ALIASES), st.sampled_from(MODELS)),
        "deny": st.lists(st.sampled_from(PATTERNS[1:]), unique=True, max_size=3),
    }
)


def fits(pattern: str, name: str) -> bool:
    if not pattern:
        return not name
    if pattern[0] == "*":
        return any(fits(pattern[1:], name[place:]) for place in range(len(name) + 1))
    return name[:1] == pattern[0] and fits(pattern[1:], name[1:])


def names(pattern: str, model: str, aliases: dict[str, str]) -> bool:
    if pattern.startswith("vendor:"):
        return fits(pattern.removeprefix("vendor:"), "openai")
    return any(fits(pattern, name) for name in (model, *(alias for alias, of in aliases.items() if of == model)))


def oracle(w: dict[str, Any]) -> list[str]:
    return sorted(
        model
        for model in w["published"]
        if any(
            enabled and channel in w["enabled"] and any((group, channel) in w["reach"] for group in w["groups"])
            for (offered, channel), enabled in w["offers"].items()
            if offered == model
        )
        and not any(names(pattern, model, w["aliases"]) for pattern in w["deny"])
        and (w["allow"] is None or any(names(pattern, model, w["aliases"]) for pattern in w["allow"]))
    )


@dataclass
class Cast:
    """The rows that every example shares; an example turns them on and off and joins them."""

    token: Token
    key: str
    models: dict[str, AIModel]
    channels: dict[str, Channel]
    groups: dict[str, TokenGroup]

    def play(self, w: dict[str, Any]) -> None:
        AIModel.objects.filter(name__in=w["published"]).update(status=AIModel.Status.PUBLISHED)
        Channel.objects.filter(slug__in=w["enabled"]).update(enabled=True)
        Offer.objects.bulk_create(
            Offer(model=self.models[model], channel=self.channels[channel], enabled=enabled)
            for (model, channel), enabled in w["offers"].items()
        )
        ModelAlias.objects.bulk_create(
            ModelAlias(name=name, model=self.models[of]) for name, of in w["aliases"].items()
        )
        reach, membership = TokenGroup.channels.through, Token.groups.through
        reach.objects.bulk_create(
            reach(tokengroup=self.groups[group], channel=self.channels[channel]) for group, channel in w["reach"]
        )
        membership.objects.bulk_create(membership(token=self.token, tokengroup=self.groups[g]) for g in w["groups"])
        Token.objects.filter(pk=self.token.pk).update(allow=w["allow"], deny=w["deny"])


@pytest.fixture
def cast(db: None) -> Cast:
    token, key = world.token()
    token.groups.clear()
    return Cast(
        token,
        key,
        {name: world.model(name, on=None, status=AIModel.Status.DRAFT) for name in MODELS},
        {slug: world.channel(slug, group=None, enabled=False) for slug in CHANNELS},
        {slug: world.token_group(slug) for slug in GROUPS},
    )


@given(w=worlds, one=st.sampled_from(MODELS))
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_key_sees_what_brute_force_says(client: Client, cast: Cast, w: dict[str, Any], one: str) -> None:
    headers = {"authorization": f"Bearer {cast.key}"}
    with transaction.atomic():
        BODIES.clear()  # each example rolls back, and takes the revision with it
        _auto_groups.cache_clear()
        cast.play(w)

        listed = [row["id"] for row in client.get("/v1/models", headers=headers).json()["data"]]
        by_alias = {
            name for name in w["aliases"] if client.get(f"/v1/models/{name}", headers=headers).status_code == 200
        }
        told = sorted(each.name for each in survey(scope_of(row_of(cast.token)), at=timezone.now()) if each.visible)
        single = client.get(f"/v1/models/{one}", headers=headers).status_code

        transaction.set_rollback(True)
    assert sorted(listed) == oracle(w)
    assert told == sorted(listed)
    assert by_alias == {alias for alias, of in w["aliases"].items() if of in listed}
    assert single == (200 if one in listed else 404)
