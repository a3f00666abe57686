"""A model does not replace itself, directly or through others."""

import json
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError

from catalog.models import AIModel
from catalog.models.aimodel import successor_cycle
from tests import world
from tests.pricing.imports.running import run

pytestmark = pytest.mark.django_db


def test_a_model_that_follows_itself_is_refused() -> None:
    model = world.model("a")
    model.successor = model
    with pytest.raises(ValidationError, match="A model cannot replace itself"):
        model.full_clean()


def test_models_that_follow_each_other_are_refused() -> None:
    models = [world.model(name) for name in "abc"]
    AIModel.objects.filter(name="b").update(successor=models[2])
    AIModel.objects.filter(name="c").update(successor=models[0])
    models[0].successor = models[1]
    with pytest.raises(ValidationError, match="a → b → c → a"):
        models[0].full_clean()


def test_only_circles_through_the_model_are_its_own() -> None:
    assert successor_cycle("a", {"a": "b", "b": "c"}) == []
    assert successor_cycle("a", {"a": "b", "b": "c", "c": "b"}) == []
    assert successor_cycle("b", {"a": "b", "b": "c", "c": "b"}) == ["b", "c"]


def test_an_import_reports_a_circle_and_sets_the_rest(tmp_path: Path) -> None:
    rows = {name: {"mode": "chat", "successor_model": other} for name, other in (("a", "b"), ("b", "a"), ("c", "a"))}
    outcome = run("litellm", json.dumps(rows), tmp_path, "--apply")
    assert "b: its successor was not set: b → a → b would replace each other" in outcome.findings()
    assert dict(AIModel.objects.values_list("name", "successor__name")) == {"a": "b", "b": None, "c": "a"}


def test_a_yaml_file_reports_a_model_that_follows_itself(tmp_path: Path) -> None:
    for name in "ab":
        world.model(name)
    text = "format: modelbook/1\nmodels:\n- {name: a, successor: a}\n- {name: b, successor: a}\n"
    outcome = run("yaml", text, tmp_path, "--apply")
    assert "a: its successor was not set: a → a would replace each other" in outcome.findings()
    assert dict(AIModel.objects.values_list("name", "successor__name")) == {"a": None, "b": "a"}
