"""Fills the database that DATABASE_URL names: `python -m tests.bench.filling MODELS TOKENS SCOPES` prints a key.

Past history and revision, in batches: a million rows are to be there, and how is measured elsewhere. Each token's key
is known by its number, so that many can be asked in turn.
"""

import datetime as dt
import sys
from collections.abc import Iterable
from decimal import Decimal
from itertools import islice
from typing import Any

BATCH = 5_000
FIRST_RELEASE = dt.date(2024, 1, 1)
# Names of tokens: those that see all models, and those that each see all models except one.
ONE_OF_MANY, NEARLY_ALL = "one of many", "nearly all"
# The number of the first token that sees nearly all models.
SCOPED = 50_000_000


VENDORS = 40
# Meter -> US dollars for a million tokens.
PRICES = {"input": "2.5", "output": "10", "input.cache_read": "0.25"}


def fill(*, models: int, tokens: int, scopes: int = 0) -> str:
    """Brings the database up to so many models, tokens and different scopes; returns a key that sees all models."""
    from catalog.models import AIModel, Offer
    from catalog.prices import MILLION
    from pricing.models import PriceLine, PriceSheet
    from tests import world
    from tokens.models import Token

    vendors = [world.vendor(f"vendor-{number}") for number in range(VENDORS)]
    channel = world.channel("bench")
    there = AIModel.objects.count()
    insert(
        AIModel(
            name=name_of(number), vendor=vendors[number % VENDORS], status="published",
            description=f"Model {number} of the benchmark, with a description of a common length.",
            supported_endpoint_types=["openai", "anthropic"], context_length=200_000, max_output_tokens=64_000,
            capabilities=["vision", "tools"], released_on=FIRST_RELEASE + dt.timedelta(days=number % 900),
        )
        for number in range(there, models)
    )  # fmt: skip
    unpriced = AIModel.objects.exclude(pk__in=PriceSheet.objects.values("model"))
    insert(
        PriceSheet(model=model, role="list", currency="USD", starts_at=world.LONG_AGO) for model in unpriced.iterator()
    )
    empty = PriceSheet.objects.exclude(pk__in=PriceLine.objects.values("sheet")).values_list("pk", flat=True)
    insert(
        PriceLine(sheet_id=sheet, meter=meter, amount=Decimal(amount), per=MILLION, unit="token", position=position)
        for sheet in empty.iterator()
        for position, (meter, amount) in enumerate(PRICES.items())
    )
    offered = Offer.objects.values("model")
    insert(Offer(model=model, channel=channel) for model in AIModel.objects.exclude(pk__in=offered).iterator())
    there = Token.objects.filter(name=ONE_OF_MANY).count()
    membership = Token.groups.through
    group = world.token_group().pk
    insert(one_of_many(number) for number in range(there, tokens))
    there = Token.objects.filter(name=NEARLY_ALL).count()
    insert(one_of_many(SCOPED + number, deny=[name_of(number % models)]) for number in range(there, scopes))
    members = membership.objects.values("token")
    rest = Token.objects.exclude(pk__in=members).values_list("pk", flat=True)
    insert(membership(token_id=token, tokengroup_id=group) for token in rest.iterator())
    return world.key(name="bench")


def name_of(number: int) -> str:
    """The id of the model with that number."""
    return f"vendor-{number % VENDORS}/model-{number:06}"


def one_of_many(number: int, **fields: Any) -> Any:
    from django.conf import settings

    from tokens import keys
    from tokens.models import Token

    pepper = max(settings.TOKEN_PEPPERS)
    digest = keys.digest(key_of(number), settings.TOKEN_PEPPERS[pepper])
    name = NEARLY_ALL if fields else ONE_OF_MANY
    return Token(name=name, key_id=f"bn{number:08}", digest=digest, pepper=pepper, masked="…", **fields)


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
    models, tokens, scopes = map(int, (*sys.argv[1:], "0")[:3])
    sys.stdout.write(fill(models=models, tokens=tokens, scopes=scopes))
