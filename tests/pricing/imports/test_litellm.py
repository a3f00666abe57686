"""Importing a price map: planned first, applied completely, and unchanged by a second import."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.models import AIModel, ImportRun, Offer, Snapshot, Vendor
from pricing.models import PriceLine, PriceSheet
from tests.pricing.imports.running import run, state
from tests.samples import sample

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
MAP = sample("litellm.json")
MODELS = 11


def test_without_apply_nothing_is_written(tmp_path: Path) -> None:
    before = state()
    outcome = run("litellm", MAP, tmp_path)
    assert (outcome.code, state()) == (2, before)
    assert outcome.report["outcome"] == "plan_waits"
    assert outcome.report["counts"]["new"] == MODELS


def test_dry_run_overrides_apply(tmp_path: Path) -> None:
    before = state()
    assert run("litellm", MAP, tmp_path, "--apply", "--dry-run").code == 2
    assert state() == before


def test_applied_models_are_drafts_under_their_exact_keys(tmp_path: Path) -> None:
    assert run("litellm", MAP, tmp_path, "--apply").code == 0
    model = AIModel.objects.get(name="azure/eu/gpt-sample")
    assert model.status == AIModel.Status.DRAFT
    assert model.vendor.slug == "openai"
    assert AIModel.objects.count() == MODELS
    assert not Offer.objects.exists()


def test_models_are_published_on_a_new_channel(tmp_path: Path) -> None:
    run("litellm", MAP, tmp_path, "--apply", "--publish", "--channel", "main")
    assert Offer.objects.filter(channel__slug="main", channel__groups__slug="default").count() == MODELS
    assert set(AIModel.objects.values_list("status", flat=True)) == {"published"}


def test_amounts_are_stored_exactly_in_their_own_unit(tmp_path: Path) -> None:
    run("litellm", MAP, tmp_path, "--apply")
    line = PriceLine.objects.get(sheet__model__name="azure/eu/gpt-sample", meter="input", conditions=[])
    assert (line.amount, line.per, line.unit) == (Decimal("0.0000029999900000000002"), 1, "token")
    assert PriceSheet.objects.get(model__name="azure/eu/gpt-sample").role == "list"


def test_a_second_import_writes_nothing(tmp_path: Path) -> None:
    arguments = ("--apply", "--publish", "--channel", "main")
    run("litellm", MAP, tmp_path, *arguments)
    before = state()
    outcome = run("litellm", MAP, tmp_path, *arguments)
    assert (outcome.code, outcome.report["outcome"]) == (0, "done")
    assert state() == before


def test_the_run_stores_the_document_and_the_report(tmp_path: Path) -> None:
    run("litellm", MAP, tmp_path, "--apply")
    assert Snapshot.objects.get().content == MAP
    stored = ImportRun.objects.get()
    assert (stored.status, stored.counts["new"]) == ("applied", MODELS)
    assert stored.report["unmapped"]["search_free_requests"] == 1
    assert set(PriceSheet.objects.values_list("run", flat=True)) == {stored.pk}


def test_only_matching_ids_are_imported(tmp_path: Path) -> None:
    run("litellm", MAP, tmp_path, "--apply", "--only", "xai/*", "--only", "text-*")
    assert set(AIModel.objects.values_list("name", flat=True)) == {"xai/grok-sample", "text-embedding-sample"}


def test_every_row_has_history(tmp_path: Path) -> None:
    run("litellm", MAP, tmp_path, "--apply")
    first = AIModel.history.filter(name="xai/grok-sample").get()
    assert (first.history_type, first.context_length) == ("+", 256000)
    assert first.history_change_reason.startswith("Import ")
    assert PriceSheet.history.count() == PriceSheet.objects.count()


def test_a_vendor_chosen_by_a_person_stays(tmp_path: Path, world: Any) -> None:
    world.model("xai/grok-sample", vendor=world.vendor("house-brand"))
    run("litellm", MAP, tmp_path, "--apply")
    assert AIModel.objects.get(name="xai/grok-sample").vendor.slug == "house-brand"


def test_a_model_without_a_vendor_gets_one(tmp_path: Path, world: Any) -> None:
    world.model("xai/grok-sample", vendor=Vendor.objects.other())
    outcome = run("litellm", MAP, tmp_path, "--apply")
    assert AIModel.objects.get(name="xai/grok-sample").vendor.slug == "xai"
    assert "exa_sample/search" in outcome.report["without_vendor"]
    assert AIModel.objects.get(name="exa_sample/search").vendor.slug == Vendor.OTHER


def test_inferred_endpoint_types_only_fill_empty_fields(tmp_path: Path, world: Any) -> None:
    world.model("xai/grok-sample", supported_endpoint_types=["openai-response", "openai"])
    world.model("claude-sample-5", supported_endpoint_types=[])
    run("litellm", MAP, tmp_path, "--apply")
    types_by_model = dict(AIModel.objects.values_list("name", "supported_endpoint_types"))
    assert types_by_model["xai/grok-sample"] == ["openai-response", "openai"]
    assert types_by_model["claude-sample-5"] == ["anthropic", "openai"]
