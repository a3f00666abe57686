"""The known readers of /api/pricing reject no row of a rich catalog and read no wrong price."""

import datetime as dt
import math
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from pricing.models import DiscountRule, PriceSheet
from tests import world

pytestmark = pytest.mark.django_db
# Model -> dollars per million in and out, before any discount, as a reader of ratios must come to them.
# Model -> dollars for one of what its billing mode says.
HEADLINES = {
    "call": ("call", 0.04),
    "video": ("per_second", 0.1),
    "listener": ("per_second", 0.0001),
    "speaker": ("per_character", 15),
    "scanner": ("per_page", 0.001),
    "finder": ("per_query", 0.005),
    "free-in": ("per_query", 0.01),
}
RATIOS = {"plain": (2.5, 10.0), "cached": (3.0, 15.0), "embedder": (0.13, 0.0), "tiered": (1.25, 10.0)}
# Models with one figure that is not a ratio.
ONLY = (
    ("listener", "input.audio", "0.0001", 1, "second"),
    ("speaker", "input", "0.000015", 1, "character"),
    ("scanner", "ocr", "1", 1000, "page"),
    ("finder", "web_search", "5", 1000, "query"),
)


@pytest.fixture
def prices(client: Client) -> Any:
    """The price list of a catalog with every kind of price, as a reader's JSON parser returns it."""
    world.price(world.model("plain"), role="list", input="2.5", output="10")
    world.price(world.model("cached"), input="3", output="15", input__cache_read="0.3", input__cache_write="3.75")
    world.price(world.model("embedder", supported_endpoint_types=["embeddings"]), input="0.13")
    tiered = world.price(world.model("tiered"), input="1.25", output="10")
    world.line(tiered, "input", "2.5", conditions=[{"dim": "prompt_tokens", "op": "gt", "value": 200_000}])
    world.price(world.model("writer"), input="0", output="5")
    world.price(world.model("yuan"), currency="CNY", input="8", output="16")
    world.price(world.model("gift"), input="0", output="0")
    call = PriceSheet.objects.create(model=world.model("call"), starts_at=world.LONG_AGO)
    world.line(call, "request", "0.04", per=1, unit="request")
    video = PriceSheet.objects.create(model=world.model("video"), starts_at=world.LONG_AGO)
    for resolution, amount in (("720p", "0.1"), ("4k", "0.4")):
        at_that = [{"dim": "resolution", "op": "eq", "value": resolution}]
        world.line(video, "output.video", amount, per=1, unit="second", conditions=at_that)
    for name, meter, amount, per, unit in ONLY:
        world.line(world.price(world.model(name)), meter, amount, per=per, unit=unit)
    world.line(world.price(world.model("free-in"), input="0", output="0"), "web_search", "0.01", per=1, unit="query")
    graduated = world.price(world.model("graduated"), input="75", output="75")
    PriceSheet.objects.filter(pk=graduated.pk).update(facts={"tier_mode": "graduated"})
    world.line(world.price(world.model("auto")), "input", None, kind="dynamic", unit="")
    world.model("unpriced")
    DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.65"), starts_at=world.LONG_AGO)
    answer = client.get("/api/pricing")
    assert (answer.status_code, answer["content-type"]) == (200, "application/json")
    return answer.json()


def test_all_api_hub_accepts_the_whole_list(prices: Any) -> None:
    assert prices["success"] is True
    assert isinstance(prices["data"], list)
    assert all(isinstance(ratio, int | float) for ratio in prices["group_ratio"].values())
    assert all(isinstance(label, str) for label in prices["usable_group"].values())
    assert all(isinstance(vendor["id"], int) and vendor["name"] for vendor in prices["vendors"])
    for key in ("id", "name"):
        assert len({vendor[key] for vendor in prices["vendors"]}) == len(prices["vendors"])
    for row in prices["data"]:
        assert row.get("billing_mode") != "tiered_expr" or row["billing_expr"]
        assert row["model_name"]
        assert set(row["enable_groups"]) <= prices["usable_group"].keys()


def test_a_reader_of_ratios_reads_the_price_or_none(prices: Any) -> None:
    """LobeChat: model_price for calls, else model_ratio * 2 and completion_ratio times that; falsy means no price."""
    seen = {}
    for row in prices["data"]:
        if row.get("quota_type") == 0 and row.get("model_ratio"):
            price = row["model_ratio"] * 2
            seen[row["model_name"]] = (price, price * row.get("completion_ratio", 1))
        elif row.get("model_price"):
            seen[row["model_name"]] = row["model_price"]
    assert seen == {**RATIOS, **{name: price for name, (_, price) in HEADLINES.items()}}


