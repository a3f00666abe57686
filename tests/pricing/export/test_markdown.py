"""A model as Markdown: facts, prices in words with every digit, endpoints."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client

from catalog.models import EndpointType, ModelAlias
from tests import world
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)


def text(client: Client, name: str, **headers: str) -> str:
    answer = client.get(f"/models/{name}.md", headers=headers)
    assert answer.status_code == 200, answer.content
    return answer.content.decode()


def test_what_it_says(client: Client, settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "https://gateway.example/"
    EndpointType.objects.update_or_create(
        name="openai", defaults={"path": "/v1/chat/completions", "label": "Chat completions", "method": "POST"}
    )
    model = world.model(
        "gpt-4o", display_name="GPT-4o", description="Sees images,\n# and <b>reads</b> [text].", series="gpt",
        context_length=128_000, max_output_tokens=16_384, input_modalities=["text", "image"],
        capabilities=["tools"], supported_endpoint_types=["openai"], released_on=dt.date(2024, 5, 13),
    )  # fmt: skip
    ModelAlias.objects.create(name="latest", model=model, listed=True)
    world.price(model, input="2.5", output="10", input__cache_read="0.123456789012345")

    assert (
        text(client, "gpt-4o")
        == r"""# GPT-4o

> Openai: input $2.50, output $10.00 per million tokens

Sees images, # and \<b\>reads\</b\> \[text\].

## Facts

- Model id: `gpt-4o`
- Aliases: `latest`
- Vendor: Openai
- Series: gpt
- Context: 128,000 tokens
- Maximum output: 16,384 tokens
- Input types: text, image
- Capabilities: tools
- Released: 2024-05-13

## Price

- Input: $2.50 per million tokens
- Output: $10.00 per million tokens
- Cached input: $0.123456789012345 per million tokens

## Endpoints

- `POST https://gateway.example/v1/chat/completions` (Chat completions)

## More

- [Prices of all times as JSON](http://testserver/api/pricing/history/gpt-4o)
- [All models](http://testserver/llms.txt)
"""
    )


def test_conditions_are_in_words(client: Client) -> None:
    shop.tiered("tiered")

    assert "- Input, prompt above 200,000 tokens: $2.50 per million tokens\n" in text(client, "tiered")


def test_an_unknown_price_is_no_number_and_free_is_said(client: Client) -> None:
    world.model("unpriced")
    world.price(world.model("free"), input="0", output="0")

    assert "## Price\n\n- No price yet\n" in text(client, "unpriced")
    assert "$" not in text(client, "unpriced")
    assert "## Price\n\n- Free\n" in text(client, "free")


@time_machine.travel(NOON, tick=False)
def test_scheduled_prices_and_the_end_are_announced(client: Client) -> None:
    new = world.model("gpt-5")
    model = world.model("gpt-4o", retires_on=dt.date(2026, 12, 31), successor=new)
    world.price(model, input="2.5", output="10")
    world.price(model, starts_at=dt.datetime(2026, 12, 1, tzinfo=dt.UTC), input="2", output="8")

    said = text(client, "gpt-4o")

    assert "- From 2026-12-01T00:00:00Z: Input: $2.00 per million tokens\n" in said
    assert "- Retires: 2026-12-31\n- Successor: [gpt-5](http://testserver/models/gpt-5.md)\n" in said


def test_a_retired_model_has_neither_a_price_nor_endpoints(client: Client) -> None:
    model = world.model("old", retires_on=dt.date(2026, 1, 2))
    world.price(model, input="2.5", output="10")

    said = text(client, "old")

    assert "> Openai: no longer offered\n" in said
    assert "## Price" not in said
    assert "## Endpoints" not in said


def test_it_is_english_in_every_browser(client: Client) -> None:
    world.price(world.model("gpt-4o"), input="2.5", output="10")

    assert text(client, "gpt-4o", accept_language="zh-CN") == text(client, "gpt-4o")


def test_prices_of_hidden_groups_are_in_no_text(client: Client) -> None:
    sheet = world.price(world.model("gpt-4o"), input="2.5")
    world.line(sheet, "input", "77", conditions=[{"dim": "group", "op": "eq", "value": "vip"}])
    world.rate(world.token_group("vip"), "0.5")

    assert "77" not in text(client, "gpt-4o")
    assert "77" not in client.get("/llms-full.txt").content.decode()


def test_the_full_document_has_the_text_of_every_model(client: Client) -> None:
    for name in ("gpt-4o", "o3"):
        world.price(world.model(name), input="2.5", output="10")

    whole = client.get("/llms-full.txt")

    assert whole["content-type"] == "text/markdown; charset=utf-8"
    assert whole.content.decode() == (
        "# Modelbook\n\n> All models that this gateway offers, with facts, prices and endpoints.\n"
        f"\n{text(client, 'gpt-4o')}\n\n{text(client, 'o3')}"
    )
