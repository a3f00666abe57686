"""An export that is requested with a key has the key's models at the key's prices, and no cache gives it to others."""

import base64
import csv
import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from catalog.exact import read_json
from catalog.models import AIModel, ModelAlias
from catalog.prices import GROUP_RATE
from tests import world
from tests.pricing.export.test_addresses import ADDRESSES

pytestmark = pytest.mark.django_db

LATER = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)
NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)
# The models of a format with the price of a million input tokens; None where the format states none.
Read = Callable[[bytes], dict[str, Decimal | None]]


def read_litellm(content: bytes) -> dict[str, Decimal | None]:
    return {name: _millions(row["input_cost_per_token"]) for name, row in read_json(content).items()}


def read_openrouter(content: bytes) -> dict[str, Decimal | None]:
    prices = {row["id"]: Decimal(row["pricing"]["prompt"]) for row in read_json(content)["data"]}
    return {name: None if price < 0 else _millions(price) for name, price in prices.items()}


def read_models_dev(content: bytes) -> dict[str, Decimal | None]:
    models = read_json(content)["modelbook"]["models"]
    return {name: _exact(row["cost"]["input"]) if "cost" in row else None for name, row in models.items()}


def read_csv(content: bytes) -> dict[str, Decimal | None]:
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    prices = {row["model"]: Decimal(row["amount"]) for row in rows if row["meter"] == "input"}
    for row in rows:
        if row["amount"].startswith("x"):
            prices[row["model"]] *= Decimal(row["amount"][1:])
    return {row["model"]: prices.get(row["model"]) for row in rows}


def read_llms_txt(content: bytes) -> dict[str, Decimal | None]:
    lines = [line for line in content.decode().partition("## Models")[2].splitlines() if line]
    return {line[3:].partition("]")[0]: _dollars(line.partition("): ")[2]) for line in lines}


def _dollars(text: str) -> Decimal | None:
    return Decimal(text.partition("$")[2].partition(" in")[0]) if " in," in text else None


def _exact(number: Decimal | int) -> Decimal:
    return Decimal(number)


def _millions(number: Decimal | int) -> Decimal:
    return Decimal(number) * 1_000_000


FORMATS: list[tuple[str, str, Read]] = [
    ("/api/export/litellm.json", "a map", read_litellm),
    ("/api/export/openrouter/models", "a list", read_openrouter),
    ("/api/export/models_dev/api.json", "a list", read_models_dev),
    ("/api/export/prices.csv", "prices", read_csv),
    ("/llms.txt", "prices", read_llms_txt),
]
KEYS: dict[str, dict[str, Any]] = {
    "public": {"groups": ["default"]},
    "vip": {"groups": ["vip"]},
    "both": {"groups": ["default", "vip"]},
    "vip first": {"groups": ["default", "vip"], "first": "vip"},
    "none": {"groups": ["empty"]},
    "allow": {"groups": ["default", "vip"], "allow": ["gpt-*", "id:secret"]},
    "names": {"groups": ["vip"], "allow": ["gpt-a", "gone"]},
    "deny": {"groups": ["vip"], "deny": ["gpt-a", "mystery"]},
    "cheap": {"groups": ["vip"], "allow": ["price:input<=1"]},
    "cheap and denied": {"groups": ["vip"], "allow": ["price:input<=99", "gpt-a"], "deny": ["gpt-a", "unlisted"]},
}


