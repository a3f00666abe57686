"""Reads a gateway's ratio maps by the rules of its price list; a model may be in any of the maps."""

from typing import Any

import pytest

from catalog.exact import write_json
from catalog.sources import ratio_config
from catalog.sources.records import Record
from catalog.sources.rows import SourceError
from tests.catalog.sources.price_lines import by_name, summarize
from tests.samples import sample, sample_or_real

RECORDS = by_name(ratio_config.read(sample("ratio_config.json")).records)


def row(**maps: Any) -> Record:
    data = {name: {"gpt-x": value} for name, value in maps.items()}
    return ratio_config.read(write_json({"success": True, "data": data})).records[0]


def test_ratios_of_all_maps_make_one_price() -> None:
    assert summarize(RECORDS["gpt-sample"].prices) == [
        ("input", "5", ""),
        ("output", "30", ""),
        ("input.cache_read", "0.5", ""),
        ("input.cache_write", "6.25", ""),
    ]


def test_a_price_per_call_wins_over_a_ratio_as_in_the_gateway() -> None:
    assert summarize(RECORDS["mj-sample"].prices) == [("request", "0.05", "")]
    assert summarize(row(model_price=0.1, model_ratio=2, completion_ratio=3).prices) == [("request", "0.1", "")]


def test_a_missing_output_price_is_not_guessed() -> None:
    record = RECORDS["tts-sample"]
    assert summarize(record.prices) == [("input", "15", "")]
    assert any("price of its output is unknown" in finding for finding in record.findings)


def test_an_expression_is_the_price_and_the_ratios_beside_it_are_placeholders() -> None:
    prices = RECORDS["tiered-sample"].prices
    assert prices is not None
    assert summarize(prices)[:2] == [("input", "2", ""), ("output", "12", "")]
    assert [line[:2] for line in summarize(prices)[2:]] == [("input", "4"), ("output", "18")]
    assert not prices.facts


def test_an_unsupported_expression_is_stored_unchanged() -> None:
    prices = row(billing_mode="tiered_expr", billing_expr="max(p, c) * 2", model_ratio=3, completion_ratio=2).prices
    assert prices is not None
    assert summarize(prices) == [("input", None, "")]
    assert prices.facts["billing_expr"] == "max(p, c) * 2"


@pytest.mark.parametrize("name", ["placeholder-sample", "orphan-sample"])
def test_a_placeholder_or_a_ratio_of_0_is_not_a_price(name: str) -> None:
    assert RECORDS[name].prices is None
    assert RECORDS[name].findings


def test_an_unknown_map_is_reported() -> None:
    assert "moon_ratio" in ratio_config.read(sample("ratio_config.json")).findings[0]


@pytest.mark.parametrize("value", ["1 cent", -1, True, [1], {}])
def test_an_invalid_ratio_rejects_the_price(value: Any) -> None:
    assert row(model_ratio=value, completion_ratio=1).prices is None


@pytest.mark.parametrize("text", ["[]", "{}", '{"data": {}}', '{"success": false, "data": {"model_ratio": {}}}'])
def test_another_shape_is_refused(text: str) -> None:
    with pytest.raises(SourceError):
        ratio_config.read(text.encode())


@pytest.mark.parametrize(
    ("name", "models", "tiered"), [("ratio_config.json", 6, 1), ("basellm/ratio_config-v1-base.json", 276, 27)]
)
def test_maps_are_read_whole(name: str, models: int, tiered: int) -> None:
    records = ratio_config.read(sample_or_real(name)).records
    by_length = [record for record in records if record.prices and any(f.conditions for f in record.prices.lines)]
    assert (len(records), len(by_length)) == (models, tiered)
    assert not any(record.prices.facts for record in records if record.prices)