def test_a_reader_in_go_never_reads_a_paid_model_as_free(prices: Any) -> None:
    """A missing value of a float64 field is 0. An expression has priority over numbers, as in new-api."""
    free = []
    for row in prices["data"]:
        quota_type, model_ratio, model_price = (
            row.get(name, 0) for name in ("quota_type", "model_ratio", "model_price")
        )
        is_told = row.get("billing_mode", "") == "tiered_expr" and row.get("billing_expr", "") != ""
        if not is_told and not (model_price if quota_type == 1 else model_ratio):
            free.append((row["model_name"], row["pricing_status"]))
    assert free == [("gift", "free")]
    assert prices["unpriced_models"] == [
        {"model_name": "auto", "reason": "dynamic"},
        {"model_name": "graduated", "reason": "not_in_ratios"},
        {"model_name": "unpriced", "reason": "unpriced"},
        {"model_name": "writer", "reason": "not_in_ratios"},
        {"model_name": "yuan", "reason": "no_currency_rate"},
    ]


def test_a_headline_states_what_it_pays_for(prices: Any) -> None:
    headlines = {
        row["model_name"]: (row.get("billing_mode", "call"), row["model_price"])
        for row in prices["data"]
        if row.get("quota_type") == 1
    }
    assert headlines == HEADLINES
    units = {row["model_name"]: row["display_unit"] for row in prices["data"] if "display_unit" in row}
    assert units["speaker"] == "/1M characters"
    assert units["scanner"] == "/page"


def test_only_free_models_are_read_as_free(prices: Any) -> None:
    free = [
        row["model_name"]
        for row in prices["data"]
        if row.get("billing_mode") != "tiered_expr" and row.get("model_ratio") == 0 == row.get("model_price")
    ]
    assert free == ["gift"]


def test_cherry_studio_finds_an_endpoint_type_it_knows(prices: Any) -> None:
    known = {"openai", "openai-response", "anthropic", "gemini", "image-generation", "embeddings"}
    for row in prices["data"]:
        assert known & set(row["supported_endpoint_types"]), row["model_name"]
        assert isinstance(row["public_endpoint_types"], list)
        assert set(row["supported_endpoint_types"]) <= prices["supported_endpoint"].keys()


def test_new_api_syncs_from_the_list_and_from_the_maps(prices: Any, client: Client) -> None:
    """Its ratio sync prefers expressions to numbers, ignores 37.5 with 1, and needs finite numbers from 0 on."""
    synced: dict[str, dict[str, Any]] = {}
    for row in prices["data"]:
        if row.get("billing_mode") == "tiered_expr":
            assert row["billing_expr"].strip()
            synced[row["model_name"]] = {"billing_expr": row["billing_expr"]}
            continue
        numbers = [row.get(name, 0) for name in ("model_ratio", "completion_ratio", "model_price", "cache_ratio")]
        assert all(math.isfinite(number) and number >= 0 for number in numbers)
        assert (row.get("model_ratio"), row.get("completion_ratio")) != (37.5, 1)
        synced[row["model_name"]] = {"model_price": row.get("model_price"), "model_ratio": row.get("model_ratio")}
    maps = client.get("/api/ratio_config").json()
    assert maps["success"] is True
    data = maps["data"]
    by_expression = {name for name, entry in synced.items() if "billing_expr" in entry}
    # Readers of the maps know expressions; the free input of this one has no ratio.
    assert data["billing_expr"].keys() == {*by_expression, "writer"}
    assert data["model_ratio"].keys() == {"plain", "cached", "embedder", "gift"}
    assert not HEADLINES.keys() - {"call"} & {name for entries in data.values() for name in entries}
    # Buyers pay the discounted price, and the maps have no field for a discount.
    assert data["model_ratio"]["plain"] == 0.8125
    assert data["model_price"] == {"call": 0.04}
    assert not {"unpriced", "auto", "yuan", "video"} & {name for entries in data.values() for name in entries}


def test_a_collector_accepts_it_as_complete(prices: Any) -> None:
    assert not {"total", "has_more", "next_cursor"} & prices.keys()
    names = [row["model_name"] for row in prices["data"]]
    assert len(names) == len(set(names)) == 12
    group = next(iter(prices["group_ratio"]))
    for row in prices["data"]:
        if "model_ratio" in row:
            assert row["model_ratio"] * row["discount"] * prices["group_ratio"][group] >= 0
            assert group in row["enable_groups"]


def test_a_list_of_another_day_has_the_same_shape(prices: Any, client: Client) -> None:
    later = client.get(f"/api/pricing?as_of={dt.date(2030, 1, 1)}").json()
    assert [row.keys() for row in later["data"]] == [row.keys() for row in prices["data"]]
