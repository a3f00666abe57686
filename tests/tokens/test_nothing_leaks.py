"""10,000 random pairs of a catalog and a key: every answer holds what brute force says, and no trace of the rest.

The oracle knows the catalog as plain values, and no query, pattern or model of the code under test.
"""

import datetime as dt
import functools
import os
import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from django.db import models, transaction
from django.test import Client
from django.utils import timezone

from catalog.exact import read_json, write_json
from catalog.models import AIModel, Channel, ModelAlias, Offer, Vendor
from pricing.models import PriceLine, PriceSheet
from pricing.payload import price_list
from tests import world
from tokens.authentication import _auto_groups, row_of, scope_of
from tokens.bodies import BODIES
from tokens.dialects.anthropic import Anthropic
from tokens.dialects.anthropic import Page as AnthropicPage
from tokens.dialects.gemini import Gemini
from tokens.dialects.gemini import Page as GeminiPage
from tokens.dialects.openai import CODEX, OpenAI
from tokens.explaining import survey
from tokens.models import Token, TokenGroup
from tokens.visibility import Listing

pytestmark = pytest.mark.django_db

KEYS = 50
CHUNKS = 10
CATALOGS = 200 if os.environ.get("CI") else 20

TODAY = dt.date(2026, 11, 22)
VENDORS = ("openai", "Anthropic", "z-ai")
WORDS = ("alder", "birch", "cedar", "elm", "fir", "hazel", "larch", "maple", "oak", "pine", "rowan", "yew")
SERIES = ("", "gpt-4o", "claude")
TAGS = ("Tools", "128K", "new")
ENDPOINTS = ("openai", "anthropic", "gemini", "embeddings")
MODALITIES = ("text", "image", "audio")
CHANNELS = ("east", "west", "north", "south")
GROUPS = ("default", "vip", "staff")
FIXED = (
    "*", "**", "*-1*", "a*", "*e*r*", "VENDOR:openai", "vendor:OPENAI", "vendor:*ai", "vendor:z-ai", "vendor:nobody",
    "series:gpt-*", "series:*", "tag:tools", "tag:128?", "tag:*", "endpoint:openai", "endpoint:gemini", "endpoint:*ic",
    "modality:image", "modality:input-image", "modality:output-*", "modality:audio", "", "x" * 40,
    "*-alias", "b*-alias",
)  # fmt: skip


@dataclass
class PlainModel:
    name: str
    vendor: str
    published: bool
    series: str
    tags: list[str]
    supported: list[str]
    public: list[str] | None
    inputs: list[str]
    outputs: list[str]
    retires_on: dt.date | None
    # Channel -> whether the offer is enabled.
    offers: dict[str, bool]


@dataclass
class PlainKey:
    groups: list[str]
    auto: bool
    allow: list[str] | None
    deny: list[str]


@dataclass
class PlainCatalog:
    """One random world as plain values."""

    models: list[PlainModel]
    channels: dict[str, bool]
    reach: dict[str, list[str]]
    in_auto: dict[str, bool]
    keys: list[PlainKey]

    def seen(self, key: PlainKey, *, retired: bool = False) -> set[str]:
        """The oracle; the retired ones too where somebody asks for them."""
        groups = set(key.groups) | ({group for group, is_in in self.in_auto.items() if is_in} if key.auto else set())
        channels = {channel for group in groups for channel in self.reach[group] if self.channels[channel]}
        seen = set()
        for model in self.models:
            if not model.published or (model.retires_on and model.retires_on <= TODAY and not retired):
                continue
            if not any(enabled and channel in channels for channel, enabled in model.offers.items()):
                continue
            if any(names(pattern, model) for pattern in key.deny):
                continue
            if key.allow is None or any(names(pattern, model) for pattern in key.allow):
                seen.add(model.name)
        return seen


def names(pattern: str, model: PlainModel) -> bool:
    selector, colon, wanted = pattern.partition(":")
    public = model.supported if model.public is None else model.public
    under = {
        "vendor": [model.vendor.lower(), model.vendor],
        "series": [model.series],
        "tag": model.tags,
        "endpoint": public,
        "modality": model.inputs + model.outputs
        + ["input-" + name for name in model.inputs] + ["output-" + name for name in model.outputs],
    }  # fmt: skip
    if colon and selector in under:
        return any(fits(wanted.lower(), name.lower()) for name in under[selector])
    return fits(pattern, model.name) or fits(pattern, f"{model.name}-alias")