@pytest.fixture
def keys() -> dict[str, str]:
    """Keys of different groups and patterns, to a catalog with prices by group."""
    vip = world.channel("backstage", group="vip")
    main = world.channel("main")
    world.token_group("vip").channels.add(main)
    world.rate(world.token_group("default"), "0.9")
    world.rate(world.token_group("vip"), "0.5")
    world.token_group("empty")
    world.price(world.model("gpt-a"), input="2.5", output="10")
    world.price(world.model("gpt-b"), input="1.5", output="8")
    own = world.price(world.model("claude"), input="3", output="15")
    for_vip = [{"dim": "group", "op": "eq", "value": "vip"}]
    world.line(own, "", "0.1", kind="multiplier", conditions=for_vip, facts={GROUP_RATE: True})
    world.price(world.model("secret", on=vip), input="7", output="9")
    world.price(world.model("unlisted-price", in_price_list=False), input="7", output="9")
    world.model("mystery")
    world.price(world.model("unlisted", listed=False), input="6", output="9")
    world.price(world.model("later", starts_at=LATER), input="6", output="9")
    aliases = {"a-latest": "gpt-a", "s-latest": "secret", "u-latest": "unlisted", "l-latest": "later"}
    aliases["a-quiet"] = "gpt-a"
    for alias, target in aliases.items():
        ModelAlias.objects.create(name=alias, model=AIModel.objects.get(name=target), listed="latest" in alias)
    return {name: key_for(**terms) for name, terms in KEYS.items()}


def key_for(groups: list[str], first: str = "", **patterns: Any) -> str:
    if first:
        patterns["first_group"] = world.token_group(first)
    return world.key(*groups, **patterns)


def get(client: Client, address: str, key: str = "", **headers: str) -> Any:
    return client.get(address, headers=({"authorization": f"Bearer {key}"} if key else {}) | headers)


def expected(client: Client, key: str, kind: str) -> dict[str, Decimal | None]:
    """The models of the key's price list with what its first group pays, as this kind of format has them."""
    listed = {row["id"] for row in get(client, "/v1/models", key).json()["data"]}
    prices = read_json(get(client, "/api/pricing?unpriced=rows&discount=folded", key).content)
    groups = read_json(get(client, "/api/token", key).content)["data"]["groups"]
    names = [group["name"] for group in groups]
    rates, of_models = prices["group_ratio"], prices.get("group_model_ratio", {})

    def price(row: Any) -> Decimal | None:
        group = next(name for name in names if name in row["enable_groups"])
        rate = of_models.get(group, {}).get(row["model_name"], rates[group])
        return Decimal(row["model_ratio"]) * 2 * rate if "model_ratio" in row else None

    by_name = {row["model_name"]: row for row in prices["data"]}
    own = {name: price(row) for name, row in by_name.items() if "alias_of" not in row}
    match kind:
        case "a list":
            return {name: price(row) for name, row in by_name.items() if name in listed}
        case "a map":
            every = ModelAlias.objects.filter(model__name__in=own).values_list("name", "model__name")
            named = own | {alias: own[name] for alias, name in every}
            return {name: amount for name, amount in named.items() if amount is not None}
    return own


def test_each_has_what_the_lists_of_the_same_key_have(client: Client, keys: dict[str, str]) -> None:
    for name, key in keys.items():
        for address, kind, read in FORMATS:
            assert read(get(client, address, key).content) == expected(client, key, kind), (address, name)


@pytest.mark.parametrize("address", ADDRESSES)
def test_caches_do_not_share_it(client: Client, keys: dict[str, str], address: str) -> None:
    public, own, other = (get(client, address, key) for key in ("", keys["vip"], keys["allow"]))

    assert public["cache-control"].startswith("public")
    assert own["cache-control"].startswith("private")
    for answer in (public, own):
        assert {"Authorization", "X-Api-Key", "X-Goog-Api-Key", "Api-Key"} <= set(answer["vary"].split(", "))
    assert len({answer["etag"] for answer in (public, own, other)}) == 3
    for key, etag in ((keys["vip"], public["etag"]), (keys["allow"], own["etag"]), ("", own["etag"])):
        assert get(client, address, key, **{"if-none-match": etag}).status_code == 200
    assert get(client, address, keys["vip"], **{"if-none-match": own["etag"]}).status_code == 304
    assert get(client, address).content == public.content
    assert b"secret" in own.content
    assert b"secret" not in public.content


