"""LiteLLM's successor_model sets the successor of a model, and its pages are shown to operators."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from catalog.models import AIModel, FieldPin, ImportRun, ModelAlias
from tests import world
from tests.pricing.imports.running import Outcome, run

pytestmark = pytest.mark.django_db
PAGE = "https://example.com/deprecations"


def imported(folder: Path, *arguments: str, **successors: str | None) -> Outcome:
    """Imports models, named by keywords, with these successors."""
    rows = {
        name: {"mode": "chat", "input_cost_per_token": 1e-06} | ({"successor_model": successor} if successor else {})
        for name, successor in successors.items()
    }
    return run("litellm", json.dumps(rows), folder, "--apply", "--allow-removals", *arguments)


def successor(name: str = "old") -> str | None:
    found = AIModel.objects.get(name=name).successor
    return found.name if found else None


def test_a_successor_of_the_same_document_is_set_once(tmp_path: Path) -> None:
    outcome = imported(tmp_path, old="new", new=None)

    assert (successor(), successor("new")) == ("new", None)
    assert (outcome.report["findings"], outcome.report["unmapped"]) == ([], {})
    assert imported(tmp_path, old="new", new=None).report["counts"]["changed"] == 0


def test_a_successor_changes_with_the_source(tmp_path: Path) -> None:
    imported(tmp_path, old=None, new=None, newer=None)
    assert imported(tmp_path, old="new", new=None, newer=None).report["changed"]["old"] == {"successor": [None, "new"]}
    imported(tmp_path, old="newer", new=None, newer=None)
    assert successor() == "newer"
    # A source that names none says nothing.
    imported(tmp_path, old=None, new=None, newer=None)
    assert successor() == "newer"
    assert AIModel.history.filter(name="old").count() == 3


def test_a_successor_may_be_named_by_an_alias(tmp_path: Path) -> None:
    ModelAlias.objects.create(name="new-alias", model=world.model("new"))
    imported(tmp_path, old="new-alias")
    assert successor() == "new"


def test_a_missing_successor_is_reported(tmp_path: Path) -> None:
    outcome = imported(tmp_path, old="nowhere", older="nowhere", same="same")
    assert (successor(), successor("same")) == (None, None)
    assert outcome.report["findings"] == [
        {"finding": "its successor is not in the catalog and was not set", "models": ["old", "older"]}
    ]


def test_the_successor_of_a_person_or_a_pin_stays(tmp_path: Path) -> None:
    imported(tmp_path, old=None, pinned=None, new=None, newer=None)
    model = AIModel.objects.get(name="old")
    model.successor = AIModel.objects.get(name="newer")
    model.save()
    FieldPin.objects.create(model=AIModel.objects.get(name="pinned"), field="successor", reason="no successor")
    report = imported(tmp_path, old="new", pinned="new", new=None, newer=None).report
    assert (successor(), successor("pinned")) == ("newer", None)
    assert set(report["kept"]) == {"old", "pinned"}


def test_a_rollback_removes_the_successor(tmp_path: Path) -> None:
    imported(tmp_path, old=None, new=None)
    imported(tmp_path, old="new", new=None)
    second, first = ImportRun.objects.order_by("-pk")
    call_command("rollback_import", str(second.pk))
    assert successor() is None
    call_command("rollback_import", str(first.pk))
    assert not AIModel.objects.exists()


def test_the_pages_of_a_source_are_shown_to_operators(admin_client: Client, tmp_path: Path) -> None:
    row: dict[str, Any] = {
        "mode": "chat",
        "input_cost_per_token": 1e-06,
        "source": "https://example.com/pricing",
        "deprecation_source": PAGE,
    }
    run("litellm", json.dumps({"old": row}), tmp_path, "--apply")
    model = AIModel.objects.get()
    sheet = model.sheets.get()
    for page in (
        reverse("admin:catalog_aimodel_change", args=[model.pk]),
        reverse("admin:pricing_pricesheet_change", args=[sheet.pk]),
    ):
        text = admin_client.get(page).content.decode()
        assert f'Retirement: <a class="text-link" href="{PAGE}">' in text
        assert 'Price: <a class="text-link" href="https://example.com/pricing">' in text
    # Another page is not another price.
    moved = run("litellm", json.dumps({"old": row | {"source": "https://example.com/new"}}), tmp_path, "--apply")
    assert moved.report["counts"]["changed_prices"] == 0
