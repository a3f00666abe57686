"""Helpers for the tests of the pages: models with every kind of price, and pages as visitors read them."""

import datetime as dt
import re
from decimal import Decimal
from html import unescape
from html.parser import HTMLParser
from typing import Any

from django.test import Client

from catalog.models import AIModel, Offer, Vendor
from catalog.prices import MILLION
from pricing.models import PriceLine, PriceSheet
from tests import world

ABOVE_200K = [{"dim": "prompt_tokens", "op": "gt", "value": 200_000}]
BATCH = [{"dim": "service_tier", "op": "eq", "value": "batch"}]
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def tiered(name: str = "tiered-pro", **fields: Any) -> AIModel:
    """Input $1.25 and output $10, $2.50 and $15 above 200k tokens, half in batches; web search by the thousand."""
    model = world.model(name, **{"display_name": "Tiered Pro"} | fields)
    sheet = world.price(model, input="1.25", output="10", input__cache_read="0.125")
    for meter, amount, conditions in (
        ("input", "2.5", ABOVE_200K), ("output", "15", ABOVE_200K), ("input", "0.625", BATCH), ("output", "5", BATCH),
    ):  # fmt: skip
        world.line(sheet, meter, amount, conditions=conditions)
    world.line(sheet, "web_search", "14", per=1000, unit="request")
    return model


def image_rules(name: str = "picture-one", **fields: Any) -> AIModel:
    """$0.04 an image at 1K, $0.16 at 4K."""
    model = world.model(
        name, **{"output_modalities": ["image"], "supported_endpoint_types": ["image-generation"]} | fields
    )
    sheet = PriceSheet.objects.create(
        model=model, role="sell", starts_at=world.LONG_AGO, facts={"image_pricing": {"profile": {}}}
    )
    for resolution, amount in (("4K", "0.16"), ("1K", "0.04")):
        conditions = [
            {"dim": "capability_bucket", "op": "eq", "value": "t2i"},
            {"dim": "resolution", "op": "eq", "value": resolution},
        ]
        world.line(sheet, "output.image", amount, per=1, unit="image", conditions=conditions)
    return model


def changed(name: str = "changing", *, steps: tuple[tuple[dt.datetime, str, str], ...]) -> AIModel:
    """A model with a sheet at each moment: (from when, input, output)."""
    model = world.model(name)
    for at, amount_in, amount_out in steps:
        world.price(model, starts_at=at, input=amount_in, output=amount_out)
    return model


def many(number: int) -> None:
    """Models of many vendors that differ in everything a list shows."""
    vendors = [world.vendor(f"vendor-{index}") for index in range(23)]
    models = AIModel.objects.bulk_create(_one_of_many(index, vendors) for index in range(number))
    channel = world.channel()
    Offer.objects.bulk_create(Offer(model=model, channel=channel) for model in models)
    sheets = PriceSheet.objects.bulk_create(
        PriceSheet(model=model, role="sell", starts_at=world.LONG_AGO) for model in models
    )
    amounts = [
        (sheet, position, meter, amount)
        for index, sheet in enumerate(sheets)
        for position, (meter, amount) in enumerate((("input", index * 31 % 900 + 2), ("output", index * 97 % 4000)))
    ]
    PriceLine.objects.bulk_create(
        PriceLine(sheet=sheet, position=position, meter=meter, amount=Decimal(cents) / 100, per=MILLION, unit="token")
        for sheet, position, meter, cents in amounts
    )


def _one_of_many(index: int, vendors: list[Vendor]) -> AIModel:
    return AIModel(
        name=f"family-{index % 17}.{index % 9}-{index}b-instruct",
        display_name=f"Family {index % 17}.{index % 9} {index}B Instruct",
        vendor=vendors[index * 7 % 23],
        status=AIModel.Status.PUBLISHED,
        context_length=(8192, 32768, 128_000, 131_072, 200_000, 1_048_576)[index * 5 % 6],
        input_modalities=["text", "image", "audio"][: 1 + index % 3],
        output_modalities=["text"],
        capabilities=["tools", "reasoning", "vision", "structured_outputs"][index % 3 : 1 + index % 4],
        supported_endpoint_types=["openai", "anthropic", "gemini"][: 1 + index % 3],
        released_on=dt.date(2025, 1, 1) + dt.timedelta(days=index * 37 % 600),
    )


def get(client: Client, path: str, **headers: str) -> str:
    """A page as a browser gets it."""
    answer = client.get(path, headers=BROWSER | headers)
    assert answer.status_code == 200, answer.content[:300]
    return answer.content.decode()


def listed(page: str) -> list[str]:
    """The ids of the rows, in order."""
    return [unescape(name) for name in re.findall(r'<tr><td class="pick"><input [^>]*value="([^"]*)"', page)]


def listed_on_all_pages(client: Client, path: str) -> list[str]:
    """The ids of the rows on all pages of the list at this address."""
    page = get(client, path)
    names, following = listed(page), re.search(r'rel="next" href="([^"]+)"', page)
    return names + (listed_on_all_pages(client, unescape(following[1])) if following else [])


def row(page: str, name: str) -> str:
    """The text of a model's row."""
    return next(text_of(part) for part in re.findall(r"<tr(.*?)</tr>", page) if f'value="{name}"' in part)


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def text_of(html: str) -> str:
    """The words of a page, with single spaces."""
    reader = _Text()
    html = re.sub(r"<script.*?</script>", "", html, flags=re.DOTALL)
    reader.feed(html if html.startswith("<") else f"<tr{html}")
    return " ".join(" ".join(reader.parts).split())
