"""The price rows for one-hub and done-hub: which models and figures they have, and for whom."""

import gzip
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.exact import read_json
from catalog.models import Vendor
from pricing.models import DiscountRule
from tests import world

pytestmark = pytest.mark.django_db

ADDRESS = "/api/prices"
NO_CACHE_PRICE = {
    "cached_read_tokens": 1,
    "cached_write_tokens": 1,
    "cached_write_1h_tokens": 1,
    "openai_cache_write_tokens": 1,
}


def rows(client: Client, **headers: str) -> dict[str, Any]:
    return {row.pop("model"): row for row in read_json(client.get(ADDRESS, headers=headers).content)["data"]}


def reasons(client: Client) -> dict[str, str]:
    listed = read_json(client.get(ADDRESS).content)["unpriced_models"]
    return {entry["model_name"]: entry["reason"] for entry in listed}


def test_a_row_has_the_fields_of_the_table(client: Client) -> None:
    world.price(world.model("gpt-4o"), input="2.5", output="10")

    body = read_json(client.get(ADDRESS).content)

    assert list(body) == ["success", "message", "data", "unpriced_models"]
    assert (body["success"], body["message"], body["unpriced_models"]) == (True, "", [])
    assert body["data"] == [
        {
            "model": "gpt-4o",
            "channel_type": 1,
            "locked": False,
            "type": "tokens",
            "input": Decimal("1.25"),
            "output": 5,
            "extra_ratios": NO_CACHE_PRICE,
        }
    ]


def test_a_vendor_has_its_number_in_the_table_of_vendors(client: Client) -> None:
    for slug, name in (("zhipu", "智谱"), ("xai", "xAI"), ("gemini", "Google Gemini"), ("acme", "Acme")):
        vendor = Vendor.objects.create(slug=slug, name=name)
        world.price(world.model(f"of-{slug}", vendor=vendor), input="1", output="1")

    assert {name: row["channel_type"] for name, row in rows(client).items()} == {
        "of-zhipu": 16,
        "of-xai": 56,
        "of-gemini": 25,
        "of-acme": 0,
    }


def test_discounts_are_multiplied_in_and_rates_of_groups_are_not(client: Client) -> None:
    world.price(world.model("gpt-4o"), role="list", input="10", output="20")
    DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.5"), starts_at=world.LONG_AGO)
    world.rate(world.token_group(), "0.9")

    row = rows(client)["gpt-4o"]

    assert (row["input"], row["output"]) == (Decimal("2.5"), 5)


def test_cache_prices_by_lifetime_are_extra_ratios(client: Client) -> None:
    sheet = world.price(
        world.model("claude"), input="5", output="25", input__cache_read="0.5", input__cache_write="6.25"
    )
    world.line(sheet, "input.cache_write", "10", conditions=[{"dim": "cache_ttl", "op": "eq", "value": "1h"}])

    assert rows(client)["claude"]["extra_ratios"] == {
        "cached_tokens": Decimal("0.1"),
        "cached_read_tokens": Decimal("0.1"),
        "cached_write_tokens": Decimal("1.25"),
        "cached_write_1h_tokens": 2,
        "openai_cache_write_tokens": Decimal("1.25"),
    }


def test_prices_of_what_the_programs_never_request_are_left_out(client: Client) -> None:
    sheet = world.price(world.model("gpt-5"), input="1", output="8")
    for dim, value in (("service_tier", "priority"), ("region", "us")):
        world.line(sheet, "", "2", kind="multiplier", unit="", conditions=[{"dim": dim, "op": "eq", "value": value}])
    world.line(sheet, "web_search", "0.01", per=1, unit="query")

    assert rows(client)["gpt-5"] == {
        "channel_type": 1,
        "locked": False,
        "type": "tokens",
        "input": Decimal("0.5"),
        "output": 4,
        "extra_ratios": NO_CACHE_PRICE,
    }


def test_what_a_row_cannot_state_is_listed_with_its_reason(client: Client) -> None:
    night = world.price(world.model("night"), input="1", output="2")
    hours = {"tz": "UTC", "windows": [{"hours": ["00:00-08:00"]}]}
    world.line(night, "input", "0.5", conditions=[{"dim": "time", "op": "in", "value": hours}])
    graded = world.price(world.model("graded"), input="1", output="2")
    for length, amount in ((32_000, "2"), (128_000, "4")):
        world.line(graded, "input", amount, conditions=[{"dim": "prompt_tokens", "op": "gt", "value": length}])
    world.price(world.model("seen"), input="0", output="2", input__image="1")
    world.price(world.model("filmed"), input="1", output="2", input__video="3")
    world.price(world.model("x" * 101), input="1", output="2")
    world.price(world.model("half"), input="1")

    assert rows(client) == {}
    assert reasons(client) == {
        "night": "conditions",
        "graded": "tiers",
        "seen": "not_in_ratios",
        "filmed": "not_in_ratios",
        "x" * 101: "long_name",
        "half": "unknown_output",
    }


def test_a_pattern_has_a_row_unless_it_would_set_the_price_of_others(client: Client) -> None:
    """Both programs look for the exact id and then for any pattern that fits."""
    for name in ("free-*", "wide-*", "wide-narrow-*", "part-*", "part-priced", "lone-*"):
        world.price(world.model(name), input="1", output="2")
    world.model("part-unpriced")

    assert rows(client).keys() == {"free-*", "wide-narrow-*", "part-priced", "lone-*"}
    assert reasons(client) == {"part-*": "pattern", "part-unpriced": "unpriced", "wide-*": "pattern"}


def test_a_part_that_is_not_counted_is_never_charged_below_its_price(client: Client) -> None:
    """Programs count cached sound as cached and as sound: 0.1 + 3 - 1 of the price of input here."""
    world.price(
        world.model("listener"), input="1", output="2", input__cache_read="0.1", input__audio="3",
        input__audio__cache_read="0.3", input__video="1",
    )  # fmt: skip

    assert rows(client)["listener"]["extra_ratios"]["input_audio_tokens"] == 3


def test_a_key_gets_the_models_of_its_groups(client: Client) -> None:
    world.price(world.model("public"), input="1", output="1")
    world.price(world.model("inner", on=world.channel("backstage", group="vip")), input="1", output="1")
    key = world.key("vip")

    assert rows(client).keys() == {"public"}
    assert rows(client, authorization=f"Bearer {key}").keys() == {"inner"}
    assert rows(client, authorization="Bearer sk-unknown").keys() == {"public"}


def test_a_reader_that_has_it_gets_a_304(client: Client) -> None:
    world.price(world.model("gpt-4o"), input="1", output="1")
    answer = client.get(ADDRESS)

    assert answer["cache-control"].startswith("public, max-age=60")
    assert answer["access-control-allow-origin"] == "*"
    assert client.get(f"{ADDRESS}/").content == answer.content
    assert client.head(ADDRESS)["etag"] == answer["etag"]
    assert client.get(ADDRESS, headers={"if-none-match": answer["etag"]}).status_code == 304
    world.price(world.model("gpt-5"), input="1", output="1")
    assert client.get(ADDRESS, headers={"if-none-match": answer["etag"]}).status_code == 200


def test_it_is_compressed_if_the_client_accepts_it(client: Client) -> None:
    for number in range(60):
        world.price(world.model(f"gpt-{number}"), input="1", output="1")

    answer = client.get(ADDRESS, headers={"accept-encoding": "gzip"})

    assert gzip.decompress(answer.content) == client.get(ADDRESS).content
