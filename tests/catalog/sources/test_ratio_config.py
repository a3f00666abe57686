"""A gateway's ratio maps, read: the same rules as its price list, a model from whichever map names it."""

from typing import Any

import pytest

from catalog.exact import write_json
from catalog.sources import ratio_config
from catalog.sources.records import Record
from catalog.sources.rows import SourceError
from tests.catalog.sources.figures import by_name, told
from tests.samples import sample, sample_or_real

RECORDS = by_name(ratio_config.read(sample("ratio_config.json")).records)


def row(**maps: Any) -> Record:
    data = {name: {"gpt-x": value} for name, value in maps.items()}
    return ratio_config.read(write_json({"success": True, "data": data})).records[0]


def test_ratios_of_all_maps_make_one_price() -> None:
    assert told(RECORDS["gpt-sample"].prices) == [
        ("input", "5", ""),
        ("output", "30", ""),
        ("input.cache_read", "0.5", ""),
        ("input.cache_write", "6.25", ""),
    ]


def test_a_price_per_call_beats_a_ratio_as_it_does_in_the_gateway() -> None:
    assert told(RECORDS["mj-sample"].prices) == [("request", "0.05", "")]
    assert told(row(model_price=0.1, model_ratio=2, completion_ratio=3).prices) == [("request", "0.1", "")]


def test_an_output_price_that_is_not_there_is_not_made_up() -> None:
    record = RECORDS["tts-sample"]
    assert told(record.prices) == [("input", "15", "")]
    assert any("price of its output is unknown" in finding for finding in record.findings)


def test_an_expression_is_the_price_and_the_ratios_beside_it_are_placeholders() -> None:
    prices = RECORDS["tiered-sample"].prices
    assert prices is not None
    assert told(prices)[:2] == [("input", "2", ""), ("output", "12", "")]
    assert [each[:2] for each in told(prices)[2:]] == [("input", "4"), ("output", "18")]
    assert not prices.facts


def test_an_expression_of_another_form_is_kept_as_it_is() -> None:
    prices = row(billing_mode="tiered_expr", billing_expr="max(p, c) * 2", model_ratio=3, completion_ratio=2).prices
    assert prices is not None
    assert told(prices) == [("input", None, "")]
    assert prices.facts["billing_expr"] == "max(p, c) * 2"


@pytest.mark.parametrize("name", ["placeholder-sample", "orphan-sample"])
def test_a_placeholder_or_a_ratio_of_nothing_is_no_price(name: str) -> None:
    assert RECORDS[name].prices is None
    assert RECORDS[name].findings


def test_an_unknown_map_is_told() -> None:
    assert "moon_ratio" in ratio_config.read(sample("ratio_config.json")).findings[0]


@pytest.mark.parametrize("value", ["1", -1, True, [1], {}])
def test_an_unsound_ratio_spoils_the_price(value: Any) -> None:
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
