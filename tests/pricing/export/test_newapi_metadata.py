"""The models and vendors for new-api's sites: what its decoder reads, and what our own reader makes of it again."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from catalog.exact import read_json
from catalog.models import AIModel, EndpointType, Vendor
from pricing.models import DiscountRule, PriceSheet
from tests import world
from tests.pricing.imports.running import run

pytestmark = pytest.mark.django_db

MODELS, VENDORS = "/api/newapi/models.json", "/api/newapi/vendors.json"
# Field of the program's structs -> the type of JSON that its decoder accepts; any other type fails the whole document.
GO_MODEL = {
    **dict.fromkeys(("model_name", "description", "icon", "tags", "vendor_name", "release_date"), str),
    **dict.fromkeys(("knowledge_cutoff", "parameter_count", "input_modalities", "output_modalities"), str),
    **dict.fromkeys(("name_rule", "status", "context_length", "max_output_tokens"), int),
}
GO_VENDOR = {"name": str, "description": str, "icon": str, "status": int}


@pytest.fixture
def catalog() -> None:
    """Models with everything that the form can state, and models with as little as possible."""
    maker = Vendor.objects.create(slug="acme-labs", name="Acme", icon="Acme.Color", description="Makes models.")
    EndpointType.objects.create(name="acme-chat", path="/acme/{model}", method="POST")
    world.price(
        world.model(
            "gpt-of-acme", vendor=maker, description="Writes “well”.", icon="Acme", tags=["Tools", "128K"],
            context_length=128_000, max_input_tokens=100_000, max_output_tokens=8192,
            input_modalities=["text", "image"], output_modalities=["text"], released_on=dt.date(2026, 1, 31),
            knowledge_cutoff="2025-06",
            supported_endpoint_types=["acme-chat", "openai"],
        ),
        input="3", output="15", input__cache_read="0.3", input__cache_write="3.75",
    )  # fmt: skip
    world.price(world.model("gift"), input="0", output="0")
    world.price(world.model("embedder", supported_endpoint_types=["embeddings"]), input="0.13")
    sheet = world.price(world.model("tiered"), input="1.25", output="10")
    world.line(sheet, "input", "2.5", conditions=[{"dim": "prompt_tokens", "op": "gt", "value": 200_000}])
    world.line(world.price(world.model("caller")), "request", "0.04", per=1, unit="request")
    factors = world.price(world.model("writer"), input="1", output="2")
    PriceSheet.objects.filter(pk=factors.pk).update(facts={"use_factors": {"input.cache_write": "1.25"}})
    world.model("claude-of-nobody", vendor=Vendor.objects.get(slug="other"), supported_endpoint_types=[])


def rows(client: Client, **headers: str) -> dict[str, Any]:
    return {row["model_name"]: row for row in read_json(client.get(MODELS, headers=headers).content)["data"]}


def test_a_row_describes_a_model(client: Client, catalog: None) -> None:
    row = json.loads(client.get(MODELS).content)["data"][4]

    assert row == {
        "model_name": "gpt-of-acme",
        "vendor_name": "Acme",
        "description": "Writes “well”.",
        "icon": "Acme",
        "tags": "Tools,128K",
        "endpoints": {
            "acme-chat": {"path": "/acme/{model}", "method": "POST"},
            "openai": {"path": "/v1/chat/completions", "method": "POST"},
        },
        "name_rule": 0,
        "status": 1,
        "context_length": 128_000,
        "max_input_tokens": 100_000,
        "max_output_tokens": 8192,
        "input_modalities": "text,image",
        "output_modalities": "text",
        "knowledge_cutoff": "2025-06",
        "release_date": "2026-01-31",
        "price_per_m_input": 3,
        "price_per_m_output": 15,
        "price_per_m_cache_read": 0.3,
        "price_per_m_cache_write": 3.75,
        "ratio_model": 1.5,
        "ratio_completion": 5,
        "ratio_cache": 0.1,
        "ratio_create_cache": 1.25,
    }


def test_the_decoder_of_the_program_accepts_every_value(client: Client, catalog: None) -> None:
    for address, types in ((MODELS, GO_MODEL), (VENDORS, GO_VENDOR)):
        body = json.loads(client.get(address).content)
        assert (body["success"], body["message"]) == (True, "")
        for row in body["data"]:
            # A key that is present overwrites the field of the site, so nothing unknown has one.
            assert all(type(row[key]) is types[key] for key in row.keys() & types.keys()), row
            assert None not in [row[key] for key in row if key != "endpoints"]


def test_only_prices_that_the_keys_state_completely_are_there(client: Client, catalog: None) -> None:
    DiscountRule.objects.create(all_models=True, multiplier="0.5", starts_at=world.LONG_AGO)
    prices = {
        name: {key: row[key] for key in row if key.startswith("price")}
        for name, row in rows(client).items()
        if name != "gpt-of-acme"
    }

    assert prices == {
        "gift": {"price_per_m_input": 0, "price_per_m_output": 0},
        "embedder": {"price_per_m_input": read_json(b"0.13")},
        "tiered": {},
        "caller": {},
        "writer": {},
        "claude-of-nobody": {},
    }


def test_a_site_creates_the_vendors_with_icon_and_description(client: Client, catalog: None) -> None:
    assert read_json(client.get(VENDORS).content)["data"] == [
        {"name": "Acme", "description": "Makes models.", "icon": "Acme.Color", "status": 1},
        {"name": "Openai", "description": "", "icon": "", "status": 1},
    ]
    assert rows(client)["claude-of-nobody"]["vendor_name"] == ""


def test_our_reader_gets_the_same_catalog(client: Client, catalog: None, tmp_path: Path) -> None:
    documents = [client.get(address).content for address in (MODELS, VENDORS)]
    AIModel.objects.all().delete()
    Vendor.objects.exclude(slug=Vendor.OTHER).delete()
    EndpointType.objects.filter(name="acme-chat").delete()

    outcome = run("llm_metadata", documents[0], tmp_path, "--publish", "--apply", "--channel", "c")

    assert outcome.code == 0, outcome.err
    assert [client.get(address).content for address in (MODELS, VENDORS)] == documents


def test_a_key_gets_the_models_of_its_groups(client: Client) -> None:
    world.model("public")
    world.model("inner", on=world.channel("backstage", group="vip"))
    world.model("hidden", in_price_list=False)
    world.model("draft", status="draft")

    assert rows(client).keys() == {"public"}
    assert rows(client, authorization=f"Bearer {world.key('vip')}").keys() == {"inner"}


@pytest.mark.parametrize("name", ["models", "vendors"])
def test_every_language_is_served_and_a_site_that_has_it_gets_a_304(client: Client, catalog: None, name: str) -> None:
    answer = client.get(f"/api/newapi/{name}.json")

    for locale in ("en", "ja", "zh-cn", "zh-TW"):
        assert client.get(f"/api/i18n/{locale}/newapi/{name}.json").content == answer.content
    assert answer["access-control-allow-origin"] == "*"
    assert client.get(f"/api/newapi/{name}.json/").content == answer.content
    again = client.get(f"/api/newapi/{name}.json", headers={"if-none-match": answer["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    world.model("new", vendor=Vendor.objects.create(slug="new", name="New"))
    assert client.get(f"/api/newapi/{name}.json", headers={"if-none-match": answer["etag"]}).status_code == 200
