"""Our own reader of ratio_config gets the prices that we publish in /api/ratio_config, digit for digit."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.exact import read_json, write_json
from catalog.models import AIModel
from catalog.prices import MILLION, Line, Sheet
from catalog.sources import ratio_config
from pricing.engine.equality import same_price
from pricing.newapi.ratios import config_entries
from pricing.published.prices import published_sheets
from tests.cases.importing import import_case
from tests.sizes import size

IN_MAPS = {
    "s-plain",
    "s-multi",
    "s-call",
    "s-image",
    "s-free",
    "s-freecall",
    "s-placeholder",
    "s-tiered",
    "s-callplus",
    "s-third",
    "s-freein",
    "s-disc",
}


@pytest.mark.django_db
def test_every_kind_of_price_in_the_maps_is_read_back() -> None:
    import_case("csv_price_kinds")
    published = {
        model.name: sheet.folded()
        for model in AIModel.objects.select_related("vendor")
        for sheet in published_sheets([model], at=timezone.now(), groups=()).values()
    }

    records = {record.name: record for record in ratio_config.read(Client().get("/api/ratio_config").content).records}

    assert records.keys() == IN_MAPS
    for name, record in records.items():
        assert record.prices is not None, name
        assert record.unconfirmed is None
        assert not record.findings
        expected = published[name]
        if name == "s-image":
            # The map of calls has no name for an image.
            assert [(line.meter, line.amount) for line in record.prices.lines] == [("request", Decimal("0.04"))]
        else:
            assert same_price(record.prices, expected), name


NAMES = st.sampled_from(["acme-x", "gpt-5-acme", "mistral-medium-2604", "gemini-2.5-pro-thinking-128", "acme/o3"])
AMOUNTS = st.one_of(
    st.sampled_from(["0.1", "0.3", "1", "2.5", "15", "75", "450"]).map(Decimal),
    st.decimals(Decimal("0.000001"), Decimal(500), places=6),
)
METERS = ["input.cache_read", "input.cache_write", "input.image", "input.audio", "output.audio"]


@settings(max_examples=size(300, full=3000), deadline=None)
@given(NAMES, AMOUNTS, AMOUNTS, st.dictionaries(st.sampled_from(METERS), AMOUNTS))
def test_any_amounts_are_read_back(
    name: str, input_price: Decimal, output_price: Decimal, others: dict[str, Decimal]
) -> None:
    amounts = {"input": input_price, "output": output_price, **others}
    lines = tuple(Line(meter, amount, MILLION, "token") for meter, amount in amounts.items())
    sheet = Sheet("USD", lines, charged_sides=frozenset({"input", "output"}))
    maps: dict[str, Any] = {key: {name: value} for key, value in config_entries(sheet, name).items()}

    (record,) = ratio_config.read(write_json({"data": read_json(write_json(maps))})).records

    assert record.prices is not None
    assert same_price(record.prices, sheet)
    assert not record.findings
