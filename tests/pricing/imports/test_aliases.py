"""Ids of a source that are spellings of models become aliases, all at once, and a rollback undoes it."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.error_messages import InputError
from catalog.models import AIModel, ImportRun, ModelAlias, Offer
from catalog.sources import SOURCES
from pricing.imports.aliases import Spelling, create_aliases, last_run, spellings_of_run
from pricing.imports.options import Options
from pricing.imports.review import make_alias, save_plan
from pricing.imports.rollback import roll_back
from tests import world
from tests.pricing.imports.running import run

pytestmark = pytest.mark.django_db


def openrouter(*names: str, prompt: str = "0.000002") -> str:
    pricing = {"prompt": prompt, "completion": "0.000008"}
    return json.dumps({"data": [{"id": name, "pricing": pricing} for name in names]})


def waiting(*names: str, prompt: str = "0.000002") -> ImportRun:
    options = Options(source=SOURCES["openrouter"])
    saved = save_plan(openrouter(*names, prompt=prompt).encode(), options, at=timezone.now())[1]
    assert saved is not None
    return saved


def spellings(saved: ImportRun) -> dict[str, Spelling]:
    return {spelling.name: spelling for spelling in spellings_of_run(saved, at=timezone.now())}


@pytest.fixture
def known() -> AIModel:
    model = world.model("gpt-5.5")
    world.price(model, role="list", input="2", output="8")
    return model


@pytest.mark.usefixtures("known")
def test_only_spellings_are_listed_each_with_its_price() -> None:
    found = spellings(
        waiting("openai/gpt-5.5", "OpenAI/GPT-5-5", "azure/gpt-5.5", "openai/gpt-5.5:free", "openai/gpt-6")
    )
    assert list(found) == ["openai/gpt-5.5", "OpenAI/GPT-5-5"]
    spelling = found["openai/gpt-5.5"]
    assert (spelling.model, spelling.price, spelling.is_same_price) == ("gpt-5.5", "same price", True)
    assert (spelling.is_safe, spelling.is_duplicate) == (True, False)


@pytest.mark.usefixtures("known")
def test_another_price_is_shown_and_one_that_is_far_is_not_safe() -> None:
    other = spellings(waiting("openai/gpt-5.5", prompt="0.000003"))["openai/gpt-5.5"]
    assert (other.price, other.is_safe, other.is_same_price) == ("Input: $2.00 → $3.00 per million tokens", True, False)
    far = spellings(waiting("openai/gpt-5.5", prompt="0.00002"))["openai/gpt-5.5"]
    assert far.doubts == ("the prices differ more than fourfold (Input)",)


@pytest.mark.usefixtures("known")
def test_an_id_with_two_possible_models_is_not_safe() -> None:
    world.model("gpt-5-5")
    (doubt,) = spellings(waiting("openai/gpt-5.5"))["openai/gpt-5.5"].doubts
    assert doubt == "several models are written like this: gpt-5-5, gpt-5.5"


@pytest.mark.usefixtures("known")
def test_an_alias_that_looks_like_another_model_is_not_safe() -> None:
    world.model("openai/gpt-5\uff0e5", status="draft")
    saved = waiting("openai/gpt-5.5", "other")

    [doubt] = spellings(saved)["openai/gpt-5.5"].doubts
    assert doubt.startswith("openai/gpt-5.5 looks like the model openai/gpt-5\uff0e5")
    with pytest.raises(InputError, match="differs only by width"):
        create_aliases(saved, {"openai/gpt-5.5": "gpt-5.5"}, at=timezone.now())
    with pytest.raises(InputError, match="differs only by width"):
        make_alias(saved, "openai/gpt-5.5", at=timezone.now())
    assert not ModelAlias.objects.exists()


@pytest.mark.usefixtures("known")
def test_an_alias_that_changes_what_a_key_sees_is_not_safe() -> None:
    world.token(name="Acme", allow=["openai/*"])
    world.token(name="Bmce", allow=["gpt-*"])
    world.token(name="Cmce", deny=["openai/gpt*"])
    (doubt,) = spellings(waiting("openai/gpt-5.5"))["openai/gpt-5.5"].doubts
    assert doubt == "changes what 2 keys can see (Acme, Cmce)"


def test_a_merge_that_opens_a_model_to_a_group_is_not_safe(known: AIModel) -> None:
    secret = world.channel("secret", group="vip")
    world.token("vip", name="Acme")
    world.model("openai/gpt-5.5", on=secret, status="draft")
    saved = waiting("openai/gpt-5.5")
    assert spellings(saved)["openai/gpt-5.5"].doubts == ("changes what 1 key can see (Acme)",)

    Offer.objects.filter(model__name="openai/gpt-5.5").update(enabled=False)
    assert spellings(saved)["openai/gpt-5.5"].doubts == ()

    Offer.objects.update(enabled=True)
    Offer.objects.filter(model=known).delete()
    secret.groups.add(world.token_group())
    assert spellings(saved)["openai/gpt-5.5"].doubts == (
        "changes what 1 key can see (Acme)",
        "changes what visitors without a key can see",
    )


@pytest.mark.usefixtures("known")
def test_a_merge_that_hides_a_model_from_a_key_is_not_safe() -> None:
    world.model("openai/gpt-5.5", vendor=world.vendor("router"))
    world.token(name="Acme", allow=["vendor:router"])
    assert spellings(waiting("openai/gpt-5.5"))["openai/gpt-5.5"].doubts == ("changes what 1 key can see (Acme)",)


def test_a_merge_compares_what_customers_pay(known: AIModel) -> None:
    duplicate = world.model("openai/gpt-5.5")
    world.price(duplicate, role="list", input="2", output="8")
    saved = waiting("openai/gpt-5.5", "openai/gpt-6")
    assert spellings(saved)["openai/gpt-5.5"].price == "same price"

    world.price(known, role="sell", input="3", output="8")
    spelling = spellings(saved)["openai/gpt-5.5"]
    assert (spelling.price, spelling.is_same_price) == ("Input: $3.00 → $2.00 per million tokens", False)

    world.price(known, role="sell", input="10", output="8")
    assert spellings(saved)["openai/gpt-5.5"].doubts == ("the prices differ more than fourfold (Input)",)


def test_all_safe_aliases_are_created_as_a_run_and_rolled_back(known: AIModel) -> None:
    saved = waiting("openai/gpt-5.5", "openai/gpt-6")
    created, _ = create_aliases(saved, {"openai/gpt-5.5": "gpt-5.5"}, at=timezone.now())
    assert ModelAlias.objects.get().model == known
    assert spellings(saved) == {}
    assert last_run("openrouter") == saved
    assert str(roll_back(created, at=timezone.now())) == "1 alias removed."
    assert list(spellings(saved)) == ["openai/gpt-5.5"]


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    "models", [{}, {"openai/gpt-5.5": "gone"}, {"openai/gpt-5.5": "gpt-5.5", "x": "openai/gpt-5.5"}]
)
def test_an_impossible_choice_changes_nothing(models: dict[str, str]) -> None:
    saved = waiting("openai/gpt-5.5")
    with pytest.raises(InputError):
        create_aliases(saved, models, at=timezone.now())
    assert (ModelAlias.objects.count(), ImportRun.objects.count()) == (0, 1)


@pytest.fixture
def imported(tmp_path: Path, known: AIModel) -> ImportRun:
    """OpenRouter's list, imported beside the model: both ids are models now."""
    arguments = ("--apply", "--publish", "--channel", "router")
    assert run("openrouter", openrouter("openai/gpt-5.5", "openai/gpt-6"), tmp_path, *arguments).code == 0
    return ImportRun.objects.get()


