"""The database of a gateway and its own /api/pricing end in the same prices, in whatever order they are imported."""

import gzip
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from catalog.exact import read_json, write_json
from catalog.models import AIModel
from catalog.prices import WHOLE_REQUEST, Sheet
from catalog.sources import new_api
from pricing.engine.equality import same_price
from pricing.published.prices import published_sheets
from tests.pricing.imports.running import run, state

pytestmark = pytest.mark.django_db
GATEWAYS = Path(__file__).parent / "files" / "gateways"
LISTING = read_json((GATEWAYS / "new_api.json").read_bytes())["/api/pricing"]


def published() -> dict[str, Sheet]:
    models = {model.pk: model for model in AIModel.objects.select_related("vendor")}
    sheets = published_sheets(models.values(), at=timezone.now(), groups=None)
    return {models[key].name: sheet for key, sheet in sheets.items()}


def import_listing(folder: Path) -> None:
    outcome = run("new_api", write_json(LISTING), folder, "--apply", "--accept-jumps")
    assert outcome.code == 0, outcome.err


def import_database(folder: Path) -> None:
    file = folder / "one.db"
    file.write_bytes(gzip.decompress((GATEWAYS / "new_api.db.gz").read_bytes()))
    call_command("import_gateway", sqlite=str(file), apply=True, accept_jumps=[])


IMPORTS: Mapping[str, Callable[[Path], None]] = {"listing": import_listing, "database": import_database}
# The listing shows 37.5 for it; the database has a ratio of 37.5 for acme-375.
UNPRICED = "acme-unpriced"
# Priced by expressions.
TIERED = {"acme-tier", "acme-tier-neg", "acme-tier-odd", "acme-tier-req", "acme-tier-time"}


def of_the_gateway(row: Mapping[str, Any]) -> dict[str, Decimal]:
    """Meter -> what the gateway charges by this row: dollars for a call, or for a million tokens."""
    if row["quota_type"] == 1 or row["model_price"]:
        return {"request": row["model_price"]}
    base = row["model_ratio"] * 2
    return {"input": base, "output": base * row["completion_ratio"]}


@pytest.mark.parametrize("order", [("listing", "database"), ("database", "listing")])
def test_the_published_prices_are_those_of_the_gateway_in_any_order(order: Sequence[str], tmp_path: Path) -> None:
    for name in order:
        IMPORTS[name](tmp_path)

    prices = published()
    for row in LISTING["data"]:
        name = row["model_name"]
        if name in TIERED:
            (record,) = new_api.read(write_json({"data": [row]})).records
            assert record.prices is not None
            assert same_price(prices[name], record.prices), name
        elif name != UNPRICED:
            plain = {line.meter: line.amount for line in prices[name].lines if line.meter in WHOLE_REQUEST}
            # A ratio is a rounded quotient of two prices.
            assert plain == pytest.approx(of_the_gateway(row), rel=Decimal("1e-15")), name
    assert UNPRICED not in prices

    before = state()
    for name in order:
        IMPORTS[name](tmp_path)
    assert {**state(), "ImportRun": 0, "revision": 0} == {**before, "ImportRun": 0, "revision": 0}