def fits(pattern: str, text: str) -> bool:
    """Wildcards by the book: what a star takes is tried from nothing to all."""
    ends = {0}
    for letter in pattern:
        if letter == "*":
            ends = set(range(min(ends), len(text) + 1)) if ends else set()
        else:
            ends = {end + 1 for end in ends if text[end : end + 1] == letter}
    return len(text) in ends


class Once(Listing):
    """One query for the lists of all dialects."""

    @functools.cached_property
    def found(self) -> list[AIModel]:
        return super().models()

    def models(self, *, retired: bool = False) -> list[AIModel]:
        assert not retired
        return list(self.found)


def some(dice: random.Random, names: tuple[str, ...], most: int = 3) -> list[str]:
    return dice.sample(names, dice.randint(0, min(most, len(names))))


def random_catalog(dice: random.Random) -> PlainCatalog:
    ids = [f"{word}-{dice.choice(['1', '1.5', 'x/y', 'a:b'])}" for word in dice.sample(WORDS, 10)]
    plain = [
        PlainModel(
            name=name,
            vendor=dice.choice(VENDORS),
            published=dice.random() < 0.8,
            series=dice.choice(SERIES),
            tags=some(dice, TAGS),
            supported=some(dice, ENDPOINTS),
            public=None if dice.random() < 0.5 else some(dice, ENDPOINTS),
            inputs=some(dice, MODALITIES),
            outputs=some(dice, MODALITIES),
            retires_on=dice.choice([None, None, TODAY, TODAY + dt.timedelta(1), TODAY - dt.timedelta(1)]),
            offers={channel: dice.random() < 0.8 for channel in some(dice, CHANNELS, 4)},
        )
        for name in ids
    ]
    patterns = (*FIXED, *ids, *(f"{name}-alias" for name in ids))
    return PlainCatalog(
        plain,
        {channel: dice.random() < 0.8 for channel in CHANNELS},
        {group: some(dice, CHANNELS) for group in GROUPS},
        {group: dice.random() < 0.5 for group in GROUPS},
        [
            PlainKey(
                some(dice, GROUPS),
                dice.random() < 0.2,
                None if dice.random() < 0.4 else some(dice, patterns, 4),
                [pattern for pattern in some(dice, patterns, 2) if pattern.count("*") < 2 and pattern != "*"],
            )
            for _ in range(KEYS)
        ],
    )


@contextmanager
def stored(plain: PlainCatalog) -> Iterator[list[Token]]:
    """The world as rows, taken back at the end."""
    BODIES.clear()  # the revision is taken back too
    _auto_groups.cache_clear()
    with transaction.atomic():
        vendors = make(Vendor(slug=name.lower(), name=name) for name in VENDORS)
        channels = make(Channel(slug=slug, name=slug, enabled=on) for slug, on in plain.channels.items())
        groups = make(
            TokenGroup(slug=slug, label=slug, auto_position=1 if plain.in_auto[slug] else None) for slug in GROUPS
        )
        rows = make(
            AIModel(
                name=model.name, vendor=vendors[VENDORS.index(model.vendor)], series=model.series, tags=model.tags,
                status="published" if model.published else "draft", supported_endpoint_types=model.supported,
                public_endpoint_types=model.public, input_modalities=model.inputs, output_modalities=model.outputs,
                retires_on=model.retires_on,
            )
            for model in plain.models
        )  # fmt: skip
        by_slug = {channel.slug: channel for channel in channels}
        make(
            Offer(model=row, channel=by_slug[channel], enabled=enabled)
            for row, model in zip(rows, plain.models, strict=True)
            for channel, enabled in model.offers.items()
        )
        make(ModelAlias(name=f"{row.name}-alias", model=row) for row in rows)
        sheets = make(PriceSheet(model=row, role="sell", starts_at=world.LONG_AGO) for row in rows)
        make(PriceLine(sheet=sheet, meter="input", amount=number + 1, per=1_000_000, unit="token", position=0)
             for number, sheet in enumerate(sheets))  # fmt: skip
        reach, membership = TokenGroup.channels.through, Token.groups.through
        make(reach(tokengroup=group, channel=by_slug[slug]) for group in groups for slug in plain.reach[group.slug])
        tokens = [
            Token(name="k", uses_auto_groups=key.auto, allow=key.allow, deny=key.deny, rate_limit="")
            for key in plain.keys
        ]
        plaintexts = [token.assign_new_key() for token in tokens]
        tokens = make(tokens)
        make(
            membership(token=token, tokengroup=groups[GROUPS.index(slug)])
            for token, key in zip(tokens, plain.keys, strict=True)
            for slug in key.groups
        )
        for token, plaintext in zip(tokens, plaintexts, strict=True):
            token.plaintext = plaintext
        yield tokens
        transaction.set_rollback(True)


