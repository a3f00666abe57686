"""Fills the database that DATABASE_URL names: `python -m tests.bench.filling MODELS TOKENS` prints a key.

Past history and revision, in batches: a million rows are to be there, and how is measured elsewhere.
"""

import sys
from collections.abc import Iterable
from itertools import islice
from typing import Any

BATCH = 5_000


def fill(*, models: int, tokens: int) -> str:
    """Brings the database up to so many models and tokens; returns a key that sees all models."""
    from catalog.models import AIModel, Offer
    from tests import world
    from tokens.models import Token

    vendor, channel = world.vendor(), world.channel("bench")
    there = AIModel.objects.count()
    insert(
        AIModel(
            name=f"vendor-{number % 40}/model-{number:06}", vendor=vendor, status="published",
            supported_endpoint_types=["openai", "anthropic"], context_length=200_000, max_output_tokens=64_000,
        )
        for number in range(there, models)
    )  # fmt: skip
    offered = Offer.objects.values("model")
    insert(Offer(model=model, channel=channel) for model in AIModel.objects.exclude(pk__in=offered).iterator())
    there = Token.objects.count()
    membership = Token.groups.through
    group = world.token_group().pk
    insert(
        Token(name="one of many", key_id=f"bench{number:07}", digest=f"{number:064x}", pepper=1, masked="…")
        for number in range(there, tokens)
    )
    members = membership.objects.values("token")
    rest = Token.objects.exclude(pk__in=members).values_list("pk", flat=True)
    insert(membership(token_id=token, tokengroup_id=group) for token in rest.iterator())
    return world.key(name="bench")


def insert(rows: Iterable[Any]) -> None:
    from django.db import models

    rest = iter(rows)
    while batch := list(islice(rest, BATCH)):
        models.QuerySet[Any](type(batch[0])).bulk_create(batch)


if __name__ == "__main__":
    import django

    django.setup()
    sys.stdout.write(fill(models=int(sys.argv[1]), tokens=int(sys.argv[2])))
