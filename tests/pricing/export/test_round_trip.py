"""A gateway's own price list, imported and published, is the list that its clients know, row by row."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from catalog.exact import read_json
from catalog.sources.expressions import read_expression
from tests.pricing.imports.running import Outcome, run
from tests.samples import sample_or_real

pytestmark = pytest.mark.django_db
NUMBERS = (
    "quota_type",
    "model_ratio",
    "completion_ratio",
    "model_price",
    "cache_ratio",
    "create_cache_ratio",
    "image_ratio",
    "audio_ratio",
    "audio_completion_ratio",
)
TEXTS = ("series", "release_date", "description", "icon", "display_unit")
TABLES = ("image_pricing", "video_pricing")
NO_TYPES = {"path", "method"}


@pytest.fixture(params=["new_api.json", "crazyrouter/pricing_excerpt.json"])
def both(request: pytest.FixtureRequest, client: Client, tmp_path: Path) -> tuple[Any, Any, Outcome]:
    """The list that went in, the one that comes out, and what the import reported."""
    content = sample_or_real(request.param)
    outcome = run("new_api", content, tmp_path, "--publish", "--apply", "--channel", "c")
    assert outcome.code == 0, outcome.err
    return read_json(content), read_json(client.get("/api/pricing?unpriced=rows").content), outcome


def pairs(both: tuple[Any, Any, Outcome]) -> list[tuple[Any, Any]]:
    out = {row["model_name"]: row for row in both[1]["data"]}
    return [(row, out[row["model_name"]]) for row in both[0]["data"]]


def is_unset(row: Any) -> bool:
    return (row["model_ratio"], row["completion_ratio"]) == (37.5, 1)


def table_of(row: Any) -> str | None:
    return next((name for name in TABLES if name in row), None)


def test_every_model_and_no_other_comes_out(both: tuple[Any, Any, Outcome]) -> None:
    assert {row["model_name"] for row in both[0]["data"]} == {row["model_name"] for row in both[1]["data"]}


def test_what_is_not_money_is_the_same(both: tuple[Any, Any, Outcome]) -> None:
    vendors_in, vendors_out = ({vendor["id"]: vendor["name"] for vendor in body["vendors"]} for body in both[:2])
    for row, out in pairs(both):
        assert [out.get(name) for name in TEXTS] == [row.get(name) for name in TEXTS], row["model_name"]
        types = [name for name in row["supported_endpoint_types"] if name not in NO_TYPES]
        assert out["supported_endpoint_types"] == types
        assert out["public_endpoint_types"] == (row.get("public_endpoint_types", types) or [])
        if "vendor_id" in row:
            assert vendors_out[out["vendor_id"]] == vendors_in[row["vendor_id"]]


def test_every_sound_number_is_the_same(both: tuple[Any, Any, Outcome]) -> None:
    seen = 0
    for row, out in pairs(both):
        has_price = row["model_ratio"] or row["model_price"]
        if has_price and not is_unset(row) and table_of(row) is None:
            seen += 1
            assert out["pricing_status"] == "priced"
            for name in NUMBERS:
                assert float(out.get(name, 0)) == float(row.get(name, 0)), (row["model_name"], name)
            assert out["discount"] == row.get("discount", 1)
    assert seen >= 3


def test_rules_are_the_same_and_never_read_as_free(both: tuple[Any, Any, Outcome]) -> None:
    tables = [(row, out, table) for row, out in pairs(both) if (table := table_of(row))]
    assert tables
    for row, out, table in tables:
        assert (out["quota_type"], out["billing_mode"]) == (1, row["billing_mode"])
        assert out["discount"] == row["discount"]
        assert {key: out[table][key] for key in row[table] if key != "rules"} == {
            key: value for key, value in row[table].items() if key != "rules"
        }
        assert out[table]["rules"] == row[table]["rules"], row["model_name"]
        assert out["model_price"] in {rule["platform_base_price"] for rule in row[table]["rules"]}
        assert out["model_price"] > 0


def test_an_expression_of_tiers_is_a_price(both: tuple[Any, Any, Outcome]) -> None:
    for row, out in pairs(both):
        if lines := read_expression(row.get("billing_expr", "")):
            assert (out["pricing_status"], out["model_ratio"]) == ("priced", 1)
            # It has no price for output, so it would be free to programs that charge by it.
            assert "billing_expr" not in out
            assert [figure["amount"] for figure in out["prices"]] == [line.amount for line in lines]


def test_an_invalid_sheet_has_no_number_and_is_reported(both: tuple[Any, Any, Outcome]) -> None:
    unset = [
        (row, out) for row, out in pairs(both) if is_unset(row) and not read_expression(row.get("billing_expr", ""))
    ]
    assert unset
    for row, out in unset:
        assert not {"model_ratio", "model_price", "completion_ratio"} & out.keys()
        assert row["model_name"] in both[2].findings()
        assert out["pricing_status"] == ("dynamic" if "billing_expr" in row else "unpriced")
        assert out.get("billing_expr") == row.get("billing_expr")


def test_popular_models_keep_their_order(both: tuple[Any, Any, Outcome]) -> None:
    names = {row["model_name"] for row in both[0]["data"]}
    assert both[1]["popular_models"] == [name for name in both[0]["popular_models"] if name in names]


def test_imported_again_nothing_changes(both: tuple[Any, Any, Outcome], client: Client, tmp_path: Path) -> None:
    """What we publish is a price list that we read ourselves."""
    before = client.get("/api/pricing?unpriced=rows").content
    again = run("new_api", before, tmp_path, "--allow-removals")
    assert again.report["counts"]["changed_prices"] == 0, again.report["prices"]["changed"]
    assert client.get("/api/pricing?unpriced=rows").content == before
