"""Rows beside models (endpoint types, rates, popular models, …) follow the same rules in every kind of document."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from catalog.models import AIModel, EndpointType, FieldPin, ImportRun, ModelAlias, Offer
from catalog.sources import SOURCES, yaml_catalog
from catalog.sources.rows import SourceError
from pricing.imports.options import Options
from pricing.imports.pipeline import make_plan
from pricing.imports.review import apply_run, plan_of, save_plan
from pricing.models import GroupRate, PopularModel, PriceSheet
from tests import world
from tests.pricing.imports.running import run
from tests.samples import HERE, sample

pytestmark = pytest.mark.django_db
LIST = HERE / "new_api.json"
CATALOG = """format: modelbook/1
endpoint_types:
- {name: holo, path: /v1/holo, method: POST, label: Hologram}
groups:
- {slug: vip, label: VIP, rate: '0.5', channels: [east]}
channels:
- {slug: east, name: East, enabled: true, offers: [{model: gpt-a, enabled: true}, {model: nobody, enabled: true}]}
models:
- {name: gpt-a, status: published, supported_endpoint_types: [holo], successor: gpt-b, prices: {cost: {currency: USD,
    lines: [{meter: input, amount: '1', per: 1000000, unit: token}]}}}
- {name: gpt-b, status: published}
aliases:
- {name: old-a, model: gpt-a}
- {name: old-nobody, model: nobody}
popular:
- {model: gpt-b, position: 0}
- {model: nobody, position: 1}
"""


def test_a_row_that_names_an_unknown_model_is_reported_and_not_planned_again(tmp_path: Path) -> None:
    findings = run("yaml", CATALOG, tmp_path, "--apply").findings()
    assert "offer east nobody was left out: there is no model nobody" in findings
    assert "alias old-nobody was left out: there is no model nobody" in findings
    assert "popular model nobody was left out: there is no model nobody" in findings
    assert AIModel.objects.get(name="gpt-a").successor == AIModel.objects.get(name="gpt-b")
    assert run("yaml", CATALOG, tmp_path).report["outcome"] == "done"


def test_a_catalog_hides_a_model_from_the_price_list_unless_the_field_is_pinned(tmp_path: Path) -> None:
    content = CATALOG.replace("gpt-b, status: published", "gpt-b, status: published, in_price_list: false")
    run("yaml", content, tmp_path, "--apply")
    model = AIModel.objects.get(name="gpt-b")
    assert not model.in_price_list
    FieldPin.objects.create(model=model, field="in_price_list", reason="by contract")
    run("yaml", content.replace("in_price_list: false", "in_price_list: true"), tmp_path, "--apply")
    model.refresh_from_db()
    assert not model.in_price_list


def test_only_brings_everything_about_the_chosen_models_and_nothing_else(tmp_path: Path) -> None:
    outcome = run("yaml", CATALOG, tmp_path, "--apply", "--only", "gpt-a")
    model = AIModel.objects.get()
    assert (model.name, model.status, model.supported_endpoint_types) == ("gpt-a", "published", ["holo"])
    assert PriceSheet.objects.get().role == "cost"
    assert ModelAlias.objects.get().name == "old-a"
    assert [table.objects.count() for table in (Offer, GroupRate, PopularModel)] == [0, 0, 0]
    assert "offer east gpt-a was left out: there is no channel east" in outcome.findings()
    assert (
        "successor of model gpt-a was left out: there is no model gpt-b"
        in run("yaml", CATALOG, tmp_path, "--only", "gpt-a").findings()
    )


def test_only_takes_no_rates_from_a_price_list(tmp_path: Path) -> None:
    run("new_api", LIST, tmp_path, "--apply", "--only", "mj-*")
    assert not GroupRate.objects.exists()
    assert [row.model.name for row in PopularModel.objects.select_related("model")] == ["mj-sample"]
    assert EndpointType.objects.filter(name="holo").exists()


def test_a_price_list_does_not_move_an_endpoint_type(tmp_path: Path) -> None:
    EndpointType.objects.create(name="holo", path="/ours", method="POST")
    report = run("new_api", LIST, tmp_path, "--apply").report
    assert report["endpoint_types"] == []
    assert EndpointType.objects.get(name="holo").path == "/ours"


def test_a_catalog_changes_an_endpoint_type(tmp_path: Path) -> None:
    EndpointType.objects.create(name="holo", path="/ours", method="POST")
    run("yaml", CATALOG, tmp_path, "--apply")
    assert (EndpointType.objects.get(name="holo").path, EndpointType.objects.get(name="holo").label) == (
        "/v1/holo",
        "Hologram",
    )


@pytest.mark.parametrize("path", ["holo", "javascript:alert(1)"])
def test_an_endpoint_type_without_a_valid_path_is_not_created(tmp_path: Path, path: str) -> None:
    outcome = run("yaml", CATALOG.replace("/v1/holo", path), tmp_path, "--apply")
    assert "endpoint type holo was left out: This is not a valid path" in outcome.findings()
    assert "the endpoint type holo is not in the registry" in outcome.findings()
    assert not EndpointType.objects.filter(name="holo").exists()


def test_a_rate_of_1_is_written_like_any_other(tmp_path: Path) -> None:
    world.token_group()
    content = '{"data": [{"model_name": "m", "model_ratio": 1}], "group_ratio": {"default": 1}}'
    assert run("new_api", content, tmp_path).report["rates"] == {"default": [None, "1"]}
    run("new_api", content, tmp_path, "--apply")
    assert GroupRate.objects.get().ratio == Decimal(1)
    assert run("new_api", content, tmp_path).report["rates"] == {}


def test_every_document_reports_them_under_the_same_keys(tmp_path: Path) -> None:
    for source, document in (("new_api", LIST), ("yaml", CATALOG)):
        report = run(source, document, tmp_path).report
        structure = report["structure"]
        assert report["endpoint_types"] == structure["endpoint_types"]["new"] == ["holo"]
        assert list(report["popular"]) == structure["popular"]["new"]


def test_endpoint_types_come_with_the_models_that_name_them() -> None:
    now = timezone.now()
    options = Options(source=SOURCES["new_api"], role="list")
    document = sample("new_api.json")
    assert not make_plan(document, options, at=now).structure.has_beside
    waiting = save_plan(document, options, at=now)[1]
    assert waiting is not None
    apply_run(waiting, at=now, seen=plan_of(waiting, at=now).fingerprint, chosen={"mj-sample"})
    assert EndpointType.objects.filter(name="holo").exists()
    assert PopularModel.objects.get().model.name == "mj-sample"


def test_a_file_states_what_lists_have_and_when_models_start(tmp_path: Path) -> None:
    content = CATALOG.replace(
        "gpt-b, status: published", "gpt-b, status: published, listed: false, starts_at: 2026-12-31T08:00:00+01:00"
    )
    content += "releases:\n- {model: gpt-b, group: vip, starts_at: null}\n- {model: gpt-b, group: nobody}\n"
    run("yaml", content, tmp_path, "--apply")
    model = AIModel.objects.get(name="gpt-b")
    start = dt.datetime(2026, 12, 31, 7, tzinfo=dt.UTC)
    assert (model.listed, model.starts_at) == (False, start)
    assert [(release.group.slug, release.starts_at) for release in model.releases.all()] == [("vip", None)]
    FieldPin.objects.create(model=model, field="starts_at", reason="by contract")

    edited = content.replace("listed: false", "listed: true").replace("2026-12-31", "2027-01-31")
    run("yaml", edited, tmp_path, "--apply")

    model.refresh_from_db()
    assert (model.listed, model.starts_at) == (True, start)
    call_command("rollback_import", str(ImportRun.objects.latest("pk").pk))
    model.refresh_from_db()
    assert (model.listed, model.starts_at) == (False, start)


@pytest.mark.parametrize("start", ["tomorrow", "2026-12-31", "2026-12-31T08:00:00"])
def test_a_start_without_a_zone_is_refused(start: str) -> None:
    content = CATALOG.replace("gpt-b, status: published", f"gpt-b, status: published, starts_at: {start}")
    with pytest.raises(SourceError, match="not a time with a zone"):
        yaml_catalog.read(content.encode())
