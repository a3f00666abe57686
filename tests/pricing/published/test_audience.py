"""Which group's price is shown is decided once: quotes, exports and pages name the same group."""

import json

import pytest
from django.test import Client
from django.utils import timezone

from catalog.exact import read_json
from pricing.export.offers import priced_models
from pricing.pages.visitor import PublicGroups
from pricing.published.audience import choose_group
from tests import world
from tokens.access.visibility import public_scope
from tokens.models import TokenGroup


@pytest.mark.parametrize(
    ("slugs", "requested", "chosen"),
    [
        (["vip", "default", "basic"], "vip", "vip"),
        (["vip", "default", "basic"], "", "default"),
        (["vip", "default"], "hidden", "default"),
        (["vip", "basic"], "", "basic"),
        (["vip", "basic"], "hidden", "basic"),
        ([], "vip", None),
    ],
)
def test_the_requested_group_is_chosen_then_default_then_the_first_by_slug(
    slugs: list[str], requested: str, chosen: str | None
) -> None:
    assert choose_group(slugs, requested) == chosen


@pytest.mark.django_db
@pytest.mark.parametrize(("groups", "chosen"), [(["vip", "default", "basic"], "default"), (["vip", "basic"], "basic")])
def test_quotes_exports_and_pages_choose_the_same_group(client: Client, groups: list[str], chosen: str) -> None:
    TokenGroup.objects.all().delete()
    channel = world.channel(group=None)
    for place, slug in enumerate(groups, start=2):
        group = world.token_group(slug, is_public=True)
        group.channels.add(channel)
        world.rate(group, place)
    world.price(world.model("gpt-4o", on=channel), input="1")
    price = groups.index(chosen) + 2
    question = json.dumps({"model": "gpt-4o", "usage": {"input": 1_000_000}})

    quote = read_json(client.post("/api/pricing/quote", question, content_type="application/json").content)
    (model,) = priced_models(public_scope(), at=timezone.now())

    assert (quote["group"], quote["amount"]) == (chosen, str(price))
    assert model.dollars is not None
    assert model.dollars.lines[0].amount == price
    assert PublicGroups.choose("").slug == chosen