def test_two_models_are_merged_into_the_plainer_one(imported: ImportRun, known: AIModel) -> None:
    spelling = spellings(imported)["openai/gpt-5.5"]
    assert (spelling.model, spelling.is_duplicate, spelling.is_safe) == ("gpt-5.5", True, True)
    create_aliases(imported, {"openai/gpt-5.5": "gpt-5.5"}, at=timezone.now())
    duplicate = AIModel.objects.get(name="openai/gpt-5.5 (merged)")
    assert (duplicate.status, duplicate.sheets.count()) == ("draft", 1)
    offer = Offer.objects.get(model=known, channel__slug="router")
    assert (offer.upstream_name, offer.enabled) == ("openai/gpt-5.5", True)
    quote = {"model": "openai/gpt-5.5", "usage": {"input": 1_000_000}}
    answer = Client().post("/api/pricing/quote", json.dumps(quote), content_type="application/json").json()
    assert (answer["model"], answer["amount"]) == ("gpt-5.5", "2")


def test_a_rollback_separates_merged_models_again(imported: ImportRun, known: AIModel) -> None:
    created, _ = create_aliases(imported, {"openai/gpt-5.5": "gpt-5.5"}, at=timezone.now())
    roll_back(created, at=timezone.now())
    duplicate = AIModel.objects.get(name="openai/gpt-5.5")
    assert (duplicate.status, ModelAlias.objects.count()) == ("published", 0)
    assert not known.offers.filter(channel__slug="router").exists()
    assert list(duplicate.offers.values_list("channel__slug", flat=True)) == ["router"]


