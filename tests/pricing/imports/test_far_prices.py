"""Prices that are far from other prices of the same model: in another role, or under another id."""

import json
from pathlib import Path
from typing import Any

import pytest

from pricing.models import CurrencyRate, PriceSheet
from tests.pricing.imports.running import Outcome, run, state

pytestmark = pytest.mark.django_db


def listed(tmp_path: Path, **prices: float) -> None:
    assert litellm(tmp_path, **prices).code == 0


def litellm(tmp_path: Path, *arguments: str, **prices: float) -> Outcome:
    rows = {
        name.replace("__", "/").replace("_", "-"): {
            "mode": "chat",
            "litellm_provider": "openai",
            "input_cost_per_token": price / 1_000_000,
            "output_cost_per_token": price * 4 / 1_000_000,
        }
        for name, price in prices.items()
    }
    return run("litellm", json.dumps(rows), tmp_path, "--apply", *arguments)


def sold(tmp_path: Path, price: Any, *arguments: str, role: str = "sell", currency: str = "USD") -> Outcome:
    text = f"model,meter,amount,per,unit,currency\ngpt-one,input,{price},1000000,token,{currency}\n"
    return run("csv", text, tmp_path, "--apply", "--as", role, *arguments)


@pytest.mark.parametrize("price", ["0.01", "26", "0"])
def test_a_first_sell_price_far_from_the_list_price_stops_the_import(tmp_path: Path, price: str) -> None:
    listed(tmp_path, gpt_one=2.5)
    before = state()
    outcome = sold(tmp_path, price)
    assert (outcome.code, state()) == (3, before)
    assert "gpt-one" in outcome.report["guards"][0]
    assert sold(tmp_path, price, "--accept-jumps", "gpt-one").code == 0
    assert PriceSheet.objects.filter(role="sell").count() == 1


@pytest.mark.parametrize("price", ["0.25", "25", "2.4"])
def test_a_first_sell_price_near_the_list_price_is_imported(tmp_path: Path, price: str) -> None:
    listed(tmp_path, gpt_one=2.5)
    assert sold(tmp_path, price).code == 0


def test_the_report_says_how_far_it_is(tmp_path: Path) -> None:
    listed(tmp_path, gpt_one=2.5)
    jumps = sold(tmp_path, "0.01").report["jumps"]
    assert jumps == {"gpt-one": {"Input": "250 times lower than the list price ($2.50 per million tokens)"}}


def test_a_first_list_price_is_compared_with_the_sell_price(tmp_path: Path) -> None:
    assert sold(tmp_path, "0.01").code == 0
    assert litellm(tmp_path, gpt_one=2.5).code == 3


@pytest.mark.parametrize("price", ["0.01", "2"])
def test_the_roles_of_a_whole_catalog_are_compared(tmp_path: Path, price: str) -> None:
    sheets = {
        role: f"{{currency: USD, lines: [{{meter: input, amount: '{amount}', per: 1000000, unit: token}}]}}"
        for role, amount in {"sell": price, "list": "2.5"}.items()
    }
    prices = "".join(f"    {role}: {sheet}\n" for role, sheet in sheets.items())
    vendors = "vendors:\n- slug: openai\n  name: OpenAI\n"
    models = f"models:\n- name: gpt-new\n  vendor: openai\n  prices:\n{prices}"
    outcome = run("yaml", f"format: modelbook/1\n{vendors}{models}", tmp_path, "--apply")
    assert outcome.code == (3 if price == "0.01" else 0)
    assert ("gpt-new" in outcome.report["jumps"]) == (price == "0.01")


def test_prices_in_two_currencies_are_compared_by_the_rate(tmp_path: Path) -> None:
    CurrencyRate.objects.create(currency="CNY", per_usd="7.2", as_of="2026-01-01", source="test")
    listed(tmp_path, gpt_one=2.5)
    assert sold(tmp_path, "1.5", currency="CNY").code == 3
    assert sold(tmp_path, "20", currency="CNY").code == 0


def test_a_first_cost_far_from_the_list_price_is_reported(tmp_path: Path) -> None:
    listed(tmp_path, gpt_one=2.5)
    outcome = sold(tmp_path, "0.1", role="cost")
    assert outcome.code == 0
    assert outcome.report["suspicious"] == {
        "gpt-one": ["Input: 25 times lower than the list price ($2.50 per million tokens)"]
    }


@pytest.mark.parametrize("name", ["azure__gpt_one", "openai__gpt_one", "gpt_one_20260801"])
def test_a_first_price_far_from_the_same_model_elsewhere_is_reported(tmp_path: Path, name: str) -> None:
    listed(tmp_path, gpt_one=2.5)
    outcome = litellm(tmp_path, gpt_one=2.5, **{name: 50})
    assert outcome.code == 0
    warnings = outcome.report["suspicious"][name.replace("__", "/").replace("_", "-")]
    assert warnings[0] == "Input ($50.00 per million tokens) is 20 times higher than gpt-one ($2.50)"


def test_a_price_near_one_of_several_is_not_reported(tmp_path: Path) -> None:
    outcome = litellm(tmp_path, gpt_one=2.5, azure__gpt_one=50, openai__gpt_one=20)
    assert outcome.report["suspicious"] == {}


def test_other_variants_are_not_the_same_model(tmp_path: Path) -> None:
    outcome = litellm(tmp_path, gpt_one=2.5, gpt_one_fast=50, gpt_one_mini=0.1)
    assert outcome.report["suspicious"] == {}


@pytest.mark.parametrize(
    ("unit", "price", "is_reported"),
    [("image", 20, True), ("image", 0.04, False), ("second", 50, True), ("page", 0.01, False), ("page", 3, True)],
)
def test_a_price_of_any_unit_that_nobody_charges_is_reported(
    tmp_path: Path, unit: str, price: float, is_reported: bool
) -> None:
    meter = {"image": "output.image", "second": "output.video", "page": "ocr"}[unit]
    text = f"model,meter,amount,per,unit,currency\nsome-model,{meter},{price},1,{unit},USD\n"
    outcome = run("csv", text, tmp_path, "--apply")
    assert bool(outcome.report["suspicious"]) is is_reported
