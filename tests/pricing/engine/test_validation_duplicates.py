"""Two prices for one meter, unit and set of conditions are refused or reported, however the conditions are written."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.prices import Line, conditions_key
from pricing.curation.health_checks import RULES, run_checks
from pricing.engine.validation import amount_error, duplicate_faults, sheet_error
from pricing.models import PriceSheet
from tests import admin_world, world
from tests.pricing.imports.running import run

ADD = "/admin/pricing/pricesheet/add/"


def condition(dim: str, op: str, value: Any) -> dict[str, Any]:
    return {"dim": dim, "op": op, "value": value}


LONG = condition("prompt_tokens", "gt", 200000)
BATCH = condition("service_tier", "eq", "batch")
HOURS: dict[str, Any] = {"windows": [{"hours": ["22:00-06:00", "12:00-13:00"], "weekdays": [2, 1]}]}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ([LONG, BATCH], [BATCH, LONG]),
        ([LONG], [LONG, LONG]),
        ([LONG], [condition("prompt_tokens", "gt", Decimal("200000.0"))]),
        ([LONG], [condition("prompt_tokens", "gte", 200001)]),
        ([condition("prompt_tokens", "lt", 5)], [condition("prompt_tokens", "lte", Decimal(4))]),
        ([BATCH], [condition("service_tier", "eq", "Batch")]),
        ([BATCH], [condition("service_tier", "in", ["batch"])]),
        ([condition("service_tier", "in", ["flex", "batch"])], [condition("service_tier", "in", ["batch", "flex"])]),
        ([condition("service_tier", "eq", "default")], [condition("service_tier", "eq", "standard")]),
        (
            [condition("time", "in", HOURS)],
            [
                condition(
                    "time",
                    "eq",
                    {"tz": "UTC", "windows": [{"weekdays": [1, 2], "hours": ["12:00-13:00", "22:00-06:00"]}]},
                )
            ],
        ),
    ],
)
def test_conditions_that_mean_the_same_have_one_key(first: list[Any], second: list[Any]) -> None:
    assert conditions_key(first) == conditions_key(second)


@pytest.mark.parametrize(
    "other",
    [
        [],
        [BATCH],
        [condition("prompt_tokens", "gte", 200000)],
        [condition("prompt_tokens", "lt", 200000)],
        [condition("n", "gt", 200000)],
        ["not a condition"],
    ],
)
def test_other_conditions_have_another_key(other: list[Any]) -> None:
    assert conditions_key([LONG]) != conditions_key(other)


def test_true_is_not_1() -> None:
    assert conditions_key([condition("has_audio", "eq", True)]) != conditions_key([condition("has_audio", "eq", 1)])


def line(meter: str = "input", unit: str = "token", kind: str = "absolute", *conditions: Any) -> Line:
    return Line(meter, Decimal(1), 1, unit, kind, conditions)


@pytest.mark.parametrize(
    "lines",
    [
        [line(), line(unit="image")],
        [line(), line("output")],
        [line(), line("input", "token", "absolute", LONG)],
        [line(kind="multiplier"), line(kind="multiplier")],
        [line(kind="minimum"), line()],
    ],
)
def test_different_prices_are_no_duplicates(lines: list[Line]) -> None:
    assert list(duplicate_faults(lines)) == []


@pytest.mark.django_db
def test_the_form_of_a_sheet_refuses_them(admin_client: Client) -> None:
    model = world.model()
    texts = (
        '[{"dim": "prompt_tokens", "op": "gt", "value": 200000}]',
        '[{"dim":"prompt_tokens","op":"gte","value":200001.0}]',
    )
    lines = {"lines-0-meter": "output", "lines-0-amount": "1"}
    for index, text in enumerate(texts, start=1):
        lines |= {f"lines-{index}-meter": "input", f"lines-{index}-amount": "1", f"lines-{index}-conditions": text}

    page = admin_client.post(ADD, admin_world.filled_in(admin_client, ADD, model=model.pk, **lines)).content.decode()

    sentence = "Input has two prices with the same unit and conditions (lines 2 and 3): keep one of them."
    assert sentence in page
    assert not PriceSheet.objects.exists()


@pytest.mark.django_db
def test_yaml_and_csv_refuse_them(tmp_path: Path) -> None:
    row = "m,input,1,1000000,token,"
    csv = "model,meter,amount,per,unit,condition\n" + row + "prompt_tokens>200000\n" + row + "prompt_tokens>=200001\n"
    outcome = run("csv", csv, tmp_path, "--apply")
    assert (outcome.code, "Line 3 has the same meter" in outcome.err) == (4, True)
    price = "{meter: input, amount: '1', per: '1000000', unit: token, when: 'prompt_tokens%s'}"
    both = ", ".join(price % bound for bound in (">200000", ">=200001"))
    yaml = f"format: modelbook/1\nmodels:\n- name: m\n  prices:\n    list: {{currency: USD, lines: [{both}]}}\n"
    outcome = run("yaml", yaml, tmp_path, "--apply")
    assert (outcome.code, "There are two prices for input per token" in outcome.err) == (4, True), outcome.err


@pytest.mark.django_db
def test_a_source_with_two_prices_is_reported_and_the_last_one_applies(tmp_path: Path) -> None:
    tiers = [
        {"range": [0, 1000], "input_cost_per_token": 1e-06, "output_cost_per_token": 1e-06},
        {"range": [0, 1000], "input_cost_per_token": 2e-06, "output_cost_per_token": 1e-06},
    ]
    document = json.dumps({"gpt-a": {"mode": "chat", "litellm_provider": "openai", "tiered_pricing": tiers}})
    findings = run("litellm", document, tmp_path, "--apply").findings()
    assert "input has two prices with the same unit and conditions" in findings


@pytest.mark.django_db
def test_health_checks_report_stored_ones() -> None:
    sheet = world.price(world.model("twice"), input="1", output="2")
    world.line(sheet, "input", "3")
    findings = {
        rule.name: [finding.problem for finding in of_rule] for rule, of_rule in run_checks(RULES, at=timezone.now())
    }
    assert findings["duplicate-lines"] == ["input has two prices with the same unit and conditions (lines 1 and 3)"]


def test_the_lines_of_a_new_sheet_have_one_message() -> None:
    free = Line("input", Decimal(0), 1_000_000, "token")
    assert sheet_error([], currency="USD") == "Enter at least one line. The amount of something free is 0."
    assert sheet_error([free], currency="USD") == ""
    assert sheet_error([free, free], currency="USD").endswith("(lines 1 and 2): keep one of them.")
    too_much = Line("input", Decimal(10_001), 1_000_000, "token")
    assert amount_error(too_much, currency="USD") == "The amount must not be more than 10000 for a million tokens."
    assert amount_error(free, currency="USD") == ""
