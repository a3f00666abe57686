"""Only money in a known unit is a price: factors, other units of account and unknown figures of a source are not."""

import io
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from catalog.exact import read_json, write_json
from pricing.imports.exit_codes import Exit
from pricing.models import PriceLine, PriceSheet
from tests import world
from tests.cases.importing import import_case, quote, rows
from tests.pricing.imports.running import run

pytestmark = pytest.mark.django_db

EXPORTS = ("models_dev", "openrouter", "new_api", "ratio_config", "csv", "llms_txt")


def export(name: str) -> str:
    call_command("export_catalog", name, stdout=(output := io.StringIO()))
    return output.getvalue()


def readable(*models: str) -> dict[str, str]:
    """Address or export -> all that a customer reads about these models, but LiteLLM's map, which has its own words."""
    addresses = ["/", "/api/pricing", "/api/pricing?as_of=2100-01-01", "/api/pricing/changes"]
    for model in models:
        addresses += [reverse("model-page", args=[model]), reverse("price_history", args=[model])]
    answers = {address: Client().get(address, headers={"accept": "text/html"}) for address in addresses}
    assert {answer.status_code for answer in answers.values()} == {200}
    texts = {address: answer.content.decode() for address, answer in answers.items()}
    return texts | {name: export(name) for name in EXPORTS}


def amounts_in(text: str) -> set[Decimal]:
    """All numbers of a text with a decimal point, also those that are stated for a million units."""
    numbers = {Decimal(number) for number in re.findall(r"(?<![\w.])\d+\.\d+(?![\w.]*\d)", text)}
    return numbers | {number / 1_000_000 for number in numbers}


def facts_of(model: str) -> dict[str, Any]:
    return dict(PriceSheet.objects.get(model__name=model).facts)


def test_unknown_figures_of_litellm_are_never_in_dollars() -> None:
    import_case("litellm_unknown_keys")

    voice = rows()["v-voice"]
    assert (voice["model_price"], voice["billing_mode"], voice["display_unit"]) == (0.001, "per_second", "/second")
    assert quote("v-voice", {"input": {"quantity": 60, "unit": "second"}})["amount"] == "0.06"
    assert rows()["v-chat"]["model_ratio"] == 0.5
    for place, text in readable("v-voice", "v-chat").items():
        assert not amounts_in(text) & {Decimal("1.1"), Decimal("1.25")}, place
    assert not PriceLine.objects.exclude(meter__in=["input", "output"]).exists()


def test_unknown_figures_of_litellm_are_facts_reported_once_for_each_key() -> None:
    report = import_case("litellm_unknown_keys").report

    aside = "; it is stored as a fact and sets no price"
    assert {finding["finding"]: finding["models"] for finding in report["findings"]} == {
        f"cost_per_second differs from input_cost_per_second, which is the price{aside}": ["v-voice"],
        f"fedramp_uplift_multiplier is not a known price{aside}": ["v-voice"],
        f"eu_sovereign_multiplier is not a known price{aside}": ["v-chat"],
    }
    assert report["unmapped"] == {"fedramp_uplift_multiplier": 1, "eu_sovereign_multiplier": 1}
    assert facts_of("v-chat") == {"unused_figures": {"litellm.eu_sovereign_multiplier": Decimal("1.25")}}
    # LiteLLM charges cost_per_second first, so its map must not state another price than the quote.
    assert read_json(export("litellm").encode())["v-voice"] | {"mode": ""} == {
        "mode": "",
        "input_cost_per_second": Decimal("0.001"),
        "fedramp_uplift_multiplier": Decimal("1.1"),
        "supported_endpoints": ["/v1/audio/transcriptions"],
        "supported_modalities": ["audio"],
        "supported_output_modalities": ["text"],
    }


