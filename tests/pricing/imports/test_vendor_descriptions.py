"""A price list's descriptions of vendors are imported: new vendors get them, and stored vendors without one."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import ImportRun, Vendor
from pricing.imports.rollback import roll_back
from tests import world
from tests.pricing.imports.running import run, state

pytestmark = pytest.mark.django_db

ACME = {"id": 1, "name": "Acme", "icon": "Acme.Color", "description": "Acme makes models."}


def document(*names: str, **vendor: Any) -> str:
    rows = [{"model_name": name, "vendor_id": 1, "quota_type": 1, "model_price": 1} for name in names or ("m",)]
    return json.dumps({"data": rows, "vendors": [ACME | vendor]})


def described(slug: str = "acme") -> str:
    return Vendor.objects.get(slug=slug).description


def test_a_new_vendor_is_described(tmp_path: Path) -> None:
    run("new_api", document(), tmp_path, "--apply")

    assert described() == "Acme makes models."


def test_a_stored_vendor_without_a_description_gets_one_once(tmp_path: Path) -> None:
    world.vendor("acme", name="Acme")
    outcome = run("new_api", document(), tmp_path, "--apply")

    assert outcome.report["structure"]["vendors"]["changed"] == {"acme": {"description": ["", "Acme makes models."]}}
    assert described() == "Acme makes models."
    before = state()
    run("new_api", document(), tmp_path, "--apply")
    assert state() == before


def test_a_stored_description_stays(tmp_path: Path) -> None:
    world.vendor("acme", name="Acme", description="Ours.")
    run("new_api", document(), tmp_path, "--apply")

    assert described() == "Ours."


def test_a_vendor_that_was_inferred_first_is_described(tmp_path: Path) -> None:
    rows = [{"model_name": "gpt-5.4"}, {"model_name": "gpt-5.5", "vendor_id": 1}]
    vendor = {"id": 1, "name": "OpenAI", "icon": "OpenAI", "description": "Makes GPT."}
    run("new_api", json.dumps({"data": rows, "vendors": [vendor]}), tmp_path, "--apply")

    openai = Vendor.objects.get(slug="openai")
    assert (openai.icon, openai.description) == ("OpenAI", "Makes GPT.")


def test_a_rollback_removes_the_description(tmp_path: Path) -> None:
    world.vendor("acme", name="Acme")
    run("new_api", document(), tmp_path, "--apply")
    roll_back(ImportRun.objects.latest("pk"), at=timezone.now())

    assert described() == ""


def test_this_catalogs_own_list_comes_back(client: Client, tmp_path: Path) -> None:
    run("new_api", document(), tmp_path, "--apply", "--publish", "--channel", "main", "--group", "default")
    listed = client.get("/api/pricing").content
    Vendor.objects.update(description="")
    run("new_api", listed, tmp_path, "--apply")

    assert described() == "Acme makes models."
