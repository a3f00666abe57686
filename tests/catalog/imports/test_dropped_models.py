"""A model that its source no longer lists is marked with the day, only in the admin, until it is listed again."""

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from catalog.db import revision
from catalog.imports.dropped_models import dropped_models
from catalog.models import AIModel, ImportRun, ModelAlias, Source
from catalog.sources import SOURCES
from pricing.imports.options import Options
from pricing.imports.pipeline import apply_import
from pricing.imports.review import apply_run, plan_of, save_plan
from pricing.imports.rollback import roll_back
from tests import world

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
NAMES = [f"gpt-{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
OPTIONS = Options(source=SOURCES["litellm"])


def document(names: list[str], context: int = 1000) -> bytes:
    row = {"mode": "chat", "litellm_provider": "openai", "max_input_tokens": context, "input_cost_per_token": 2e-06}
    return json.dumps(dict.fromkeys(names, row)).encode()


def imported(names: list[str], context: int = 1000, *, days: int = 0, options: Options = OPTIONS) -> ImportRun | None:
    return apply_import(document(names, context), options, at=NOW + dt.timedelta(days=days))[1]


def marks() -> dict[str, list[str]]:
    return {name: [since for _, since in sources] for name, sources in dropped_models().items()}


def test_it_is_marked_since_the_import_until_it_is_listed_again() -> None:
    imported(NAMES)
    assert marks() == {}
    imported(NAMES[1:], 2000, days=1)
    imported(NAMES[1:], 3000, days=2)
    assert marks() == {"gpt-a": ["2026-11-26"]}
    imported(NAMES, 3000, days=3)
    assert marks() == {}


def test_a_document_that_only_lacks_a_model_marks_it_without_a_run_or_a_change() -> None:
    imported(NAMES)
    before = revision.current(), ImportRun.objects.count(), Source.history.count()
    assert imported(NAMES[1:], days=1) is None
    assert marks() == {"gpt-a": ["2026-11-26"]}
    assert imported(NAMES, days=2) is None
    assert marks() == {}
    assert (revision.current(), ImportRun.objects.count(), Source.history.count()) == before


def test_a_stopped_or_waiting_import_marks_nothing() -> None:
    imported(NAMES)
    assert imported(NAMES[3:], 2000, days=1) is None
    _, run = save_plan(document(NAMES[3:], 2000), OPTIONS, at=NOW)
    assert run is not None
    assert marks() == {}
    seen = plan_of(run, at=NOW).fingerprint
    apply_run(run, at=NOW + dt.timedelta(days=2), seen=seen, accepted=["allow_removals"])
    assert marks() == {name: ["2026-11-27"] for name in NAMES[:3]}


def test_a_fetch_without_changes_marks_it_too() -> None:
    imported(NAMES)
    assert save_plan(document(NAMES[1:]), OPTIONS, at=NOW)[1] is None
    assert marks() == {"gpt-a": ["2026-11-25"]}


def test_sources_are_independent_and_aliases_count_as_their_models() -> None:
    imported(NAMES)
    other = Options(source=SOURCES["litellm"], name="ours", overrule=True)
    imported(NAMES, 2000, options=other)
    ModelAlias.objects.create(name="gpt-new-name", model=AIModel.objects.get(name="gpt-a"))
    imported(["gpt-new-name", *NAMES[1:]], 3000, days=1)
    assert marks() == {}
    imported(NAMES[1:], 4000, days=2, options=other)
    assert dropped_models() == {"gpt-a": [("ours", "2026-11-27")]}


def test_a_deleted_model_is_not_marked() -> None:
    run = imported(NAMES)
    imported(NAMES[1:], days=1)
    assert run is not None
    roll_back(run, at=timezone.now())
    assert not AIModel.objects.exists()
    imported(NAMES[1:], days=2)
    assert marks() == {}


def test_a_rollback_removes_the_marks_of_its_run() -> None:
    imported(NAMES)
    imported(NAMES[1:], 2000, days=1)
    run = imported(NAMES[3:], 3000, days=2, options=replace(OPTIONS, allow_removals=True))
    assert run is not None
    assert len(marks()) == 3
    roll_back(run, at=timezone.now())
    assert marks() == {"gpt-a": ["2026-11-26"]}


def test_the_admin_shows_and_filters_it(admin_client: Client) -> None:
    imported(NAMES)
    imported(NAMES[1:], days=1)
    notice = "not listed by LiteLLM&#x27;s model prices since 2026-11-26"
    page = admin_client.get("/admin/catalog/aimodel/?sources=missing").content.decode()
    assert notice in page
    assert ("gpt-a" in page, "gpt-b" in page) == (True, False)
    model = AIModel.objects.get(name="gpt-a")
    assert notice in admin_client.get(f"/admin/catalog/aimodel/{model.pk}/change/").content.decode()
    other = AIModel.objects.get(name="gpt-b")
    assert (
        "All sources still list it." in admin_client.get(f"/admin/catalog/aimodel/{other.pk}/change/").content.decode()
    )


def test_customers_do_not_see_it(client: Client, tmp_path: Path) -> None:
    imported(NAMES, options=Options(source=SOURCES["litellm"], channel="main", publish=True))
    key = world.key()
    before = client.get("/v1/models", headers={"authorization": f"Bearer {key}"}).content
    imported(NAMES[1:], days=1, options=Options(source=SOURCES["litellm"], channel="main", publish=True))
    assert marks() == {"gpt-a": ["2026-11-26"]}
    assert client.get("/v1/models", headers={"authorization": f"Bearer {key}"}).content == before
