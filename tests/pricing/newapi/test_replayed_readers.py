"""Each client's own rules, applied to our list, give the price that we charge, or no price.

The list has every kind of price, a discount and a group's rate. Clients that do not support discounts request folded
prices.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.exact import read_json
from catalog.sources import new_api_prices
from catalog.sources.rows import Row
from pricing.models import DiscountRule, PriceSheet
from tests import world
from tests.pricing.newapi.expression_language import charge
from tests.pricing.newapi.test_expressions import MONDAY
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db
# Model -> dollars for a million tokens in and out of a short prompt, with the discount of 20 % and without a rate.
TOKENS = {
    "plain": ("2", "8"),
    "cached": ("2.4", "12"),
    "tiered": ("1", "8"),
    "from-200k": ("1", "8"),
    "at-night": ("1.6", "8"),
    "own-discount": ("1.5", "4.5"),
}
# Model -> dollars for one.
UNITS = {"call": "0.032", "picture": "0.04", "picture-one": "0.04", "clip": "0.08"}
WITHOUT = {"auto": "dynamic", "kept": "dynamic", "unpriced": "unpriced", "yuan": "priced"}
KEPT = 'tier("a", max(p, 1000) * 2)'
RATE = Decimal("0.5")
TOLD = {"cc": 0, "cc1h": 0}


@pytest.fixture
def catalog() -> str:
    """A model with each kind of price, under one discount; returns a key."""
    world.rate(world.token_group(), RATE)
    DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.8"), starts_at=world.LONG_AGO)
    listed: Any = {"role": "list"}
    world.price(world.model("plain"), **listed, input="2.5", output="10")
    world.price(world.model("cached"), **listed, input="3", output="15", input__cache_read="0.3")
    for name, op in (("tiered", "gt"), ("from-200k", "gte")):
        sheet = world.price(world.model(name), **listed, input="1.25", output="10")
        world.line(sheet, "input", "2.5", conditions=[{"dim": "prompt_tokens", "op": op, "value": 200_000}])
    night = world.price(world.model("at-night"), **listed, input="2", output="10")
    hours = {"tz": "UTC", "windows": [{"hours": ["22:00-06:00"]}]}
    world.line(night, "input", "1", conditions=[{"dim": "time", "op": "in", "value": hours}])
    own = world.price(world.model("own-discount"), input="2", output="6")
    world.line(own, "", "0.75", kind="multiplier", per=1, unit="")
    world.line(_sheet("call", "list"), "request", "0.04", per=1, unit="request")
    image = {"supported_endpoint_types": ["image-generation"]}
    world.line(_sheet("picture", "list", **image), "output.image", "0.05", per=1, unit="image")
    shop.image_rules()
    clip = _sheet("clip", "list", supported_endpoint_types=["openai-video"])
    for resolution, amount in (("720p", "0.1"), ("4k", "0.4")):
        at_that = [{"dim": "resolution", "op": "eq", "value": resolution}]
        world.line(clip, "output.video", amount, per=1, unit="second", conditions=at_that)
    world.line(world.price(world.model("auto")), "input", None, kind="dynamic", unit="")
    old_sheet = world.price(world.model("kept"))
    PriceSheet.objects.filter(pk=old_sheet.pk).update(facts={"billing_mode": "tiered_expr", "billing_expr": KEPT})
    world.line(old_sheet, "input", None, kind="dynamic", unit="")
    world.price(world.model("gift"), input="0", output="0")
    world.price(world.model("yuan"), currency="CNY", input="8", output="16")
    world.model("unpriced")
    return world.key()


def _sheet(name: str, role: str, **fields: Any) -> PriceSheet:
    return PriceSheet.objects.create(model=world.model(name, **fields), role=role, starts_at=world.LONG_AGO)


@pytest.fixture
def prices(client: Client, catalog: str) -> Any:
    """The list for readers without discounts."""
    return read_json(client.get("/api/pricing?discount=folded&unpriced=rows").content)


# What a model costs: in and out of a million tokens, or one call; None where the reader shows nothing.
Read = tuple[Decimal, Decimal] | Decimal | None


def lobechat(row: Any) -> Read:
    """new-api's provider card: a price per call, else the ratio times two; falsy values are ignored."""
    if row.get("quota_type") == 1:
        return Decimal(row["model_price"]) if row.get("model_price") else None
    if not row.get("model_ratio"):
        return None
    price = Decimal(row["model_ratio"]) * 2
    return price, price * Decimal(row.get("completion_ratio") or 1)


def all_api_hub(row: Any, group: Decimal = Decimal(1)) -> Read:
    """An expression, else the numbers by quota type, times the group's rate."""
    if row.get("billing_mode") == "tiered_expr":
        return by_expression(row["billing_expr"], group)
    if row.get("quota_type") == 1:
        return Decimal(row["model_price"]) * group
    if "model_ratio" not in row:
        return None
    price = Decimal(row["model_ratio"]) * 2 * group
    return price, price * Decimal(row["completion_ratio"])


