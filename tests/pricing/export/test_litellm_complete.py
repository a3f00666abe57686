"""LiteLLM's cost map has no row for a model without a complete price: LiteLLM would charge 0 for the rest."""

from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from catalog.exact import read_json
from pricing.imports.exit_codes import Exit
from tests import world
from tests.cases.importing import import_case
from tests.pricing.imports.running import run

pytestmark = pytest.mark.django_db

LEFT_OUT = {"s-call", "s-char", "s-dynamic", "s-eur", "s-included", "s-inputonly", "s-outputonly", "s-unpriced"}


def export(path: Path) -> Path:
    call_command("export_catalog", "litellm", output=str(path / "map.json"))
    return path / "map.json"


def test_models_without_a_complete_price_have_no_row(tmp_path: Path, client: Client) -> None:
    import_case("csv_price_kinds")

    rows = read_json(export(tmp_path).read_bytes())

    listed = {row["model_name"] for row in client.get("/api/pricing?unpriced=rows").json()["data"]}
    assert listed - rows.keys() == LEFT_OUT
    assert (rows["s-free"]["input_cost_per_token"], rows["s-free"]["output_cost_per_token"]) == (0, 0)
    assert float(rows["s-image"]["output_cost_per_image"]) == 0.04
    assert "s-freecall" in rows


@pytest.mark.parametrize("meter", ["input", "output"])
def test_a_side_that_its_keys_cannot_express_leaves_no_row(tmp_path: Path, meter: str) -> None:
    night = [{"dim": "time", "op": "in", "value": {"tz": "utc", "windows": [{"hours": "0-6", "weekdays": "0-6"}]}}]
    other = {"input": "output", "output": "input"}[meter]
    sheet = world.price(world.model("by-night"))
    world.line(sheet, other, "2")
    world.line(sheet, meter, "1", conditions=night)

    assert read_json(export(tmp_path).read_bytes()) == {}


def test_a_map_that_is_read_again_leaves_the_models_that_it_does_not_list(tmp_path: Path) -> None:
    import_case("csv_price_kinds")

    again = run("litellm", export(tmp_path), tmp_path)

    assert again.code == Exit.PLAN_WAITS, again.out + again.err
    assert again.report["counts"]["changed_prices"] == 0
    assert again.report["missing"] == []
    assert not LEFT_OUT & set(again.report["new"])


@pytest.mark.parametrize(("types", "is_listed"), [(["openai"], False), (["image-generation"], True)])
def test_text_is_not_free_beside_pictures(tmp_path: Path, types: list[str], *, is_listed: bool) -> None:
    sheet = world.price(world.model("painter", supported_endpoint_types=types), input="5")
    world.line(sheet, "output.image", "40")

    assert ("painter" in read_json(export(tmp_path).read_bytes())) is is_listed