def test_no_figure_in_dbu_is_in_dollars() -> None:
    report = import_case("litellm_dbu").report

    dbu = {Decimal("0.000042857"), Decimal("0.000214286")}
    for place, text in readable("dbx-chat-1").items():
        assert not amounts_in(text) & (dbu | {figure * 1_000_000 for figure in dbu}), place
    assert rows()["dbx-chat-1"]["model_ratio"] == 1.499995
    assert quote("dbx-chat-1", {"input": 1_000_000, "output": 1_000_000})["amount"] == "17.99999"
    assert set(facts_of("dbx-chat-1")["unused_figures"].values()) == dbu
    assert len([finding for finding in report["findings"] if "is in DBU" in finding["finding"]]) == 2
    # LiteLLM's own map states them under their own names, as its source does.
    assert read_json(export("litellm").encode())["dbx-chat-1"]["input_dbu_cost_per_token"] == Decimal("0.000042857")


CSV_IN_UNITS_OF_ACCOUNT = b"""model,meter,amount,per,unit
acct-a,input,3.25,1000000,DBU
acct-a,output,4.75,1,credit
acct-b,input,2,1000000,token
acct-b,output,8,1000000,token
acct-b,web_search,5.75,1,credit
acct-c,input,0,1000000,token
acct-c,output,0,1000000,token
acct-c,request,6.25,1,DBU
"""
YAML_IN_UNITS_OF_ACCOUNT = b"""format: modelbook/1
models:
  - name: acct-a
    prices:
      list:
        currency: USD
        lines:
          - {meter: input, amount: 3.25, per: 1000000, unit: DBU}
          - {meter: output, amount: 4.75, unit: credit}
  - name: acct-b
    prices:
      list:
        currency: USD
        lines:
          - {meter: input, amount: 2, per: 1000000, unit: token}
          - {meter: output, amount: 8, per: 1000000, unit: token}
          - {meter: web_search, amount: 5.75, unit: credit}
  - name: acct-c
    prices:
      list:
        currency: USD
        lines:
          - {meter: input, amount: 0, per: 1000000, unit: token}
          - {meter: output, amount: 0, per: 1000000, unit: token}
          - {meter: request, amount: 6.25, unit: DBU}
"""


def own_list() -> bytes:
    def line(meter: str, amount: str, per: int, unit: str) -> dict[str, Any]:
        return {"meter": meter, "amount": Decimal(amount), "per": per, "unit": unit, "currency": "USD"}

    def tokens(amount_in: str, amount_out: str) -> list[dict[str, Any]]:
        return [line("input", amount_in, 1_000_000, "token"), line("output", amount_out, 1_000_000, "token")]

    models = {
        "acct-a": [line("input", "3.25", 1_000_000, "DBU"), line("output", "4.75", 1, "credit")],
        "acct-b": [*tokens("2", "8"), line("web_search", "5.75", 1, "credit")],
        "acct-c": [*tokens("0", "0"), line("request", "6.25", 1, "DBU")],
    }
    rows = [
        {"model_name": name, "pricing_status": "priced", "enable_groups": ["default"], "prices": lines}
        for name, lines in models.items()
    ]
    return write_json({"success": True, "data": rows})


@pytest.mark.parametrize(
    ("reader", "document"),
    [("csv", CSV_IN_UNITS_OF_ACCOUNT), ("yaml", YAML_IN_UNITS_OF_ACCOUNT), ("new_api", own_list())],
    ids=["csv", "yaml", "new_api"],
)
def test_amounts_per_unit_of_account_are_facts(reader: str, document: bytes, tmp_path: Path) -> None:
    world.channel("c")
    outcome = run(reader, document, tmp_path, "--channel", "c", "--publish", "--apply")

    assert outcome.code == Exit.DONE, outcome.err
    assert not PriceLine.objects.filter(unit__in=["DBU", "credit"]).exists()
    statuses = {name: row["pricing_status"] for name, row in rows().items()}
    assert statuses == {"acct-a": "unpriced", "acct-b": "priced", "acct-c": "unpriced"}
    named = {(model, finding["finding"]) for finding in outcome.report["findings"] for model in finding["models"]}
    for model, meter, unit in (("acct-a", "input", "DBU"), ("acct-b", "web_search", "credit")):
        aside = "is counted in {}, which is not money; the line is stored as a fact and sets no price"
        assert (model, f"{meter}: {aside.format(unit)}") in named
    assert_no_unit_of_account()


