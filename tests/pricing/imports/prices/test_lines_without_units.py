"""A line without a unit is stored as a fact, from any source, and a source's own meter is never the headline."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.test import Client

from catalog.exact import write_json
from pricing.models import PriceLine, PriceSheet
from tests.pricing.imports.running import run
from tests.pricing.pages import shop

pytestmark = pytest.mark.django_db
HEADER = "model,meter,amount,per,unit\n"


def imported(folder: Path, lines: str, model: str = "m") -> list[str]:
    """Imports lines of a CSV file; returns the findings."""
    text = HEADER + "".join(f"{model},{line}\n" for line in lines.split())
    outcome = run("csv", text, folder, "--apply", "--publish", "--channel", "c")
    assert outcome.code == 0, outcome.out
    return [finding["finding"] for finding in outcome.report["findings"]]


def row(client: Client, model: str = "m") -> dict[str, object]:
    rows = client.get("/api/pricing?unpriced=rows").json()["data"]
    return dict(next(row for row in rows if row["model_name"] == model))


def test_a_line_without_a_unit_is_a_fact(client: Client, tmp_path: Path) -> None:
    findings = imported(tmp_path, "input,1,1000000,token web_search,0.01,1,")

    assert findings == ["web_search: has no unit, so it is not a price; the line is stored as a fact and sets no price"]
    assert [line.meter for line in PriceLine.objects.all()] == ["input"]
    assert [line["meter"] for line in PriceSheet.objects.get().facts["unjudged"]] == ["web_search"]
    assert row(client)["model_ratio"] == 0.5


def test_zeros_beside_a_line_without_a_unit_are_not_free(client: Client, tmp_path: Path) -> None:
    imported(tmp_path, "input,0,1,token output,0,1,token web_search,0.01,1,")
    assert (row(client)["pricing_status"], PriceSheet.objects.count()) == ("unpriced", 0)


def test_lines_of_an_earlier_version_of_this_catalog_are_facts(client: Client, tmp_path: Path) -> None:
    figure = {"amount": Decimal("0.000001"), "per": 1, "currency": "USD"}
    prices = [
        {"meter": "input", "unit": "token", **figure},
        {"meter": "x.litellm.fedramp_uplift_multiplier", "unit": "", **figure},
    ]
    document = write_json({"data": [{"model_name": "m", "vendor_id": 1, "prices": prices}]})
    run("new_api", document, tmp_path, "--apply", "--publish", "--channel", "c")
    assert [line.meter for line in PriceLine.objects.all()] == ["input"]


@pytest.mark.parametrize(
    ("lines", "status", "shown"),
    [
        ("x.acme.song,0.1,1,request", "unpriced", "no price yet"),
        ("input,0,1,token output,0,1,token x.acme.song,0.1,1,request", "unpriced", "no price yet"),
        ("x.acme.song,0.1,1,request request,0.02,1,request", "priced", "$0.02 per request"),
    ],
)
def test_an_own_meter_is_never_the_headline(
    client: Client, tmp_path: Path, lines: str, status: str, shown: str
) -> None:
    assert imported(tmp_path, lines) == []

    assert row(client)["pricing_status"] == status
    assert "0.1" not in str(row(client).get("model_price"))
    listed = shop.row(shop.get(client, "/"), "m")
    assert shown in listed
    assert "$0.10" not in listed
    answer = client.post(
        "/api/pricing/quote",
        {"model": "m", "usage": {"x.acme.song": {"quantity": 2, "unit": "request"}}},
        content_type="application/json",
    ).json()
    assert answer["lines"][0]["amount"] == "0.2"