@pytest.mark.parametrize("address", ["/api/export/litellm.json", "/llms.txt"])
def test_a_key_that_is_not_valid_is_treated_as_none(client: Client, keys: dict[str, str], address: str) -> None:
    answer = get(client, address, "sk-0123456789abcdefghij")

    assert (answer.status_code, answer.content) == (200, get(client, address).content)
    # A key that becomes valid gets its own models at once.
    assert answer["cache-control"].startswith("private")


@pytest.mark.parametrize("place", ["bearer", "x-api-key", "x-goog-api-key", "api-key", "query", "basic", "basic user"])
@pytest.mark.parametrize("address", ["/api/export/litellm.json", "/llms.txt"])
def test_the_key_is_accepted_in_every_place(client: Client, keys: dict[str, str], address: str, place: str) -> None:
    key = keys["vip"]
    headers = {
        "bearer": {"authorization": f"Bearer {key}"},
        "query": {},
        "basic": {"authorization": "Basic " + base64.b64encode(f"anybody:{key}".encode()).decode()},
        "basic user": {"authorization": "basic " + base64.b64encode(f"{key}:".encode()).decode()},
    }.get(place, {place: key})

    answer = client.get(f"{address}?key={key}" if place == "query" else address, headers=headers)

    assert answer.content == get(client, address, key).content
    assert b"secret" in answer.content


def test_a_complete_map_for_litellm_has_filler_rows_of_no_provider(client: Client, keys: dict[str, str]) -> None:
    own, whole = (
        read_json(get(client, f"/api/export/litellm.json{query}", keys["vip"]).content) for query in ("", "?complete=1")
    )

    fillers = {name: row for name, row in whole.items() if name not in own}
    assert len(whole) == 10_000
    assert {name: row for name, row in whole.items() if name in own} == own
    assert all(name.startswith("modelbook-filler-") for name in fillers)
    assert [*{str(row) for row in fillers.values()}] == ["{'litellm_provider': 'modelbook-filler'}"]


def test_only_1_completes_the_map(client: Client) -> None:
    assert client.get("/api/export/litellm.json?complete=yes").json()["error"]["param"] == "complete"
    assert client.get("/llms.txt?complete=yes").status_code == 200


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_export_contains_the_key(client: Client, keys: dict[str, str], address: str) -> None:
    assert keys["vip"].encode() not in client.get(f"{address}?key={keys['vip']}").content


def test_a_scheduled_price_applies_at_its_second(client: Client, keys: dict[str, str]) -> None:
    world.price(world.model("soon"), input="4", output="8")
    world.price(AIModel.objects.get(name="soon"), input="2", output="4", starts_at=NOW)

    def prices() -> list[Decimal | None]:
        return [read_litellm(get(client, FORMATS[0][0], key).content)["soon"] for key in ("", keys["vip"])]

    with time_machine.travel(NOW - dt.timedelta(seconds=1), tick=False):
        before = prices()
    with time_machine.travel(NOW, tick=False):
        assert prices() == [Decimal("1.8"), 1]
    assert before == [Decimal("3.6"), 2]


@pytest.mark.parametrize("key", ["", "vip"])
def test_a_model_is_in_every_format_from_the_second_at_which_it_starts(
    client: Client, keys: dict[str, str], key: str
) -> None:
    def formats_with_it() -> list[str]:
        contents = {address: read(get(client, address, keys.get(key, "")).content) for address, _, read in FORMATS}
        return [address for address, models in contents.items() if "later" in models]

    with time_machine.travel(LATER - dt.timedelta(seconds=1), tick=False):
        assert formats_with_it() == []
    with time_machine.travel(LATER, tick=False):
        assert formats_with_it() == [address for address, _, _ in FORMATS]


def test_a_key_that_is_disabled_gets_what_visitors_get(client: Client, keys: dict[str, str]) -> None:
    token, key = world.token("vip")
    assert b"secret" in get(client, "/llms.txt", key).content

    token.enabled = False
    token.save()

    assert get(client, "/llms.txt", key).content == get(client, "/llms.txt").content