def by_expression(text: str, group: Decimal) -> Read:
    if KEPT in text:
        return None
    # At noon, as a short prompt.
    at = MONDAY.replace(hour=12)
    price_in, price_out = (charge(text, {name: 1000, **TOLD}, facts={}, at=at) * 1000 for name in ("p", "c"))
    return price_in * group, price_out * group


def read_all(prices: Any, read: Callable[[Any], Read]) -> dict[str, Read]:
    return {row["model_name"]: read(row) for row in prices["data"]}


def expected(group: Decimal = Decimal(1)) -> dict[str, Read]:
    zero = Decimal(0)
    return {
        **{name: (Decimal(first) * group, Decimal(last) * group) for name, (first, last) in TOKENS.items()},
        **{name: Decimal(price) * group for name, price in UNITS.items()},
        **dict.fromkeys(WITHOUT),
        "gift": (zero, zero),
    }


def test_lobechat_shows_what_is_charged(prices: Any) -> None:
    # It shows a price of 0 as no price.
    assert read_all(prices, lobechat) == expected() | {"gift": None}


def test_all_api_hub_shows_what_a_group_is_charged(prices: Any) -> None:
    group = prices["group_ratio"]["default"]
    assert group == RATE
    assert read_all(prices, lambda row: all_api_hub(row, group)) == expected(group)


def test_they_show_the_quoted_price(client: Client, catalog: str, prices: Any) -> None:
    for name, price in expected(RATE).items():
        usage = {"input": 1000, "output": 1000} if isinstance(price, tuple) or price is None else _unit(name)
        body = {"model": name, "usage": usage, "request": _plainest(name), "at": "2026-11-23T12:00:00Z"}
        answer = client.post(
            "/api/pricing/quote", body, content_type="application/json", headers={"authorization": f"Bearer {catalog}"}
        )
        quoted = answer.json()
        if name == "yuan":
            assert quoted["currency"] == "CNY"
        elif isinstance(price, tuple):
            assert Decimal(quoted["amount"]) * 1000 == sum(price), name
        else:
            assert (quoted["amount"] and Decimal(quoted["amount"])) == price, name


def _unit(name: str) -> dict[str, int]:
    return {"call": {"request": 1}, "clip": {"output.video": 1}}.get(name, {"output.image": 1})


def _plainest(name: str) -> dict[str, str]:
    return {"picture-one": {"capability_bucket": "t2i", "resolution": "1K"}, "clip": {"resolution": "720p"}}.get(
        name, {}
    )


def test_cherry_studio_can_call_all_but_videos(client: Client, catalog: str) -> None:
    """Its new-api provider takes the first type it knows from the list of models, and throws if there is none."""
    known = {"openai", "openai-response", "anthropic", "gemini", "image-generation"}
    rows = client.get("/v1/models", headers={"authorization": f"Bearer {catalog}"}).json()["data"]
    types = {row["id"]: next(filter(known.__contains__, row["supported_endpoint_types"]), None) for row in rows}
    assert types.keys() == expected().keys()
    assert {name for name, endpoint in types.items() if endpoint is None} == {"clip"}
    assert {name for name, endpoint in types.items() if endpoint == "image-generation"} == {"picture", "picture-one"}


def synced(rows: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """new-api's ratio sync over rows: maps by kind of price; -1, 37.5 with 1, and unknown billing modes are skipped."""
    for row in rows:
        if row.get("billing_mode") == "tiered_expr" and row.get("billing_expr"):
            yield row["model_name"], {key: row[key] for key in ("billing_mode", "billing_expr")}
        elif row.get("quota_type") == 1:
            yield row["model_name"], {"quota_type": 1, "model_price": row["model_price"]}
        elif row.get("model_ratio") and (row["model_ratio"], row["completion_ratio"]) != (Decimal("37.5"), 1):
            yield row["model_name"], {key: row[key] for key in ("model_ratio", "completion_ratio")}


def test_a_gateway_that_syncs_from_us_charges_the_same(client: Client, prices: Any) -> None:
    synced_prices = dict(synced(prices["data"]))
    assert synced_prices.keys() == expected().keys() - {"auto", "unpriced", "yuan", "gift"}
    read = {
        name: all_api_hub(entry | ({} if "quota_type" in entry else {"quota_type": 0}))
        for name, entry in synced_prices.items()
    }
    assert read == {name: price for name, price in expected().items() if name in synced_prices}
    maps = read_json(client.get("/api/ratio_config").content)["data"]
    for name, entry in synced_prices.items():
        in_maps = {kind: of[name] for kind, of in maps.items() if isinstance(of, dict) and name in of}
        if in_maps:
            assert {key: in_maps[key] for key in entry if key != "quota_type"} == {
                key: value for key, value in entry.items() if key != "quota_type"
            }, name
        else:
            # Their price is of a second, or one of several: the maps have no place for that.
            assert name in {"clip", "picture-one"}


def test_our_own_reader_reads_the_same_lines(client: Client, catalog: str) -> None:
    rows = read_json(client.get("/api/pricing?unpriced=rows").content)["data"]
    for row in rows:
        prices = new_api_prices.prices_of(Row(row))
        assert (prices is None) == (row["pricing_status"] in ("unpriced", "dynamic") and row["model_name"] != "kept")
