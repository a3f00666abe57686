"""What looks like a broken source is stopped until an operator says that it is meant."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalog.models import AIModel
from pricing.models import PriceSheet
from tests.pricing.imports import run, state

pytestmark = pytest.mark.django_db


def document(models: int = 40, **cheap: Any) -> str:
    """So many models; `cheap` are other input prices of the first one."""
    row = {"mode": "chat", "input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06}
    return json.dumps({f"gpt-{number}": row | (cheap if number == 0 else {}) for number in range(models)})


@pytest.fixture(autouse=True)
def imported(db: None, tmp_path: Path) -> None:
    assert run("litellm", document(), tmp_path, "--apply").code == 0


@pytest.mark.parametrize("arguments", [(), ("--apply",)])
def test_many_missing_models_stop_the_import(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    before = state()
    outcome = run("litellm", document(37, max_input_tokens=5), tmp_path, *arguments)
    assert (outcome.code, state()) == (3, before)
    assert "3 of 40 models are gone" in outcome.report["guards"][0]


def test_few_missing_models_do_not(tmp_path: Path) -> None:
    outcome = run("litellm", document(38, max_input_tokens=5), tmp_path, "--apply")
    assert outcome.code == 0
    assert outcome.report["missing"] == ["gpt-38", "gpt-39"]


def test_allowed_removals_delete_nothing(tmp_path: Path) -> None:
    assert run("litellm", document(10, max_input_tokens=5), tmp_path, "--apply", "--allow-removals").code == 0
    assert AIModel.objects.count() == 40


def test_other_ids_than_those_asked_for_are_not_missed(tmp_path: Path) -> None:
    assert run("litellm", document(1, max_input_tokens=5), tmp_path, "--apply", "--only", "gpt-0").code == 0


def test_another_channel_is_another_import(tmp_path: Path) -> None:
    assert run("litellm", document(2), tmp_path, "--apply", "--channel", "elsewhere").code == 0


@pytest.mark.parametrize("price", [8.1e-06, 4.9e-07, 0])
def test_a_price_that_jumps_stops_the_import(tmp_path: Path, price: float) -> None:
    before = state()
    outcome = run("litellm", document(input_cost_per_token=price), tmp_path, "--apply")
    assert (outcome.code, state()) == (3, before)
    assert "gpt-0" in outcome.report["guards"][0]
    assert run("litellm", document(input_cost_per_token=price), tmp_path, "--apply", "--accept-jumps").code == 0
    assert PriceSheet.objects.filter(model__name="gpt-0").count() == 2


@pytest.mark.parametrize("price", [8e-06, 5e-07])
def test_a_price_that_moves_fourfold_does_not(tmp_path: Path, price: float) -> None:
    assert run("litellm", document(input_cost_per_token=price), tmp_path, "--apply").code == 0


@pytest.mark.parametrize("price", [-1e-06, 0.0100001])
def test_an_impossible_price_is_refused_and_told_and_the_rest_imported(tmp_path: Path, price: float) -> None:
    text = document(input_cost_per_token=price, max_input_tokens=5)
    outcome = run("litellm", text, tmp_path, "--apply", "--accept-jumps")
    assert outcome.code == 0
    assert "gpt-0: " in outcome.findings()
    assert AIModel.objects.get(name="gpt-0").context_length == 5
    assert PriceSheet.objects.filter(model__name="gpt-0").count() == 1
