"""A guard stops a document that looks broken until an operator confirms it."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import AIModel, ImportRun, ModelAlias
from catalog.sources import SOURCES
from pricing.imports.options import Options
from pricing.imports.pipeline import apply_import
from pricing.imports.rollback import roll_back
from pricing.models import PriceSheet
from tests.pricing.imports.running import run, state

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
    assert "3 of 40 models are no longer in the source" in outcome.report["guards"][0]


def test_few_missing_models_do_not_stop_the_import(tmp_path: Path) -> None:
    outcome = run("litellm", document(38, max_input_tokens=5), tmp_path, "--apply")
    assert outcome.code == 0
    assert outcome.report["missing"] == ["gpt-38", "gpt-39"]


def test_allowed_removals_delete_nothing(tmp_path: Path) -> None:
    assert run("litellm", document(10, max_input_tokens=5), tmp_path, "--apply", "--allow-removals").code == 0
    assert AIModel.objects.count() == 40


def test_ids_that_were_not_requested_are_not_missing(tmp_path: Path) -> None:
    assert run("litellm", document(1, max_input_tokens=5), tmp_path, "--apply", "--only", "gpt-0").code == 0


@pytest.mark.parametrize("arguments", [("--channel", "elsewhere"), ("--as", "cost")])
def test_another_channel_or_role_is_the_same_document(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert run("litellm", document(2), tmp_path, "--apply", *arguments).code == 3


def test_models_that_were_not_requested_last_time_are_compared_with_an_earlier_run(tmp_path: Path) -> None:
    run("litellm", document(max_input_tokens=5), tmp_path, "--apply", "--only", "gpt-0")
    assert run("litellm", document(2, max_input_tokens=6), tmp_path, "--apply").code == 3


def names_of(*names: str) -> str:
    row = {"mode": "chat", "litellm_provider": "openai", "input_cost_per_token": 2e-06}
    return json.dumps(dict.fromkeys(names, row))


def test_a_list_that_grows_more_than_it_loses_is_compared_with_the_smaller_one(tmp_path: Path) -> None:
    new = [f"claude-{number}" for number in range(100)]
    outcome = run("litellm", names_of(*new, *(f"gpt-{number}" for number in range(30))), tmp_path, "--apply")
    assert (outcome.code, len(outcome.report["missing"])) == (3, 10)


def test_one_model_that_is_left_shows_the_loss_in_a_source_with_one_document(tmp_path: Path) -> None:
    outcome = run("litellm", names_of("gpt-0", "claude-1", "claude-2", "claude-3"), tmp_path, "--apply")
    assert (outcome.code, len(outcome.report["missing"])) == (3, 39)


def test_a_file_without_any_of_the_models_is_another_document(tmp_path: Path) -> None:
    assert run("litellm", names_of("claude-1", "claude-2"), tmp_path, "--apply").code == 0


@pytest.mark.parametrize("slug", ["litellm", "openai_models"])
def test_documents_of_one_address_are_versions_even_if_no_model_is_left(slug: str) -> None:
    address = "https://example.com/models"
    options = Options(source=SOURCES[slug])
    for names in (["old-1", "old-2"], ["new-1", "new-2"]):
        text = names_of(*names) if slug == "litellm" else json.dumps({"data": [{"id": name} for name in names]})
        plan, _ = apply_import(text.encode(), options, at=timezone.now(), origin=address)
    assert (plan.missing, len(plan.guards)) == (["old-1", "old-2"], 1)


def test_a_small_document_in_between_hides_no_loss(tmp_path: Path) -> None:
    assert run("litellm", document(2, max_input_tokens=5), tmp_path, "--apply", "--allow-removals").code == 0
    outcome = run("litellm", document(30, max_input_tokens=6), tmp_path, "--apply")
    assert (outcome.code, len(outcome.report["missing"])) == (3, 10)


def test_a_confirmed_loss_is_not_reported_again(tmp_path: Path) -> None:
    assert run("litellm", document(20, max_input_tokens=5), tmp_path, "--apply", "--allow-removals").code == 0
    assert run("litellm", document(20, max_input_tokens=6), tmp_path, "--apply").code == 0


def test_a_loss_that_was_rolled_back_counts_again(tmp_path: Path) -> None:
    assert run("litellm", document(20, max_input_tokens=5), tmp_path, "--apply", "--allow-removals").code == 0
    roll_back(ImportRun.objects.latest("pk"), at=timezone.now())
    assert run("litellm", document(20, max_input_tokens=6), tmp_path, "--apply").code == 3


def test_an_older_document_with_fewer_models_is_a_loss(tmp_path: Path) -> None:
    assert run("litellm", document(80), tmp_path, "--apply").code == 0
    outcome = run("litellm", document(40), tmp_path, "--apply")
    assert (outcome.code, len(outcome.report["missing"])) == (3, 40)


def test_a_model_under_another_of_its_names_is_not_missing(tmp_path: Path) -> None:
    for number in range(10):
        ModelAlias.objects.create(name=f"openai/gpt-{number}", model=AIModel.objects.get(name=f"gpt-{number}"))
    renamed = names_of(*(f"{'openai/' if number < 10 else ''}gpt-{number}" for number in range(40)))
    outcome = run("litellm", renamed, tmp_path, "--apply")
    assert (outcome.code, outcome.report["missing"]) == (0, [])


def test_providers_in_another_order_are_the_same_document(tmp_path: Path) -> None:
    def offers(*names: str) -> str:
        cost = {"input": 1, "output": 2}
        hosts = ("anthropic", "openrouter")
        return json.dumps({h: {"id": h, "models": {n: {"id": n, "cost": cost} for n in names}} for h in hosts})

    first, second = ("--provider", "anthropic"), ("--provider", "openrouter")
    claude = [f"claude-{number}" for number in range(9)]
    assert run("models_dev", offers(*claude), tmp_path, "--apply", *first, *second).code == 0
    assert run("models_dev", offers(*claude[:6], "claude-new"), tmp_path, "--apply", *second, *first).code == 3


def vendor_file(vendor: str, *names: str) -> str:
    history = [{"input": 1, "output": 2, "input_cached": None, "from_date": None, "to_date": None}]
    return json.dumps({"vendor": vendor, "models": [{"id": n, "name": n, "price_history": history} for n in names]})


def test_the_files_of_two_vendors_are_two_documents(tmp_path: Path) -> None:
    google = [f"gemini-{number}" for number in range(8)]
    assert run("llm_prices", vendor_file("google", *google), tmp_path, "--apply").code == 0
    assert run("llm_prices", vendor_file("xai", "grok-1", "grok-2"), tmp_path, "--apply").code == 0
    outcome = run("llm_prices", vendor_file("google", *google[:6]), tmp_path, "--apply")
    assert (outcome.code, outcome.report["missing"]) == (3, google[6:])


def test_the_lists_of_two_hosts_are_two_documents(tmp_path: Path) -> None:
    def listed(*names: str) -> str:
        return json.dumps({"data": [{"id": name} for name in names]})

    assert run("openai_models", listed("gpt-1", "gpt-2", "gpt-3", "llama-3"), tmp_path, "--apply").code == 0
    assert run("openai_models", listed("claude-1", "claude-2", "llama-3"), tmp_path, "--apply").code == 0
    assert run("openai_models", listed("gpt-1", "gpt-2"), tmp_path, "--apply").code == 3


@pytest.mark.parametrize("price", [8.1e-06, 4.9e-07, 0])
def test_a_price_that_jumps_stops_the_import(tmp_path: Path, price: float) -> None:
    before = state()
    outcome = run("litellm", document(input_cost_per_token=price), tmp_path, "--apply")
    assert (outcome.code, state()) == (3, before)
    assert "gpt-0" in outcome.report["guards"][0]
    assert run("litellm", document(input_cost_per_token=price), tmp_path, "--apply", "--accept-jumps").code == 0
    assert PriceSheet.objects.filter(model__name="gpt-0").count() == 2


@pytest.mark.parametrize("price", [8e-06, 5e-07])
def test_a_fourfold_price_does_not_stop_the_import(tmp_path: Path, price: float) -> None:
    assert run("litellm", document(input_cost_per_token=price), tmp_path, "--apply").code == 0


@pytest.mark.parametrize("price", [-1e-06, 0.0100001])
def test_an_impossible_price_is_reported_and_the_rest_imported(tmp_path: Path, price: float) -> None:
    text = document(input_cost_per_token=price, max_input_tokens=5)
    outcome = run("litellm", text, tmp_path, "--apply", "--accept-jumps")
    assert outcome.code == 0
    assert "gpt-0: " in outcome.findings()
    assert AIModel.objects.get(name="gpt-0").context_length == 5
    assert PriceSheet.objects.filter(model__name="gpt-0").count() == 1


@pytest.mark.parametrize("factor", ["m,,x0.001,1,", "m,output,x5,1,"])
def test_a_new_factor_is_a_jump_as_a_new_amount_is(tmp_path: Path, factor: str) -> None:
    text = "model,meter,amount,per,unit\nm,input,1,1000000,token\nm,output,2,1000000,token\n"
    assert run("csv", text, tmp_path, "--apply").code == 0
    outcome = run("csv", f"{text}{factor}\n", tmp_path, "--apply")
    assert (outcome.code, list(outcome.report["jumps"])) == (3, ["m"])
    rewritten = text.replace("m,output,2", "m,output,1") + "m,output,x2,1,\n"
    assert run("csv", rewritten, tmp_path, "--apply").code == 0
