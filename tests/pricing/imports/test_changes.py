"""A changed source is imported again: only differences are written, and missing fields stay."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import AIModel, ImportRun
from pricing.models import PriceLine, PriceSheet
from tests.pricing.imports.running import run, state

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
BASE: dict[str, Any] = {
    "gpt-a": {"mode": "chat", "max_input_tokens": 1000, "input_cost_per_token": 2e-06, "output_cost_per_token": 1e-05},
    "gpt-b": {"mode": "chat", "max_input_tokens": 1000, "input_cost_per_token": 1e-06, "supports_vision": True},
}


def document(**changes: dict[str, Any]) -> str:
    """BASE with other values in these models; None takes a key away."""
    rows = {
        name: {
            key: value for key, value in (row | changes.get(name.replace("-", "_"), {})).items() if value is not None
        }
        for name, row in BASE.items()
    }
    return json.dumps(rows)


@pytest.fixture(autouse=True)
def imported(db: None, tmp_path: Path) -> None:
    assert run("litellm", document(), tmp_path, "--apply").code == 0


def test_a_changed_fact_is_named_with_its_old_and_new_value(tmp_path: Path) -> None:
    outcome = run("litellm", document(gpt_a={"max_input_tokens": 2000}), tmp_path, "--apply")
    assert outcome.report["changed"] == {"gpt-a": {"context_length": [1000, 2000]}}
    latest = AIModel.history.filter(name="gpt-a").first()
    assert latest is not None
    assert (latest.history_type, latest.context_length) == ("~", 2000)
    assert AIModel.history.filter(name="gpt-b").count() == 1


def test_an_update_does_not_change_the_creation_time(tmp_path: Path) -> None:
    created_at = AIModel.objects.get(name="gpt-a").created_at
    run("litellm", document(gpt_a={"max_input_tokens": 2000}), tmp_path, "--apply")
    model = AIModel.objects.get(name="gpt-a")
    assert model.created_at == created_at
    assert AIModel.history.filter(name="gpt-a").first().created_at == created_at
    assert model.updated_at > created_at


def test_a_field_that_the_source_no_longer_has_stays(tmp_path: Path) -> None:
    before = state()
    outcome = run("litellm", document(gpt_a={"max_input_tokens": None}), tmp_path, "--apply")
    assert (outcome.code, state()) == (0, before)
    assert AIModel.objects.get(name="gpt-a").context_length == 1000


def test_a_changed_price_is_a_new_sheet_and_the_old_one_stays(tmp_path: Path) -> None:
    outcome = run("litellm", document(gpt_a={"input_cost_per_token": 3e-06}), tmp_path, "--apply")
    assert outcome.report["prices"]["changed"] == {
        "gpt-a": {"Input": ["$2.00 per million tokens", "$3.00 per million tokens"]}
    }
    assert PriceSheet.objects.filter(model__name="gpt-a").count() == 2
    assert PriceSheet.objects.filter(model__name="gpt-b").count() == 1
    sheet = PriceSheet.objects.in_force(at=timezone.now()).get(model__name="gpt-a")
    assert PriceLine.objects.get(sheet=sheet, meter="input").amount == Decimal("0.000003")
    assert sheet.lines.count() == 2


def test_another_spelling_of_the_same_number_is_not_a_change(tmp_path: Path) -> None:
    before = state()
    text = document().replace("2e-06", "0.00000200")
    assert "0.00000200" in text
    assert run("litellm", text, tmp_path, "--apply").code == 0
    assert state() == before


def test_the_same_price_per_another_number_of_units_is_not_a_change(tmp_path: Path) -> None:
    by_hand = "model,meter,amount,per,unit\ngpt-a,output,10,1000000,token\ngpt-a,input,0.002,1000,token\n"
    before = state()
    outcome = run("csv", by_hand, tmp_path, "--apply", "--as", "list")
    assert (outcome.report["counts"]["unchanged_prices"], state()) == (1, before)


def test_a_change_is_shown_per_one_number_of_units(tmp_path: Path) -> None:
    by_hand = "model,meter,amount,per,unit\ngpt-a,output,20,1000000,token\ngpt-a,input,2,1000000,token\n"
    outcome = run("csv", by_hand, tmp_path, "--as", "list")
    assert outcome.report["prices"]["changed"] == {
        "gpt-a": {"Output": ["$10.00 per million tokens", "$20.00 per million tokens"]}
    }


def test_a_sheet_stays_if_its_price_is_no_longer_listed(tmp_path: Path) -> None:
    gone = {"input_cost_per_token": None, "output_cost_per_token": None}
    outcome = run("litellm", document(gpt_a=gone), tmp_path, "--apply")
    assert outcome.report["prices"]["without"] == ["gpt-a"]
    assert PriceSheet.objects.in_force(at=timezone.now()).filter(model__name="gpt-a").exists()


def test_each_role_has_its_own_prices(tmp_path: Path) -> None:
    run("litellm", document(), tmp_path, "--apply", "--as", "cost")
    assert sorted(PriceSheet.objects.filter(model__name="gpt-a").values_list("role", flat=True)) == ["cost", "list"]


def test_drafts_are_published_on_request(tmp_path: Path) -> None:
    outcome = run("litellm", document(), tmp_path, "--apply", "--publish")
    assert outcome.report["changed"]["gpt-a"] == {"status": ["draft", "published"]}
    assert set(AIModel.objects.values_list("status", flat=True)) == {"published"}


def test_dates_that_contradict_each_other_change_nothing(tmp_path: Path) -> None:
    AIModel.objects.filter(name="gpt-a").update(deprecated_on="2027-01-01")
    outcome = run("litellm", document(gpt_a={"deprecation_date": "2026-01-01"}), tmp_path, "--apply")
    assert "would retire before it is deprecated" in outcome.findings()
    assert AIModel.objects.get(name="gpt-a").retires_on is None


def test_every_import_that_changed_something_has_a_run(tmp_path: Path) -> None:
    run("litellm", document(gpt_a={"max_input_tokens": 2000}), tmp_path, "--apply")
    run("litellm", document(gpt_a={"max_input_tokens": 2000}), tmp_path, "--apply")
    assert ImportRun.objects.count() == 2
