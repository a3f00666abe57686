"""Numbers that no price has, and products of numbers that are too large, fail their row: no traceback and no 500."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from pricing.models import CurrencyRate, DiscountRule, GroupRate, PriceSheet
from tests import admin_world, world
from tests.cases.importing import import_case, quote, rows
from tests.pricing.imports.running import run
from tokens.models import TokenGroup

pytestmark = pytest.mark.django_db
ADDRESSES = ("/", "/models/m", "/api/pricing", "/api/pricing/changes", "/api/pricing/history/m")
HEADER = "model,meter,amount,per,unit\nm,input,1,1000000,token\nok,input,1,1000000,token\n"


def test_a_ratio_that_is_too_large_is_reported() -> None:
    findings = import_case("new_api_product_too_large").findings()
    assert "m: its ratios multiply to a price that is too large; the price in this row was not imported" in findings


def test_an_expression_with_a_number_that_is_too_large_is_reported_and_the_other_row_imported() -> None:
    findings = import_case("new_api_expression_too_large").findings()
    sentence = "its expression multiplies to a price that is too large; it is stored unchanged and sets no price"
    assert f"m-expr: {sentence}" in findings
    row = rows()["m-expr"]
    assert row["pricing_status"] == "dynamic"
    assert row["billing_expr"].count("*1" + "0" * 58) == 3
    assert not {"model_ratio", "model_price", "completion_ratio"} & row.keys()
    assert rows()["m-ok"]["model_ratio"] == 1


def assert_pages_answer() -> None:
    for address in ADDRESSES:
        assert Client().get(address, headers={"accept": "text/html,*/*"}).status_code == 200, address


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("m,,x1e59,1,\n", "the factor of all prices is not between 0.000001 and 1000000"),
        ("m,output,x1e-59,1,\n", "the factor of output is not between 0.000001 and 1000000"),
        ("m,,x1000000,1,\n" * 2, "its factors multiply to a number that is too large or too small for a price"),
        ("m,,x0.00001,1,\n" * 12, "its factors multiply to a number that is too large or too small for a price"),
        ("m,output,1e-50,1000000,token\n", "output is less than $0.000000000000001 per unit"),
        ("m,output,1e59,1000000,token\n", "output is more than $10000 per million tokens"),
        ("m,image,1e30,1,image\n", "image is more than $10000 per unit"),
    ],
)
def test_a_number_that_no_price_has_fails_its_row(tmp_path: Path, lines: str, problem: str) -> None:
    if "m,image" in lines:
        lines = lines.replace("m,image", "m,output.image")
        problem = problem.replace("image is", "output.image is")
    world.channel("main")
    outcome = run("csv", HEADER + lines, tmp_path, "--apply", "--publish", "--channel", "main")
    assert (outcome.code, f"m: {problem}; the price in this row was not imported" in outcome.findings()) == (0, True)
    assert set(PriceSheet.objects.values_list("model__name", flat=True)) == {"ok"}
    assert_pages_answer()


@pytest.mark.parametrize("amount", ["1e-15", "0"])
def test_the_smallest_prices_are_shown_and_charged(tmp_path: Path, amount: str) -> None:
    world.channel("main")
    lines = f"model,meter,amount,per,unit\nm,input,{amount},1,token\nm,output,{amount},1,token\nm,,x0.000001,1,\n"
    assert run("csv", lines, tmp_path, "--apply", "--publish", "--channel", "main").code == 0
    assert_pages_answer()
    assert quote("m", {"input": 10**15})["amount"]


def test_the_form_of_a_sheet_refuses_them(admin_client: Client) -> None:
    page = "/admin/pricing/pricesheet/add/"
    model = world.model()

    def add(**lines: str) -> str:
        fields = admin_world.filled_in(admin_client, page, model=model.pk, **lines)
        return admin_client.post(page, fields).content.decode()

    factor = {"lines-0-kind": "multiplier", "lines-0-meter": "", "lines-0-unit": "", "lines-0-per": "1"}
    assert "The factor of all prices is not between" in add(**factor, **{"lines-0-amount": "1e59"})
    assert "at least 0.000000000000001 for one unit" in add(**{"lines-0-meter": "input", "lines-0-amount": "1e-50"})
    assert "This is not a valid number" in add(**{"lines-0-meter": "input", "lines-0-amount": "1e400"})
    assert not PriceSheet.objects.exists()


@pytest.mark.parametrize("number", [Decimal("1e59"), Decimal("1e-59")])
def test_rates_and_discounts_are_limited(number: Decimal) -> None:
    now = timezone.now()
    multiplier = "The multiplier must be more than 0 and at most 1000" if number > 1 else "The number must"
    made: list[tuple[Any, str]] = [
        (GroupRate(group=TokenGroup.objects.create(slug="vip"), ratio=number, starts_at=now), "The number must"),
        (DiscountRule(all_models=True, multiplier=number, starts_at=now), multiplier),
        (CurrencyRate(currency="CNY", per_usd=number, as_of=now.date(), source="test"), "The number must"),
    ]
    for row, message in made:
        with pytest.raises(ValidationError, match=message):
            row.full_clean()


def test_a_group_rate_of_a_gateway_that_is_too_large_is_left_out(tmp_path: Path) -> None:
    row = {"model_name": "m", "quota_type": 0, "model_ratio": 1, "completion_ratio": 1, "enable_groups": ["default"]}
    document = {"data": [row], "group_ratio": {"default": 10**50}}
    outcome = run("new_api", json.dumps(document), tmp_path, "--apply")
    assert (outcome.code, "The number must not be more than 1000000" in outcome.findings()) == (0, True)
    assert not GroupRate.objects.filter(group__slug="default").exclude(ratio="1").exists()