def assert_no_unit_of_account() -> None:
    for place, text in readable("acct-a", "acct-b", "acct-c").items():
        assert not re.search(r"DBU|(per|/) ?credit", text), place
        assert not amounts_in(text) & {Decimal("3.25"), Decimal("4.75"), Decimal("5.75"), Decimal("6.25")}, place


def test_stored_amounts_per_unit_of_account_are_shown_nowhere() -> None:
    sheets = {
        ("3.25", "DBU"): world.price(world.model("acct-a")),
        ("5.75", "credit"): world.price(world.model("acct-b"), input="2", output="8"),
        ("6.25", "DBU"): world.price(world.model("acct-c"), input="0", output="0"),
    }
    for (amount, unit), sheet in sheets.items():
        world.line(sheet, "web_search", amount, unit=unit, per=1)

    assert_no_unit_of_account()
    statuses = {name: row["pricing_status"] for name, row in rows().items()}
    assert statuses == {"acct-a": "unpriced", "acct-b": "priced", "acct-c": "unpriced"}
    assert quote("acct-b", {"web_search": {"quantity": 1, "unit": "credit"}})["amount"] is None


def test_a_form_refuses_units_of_account() -> None:
    for unit in ("DBU", "credit"):
        with pytest.raises(ValidationError, match=f"{unit} is not money"):
            PriceLine(meter="input", amount=Decimal(1), unit=unit).clean()
    PriceLine(meter="ocr", amount=Decimal(1), unit="credit").clean()


def test_bare_numbers_of_a_host_are_not_the_price_of_a_call() -> None:
    outcome = import_case("openai_models_units")

    priced = {name: row for name, row in rows().items() if row["pricing_status"] == "priced"}
    assert priced.keys() == {"edge-str-token"}
    assert (priced["edge-str-token"]["model_ratio"], priced["edge-str-token"]["completion_ratio"]) == (1.6332, 5)
    assert quote("edge-str-token", {"input": 1_000_000})["amount"] == "3.2664"
    assert quote("edge-num", {"request": 1})["amount"] is None
    assert PriceSheet.objects.count() == 1
    found = {model for finding in outcome.report["findings"] for model in finding["models"]}
    assert found == {"edge-num", "edge-str-million", "edge-io-num-token"}


def store_as_earlier_versions_did(model: str) -> None:
    """The lines that version 0.1.0 stored for the figures that are facts now."""
    sheet = PriceSheet.objects.get(model__name=model)
    figures = [
        ("x.litellm.fedramp_uplift_multiplier", "1.1", "", {}),
        ("x.litellm.input_dbu_cost_per_token", "0.000042857", "token", {"currency": "DBU"}),
    ]
    PriceLine.objects.bulk_create(
        PriceLine(sheet=sheet, position=10 + place, meter=meter, amount=Decimal(amount), unit=unit, facts=facts)
        for place, (meter, amount, unit, facts) in enumerate(figures)
    )
    PriceSheet.objects.filter(pk=sheet.pk).update(facts={})


def test_figures_of_earlier_imports_are_hidden_until_the_next_import_ends_them() -> None:
    import_case("litellm_dbu")
    before = readable("dbx-chat-1")
    store_as_earlier_versions_did("dbx-chat-1")

    assert readable("dbx-chat-1") == before
    assert quote("dbx-chat-1", {"x.litellm.fedramp_uplift_multiplier": 1})["amount"] is None
    changed = import_case("litellm_dbu").report["prices"]["changed"]["dbx-chat-1"]
    assert set(map(tuple, changed.values())) == {("1.1, not a price", None), ("0.000042857, not a price", None)}
    assert PriceLine.objects.filter(meter__startswith="x.").count() == 2
    assert PriceSheet.objects.count() == 2
    assert readable("dbx-chat-1")["/api/pricing"] == before["/api/pricing"]
    assert import_case("litellm_dbu").report["prices"]["changed"] == {}


def test_zeros_beside_a_figure_of_an_earlier_import_are_not_free() -> None:
    import_case("litellm_fee_beside_free_tokens")
    assert rows()["free-1"]["pricing_status"] == "free"
    store_as_earlier_versions_did("free-1")

    assert rows()["free-1"]["pricing_status"] == "unpriced"
