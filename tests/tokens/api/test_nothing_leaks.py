"""What a key does not see might as well not exist: no body, count, tag, header or refusal differs by it.

Random catalogs and keys are asked all that a holder can ask: as they are, after all that is hidden was changed and more
was added, and after it was deleted.
"""

import datetime as dt
import random
import re
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import AIModel, Channel, ModelAlias, Offer, Vendor
from pricing.models import PopularModel, PriceSheet
from tests import world
from tests.sizes import size
from tests.tokens.access.oracle import (
    ADDRESSES,
    NOW,
    PlainCatalog,
    PlainKey,
    random_catalog,
    refusal,
    stands_for,
)
from tests.tokens.access.oracle_rows import stored
from tokens.models import Token, TokenGroup

pytestmark = pytest.mark.django_db

CATALOGS = size(2, full=8)
# Headers that differ for each request.
OF_ONE_REQUEST = {"x-request-id", "request-id"}
Answer = tuple[str, int, dict[str, str], bytes]


def test_what_is_hidden_might_as_well_not_exist(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    TokenGroup.objects.all().delete()
    dice = random.Random("hidden")  # noqa: S311
    for _ in range(CATALOGS):
        plain = random_catalog(dice, keys=20)
        number = next(number for number in range(20) if not refusal(plain.keys[number], ADDRESSES[0]))
        key = plain.keys[number]
        every = {model.name for model in plain.models}
        # A hidden model is refused where a wildcard model would answer without it: that shows its existence.
        fitted = {name for name in every if any(stands_for(wildcard, name) for wildcard in every - {name})}
        hidden = sorted(every - plain.seen(key, retired=True) - plain.public(retired=True) - fitted)
        with stored(plain) as tokens:
            token, sent = tokens[number]
            before = answers(client, sent, hidden)
            change(plain, token, hidden)
            changed = answers(client, sent, hidden)
            known = [still_known(client, sent, path, before) for path in ("/v1/models", "/api/pricing")]
            delete(hidden, set(plain.reached(key)))
            deleted = answers(client, sent, hidden)

        for others in (changed, deleted):
            for was, now in zip(before, others, strict=True):
                assert was == now
        assert known == [304, 304]
        nothing_is_named(before, plain, key, hidden)


def change(plain: PlainCatalog, token: Token, hidden: list[str]) -> None:
    """More of everything that the key does not reach, and other values in what it does not see."""
    vendor, far = world.vendor("hidden-vendor"), world.channel("hidden-channel", group="hidden-group")
    world.rate(world.token_group("hidden-group", auto_position=None, rate_limit="1/minute"), "0.5")
    Token.objects.exclude(pk=token.pk).update(allow=["hidden-pattern"])
    world.key("hidden-group", name="another")
    added = [
        world.model("hidden-elsewhere", vendor=vendor, on=far, supported_endpoint_types=["hidden-type"]),
        world.model("hidden-draft", vendor=vendor, status="draft", on=Channel.objects.get(slug="east")),
    ]
    rows = [*AIModel.objects.filter(name__in=hidden), *added]
    for row in rows:
        world.price(row, input="77")
        PopularModel.objects.create(model=row)
        ModelAlias.objects.create(name=f"hidden_{row.pk}", model=row)
    # Nothing that a pattern could name, which would let it be seen.
    AIModel.objects.filter(name__in=hidden).update(
        description="hidden", context_length=7, released_on=dt.date(2026, 1, 1)
    )
    if not plain.channels["north"]:
        Offer.objects.bulk_create(Offer(model=row, channel=Channel.objects.get(slug="north")) for row in added)


def delete(hidden: list[str], reached: set[str]) -> None:
    PriceSheet.objects.filter(model__vendor__slug="hidden-vendor").delete()
    AIModel.objects.filter(name__in=[*hidden, "hidden-elsewhere", "hidden-draft"]).delete()
    Vendor.objects.filter(models=None).delete()
    Channel.objects.filter(offers=None).delete()
    # Refused keys see what visitors see.
    TokenGroup.objects.filter(is_public=False).exclude(slug__in=reached).delete()


def answers(client: Client, key: str, hidden: list[str]) -> list[Answer]:
    """Everything that the holder of a key can ask."""
    openai, anthropic = {"authorization": f"Bearer {key}"}, {"x-api-key": key, "anthropic-version": "2023-06-01"}
    gemini = {"x-goog-api-key": key}
    requests: list[tuple[str, dict[str, str]]] = [
        ("/v1/models", openai), ("/v1/models?client_version=1", openai), ("/v1/models?limit=2", anthropic),
        ("/v1/models", anthropic), ("/v1/models?lifecycle=active,deprecated,retired", anthropic),
        ("/v1beta/models?pageSize=2", gemini), ("/v1beta/models", gemini), ("/api/token", openai),
        ("/api/pricing", openai), ("/api/pricing?discount=folded", openai), ("/api/pricing", {}),
        ("/api/ratio_config", openai), ("/api/prices", openai),
        ("/api/newapi/models.json", openai), ("/api/pricing/changes?since=2020-01-01", openai),
        ("/api/pricing?as_of=2026-03-01&unpriced=rows", openai),
    ]  # fmt: skip
    for name in (quote(hidden_name) for hidden_name in hidden[:2]):
        requests += [(f"/v1/models/{name}", headers) for headers in (openai, anthropic, gemini)]
        requests += [(f"/v1beta/models/{name}", gemini), (f"/v1/models/{name}-alias", openai)]
        requests += [(f"/api/authorize?model={name}", openai), (f"/api/pricing/history/{name}", openai)]
        requests += [(f"/models/{name}", {"accept": "text/html"})]
        requests += [(f"/v1/models?{cursor}={name}", anthropic) for cursor in ("after_id", "before_id")]
    return [as_answer(path, client.get(path, headers=headers, REMOTE_ADDR=ADDRESSES[0])) for path, headers in requests]


def still_known(client: Client, key: str, path: str, answers: list[Answer]) -> int:
    """The status for a client that has stored the first response."""
    tag = next(headers["etag"] for address, _, headers, _ in answers if address == path)
    headers = {"authorization": f"Bearer {key}", "if-none-match": tag}
    return client.get(path, headers=headers, REMOTE_ADDR=ADDRESSES[0]).status_code


def as_answer(path: str, answer: Any) -> Answer:
    """Without what is of one request alone: its id, and what is left of a rate after it."""
    headers = {name.lower(): value for name, value in answer.items()}
    compared = {
        name: value for name, value in headers.items() if name not in OF_ONE_REQUEST and "ratelimit" not in name
    }
    return path, answer.status_code, compared, re.sub(rb'"req_[0-9a-f]+"', b'""', answer.content)


def nothing_is_named(answers: list[Answer], plain: PlainCatalog, key: PlainKey, hidden: list[str]) -> None:
    """A refusal repeats the name that was asked for, and a holder reads the patterns of the key's own allow list."""
    lists = [
        answer
        for answer in answers
        if answer[0] != "/api/token" and not any(quote(name) in answer[0] for name in hidden)
    ]
    for path, _, headers, body in lists:
        # Prices of the past include those of models that have retired.
        shows_retired = any(word in path for word in ("retired", "changes", "as_of"))
        seen = plain.seen(key, retired=shows_retired) | plain.public(retired=shows_retired)
        for model in plain.models:
            assert model.name in seen or (model.name not in body.decode() and model.name not in str(headers)), path
