"""The database of a gateway and its own /api/pricing end in the same prices, in whatever order they are imported."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from catalog.exact import read_json, write_json
from catalog.models import AIModel
from catalog.prices import WHOLE_REQUEST, Sheet
from catalog.sources import new_api
from pricing.engine.equality import same_price
from pricing.published.prices import published_sheets
from tests.cases import recorded
from tests.pricing.imports.running import run, state

pytestmark = pytest.mark.django_db
GATEWAYS = ("new_api", "new_api_august", "veloera")
# A listing shows 37.5 for it; the databases have a ratio of 37.5 for acme-375.
UNPRICED = "acme-unpriced"


@dataclass(frozen=True)
class Gateway:
    """A recorded database and the answer of its program."""

    file: Path
    listing: Mapping[str, Any]

    def import_database(self) -> None:
        recorded.migrate(self.file, accept_jumps=[])

    def import_listing(self) -> None:
        outcome = run(
            "new_api", write_json({**self.listing, "success": True}), self.file.parent, "--apply", "--accept-jumps"
        )
        assert outcome.code == 0, outcome.err


@pytest.fixture(params=GATEWAYS)
def gateway(request: pytest.FixtureRequest, tmp_path: Path) -> Gateway:
    answers = recorded.answers(request.param, read=read_json)
    return Gateway(recorded.database(request.param, tmp_path), answers["/api/pricing"])


def published() -> dict[str, Sheet]:
    models = {model.pk: model for model in AIModel.objects.select_related("vendor")}
    sheets = published_sheets(models.values(), at=timezone.now(), groups=())
    return {models[key].name: sheet for key, sheet in sheets.items()}


def of_the_gateway(row: Mapping[str, Any]) -> dict[str, Decimal]:
    """Meter -> what the gateway charges by this row: dollars for a call, or for a million tokens."""
    if row["quota_type"] == 1 or row["model_price"]:
        return {"request": row["model_price"]}
    base = row["model_ratio"] * 2
    return {"input": base, "output": base * row["completion_ratio"]}


@pytest.mark.parametrize("is_listing_first", [True, False])
def test_the_published_prices_are_those_of_the_gateway_in_any_order(
    gateway: Gateway, *, is_listing_first: bool
) -> None:
    imports = (gateway.import_listing, gateway.import_database)
    for import_it in imports if is_listing_first else reversed(imports):
        import_it()

    prices = published()
    for row in gateway.listing["data"]:
        name = row["model_name"]
        if "billing_expr" in row:
            (record,) = new_api.read(write_json({"data": [row]})).records
            assert record.prices is not None
            assert same_price(prices[name], record.prices), name
        elif name in prices:
            plain = {line.meter: line.amount for line in prices[name].lines if line.meter in WHOLE_REQUEST}
            # A ratio is a rounded quotient of two prices.
            assert plain == pytest.approx(of_the_gateway(row), rel=Decimal("1e-15")), name
        else:
            assert row["model_ratio"] == Decimal("37.5"), name
    assert UNPRICED not in prices
    assert prices["acme-375"].state == "priced"
    assert prices["acme-free"].state == prices["acme-freecall"].state == "free"

    before = state()
    for import_it in imports if is_listing_first else reversed(imports):
        import_it()
    assert {**state(), "ImportRun": 0, "revision": 0} == {**before, "ImportRun": 0, "revision": 0}
