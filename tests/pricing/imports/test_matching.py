"""Ids of another source: the row of an alias belongs to its model, and the operator decides about suggestions."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import AIModel, ImportRun, ModelAlias
from catalog.sources import SOURCES
from pricing.imports.options import Options
from pricing.imports.pipeline import make_plan
from pricing.imports.review import save_plan
from pricing.imports.text_report import summary
from pricing.models import PriceSheet
from tests.pricing.imports.running import run

pytestmark = pytest.mark.django_db


def openrouter(*names: str, **fields: Any) -> str:
    pricing = {"prompt": "0.000002", "completion": "0.000008"}
    return json.dumps({"data": [{"id": name, "context_length": 4000, "pricing": pricing, **fields} for name in names]})


@pytest.fixture
def known(world: Any) -> AIModel:
    model: AIModel = world.model("gpt-5.5", on=None)
    return model


@pytest.mark.usefixtures("known")
def test_a_rule_only_suggests_a_model(tmp_path: Path) -> None:
    outcome = run("openrouter", openrouter("openai/gpt-5.5", "openai/gpt-5.5:free"), tmp_path)
    assert outcome.report["new"] == ["openai/gpt-5.5", "openai/gpt-5.5:free"]
    assert outcome.report["unmatched"]["openai/gpt-5.5"] == {
        "candidate": "gpt-5.5",
        "rule": "without openai/",
        "same": True,
    }
    assert not outcome.report["unmatched"]["openai/gpt-5.5:free"]["same"]
    options = Options(source=SOURCES["openrouter"])
    plan = make_plan(openrouter("openai/gpt-5.5").encode(), options, at=timezone.now())
    assert "openai/gpt-5.5 may be gpt-5.5 (without openai/)" in summary(plan)


@pytest.mark.parametrize(
    ("price", "difference"), [("2", "same price"), ("0.5", "Input: $0.50 → $2.00 per million tokens")]
)
def test_a_suggestion_shows_how_the_prices_differ(world: Any, known: AIModel, price: str, difference: str) -> None:
    world.price(known, role="list", input=price, output="8")
    options = Options(source=SOURCES["openrouter"])
    plan = make_plan(openrouter("openai/gpt-5.5").encode(), options, at=timezone.now())
    assert plan.report()["unmatched"]["openai/gpt-5.5"]["prices"] == difference
    assert f"openai/gpt-5.5 may be gpt-5.5 (without openai/): {difference}" in summary(plan)


def test_the_row_of_an_alias_is_assigned_to_its_model(tmp_path: Path, known: AIModel) -> None:
    ModelAlias.objects.create(name="openai/gpt-5.5", model=known)
    outcome = run("openrouter", openrouter("openai/gpt-5.5"), tmp_path, "--apply", "--channel", "router")
    assert (outcome.code, outcome.report["aliases"]) == (0, {"openai/gpt-5.5": "gpt-5.5"})
    assert AIModel.objects.get().context_length == 4000
    assert PriceSheet.objects.get().model == known
    assert known.offers.get().channel.slug == "router"


def test_the_models_own_row_precedes_its_aliases(tmp_path: Path, known: AIModel) -> None:
    ModelAlias.objects.create(name="openai/gpt-5.5", model=known)
    outcome = run("openrouter", openrouter("openai/gpt-5.5", "gpt-5.5"), tmp_path, "--apply")
    assert "openai/gpt-5.5: is an alias of gpt-5.5, which has a row of its own" in outcome.findings()
    assert list(AIModel.objects.values_list("name", flat=True)) == ["gpt-5.5"]


@pytest.mark.usefixtures("known")
def test_one_click_creates_the_alias_with_history_and_a_new_plan(admin_client: Client, world: Any) -> None:
    world.key(name="Acme", allow=["openai/*"])
    options = Options(source=SOURCES["openrouter"])
    waiting = save_plan(openrouter("openai/gpt-5.5", "openai/gpt-5.5:free").encode(), options, at=timezone.now())[1]
    assert waiting is not None
    address = reverse("admin:catalog_importrun_change", args=[waiting.pk])
    page = admin_client.get(address).content.decode()
    assert page.count("Make it an alias of gpt-5.5") == 1
    admin_client.post(address, {"alias": "openai/gpt-5.5"})
    assert ModelAlias.objects.get().model.name == "gpt-5.5"
    record = ModelAlias.history.get()
    assert (str(record.history_user), record.history_change_reason) == (
        "admin",
        f"Suggested by {waiting}: without openai/",
    )
    page = admin_client.get(address).content.decode()
    assert "The alias openai/gpt-5.5 shows gpt-5.5 to 1 key (Acme)" in page
    assert "Make it an alias" not in page
    assert "4,000" in page


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("name", ["openai/gpt-5.5:free", "gpt-5.5", "another"])
def test_only_suggested_aliases_can_be_created(admin_client: Client, name: str) -> None:
    options = Options(source=SOURCES["openrouter"])
    save_plan(openrouter("openai/gpt-5.5", "openai/gpt-5.5:free").encode(), options, at=timezone.now())
    admin_client.post(reverse("admin:catalog_importrun_change", args=[ImportRun.objects.get().pk]), {"alias": name})
    assert not ModelAlias.objects.exists()


def hosts_list(*aliases: str) -> str:
    return json.dumps({"data": [{"id": "mistral-large-2512", "aliases": list(aliases)}]})


def test_the_id_of_a_model_is_not_made_an_alias(tmp_path: Path, world: Any) -> None:
    world.model("mistral-large-latest", on=None)
    outcome = run("openai_models", hosts_list("mistral-large-latest", "mistral-large"), tmp_path, "--apply")
    assert "mistral-large-latest: is not an alias of mistral-large-2512: a model has this id" in outcome.findings()
    assert list(ModelAlias.objects.values_list("name", flat=True)) == ["mistral-large"]


def test_an_alias_of_an_operator_stays_and_one_of_a_source_changes(tmp_path: Path, known: AIModel) -> None:
    ModelAlias.objects.create(name="large", model=known)
    run("openai_models", hosts_list("large", "newest"), tmp_path, "--apply")
    newer = hosts_list("large", "newest").replace("2512", "2601")
    outcome = run("openai_models", newer, tmp_path, "--apply", "--allow-removals")
    assert "large: stays an alias of gpt-5.5" in outcome.findings()
    models = dict(ModelAlias.objects.values_list("name", "model__name"))
    assert models == {"large": "gpt-5.5", "newest": "mistral-large-2601"}
