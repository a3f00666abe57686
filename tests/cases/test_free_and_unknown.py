"""Paid is never free and unknown is never 0: in lists, on pages, in filters, in the API, in quotes and in exports."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from catalog.exact import read_json, write_json
from pricing.models import PriceSheet
from tests import world
from tests.cases.importing import import_case, quote, rows
from tests.pricing.imports.running import run
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db


def export(client: Client, name: str) -> Any:
    return read_json(client.get(f"/api/export/{name}").content)


def text(client: Client, name: str) -> str:
    return client.get(name).content.decode()


def is_free(client: Client, name: str) -> dict[str, bool]:
    """Surface -> whether it shows the model as free."""
    page = shop.get(client, "/")
    return {
        "card": shop.row(page, name).endswith("free"),
        "filter": name in shop.listed(shop.get(client, "/?price=0")),
        "status": rows()[name]["pricing_status"] == "free",
        "history": '"pricing_status":"free"' in client.get(f"/api/pricing/history/{name}").content.decode(),
        "llms.txt": f"models/{name}.md): Openai, $0 in, $0 out" in text(client, "/llms.txt"),
    }


def test_only_what_costs_nothing_is_free_everywhere(client: Client) -> None:
    import_case("litellm_fee_beside_free_tokens")

    names = ["amazon-like/rerank-1", "search-chat-1", "song-1", "free-1"]
    page = shop.get(client, "/?sort=price")
    assert [name for name in names if shop.row(page, name).endswith("free")] == ["free-1"]
    assert shop.listed(shop.get(client, "/?price=0")) == ["free-1"]
    assert shop.listed(page)[0] == "free-1"
    assert [name for name, row in rows().items() if row["pricing_status"] == "free"] == ["free-1"]
    openrouter = {row["id"]: row["pricing"] for row in export(client, "openrouter.json")["data"]}
    assert openrouter["free-1"] == {"prompt": "0", "completion": "0"}
    assert openrouter["search-chat-1"]["request"] == "0.005"
    for name in ("amazon-like/rerank-1", "song-1"):
        assert openrouter[name] == {"prompt": "-1", "completion": "-1"}
    models = export(client, "models_dev.json")["modelbook"]["models"]
    assert [name for name in names if "cost" in models[name]] == ["free-1"]
    lines = text(client, "/llms.txt").splitlines()
    assert [name for name in names for line in lines if f"[{name}]" in line and "$0 " in line] == ["free-1"]


@pytest.mark.parametrize(
    ("meter", "unit", "words"),
    [
        ("request", "request", "$0.005 per request"),
        ("request", "query", "$0.005 per query"),
        ("output.image", "image", "$0.005 per image"),
        ("ocr", "page", "$0.005 per page"),
        ("output.audio", "song", "$0.005 per song"),
    ],
)
def test_a_fee_beside_paid_tokens_is_shown(client: Client, meter: str, unit: str, words: str) -> None:
    sheet = world.price(world.model("paid"), input="1", output="2")
    world.line(sheet, meter, "0.005", per=1, unit=unit)

    assert shop.row(shop.get(client, "/"), "paid").endswith(f"$1.00 * $2.00 + {words}")
    page = shop.text_of(shop.get(client, "/models/paid"))
    assert f"+ {words}" in page
    assert page.count(words) >= 3, "in the headline, in the history and in the calculator"
    assert rows()["paid"]["fees"] == [{"meter": meter, "amount": 0.005, "per": 1, "unit": unit, "currency": "USD"}]
    assert words in text(client, "/llms.txt")


def test_a_tool_is_a_fee_that_only_some_requests_pay(client: Client) -> None:
    sheet = world.price(world.model("searcher"), input="1", output="2")
    world.line(sheet, "web_search", "0.01", per=1, unit="query")

    assert shop.row(shop.get(client, "/"), "searcher").endswith("$1.00 * $2.00")
    assert [fee["meter"] for fee in rows()["searcher"]["fees"]] == ["web_search"]


def test_a_fee_is_read_back_without_a_finding(client: Client, tmp_path: Path) -> None:
    sheet = world.price(world.model("paid"), input="1", output="2")
    world.line(sheet, "request", "0.005", per=1, unit="request")
    before = client.get("/api/pricing?unpriced=rows").content

    outcome = run("new_api", before, tmp_path)

    assert outcome.report["counts"]["unchanged_prices"] == 1
    assert not any("paid" in finding for finding in outcome.report["findings"])


@pytest.mark.parametrize("kind", ["discount", "factors", "group"])
def test_what_a_factor_makes_free_is_free_everywhere(client: Client, kind: str) -> None:
    sheet = world.price(world.model("gift"), input="1", output="2")
    meters = {"discount": [""], "factors": ["input", "output"], "group": []}[kind]
    for meter in meters:
        world.line(sheet, meter, "0", kind="multiplier", per=1, unit="")
    if kind == "group":
        condition = [{"dim": "group", "op": "eq", "value": "default"}]
        world.line(sheet, "", "0", kind="multiplier", per=1, unit="", conditions=condition)

    assert is_free(client, "gift") == dict.fromkeys(is_free(client, "gift"), True)
    assert quote("gift", {"input": 1000, "output": 1000})["amount"] == "0"


def test_a_factor_of_one_meter_leaves_the_other_paid(client: Client) -> None:
    sheet = world.price(world.model("half-gift"), input="1", output="2")
    world.line(sheet, "input", "0", kind="multiplier", per=1, unit="")

    assert not any(is_free(client, "half-gift").values())


def test_an_included_line_beside_amounts_is_paid_everywhere(client: Client) -> None:
    sheet = world.price(world.model("plan"), output="2")
    world.line(sheet, "input", None, kind="included", per=1, unit="")

    assert rows()["plan"]["pricing_status"] == "priced"
    assert shop.row(shop.get(client, "/"), "plan").endswith("\N{EN DASH} $2.00")
    assert "included in a plan" in shop.text_of(shop.get(client, "/models/plan"))
    assert not any(is_free(client, "plan").values())
    assert quote("plan", {"input": 1_000_000, "output": 1_000_000})["amount"] == "2"


def test_an_included_line_alone_is_included(client: Client) -> None:
    sheet = world.price(world.model("plan"), output="0")
    world.line(sheet, "input", None, kind="included", per=1, unit="")

    assert rows()["plan"]["pricing_status"] == "included"
    assert shop.row(shop.get(client, "/"), "plan").endswith("included in a plan")
    assert not any(is_free(client, "plan").values())


def test_an_output_price_that_a_source_does_not_state_is_unknown_everywhere(client: Client) -> None:
    import_case("openrouter_half_priced")
    name = "acme/half"

    assert quote(name, {"input": 1000, "output": 1000})["amount"] is None
    assert quote(name, {"input": 1_000_000})["amount"] == "1"
    row = rows()[name]
    assert "completion_ratio" not in row
    assert "billing_expr" not in row
    document = read_json(client.get("/api/pricing").content)
    assert name not in {listed["model_name"] for listed in document["data"]}
    assert {"model_name": name, "reason": "unknown_output"} in document["unpriced_models"]
    assert not any(name in by_model for by_model in client.get("/api/ratio_config").json()["data"].values())
    pricing = next(listed["pricing"] for listed in export(client, "openrouter.json")["data"] if listed["id"] == name)
    assert pricing == {"prompt": "0.000001", "completion": "-1"}
    assert "cost" not in export(client, "models_dev.json")["modelbook"]["models"][name]
    assert name not in export(client, "litellm.json")
    assert f"[{name}]" in text(client, "/llms.txt")
    assert "$1 in, unknown out; 1,000 tokens" in text(client, "/llms.txt")
    assert f"{name},Acme,output" not in text(client, "/api/export/prices.csv")
    assert shop.row(shop.get(client, "/"), name).endswith("$1.00 unknown")
    page = shop.text_of(shop.get(client, f"/models/{name}"))
    assert "Output unknown" in page
    assert "no price for this" in page
    assert "unknown" in shop.text_of(shop.get(client, f"/compare?m={name}&m=acme/gratis:free"))


def test_an_input_price_that_a_source_does_not_state_is_unknown_everywhere(client: Client) -> None:
    import_case("csv_price_kinds")
    name = "s-outputonly"

    assert quote(name, {"input": 1000, "output": 1000})["amount"] is None
    assert quote(name, {"output": 1_000_000})["amount"] == "10"
    assert not {"model_ratio", "billing_expr"} & rows()[name].keys()
    document = read_json(client.get("/api/pricing").content)
    assert name not in {listed["model_name"] for listed in document["data"]}
    assert {"model_name": name, "reason": "unknown_input"} in document["unpriced_models"]
    assert not any(name in by_model for by_model in client.get("/api/ratio_config").json()["data"].values())
    pricing = next(listed["pricing"] for listed in export(client, "openrouter.json")["data"] if listed["id"] == name)
    assert pricing == {"prompt": "-1", "completion": "0.00001"}
    assert "cost" not in export(client, "models_dev.json")["modelbook"]["models"][name]
    assert name not in export(client, "litellm.json")
    assert f"models/{name}.md): Acme, $10 out" in text(client, "/llms.txt")
    assert f"{name},Acme,input" not in text(client, "/api/export/prices.csv")
    assert shop.row(shop.get(client, "/"), name).endswith("unknown $10.00")
    page = shop.text_of(shop.get(client, f"/models/{name}"))
    assert "Input unknown" in page
    assert "no price for this" in page
    assert "unknown" in shop.text_of(shop.get(client, f"/compare?m={name}&m=s-free"))


@pytest.mark.parametrize(
    ("facts", "is_known"),
    [
        ({}, False),
        ({"supported_endpoint_types": ["openai"]}, False),
        ({"supported_endpoint_types": ["openai", "image-generation"]}, False),
        ({"output_modalities": ["text", "image"]}, False),
        ({"supported_endpoint_types": ["audio-speech"]}, True),
        ({"supported_endpoint_types": ["audio-transcription"]}, True),
        ({"supported_endpoint_types": ["image-generation"]}, True),
        ({"supported_endpoint_types": ["openai-video"]}, True),
        ({"output_modalities": ["audio"]}, True),
    ],
)
def test_only_models_whose_input_is_charged_have_an_unknown_input(
    client: Client, facts: dict[str, Any], *, is_known: bool
) -> None:
    world.price(world.model("model", **facts), output="10")

    listed = read_json(client.get("/api/pricing").content)["unpriced_models"]
    assert listed == [{"model_name": "model", "reason": "not_in_ratios" if is_known else "unknown_input"}]
    assert ("model" in client.get("/api/ratio_config").json()["data"]["billing_expr"]) is is_known


@pytest.mark.parametrize(
    ("lines", "is_known"),
    [
        ([("input", "0", "token", [])], True),
        ([("input.audio", "3", "token", [])], True),
        ([("input", "0.0001", "second", [])], True),
        ([("input", "2", "token", [{"dim": "prompt_tokens", "op": "lte", "value": 200_000}])], True),
        ([("input.cache_read", "0.1", "token", [])], False),
        ([("request", "0.01", "request", [])], False),
    ],
)
def test_an_input_price_of_any_medium_or_length_is_known(client: Client, lines: list[Any], *, is_known: bool) -> None:
    sheet = world.price(world.model("model"), output="1")
    for meter, amount, unit, conditions in lines:
        world.line(sheet, meter, amount, unit=unit, per=1_000_000 if unit == "token" else 1, conditions=conditions)

    listed = read_json(client.get("/api/pricing").content)["unpriced_models"]
    assert (listed == [{"model_name": "model", "reason": "unknown_input"}]) is not is_known


def test_pictures_alone_can_be_paid(client: Client) -> None:
    world.line(world.price(world.model("painter")), "output.image", "30")

    assert {entry["reason"] for entry in read_json(client.get("/api/pricing").content)["unpriced_models"]} <= {
        "not_in_ratios"
    }


@pytest.mark.parametrize("side", ["input", "output"])
def test_half_a_price_of_zero_is_not_free(client: Client, side: str) -> None:
    world.line(world.price(world.model("half-free")), side, "0")

    assert rows()["half-free"]["pricing_status"] == "unpriced"
    assert not any(is_free(client, "half-free").values())
    assert "cost" not in export(client, "models_dev.json")["modelbook"]["models"]["half-free"]


@pytest.mark.parametrize(
    "facts",
    [
        {"supported_endpoint_types": ["embeddings"]},
        {"supported_endpoint_types": ["jina-rerank"]},
        {"supported_endpoint_types": ["audio-transcription"]},
        {"output_modalities": ["embedding"]},
    ],
)
def test_models_whose_output_is_not_charged_have_a_complete_price(client: Client, facts: dict[str, Any]) -> None:
    world.price(world.model("embedder", **facts), input="0.13")

    listed = read_json(client.get("/api/pricing").content)["data"]
    assert [(row["model_name"], row["completion_ratio"]) for row in listed] == [("embedder", 0)]
    assert client.get("/api/ratio_config").json()["data"]["model_ratio"] == {"embedder": 0.065}
    models = export(client, "models_dev.json")["modelbook"]["models"]
    cost = models["embedder"]["cost"]
    assert (float(cost["input"]), cost["output"]) == (0.13, 0)


@pytest.mark.parametrize(
    ("lines", "is_known"),
    [
        ([("output", "0", [])], True),
        ([("output.image", "30", [])], True),
        ([("output", "2", [{"dim": "prompt_tokens", "op": "lte", "value": 200_000}])], True),
        ([("output", "2", [{"dim": "service_tier", "op": "eq", "value": "batch"}])], False),
        ([("input.cache_read", "0.1", [])], False),
    ],
)
def test_an_output_price_of_any_medium_or_length_is_known(lines: list[Any], *, is_known: bool) -> None:
    sheet = world.price(world.model("model"), input="1")
    for meter, amount, conditions in lines:
        world.line(sheet, meter, amount, conditions=conditions)

    listed = read_json(Client().get("/api/pricing").content)["unpriced_models"]
    assert ({"model_name": "model", "reason": "unknown_output"} in listed) is not is_known


def test_an_unset_price_of_a_gateway_is_not_a_price_until_it_is_confirmed() -> None:
    outcome = import_case("new_api_placeholder_with_completion")

    assert "o3-mini-medium: model_ratio 37.5 with completion_ratio 4 may be the placeholder" in outcome.findings()
    assert not PriceSheet.objects.exists()
    assert rows()["o3-mini-medium"]["pricing_status"] == "unpriced"

    confirmed = import_case("new_api_placeholder_with_completion", "--accept-placeholders", "o3-*")

    assert "it was accepted as the price" in confirmed.findings()
    assert rows()["o3-mini-medium"]["model_ratio"] == 37.5
    assert quote("o3-mini-medium", {"input": 1_000_000, "output": 1_000_000})["amount"] == "375"


@pytest.mark.parametrize(
    ("name", "completion", "is_price"),
    [
        ("o1-pro", 4, False),
        ("claude-opus-4-9", 5, False),
        ("gpt-5.6-terra", 6, False),
        ("gpt-5.6-terra", 8, False),
        ("gpt-image-2", 2, False),
        ("gpt-4.5-preview", 2, False),
        ("gemini-2.5-flash-x", 8.333333333333334, False),
        ("acme-x", 1, False),
        ("gpt-x", 1, False),
        ("acme-x", 4, True),
        ("o3-mini", 5, True),
    ],
)
def test_the_placeholder_has_any_ratio_that_the_program_has_for_the_name(
    tmp_path: Path, name: str, completion: float, *, is_price: bool
) -> None:
    row = {"model_name": name, "quota_type": 0, "model_ratio": 37.5, "completion_ratio": completion}
    world.channel("c")

    run("new_api", write_json({"success": True, "data": [row]}), tmp_path, "--apply", "--publish", "--channel", "c")

    assert PriceSheet.objects.exists() is is_price


@pytest.mark.parametrize(
    ("meter", "fields"),
    [
        ("output.image", {}),
        ("output.audio", {}),
        ("output.image", {"per": 1, "unit": "image"}),
        ("output", {"per": 1, "unit": "second"}),
        ("output", {"conditions": shop.ABOVE_200K}),
        ("output", {"conditions": shop.BATCH}),
        ("output.reasoning", {}),
        ("web_search", {"kind": "included", "per": 1, "unit": ""}),
    ],
)
def test_output_tokens_without_a_price_beside_other_prices_are_not_0(
    client: Client, meter: str, fields: dict[str, Any]
) -> None:
    sheet = world.price(world.model("part"), input="5")
    world.line(sheet, meter, None if "kind" in fields else "40", **fields)

    assert quote("part", {"output": {"quantity": 1000, "unit": "token"}})["amount"] is None
    assert "completion_ratio" not in rows()["part"]
    listed = read_json(client.get("/api/pricing").content)
    assert not listed["data"]
    assert [entry["reason"] in ("unknown_output", "not_in_ratios") for entry in listed["unpriced_models"]] == [True]
    maps = client.get("/api/ratio_config").json()["data"]
    assert not any("part" in by_model for by_model in maps.values())
    assert "billing_expr" not in rows()["part"]
    (row,) = export(client, "openrouter.json")["data"]
    assert (row["pricing"]["prompt"], row["pricing"]["completion"]) == ("0.000005", "-1")
    assert "cost" not in export(client, "models_dev.json")["modelbook"]["models"]["part"]


def test_output_without_a_price_is_free_where_no_output_is_charged(client: Client) -> None:
    world.price(world.model("vectors", supported_endpoint_types=["embeddings"]), input="5")

    assert rows()["vectors"]["completion_ratio"] == 0
    assert len(client.get("/api/pricing").json()["data"]) == 1
    assert export(client, "models_dev.json")["modelbook"]["models"]["vectors"]["cost"] == {"input": 5, "output": 0}


@pytest.mark.parametrize("has_search", [True, False])
def test_prices_of_0_that_are_not_the_whole_price_are_shown_nowhere(client: Client, *, has_search: bool) -> None:
    sheet = world.price(world.model("partly"), input="0")
    if has_search:
        world.line(sheet, "output", "0")
        world.line(sheet, "web_search", None, kind="included", per=1, unit="")

    assert rows()["partly"]["pricing_status"] == ("included" if has_search else "unpriced")
    assert "Openai, see the price list" in text(client, "/llms.txt")
    (row,) = export(client, "openrouter.json")["data"]
    assert row["pricing"] == {"prompt": "-1", "completion": "-1"}
    assert "cost" not in export(client, "models_dev.json")["modelbook"]["models"]["partly"]
    assert "partly" not in export(client, "litellm.json")


def test_an_included_search_says_nothing_about_tokens(client: Client) -> None:
    sheet = world.price(world.model("seeker"), input="1")
    world.line(sheet, "web_search", None, kind="included", per=1, unit="")

    assert quote("seeker", {"input": 1_000_000, "web_search": 5})["amount"] == "1"
    assert quote("seeker", {"output": 1_000_000})["amount"] is None


def test_a_fee_for_a_thousand_requests_is_the_price_of_a_call(client: Client) -> None:
    sheet = world.price(world.model("caller"), input="0", output="0")
    world.line(sheet, "request", "5", per=1000, unit="request")

    (row,) = client.get("/api/pricing").json()["data"]
    assert (row["quota_type"], row["model_price"]) == (1, 0.005)
    assert "billing_expr" not in row
    assert client.get("/api/ratio_config").json()["data"]["model_price"] == {"caller": 0.005}


@pytest.mark.parametrize("value", [[{"quality": "hd", "amount": 1}], "see the website"])
def test_a_fact_named_like_a_table_of_rules_breaks_no_list(client: Client, tmp_path: Path, value: Any) -> None:
    world.channel("c")
    prices = {"input_cost_per_token": "0.000001", "output_cost_per_token": "0.000002"}
    row = {"litellm_provider": "openai", "mode": "chat", **prices, "image_pricing": value}
    run("litellm", write_json({"m": row}), tmp_path, "--channel", "c", "--publish", "--apply")

    (listed,) = client.get("/api/pricing").json()["data"]
    assert (listed["model_ratio"], listed["completion_ratio"]) == (0.5, 2)
    assert shop.row(shop.get(client, "/"), "m").endswith("$1.00 $2.00")
    # Imports of earlier versions stored such a fact beside the prices.
    PriceSheet.objects.update(facts={"image_pricing": value})
    assert client.get("/api/pricing").status_code == 200


@pytest.mark.parametrize("meter", ["output.reasoning", "output.citation"])
def test_a_price_of_a_part_of_the_output_leaves_the_output_unknown(client: Client, meter: str) -> None:
    sheet = world.price(world.model("thinker"), input="1")
    world.line(sheet, meter, "4")

    assert client.get("/api/pricing").json()["unpriced_models"] == [
        {"model_name": "thinker", "reason": "unknown_output"}
    ]
    assert not any("thinker" in by_model for by_model in client.get("/api/ratio_config").json()["data"].values())
    assert shop.row(shop.get(client, "/"), "thinker").endswith("$1.00 unknown")


def test_an_expression_without_output_is_not_sent_where_output_is_paid_by_image(client: Client) -> None:
    sheet = world.price(world.model("painter"), input="1")
    world.line(sheet, "input", "2", conditions=shop.ABOVE_200K)
    world.line(sheet, "output.image", "0.04", per=1, unit="image")

    assert "billing_expr" not in rows()["painter"]
    assert not any("painter" in by_model for by_model in client.get("/api/ratio_config").json()["data"].values())


@pytest.mark.parametrize(
    ("meter", "fields"), [("input.audio", {}), ("web_search", {"per": 1, "unit": "query"}), ("input.image", {})]
)
def test_prompts_without_a_price_beside_audio_or_searches_are_unknown(
    client: Client, meter: str, fields: dict[str, Any]
) -> None:
    sheet = world.price(world.model("listener"))
    world.line(sheet, meter, "3", **fields)

    (row,) = export(client, "openrouter.json")["data"]
    assert (row["pricing"]["prompt"], row["pricing"]["completion"]) == ("-1", "-1")
    assert quote("listener", {"input": 1000, "output": 1000, meter: 1})["amount"] is None


def test_one_price_of_long_one_hour_writes_in_quotes_and_in_openrouters_list(client: Client) -> None:
    long, hour = shop.ABOVE_200K, [{"dim": "cache_ttl", "op": "eq", "value": "1h"}]
    for name, order in (("length-last", (hour, long)), ("lifetime-last", (long, hour))):
        sheet = world.price(world.model(name), input="3", output="15", input__cache_write="3.75")
        for conditions in order:
            world.line(sheet, "input.cache_write", "7.5" if conditions is long else "6", conditions=conditions)

    amounts = {row["id"]: row["pricing"] for row in export(client, "openrouter.json")["data"]}
    for name, amount in (("length-last", "2.25"), ("lifetime-last", "1.8")):
        assert quote(name, {"input.cache_write[1h]": 300_000})["amount"] == amount
        (override,) = amounts[name]["overrides"]
        assert float(override["input_cache_write_1h"]) * 300_000 == pytest.approx(float(amount))


@pytest.mark.parametrize(
    ("meter", "unit"), [("input.text", "message"), ("input.audio", "hour"), ("input", "second"), ("input", "character")]
)
def test_input_that_is_not_paid_by_tokens_is_not_free_in_an_expression(client: Client, meter: str, unit: str) -> None:
    sheet = world.price(world.model("hearing"), output="2")
    world.line(sheet, meter, "0.18", per=1, unit=unit)

    assert "billing_expr" not in rows()["hearing"]
    assert not any("hearing" in by_model for by_model in client.get("/api/ratio_config").json()["data"].values())


def test_a_page_shows_the_output_that_is_paid_by_the_second(client: Client) -> None:
    sheet = world.price(world.model("speaker"), input="0.6")
    world.line(sheet, "output", "0.00025", per=1, unit="second")

    page = shop.text_of(shop.get(client, "/models/speaker"))
    assert "Output $0.00025 per second" in page.partition("What would it cost?")[0]


def test_the_calculator_asks_once_for_output_that_only_long_prompts_have_a_price_for(client: Client) -> None:
    sheet = world.price(world.model("longer"), input="1")
    world.line(sheet, "output", "5", conditions=shop.ABOVE_200K)

    page = shop.get(client, "/models/longer")
    assert page.count('name="u.output"') == 1
    assert "no price for this" in shop.text_of(page)
