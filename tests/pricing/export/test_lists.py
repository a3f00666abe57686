"""OpenRouter's list, models.dev's api.json and llms.txt, each as its readers need it."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalog.exact import read_json
from pricing.models import CurrencyRate, DiscountRule
from tests import world

pytestmark = pytest.mark.django_db

OVER = [{"dim": "prompt_tokens", "op": "gt", "value": 200_000}]
FROM = [{"dim": "prompt_tokens", "op": "gte", "value": 272_000}]


def openrouter(client: Client) -> dict[str, Any]:
    return {row["id"]: row for row in read_json(client.get("/api/export/openrouter.json").content)["data"]}


def models_dev(client: Client) -> dict[str, Any]:
    models: dict[str, Any] = read_json(client.get("/api/export/models_dev.json").content)["modelbook"]["models"]
    return models


def llms_txt(client: Client) -> str:
    return client.get("/llms.txt").content.decode()


def tiered(name: str = "gemini-pro", conditions: Any = OVER) -> None:
    sheet = world.price(world.model(name), input="1.25", output="10", input__cache_read="0.125")
    world.line(sheet, "input", "2.5", conditions=conditions)
    world.line(sheet, "output", "15", conditions=conditions)


def test_openrouter_prices_are_strings_per_token(client: Client) -> None:
    world.price(
        world.model("kimi", context_length=262_144, input_modalities=["text", "pdf"]), input="0.6", output="2.5"
    )

    row = openrouter(client)["kimi"]

    assert row["pricing"] == {"prompt": "0.0000006", "completion": "0.0000025"}
    assert row["context_length"] == 262_144
    assert row["architecture"]["input_modalities"] == ["text", "file"]


@pytest.mark.parametrize(("conditions", "least"), [(OVER, 200_001), (FROM, 272_000)])
def test_openrouter_tiers_have_their_shortest_prompt(client: Client, conditions: Any, least: int) -> None:
    tiered(conditions=conditions)

    assert openrouter(client)["gemini-pro"]["pricing"]["overrides"] == [
        {"min_prompt_tokens": least, "prompt": "0.0000025", "completion": "0.000015"}
    ]


def test_a_price_that_is_not_fixed_is_minus_one_or_absent(client: Client) -> None:
    sheet = world.price(world.model("auto"))
    world.line(sheet, "input", None, kind="dynamic")
    world.model("mystery")

    rows = openrouter(client)
    assert rows["auto"]["pricing"] == {"prompt": "-1", "completion": "-1"}
    assert rows["mystery"]["pricing"] == {"prompt": "-1", "completion": "-1"}
    assert "cost" not in models_dev(client)["auto"]
    assert "cost" not in models_dev(client)["mystery"]
    assert "- [auto](http://testserver/models/auto.md): Openai, decided per request" in llms_txt(client)
    assert "- [mystery](http://testserver/models/mystery.md): Openai, see the price list" in llms_txt(client)


def test_models_dev_costs_are_per_million_tokens_with_tiers(client: Client) -> None:
    tiered()

    assert models_dev(client)["gemini-pro"]["cost"] == {
        "input": Decimal("1.25"),
        "output": 10,
        "cache_read": Decimal("0.125"),
        "tiers": [{"input": Decimal("2.5"), "output": 15, "tier": {"type": "context", "size": 200_000}}],
        "context_over_200k": {"input": Decimal("2.5"), "output": 15},
    }


def test_models_dev_has_reasoning_levels_if_they_are_known(client: Client) -> None:
    world.model("thinker", reasoning_levels=["none", "high"])
    world.model("other", capabilities=["reasoning"])

    assert models_dev(client)["thinker"]["reasoning_options"] == [{"type": "effort", "values": ["none", "high"]}]
    assert "reasoning_options" not in models_dev(client)["other"]


def test_models_dev_has_the_address_of_the_gateway(client: Client) -> None:
    world.model("gpt-4o", released_on=dt.date(2024, 5, 13), capabilities=["tools"], input_modalities=["text", "image"])

    provider = read_json(client.get("/api/export/models_dev.json").content)["modelbook"]

    assert provider["api"] == "http://testserver/v1"
    row = provider["models"]["gpt-4o"]
    assert (row["tool_call"], row["attachment"], row["reasoning"]) == (True, True, False)
    assert (row["release_date"], row["limit"]) == ("2024-05-13", {"context": 0, "output": 0})


def test_models_dev_has_the_knowledge_cutoff_and_open_weights(client: Client) -> None:
    world.model("open", knowledge_cutoff="2025-06", open_weights=True)
    world.model("unknown")

    models = models_dev(client)

    assert (models["open"]["knowledge"], models["open"]["open_weights"]) == ("2025-06", True)
    assert ("knowledge" in models["unknown"], models["unknown"]["open_weights"]) == (False, False)


def test_prices_are_what_a_visitor_pays(client: Client) -> None:
    world.price(world.model("gpt-4o"), role="list", input="10", output="20")
    DiscountRule.objects.create(all_models=True, multiplier=Decimal("0.5"), starts_at=world.LONG_AGO)
    world.rate(world.token_group(), "0.9")

    assert openrouter(client)["gpt-4o"]["pricing"]["prompt"] == "0.0000045"
    assert models_dev(client)["gpt-4o"]["cost"]["output"] == 9
    assert ": Openai, $4.5 in, $9 out" in llms_txt(client)


def test_another_currency_is_never_dollars(client: Client) -> None:
    world.price(world.model("doubao"), currency="CNY", input="10", output="20")

    assert openrouter(client)["doubao"]["pricing"] == {"prompt": "-1", "completion": "-1"}
    assert "cost" not in models_dev(client)["doubao"]
    assert "$" not in next(line for line in llms_txt(client).splitlines() if line.startswith("- [doubao]"))


def test_a_price_that_is_not_per_token_has_its_unit(client: Client) -> None:
    sheet = world.price(world.model("painter"))
    world.line(sheet, "output.image", "0.04", per=1, unit="image")

    assert ": Openai, $0.04 per image" in llms_txt(client)
    assert "cost" not in models_dev(client)["painter"]


def test_input_or_output_without_a_price_is_zero(client: Client) -> None:
    world.price(world.model("embedder", output_modalities=["embedding"]), input="0.13")
    world.line(world.price(world.model("caller")), "request", "0.04", per=1, unit="request")

    assert models_dev(client)["embedder"]["cost"] == {"input": Decimal("0.13"), "output": 0}
    rows = openrouter(client)
    assert rows["embedder"]["pricing"] == {"prompt": "0.00000013", "completion": "0"}
    assert rows["embedder"]["architecture"]["output_modalities"] == ["embeddings"]
    assert rows["caller"]["pricing"] == {"prompt": "0", "completion": "0", "request": "0.04"}


def test_default_parameters_of_openrouter_are_readable_numbers(client: Client) -> None:
    """A whole number has no fraction, which readers in Go reject, and a value that is not valid is unknown."""
    stored = {"top_k": Decimal("64.0"), "top_p": Decimal("1.50"), "temperature": Decimal("0.70")}
    world.model("m", default_parameters=stored)

    body = client.get("/api/export/openrouter.json").content

    assert b'"default_parameters":{"temperature":0.7,"top_p":null,"top_k":64}' in body


def test_openrouter_has_a_separate_price_for_one_hour_cache_writes(client: Client) -> None:
    sheet = world.price(world.model("claude"), input="5", output="25", input__cache_write="6.25")
    hour = [{"dim": "cache_ttl", "op": "eq", "value": "1h"}]
    world.line(sheet, "input.cache_write", "10", conditions=hour)

    pricing = openrouter(client)["claude"]["pricing"]
    assert (pricing["input_cache_write"], pricing["input_cache_write_1h"]) == ("0.00000625", "0.00001")


def test_programs_find_the_lists_at_the_paths_that_they_append(client: Client) -> None:
    for file, asked_as in (("openrouter.json", "openrouter/models"), ("models_dev.json", "models_dev/api.json")):
        world.model(f"for-{file}")
        assert client.get(f"/api/export/{asked_as}").content == client.get(f"/api/export/{file}").content
        assert client.get(f"/api/export/{asked_as}/").status_code == 200


def test_a_price_per_query_is_never_shown_as_free_tokens(client: Client) -> None:
    sheet = world.price(world.model("ranker"), input="0", output="0")
    world.line(sheet, "rerank", "2", per=1000, unit="document")
    world.price(world.model("gift"), input="0", output="0")

    assert openrouter(client)["ranker"]["pricing"] == {"prompt": "-1", "completion": "-1"}
    assert "cost" not in models_dev(client)["ranker"]
    assert ": Openai, $2.00 per 1,000 document" in llms_txt(client)
    assert openrouter(client)["gift"]["pricing"] == {"prompt": "0", "completion": "0"}
    assert models_dev(client)["gift"]["cost"] == {"input": 0, "output": 0}
    assert ": Openai, $0 in, $0 out" in llms_txt(client)


def test_llms_txt_shows_prices_as_pages_do(client: Client) -> None:
    reader = world.price(world.model("reader"), input="0")
    world.line(reader, "output.reasoning", "0.5")
    speaker = world.price(world.model("speaker"))
    world.line(speaker, "input", "0.000015", per=1, unit="character")
    gift = world.price(world.model("gift"))
    world.line(gift, "request", "0", per=1, unit="request")

    text = llms_txt(client)

    assert "/models/reader.md): Openai, $0.50 per million tokens" in text
    assert "/models/speaker.md): Openai, $15.00 per million characters" in text
    assert "/models/gift.md): Openai, free" in text


def test_llms_txt_shows_prices_in_their_own_currency(client: Client) -> None:
    CurrencyRate.objects.create(currency="EUR", per_usd=Decimal("0.9"), as_of=dt.date(2026, 1, 1))
    world.price(world.model("mistral"), currency="EUR", input="3")

    assert "/models/mistral.md): Openai, €3.00 in, unknown out\n" in llms_txt(client)


def test_lists_and_pages_show_prices_with_factors_of_single_meters(client: Client) -> None:
    sheet = world.price(world.model("uplifted"), input="2", output="4")
    world.line(sheet, "output", "1.5", kind="multiplier", unit="")

    assert models_dev(client)["uplifted"]["cost"] == {"input": 2, "output": 6}
    assert openrouter(client)["uplifted"]["pricing"] == {"prompt": "0.000002", "completion": "0.000006"}
    assert "$2 in, $6 out" in llms_txt(client)
    page = client.get("/models/uplifted", headers={"Accept": "text/html"}).content.decode()
    assert "$6.00" in page
    assert "$4.00" not in page


def test_openrouters_list_has_pages_for_sdks_that_request_them(client: Client) -> None:
    for number in range(5):
        world.model(f"gpt-{number}")
    address = "/api/export/openrouter/models"

    first, last, after = (
        read_json(client.get(f"{address}?{query}").content)
        for query in ("offset=0&limit=3", "offset=3&limit=3", "offset=5&limit=3")
    )

    assert [[row["id"] for row in page["data"]] for page in (first, last, after)] == [
        ["gpt-0", "gpt-1", "gpt-2"], ["gpt-3", "gpt-4"], [],
    ]  # fmt: skip
    assert {page["total_count"] for page in (first, last, after)} == {5}
    assert first["links"]["next"] == f"http://testserver{address}?offset=3&limit=3"
    assert last["links"]["next"] is None
    assert client.get(f"{address}?offset=2").json()["data"][0]["id"] == "gpt-2"


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "offset=-1", "offset=1.5", f"limit={'9' * 10}"])
def test_a_page_needs_whole_numbers(client: Client, query: str) -> None:
    answer = client.get(f"/api/export/openrouter/models?{query}")

    assert (answer.status_code, answer.json()["error"]["param"]) == (400, query.partition("=")[0])
