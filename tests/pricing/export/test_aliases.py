"""Aliases in exports and price lists: as rows of lists, and as names by which programs look for a price."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.exact import read_json
from catalog.models import ModelAlias
from catalog.prices import GROUP_RATE
from catalog.sources import SOURCES
from tests import world

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def models() -> None:
    listed = world.model("gpt-a", display_name="GPT A")
    unlisted = world.model("gpt-b", listed=False)
    hidden = world.model("gpt-c", in_price_list=False)
    for model in (listed, unlisted, hidden):
        world.price(model, input="2.5", output="10")
        letter = model.name[-1]
        ModelAlias.objects.create(name=f"{letter}-latest", model=model, listed=True)
        ModelAlias.objects.create(name=f"{letter}-quiet", model=model)
    own = world.price(world.model("claude"), input="3", output="15")
    for_default = [{"dim": "group", "op": "eq", "value": "default"}]
    world.line(own, "", "0.1", kind="multiplier", conditions=for_default, facts={GROUP_RATE: True})
    ModelAlias.objects.create(name="claude-latest", model=own.model, listed=True)
    mystery = world.model("mystery")
    ModelAlias.objects.create(name="mystery-latest", model=mystery, listed=True)


def read(client: Client, address: str) -> Any:
    return read_json(client.get(address).content)


def test_litellm_has_a_row_for_every_name_that_can_be_called(client: Client) -> None:
    rows = read(client, "/api/export/litellm.json")

    assert rows.keys() == {
        "gpt-a", "a-latest", "a-quiet", "gpt-b", "b-latest", "b-quiet", "claude", "claude-latest",
    }  # fmt: skip
    assert rows["a-quiet"] == rows["a-latest"] == rows["gpt-a"]
    assert rows["claude-latest"] == rows["claude"]


def test_lists_have_listed_models_and_listed_aliases(client: Client) -> None:
    names = ["a-latest", "b-latest", "claude", "claude-latest", "gpt-a", "mystery", "mystery-latest"]

    openrouter = {row["id"]: row for row in read(client, "/api/export/openrouter/models")["data"]}
    models_dev = read(client, "/api/export/models_dev/api.json")["modelbook"]["models"]

    assert [*openrouter] == [*models_dev] == names
    of_alias = openrouter["a-latest"]
    assert of_alias.pop("alias_target") == {"name": "GPT A", "slug": "gpt-a"}
    different = {"id": "a-latest", "links": {"details": "/models/a-latest"}}
    assert of_alias == openrouter["gpt-a"] | different
    assert "alias_target" not in openrouter["b-latest"]
    assert models_dev["a-latest"] == models_dev["gpt-a"] | {"id": "a-latest"}


@pytest.mark.parametrize("address", ["/api/export/prices.csv", "/llms.txt"])
def test_formats_with_one_entry_of_each_model_have_no_aliases(client: Client, address: str) -> None:
    text = client.get(address).content.decode()

    assert "gpt-b" in text
    assert "latest" not in text.replace("price list", "")
    assert "quiet" not in text


@pytest.mark.parametrize(
    ("address", "is_hidden"),
    [("/api/ratio_config", False), ("/api/prices", True), ("/api/newapi/models.json", True)],
)
def test_prices_of_gateways_have_listed_aliases(client: Client, address: str, is_hidden: bool) -> None:
    document = read(client, address)["data"]
    rows = document["model_ratio"] if isinstance(document, dict) else {
        row.pop("model", None) or row.pop("model_name"): row for row in document
    }  # fmt: skip

    assert rows.keys() >= {"gpt-a", "a-latest", "gpt-b", "b-latest", "claude-latest"}
    assert not [name for name in rows if "quiet" in name]
    assert ("c-latest" in rows, "gpt-c" in rows) == (not is_hidden, not is_hidden)
    assert rows["a-latest"] == rows["gpt-a"]


def test_the_price_list_joins_with_lists_of_models(client: Client) -> None:
    body = read(client, "/api/pricing")
    rows = {row["model_name"]: row for row in body["data"]}

    assert rows.keys() == {"gpt-a", "a-latest", "gpt-b", "b-latest", "claude", "claude-latest"}
    assert rows["a-latest"] == rows["gpt-a"] | {"model_name": "a-latest", "alias_of": "gpt-a"}
    assert body["group_model_ratio"] == {"default": {"claude": Decimal("0.1"), "claude-latest": Decimal("0.1")}}
    assert body["unpriced_models"] == [
        {"model_name": "mystery", "reason": "unpriced"},
        {"model_name": "mystery-latest", "alias_of": "mystery", "reason": "unpriced"},
    ]


def test_a_figure_of_an_alias_has_its_sources_too(client: Client) -> None:
    rows = {row["model_name"]: row for row in read(client, "/api/pricing?explain=1")["data"]}

    assert rows["a-latest"]["explain"] == rows["gpt-a"]["explain"] != []


@pytest.mark.parametrize("query", ["", "?unpriced=rows"])
def test_another_catalog_reads_them_as_aliases(client: Client, query: str) -> None:
    document = SOURCES["new_api"].read(client.get(f"/api/pricing{query}").content)

    assert {record.name for record in document.records} == {"gpt-a", "gpt-b", "claude", "mystery"}
    assert document.structure.aliases == {
        "a-latest": {"model": "gpt-a"}, "b-latest": {"model": "gpt-b"},
        "claude-latest": {"model": "claude"}, "mystery-latest": {"model": "mystery"},
    }  # fmt: skip


def test_another_catalog_reads_no_filler(client: Client) -> None:
    document = SOURCES["litellm"].read(client.get("/api/export/litellm.json?complete=1").content)

    assert {record.name for record in document.records} == {*read(client, "/api/export/litellm.json")}


def test_a_listed_alias_appears_at_once(client: Client) -> None:
    for address in ("/api/export/openrouter/models", "/api/pricing", "/api/ratio_config"):
        assert b'"a-quiet"' not in client.get(address).content

    ModelAlias.objects.filter(name="a-quiet").update(listed=True)

    for address in ("/api/export/openrouter/models", "/api/pricing", "/api/ratio_config"):
        assert b'"a-quiet"' in client.get(address).content