def make(rows: Any) -> Any:
    """Inserts past history and revision, which this test has no use for."""
    rows = list(rows)
    return models.QuerySet(type(rows[0])).bulk_create(rows) if rows else []


@pytest.fixture(autouse=True)
def _empty(db: None) -> None:
    TokenGroup.objects.all().delete()


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_body_holds_what_brute_force_says_and_nothing_else(chunk: int) -> None:
    now = dt.datetime.combine(TODAY, dt.time(12), tzinfo=dt.UTC)
    dice = random.Random(chunk)  # noqa: S311
    for _ in range(CATALOGS // CHUNKS):
        plain = random_catalog(dice)
        with stored(plain) as tokens:
            for number, (key, token) in enumerate(zip(plain.keys, tokens, strict=True)):
                seen = plain.seen(key)
                scope = scope_of(row_of(token))
                listing = Once(scope, TODAY)
                bodies: list[Any] = [
                    OpenAI().list_body(listing, CODEX),
                    Anthropic().list_body(listing, AnthropicPage()),
                    Gemini().list_body(listing, GeminiPage(size=1000)),
                ]
                ids = [[row["id"] for row in bodies[0]["data"]], [row["id"] for row in bodies[1]["data"]]]
                ids += [
                    [row["baseModelId"] for row in bodies[2]["models"]],
                    [row["slug"] for row in bodies[0]["models"]],
                ]
                if number % 25 == 0:
                    bodies.append(read_json(price_list(scope, at=now, today=TODAY)))
                    ids.append([row["model_name"] for row in bodies[-1]["data"]])
                    ids.append([told.name for told in survey(scope, at=now) if told.visible])

                assert [sorted(names) for names in ids] == [sorted(seen)] * len(ids), (key, plain)
                text = write_json(bodies).decode()
                assert not [model.name for model in plain.models if model.name not in seen and model.name in text]


def test_what_is_hidden_might_as_well_not_exist(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte for byte, tags and refusals included: the same answers after all that is hidden was deleted."""
    midday = dt.datetime.combine(TODAY, dt.time(12), tzinfo=dt.UTC)
    monkeypatch.setattr(timezone, "now", lambda: midday)
    dice = random.Random("hidden")  # noqa: S311
    for _ in range(CATALOGS // 8):
        plain = random_catalog(dice)
        key = dice.randrange(KEYS)
        every = {model.name for model in plain.models}
        hidden = sorted(every - plain.seen(plain.keys[key], retired=True))
        unlisted = every - plain.seen(plain.keys[key])
        with stored(plain) as tokens:
            plaintext = tokens[key].plaintext  # type: ignore[attr-defined]
            before = answers(client, plaintext, hidden)
            AIModel.objects.filter(name__in=hidden).delete()
            Vendor.objects.filter(models=None).delete()
            Channel.objects.filter(offers=None).delete()
            after = answers(client, plaintext, hidden)

        assert before == after
        # A refusal repeats the name that was asked for; what a key may see is told to its holder, pattern by pattern.
        lists = [
            body for path, _, _, body in before if not any(name in path for name in hidden) and path != "/api/token"
        ]
        assert not [name for name in unlisted for body in lists if name.encode() in body]


def answers(client: Client, key: str, hidden: list[str]) -> list[tuple[str, int, str, bytes]]:
    """Everything that the holder of a key can ask."""
    openai, anthropic = {"authorization": f"Bearer {key}"}, {"x-api-key": key, "anthropic-version": "2023-06-01"}
    asked = [
        ("/v1/models", openai), ("/v1/models?client_version=1", openai), ("/v1/models?limit=2", anthropic),
        ("/v1/models", anthropic), ("/v1beta/models?pageSize=2", openai), ("/api/pricing", openai),
        ("/api/token", openai),
    ]  # fmt: skip
    for name in hidden[:3]:
        asked += [(f"/v1/models/{name}", openai), (f"/v1/models/{name}", anthropic), (f"/v1beta/models/{name}", openai)]
        asked += [(f"/v1/models/{name}-alias", openai), (f"/api/authorize?model={name}", openai)]
        asked += [(f"/v1/models?{cursor}={quote(name)}", anthropic) for cursor in ("after_id", "before_id")]
    given = []
    for path, headers in asked:
        answer = client.get(path, headers=headers)
        given.append((path, answer.status_code, answer.get("etag", ""), without_request_id(answer.content)))
    return given


def without_request_id(body: bytes) -> bytes:
    return re.sub(rb'"req_[0-9a-f]+"', b'""', body)
