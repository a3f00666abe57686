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


@pytest.mark.parametrize(
    ("name", "output", "finding"),
    [
        ("tts-sample", "15", "1 by new-api's default for names without a rule"),
        ("gpt-4o-acme", "60", "4 by new-api's rule for names that begin with gpt-4o"),
        ("gpt-5.5-acme", "90", "6 by new-api's fixed rule for names that begin with gpt-5.5"),
        # 8 in April 2026, and 6 in August.
        ("gpt-5.6-terra", None, "versions of new-api have different ones for its name"),
        ("claude-opus-5", None, "versions of new-api have different ones for its name"),
    ],
)
def test_output_without_a_stored_ratio_has_the_price_of_the_program(
    name: str, output: str | None, finding: str
) -> None:
    (record,) = ratio_config.read(write_json({"data": {"model_ratio": {name: 7.5}}})).records

    prices = {meter: amount for meter, amount, _ in summarize(record.prices)}
    assert prices == {"input": "15"} | ({"output": output} if output else {})
    assert [finding in text for text in record.findings] == [True]
    assert record.prices is not None
    rules = [line.facts.get("price_rule") for line in record.prices.lines]
    assert rules == [None] + [finding[2:]] * (output is not None)


def test_a_model_of_vectors_has_no_output_price() -> None:
    (record,) = ratio_config.read(write_json({"data": {"model_ratio": {"mistral-embed": 0.05}}})).records

    assert summarize(record.prices) == [("input", "0.1", "")]
    assert not record.findings


def test_a_stored_ratio_that_new_api_ignores_is_read_and_reported() -> None:
    maps = {"model_ratio": {"mistral-medium-2604": 0.75}, "completion_ratio": {"mistral-medium-2604": 5}}
    (record,) = ratio_config.read(write_json({"data": maps})).records

    assert summarize(record.prices) == [("input", "1.5", ""), ("output", "7.5", "")]
    assert record.findings == ("new-api charges the completion_ratio 3 for this name, whatever is stored",)


@pytest.mark.parametrize(
    ("maps", "lines"),
    [
        ({"model_ratio": 0, "completion_ratio": 0}, [("input", "0", ""), ("output", "0", "")]),
        ({"model_ratio": 0, "completion_ratio": 1}, [("input", "0", ""), ("output", "0", "")]),
        ({"model_ratio": 0}, [("input", "0", ""), ("output", "0", "")]),
        ({"model_price": 0}, [("request", "0", "")]),
        ({"model_ratio": 37.5, "completion_ratio": 1}, [("input", "75", ""), ("output", "75", "")]),
    ],
)
def test_a_stored_0_is_free_and_a_stored_37_5_is_a_price(
    maps: dict[str, Any], lines: list[tuple[str, str, str]]
) -> None:
    record = row(**maps)
    assert summarize(record.prices) == lines
    assert record.unconfirmed is None


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


def test_a_ratio_of_a_price_that_is_not_stored_is_not_a_price() -> None:
    assert RECORDS["orphan-sample"].prices is None
    assert RECORDS["orphan-sample"].findings


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
