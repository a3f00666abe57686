"""Sources, people and pins disagree: whose value wins, and that the others are reported."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from catalog.models import AIModel, FieldPin, Source
from pricing.models import PriceLine, PriceSheet
from tests.pricing.imports.running import run, state

pytestmark = pytest.mark.django_db
ROW = {"mode": "chat", "litellm_provider": "openai", "max_input_tokens": 1000, "input_cost_per_token": 2e-06}


def litellm(**fields: Any) -> str:
    return json.dumps({"gpt-a": {key: value for key, value in (ROW | fields).items() if value is not None}})


def listed(folder: Path, **fields: Any) -> dict[str, Any]:
    return run("litellm", litellm(**fields), folder, "--apply", "--accept-jumps").report


def by_hand(folder: Path, line: str, header: str = "model,context_length") -> dict[str, Any]:
    return run("csv", f"{header}\n{line}\n", folder, "--apply", "--accept-jumps").report


@pytest.fixture
def model(db: None, tmp_path: Path) -> AIModel:
    listed(tmp_path)
    return AIModel.objects.get()


def context() -> int | None:
    return AIModel.objects.get().context_length


def price() -> str:
    sheet = PriceSheet.objects.in_force(at=timezone.now()).get(role="list")
    return f"{PriceLine.objects.get(sheet=sheet, meter='input').amount:f}"


def test_a_source_changes_what_it_wrote_itself(model: AIModel, tmp_path: Path) -> None:
    assert listed(tmp_path, max_input_tokens=2000)["kept"] == {}
    assert context() == 2000


def test_a_value_of_a_person_stays_and_is_reported(model: AIModel, tmp_path: Path) -> None:
    model.context_length = 7
    model.save()
    report = listed(tmp_path, max_input_tokens=2000, max_output_tokens=50)
    assert report["kept"] == {"gpt-a": {"context_length": [7, 2000, "set by a person"]}}
    assert (context(), AIModel.objects.get().max_output_tokens) == (7, 50)


def test_the_source_still_changes_other_fields_of_a_row_that_a_person_edited(model: AIModel, tmp_path: Path) -> None:
    model.description = "Ours"
    model.save()
    listed(tmp_path, max_input_tokens=2000)
    assert context() == 2000


def test_a_field_that_a_person_emptied_may_be_filled(model: AIModel, tmp_path: Path) -> None:
    model.context_length = None
    model.save()
    listed(tmp_path)
    assert context() == 1000


@pytest.mark.parametrize(
    ("trust", "expected", "word"),
    [(20, 1000, "is more trusted"), (30, 1000, "is equally trusted and wrote first"), (40, 2000, ""), (60, 2000, "")],
)
def test_another_source_wins_according_to_its_trust(
    model: AIModel, tmp_path: Path, trust: int, expected: int, word: str
) -> None:
    Source.objects.create(slug="models_dev", name="models.dev", trust=trust)
    document = {
        "openai": {"id": "openai", "models": {"gpt-a": {"id": "gpt-a", "name": "A", "limit": {"context": 2000}}}}
    }
    report = run("models_dev", json.dumps(document), tmp_path, "--apply").report
    assert context() == expected
    assert (word in str(report["kept"])) if word else report["kept"] == {}


def test_two_sources_do_not_fill_and_empty_a_field_in_turn(tmp_path: Path) -> None:
    entry = {"id": "gpt-a", "name": "gpt-a", "tool_call": False, "reasoning": False, "cost": {"input": 2, "output": 8}}
    models_dev = json.dumps({"openai": {"id": "openai", "name": "OpenAI", "npm": "x", "models": {"gpt-a": entry}}})
    listed(tmp_path, supports_function_calling=True)
    assert AIModel.objects.get().capabilities == ["tools"]

    report = run("models_dev", models_dev, tmp_path, "--apply", "--accept-jumps").report

    reason = "from LiteLLM's model prices, and an empty value does not replace it"
    assert report["kept"]["gpt-a"]["capabilities"] == [["tools"], [], reason]
    assert AIModel.objects.get().capabilities == ["tools"]
    run("models_dev", models_dev, tmp_path, "--apply", "--accept-jumps", "--overrule")
    assert AIModel.objects.get().capabilities == []


def test_the_operators_own_files_count_as_a_person(model: AIModel, tmp_path: Path) -> None:
    model.save()
    by_hand(tmp_path, "gpt-a,3,1", "model,input,output")
    report = listed(tmp_path, input_cost_per_token=5e-06)
    assert report["prices"]["changed"] == {}
    assert "more trusted" in str(report["prices"]["kept"]["gpt-a"])
    assert price() == "3"


def test_a_price_by_hand_stays(model: AIModel, world: Any, tmp_path: Path) -> None:
    world.price(model, role="list", input="7", starts_at=timezone.now())
    report = listed(tmp_path, input_cost_per_token=5e-06)
    assert report["prices"]["kept"]["gpt-a"][2] == "set by a person"
    assert price() == "7"


def test_a_withheld_change_triggers_no_guard(model: AIModel, world: Any, tmp_path: Path) -> None:
    world.price(model, role="list", input="7", starts_at=timezone.now())
    assert run("litellm", litellm(input_cost_per_token=5e-03), tmp_path, "--apply").code == 0


def test_overrule_changes_everything_except_pinned_fields(model: AIModel, tmp_path: Path) -> None:
    model.context_length, model.description = 7, "Ours"
    model.save()
    FieldPin.objects.create(model=model, field="max_output_tokens", reason="measured")
    document = litellm(max_input_tokens=2000, max_output_tokens=50)
    run("litellm", document, tmp_path, "--apply", "--overrule")
    assert (context(), AIModel.objects.get().max_output_tokens) == (2000, None)


def test_a_draft_of_a_person_is_not_published(model: AIModel, tmp_path: Path) -> None:
    run("litellm", litellm(), tmp_path, "--apply", "--publish")
    AIModel.objects.get().save()
    AIModel.objects.all().set_status("draft")
    report = run("litellm", litellm(), tmp_path, "--apply", "--publish").report
    assert report["kept"] == {"gpt-a": {"status": ["draft", "published", "set by a person"]}}


def test_dates_that_only_fit_together_are_withheld_together(model: AIModel, tmp_path: Path) -> None:
    AIModel.objects.filter(pk=model.pk).update(retires_on="2026-12-01")
    stored = AIModel.objects.get()
    stored.deprecated_on = stored.retires_on
    stored.save()
    report = listed(tmp_path, deprecation_date="2026-01-01")
    assert report["changed"] == {}


class TestPins:
    @pytest.mark.parametrize(
        ("field", "fields"),
        [
            ("context_length", {"max_input_tokens": 2000}),
            ("max_output_tokens", {"max_output_tokens": 99}),
            ("vendor", {"litellm_provider": "anthropic"}),
            ("list_price", {"input_cost_per_token": 3e-06}),
        ],
    )
    def test_no_import_changes_a_pinned_field(
        self, model: AIModel, tmp_path: Path, field: str, fields: dict[str, Any]
    ) -> None:
        FieldPin.objects.create(model=model, field=field, reason="we measured it")
        before = state() | {"FieldPin": 1}
        report = listed(tmp_path, **fields)
        assert "pinned: we measured it" in json.dumps([report["kept"], report["prices"]["kept"]]) or field == "vendor"
        assert state() | {"FieldPin": 1} == before

    def test_a_pin_shows_the_upstream_value_until_it_agrees_again(self, model: AIModel, tmp_path: Path) -> None:
        pin = FieldPin.objects.create(model=model, field="context_length", reason="measured")
        listed(tmp_path, max_input_tokens=2000)
        pin.refresh_from_db()
        assert (pin.has_moved, pin.upstream) == (True, 2000)
        assert pin.upstream_source is not None
        listed(tmp_path)
        pin.refresh_from_db()
        assert (pin.has_moved, pin.upstream) == (False, None)

    def test_a_pinned_price_shows_each_upstream_figure(self, model: AIModel, tmp_path: Path) -> None:
        pin = FieldPin.objects.create(model=model, field="list_price", reason="our contract")
        listed(tmp_path, input_cost_per_token=3e-06)
        pin.refresh_from_db()
        assert pin.upstream == {"Input": "$3.00 per million tokens"}
        listed(tmp_path)
        pin.refresh_from_db()
        assert not pin.has_moved

    def test_a_dry_run_stores_no_upstream_value(self, model: AIModel, tmp_path: Path) -> None:
        pin = FieldPin.objects.create(model=model, field="context_length", reason="measured")
        run("litellm", litellm(max_input_tokens=2000), tmp_path)
        pin.refresh_from_db()
        assert not pin.has_moved

    def test_a_catalog_does_not_change_pinned_fields(self, model: AIModel, tmp_path: Path) -> None:
        FieldPin.objects.create(model=model, field="status", reason="not yet")
        FieldPin.objects.create(model=model, field="list_price", reason="our contract")
        catalog = "format: modelbook/1\nmodels:\n  - name: gpt-a\n    status: published\n"
        report = run("yaml", catalog, tmp_path, "--apply").report
        assert AIModel.objects.get().status == "draft"
        assert "pinned fields stay unchanged" in json.dumps(report["findings"])


@pytest.mark.parametrize("order", [("litellm", "models_dev"), ("models_dev", "litellm")])
def test_the_same_documents_of_two_sources_write_nothing_again_in_either_order(
    order: tuple[str, str], tmp_path: Path
) -> None:
    entry = {"id": "gpt-a", "name": "A", "tool_call": False, "reasoning": False, "cost": {"input": 2, "output": 8}}
    documents = {
        "litellm": litellm(supports_web_search=True, output_cost_per_token=8e-06),
        "models_dev": json.dumps({"openai": {"id": "openai", "name": "OpenAI", "models": {"gpt-a": entry}}}),
    }
    for source in order:
        run(source, documents[source], tmp_path, "--apply", "--accept-jumps")
    for source in order:
        before = AIModel.history.count(), PriceSheet.objects.count()
        run(source, documents[source], tmp_path, "--apply", "--accept-jumps")
        assert AIModel.objects.get().capabilities == ["web_search"]
        assert (AIModel.history.count(), PriceSheet.objects.count()) == before


def test_a_source_empties_a_list_that_it_wrote_itself(tmp_path: Path) -> None:
    listed(tmp_path, supports_web_search=True)
    listed(tmp_path, supports_web_search=False)
    assert AIModel.objects.get().capabilities == []