def test_the_next_import_assigns_the_row_of_a_merged_model(imported: ImportRun, tmp_path: Path) -> None:
    create_aliases(imported, {"openai/gpt-5.5": "gpt-5.5"}, at=timezone.now())
    again = run("openrouter", openrouter("openai/gpt-5.5", "openai/gpt-6"), tmp_path, "--channel", "router")
    assert (again.report["aliases"], again.report["new"], again.report["missing"]) == (
        {"openai/gpt-5.5": "gpt-5.5"},
        [],
        [],
    )


def test_a_published_model_is_not_merged_into_a_draft_without_a_warning(imported: ImportRun, known: AIModel) -> None:
    AIModel.objects.filter(pk=known.pk).update(status="draft")
    (doubt,) = spellings(imported)["openai/gpt-5.5"].doubts
    assert doubt == "gpt-5.5 is a draft, so clients could no longer use openai/gpt-5.5"


def test_the_page_shows_the_aliases_and_one_click_creates_the_safe_ones(
    imported: ImportRun, admin_client: Client
) -> None:
    source = reverse("admin:catalog_source_aliases", args=[imported.source_id])
    page = admin_client.get(source, follow=True)
    text = page.content.decode()
    assert "Create all 1 safe alias<" in text.replace("\n", "")
    assert "same price" in text
    address = page.redirect_chain[-1][0]
    admin_client.post(address, {"create": "safe", "seen": "outdated"})
    assert ModelAlias.objects.count() == 0
    admin_client.post(address, {"create": "safe", "seen": page.context["seen"]})
    assert ModelAlias.objects.get().name == "openai/gpt-5.5"
    history: Any = ModelAlias.history.get()
    assert (str(history.history_user), history.history_change_reason) == (
        "admin",
        f"Aliases of {ImportRun.objects.latest('pk')}",
    )


def test_a_person_may_also_choose_single_aliases(imported: ImportRun, admin_client: Client) -> None:
    address = reverse("admin:catalog_importrun_aliases", args=[imported.pk])
    seen = admin_client.get(address).context["seen"]
    admin_client.post(address, {"create": "ticked", "seen": seen})
    assert ModelAlias.objects.count() == 0
    admin_client.post(address, {"create": "ticked", "seen": seen, "alias": ["openai/gpt-5.5", "unknown"]})
    assert ModelAlias.objects.get().name == "openai/gpt-5.5"


def create(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("create_aliases", *arguments, stdout=out)
    except SystemExit as stop:
        return int(stop.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.usefixtures("imported")
def test_the_command_lists_the_aliases_and_creates_the_safe_ones() -> None:
    code, text = create("openrouter")
    assert (code, ModelAlias.objects.count()) == (2, 0)
    assert "openai/gpt-5.5 → gpt-5.5 (alias, merging two models): same price." in text
    assert create("openrouter", "--only", "anthropic/*", "--apply")[0] == 0
    assert ModelAlias.objects.count() == 0
    code, text = create("openrouter", "--apply", "--format", "json")
    assert (code, ModelAlias.objects.get().name) == (0, "openai/gpt-5.5")
    document = json.loads(text)
    assert document["run"] == ImportRun.objects.latest("pk").pk
    assert [(row["name"], row["safe"]) for row in document["aliases"]] == [("openai/gpt-5.5", True)]
