"""Importing a gateway's own price list: vendors, endpoint types, rates, popular models and sell prices."""

from decimal import Decimal
from pathlib import Path

import pytest

from catalog.models import AIModel, Channel, EndpointType, Vendor
from pricing.models import GroupRate, PopularModel, PriceLine, PriceSheet
from tests import world
from tests.pricing.imports.running import Outcome, run, state
from tests.samples import sample

pytestmark = pytest.mark.django_db
LIST = sample("new_api.json")


@pytest.fixture
def imported(db: None, tmp_path: Path) -> Outcome:
    return run("new_api", LIST, tmp_path, "--apply", "--publish", "--channel", "c")


def test_a_second_import_writes_nothing(imported: Outcome, tmp_path: Path) -> None:
    before = state()
    assert run("new_api", LIST, tmp_path, "--apply", "--publish", "--channel", "c").code == 0
    assert state() == before


def test_a_vendor_gets_its_name_from_the_source(imported: Outcome) -> None:
    assert AIModel.objects.get(name="mj-sample").vendor.name == "即梦"
    jimeng = Vendor.objects.get(name="即梦")
    assert (jimeng.slug, jimeng.icon, jimeng.aliases) == ("jimeng", "Jimeng.Color", [])
    assert AIModel.objects.get(name="kling-sample").vendor.name == "快手"


def test_a_stored_vendor_with_that_spelling_is_used(tmp_path: Path) -> None:
    world.vendor("kling-house", name="Kling House", aliases=["快手"])
    run("new_api", LIST, tmp_path, "--apply")
    assert AIModel.objects.get(name="kling-sample").vendor.slug == "kling-house"
    assert not Vendor.objects.filter(name="快手").exists()


def test_a_used_slug_gets_a_number(tmp_path: Path) -> None:
    document = '{"data": [{"model_name": "m", "vendor_id": 1}], "vendors": [{"id": 1, "name": "Acme!"}]}'
    world.vendor("acme", name="Acme Corporation")
    run("new_api", document, tmp_path, "--apply")
    assert AIModel.objects.get(name="m").vendor.slug == "acme-2"


def test_missing_endpoint_types_are_created(imported: Outcome) -> None:
    assert EndpointType.objects.get(name="holo").path == "/v1/holograms"
    assert not EndpointType.objects.filter(name__in=["path", "method"]).exists()
    assert AIModel.objects.get(name="mj-sample").supported_endpoint_types == ["image-generation", "holo"]


def test_public_types_differ_between_missing_and_empty(imported: Outcome) -> None:
    types_by_model = dict(AIModel.objects.values_list("name", "public_endpoint_types"))
    assert (types_by_model["gpt-audio-sample"], types_by_model["zero-sample"], types_by_model["kling-sample"]) == (
        [],
        None,
        ["kling"],
    )


def test_popular_models_have_their_positions_in_the_list(imported: Outcome) -> None:
    positions = PopularModel.objects.order_by("position").values_list("model__name", "position")
    assert list(positions) == [("mj-sample", 0), ("kimi-sample", 1)]
    assert "popular model nobody-knows-it was left out: there is no model nobody-knows-it" in imported.findings()


def test_the_rate_of_an_existing_group_is_imported(imported: Outcome) -> None:
    assert GroupRate.objects.get(group__slug="default").ratio == Decimal("0.5")
    assert "group rate vip was left out: there is no group vip" in imported.findings()


def test_prices_are_what_customers_pay(imported: Outcome) -> None:
    assert set(PriceSheet.objects.values_list("role", flat=True)) == {"sell"}
    assert not PriceSheet.objects.filter(model__name__in=["placeholder-sample", "zero-sample"]).exists()
    lines = PriceLine.objects.filter(sheet__model__name="kling-sample").order_by("position")
    assert [(line.kind, line.meter) for line in lines] == [
        ("absolute", "output.video"),
        ("absolute", "output.video"),
        ("multiplier", ""),
    ]
    assert lines[1].conditions == [{"dim": "capability_bucket", "op": "eq", "value": "i2v"}]


def test_an_existing_channel_stays_in_its_groups(tmp_path: Path) -> None:
    world.channel("c", group=None)
    run("new_api", LIST, tmp_path, "--apply", "--channel", "c")
    assert not Channel.objects.get(slug="c").groups.exists()


def test_a_requested_group_reaches_the_channel(tmp_path: Path) -> None:
    world.token_group("team")
    run("new_api", LIST, tmp_path, "--apply", "--channel", "c", "--group", "team")
    assert [group.slug for group in Channel.objects.get(slug="c").groups.all()] == ["team"]


def test_an_import_as_cost_changes_neither_rates_nor_sell_prices(tmp_path: Path) -> None:
    run("new_api", LIST, tmp_path, "--apply", "--as", "cost")
    assert set(PriceSheet.objects.values_list("role", flat=True)) == {"cost"}
    assert not GroupRate.objects.exists()
