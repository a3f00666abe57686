"""Fills the database that DATABASE_URL names: `python -m tests.bench.filling MODELS TOKENS` prints a key.

Past history and revision, in batches: a million rows are to be there, and how is measured elsewhere. Each token's key
is known by its number, so that many can be asked in turn.
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
    insert(one_of_many(number) for number in range(there, tokens))
    members = membership.objects.values("token")
    rest = Token.objects.exclude(pk__in=members).values_list("pk", flat=True)
    insert(membership(token_id=token, tokengroup_id=group) for token in rest.iterator())
    return world.key(name="bench")


def one_of_many(number: int) -> Any:
    from django.conf import settings

    from tokens import keys
    from tokens.models import Token

    pepper = max(settings.TOKEN_PEPPERS)
    digest = keys.digest(key_of(number), settings.TOKEN_PEPPERS[pepper])
    return Token(name="one of many", key_id=f"bn{number:08}", digest=digest, pepper=pepper, masked="…")


def key_of(number: int) -> str:
    """The key of the token with that number: of the right shape, and no secret."""
    from django.conf import settings

    from tokens import keys

    body = f"{settings.TOKEN_PREFIX}_bn{number:08}_{number:032}"
    return body + keys.checksum(body)


def insert(rows: Iterable[Any]) -> None:
    from django.db import models

    rest = iter(rows)
    while batch := list(islice(rest, BATCH)):
        models.QuerySet[Any](type(batch[0])).bulk_create(batch)


if __name__ == "__main__":
    import django

    django.setup()
    sys.stdout.write(fill(models=int(sys.argv[1]), tokens=int(sys.argv[2])))
