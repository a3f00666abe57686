"""Reads price lists of new-api's family: ratios become prices, rules become lines, placeholders are not prices."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from catalog.exact import write_json
from catalog.sources import new_api
from catalog.sources.records import Record
from catalog.sources.rows import SourceError
from tests.samples import sample


def read() -> dict[str, Record]:
    return {record.name: record for record in new_api.read(sample("new_api.json")).records}


def row(**values: Any) -> Record:
    """One row of plain new-api, with these values."""
    whole = {"model_name": "m", "quota_type": 0, "model_ratio": 1, "completion_ratio": 2, "model_price": 0} | values
    return new_api.read(write_json({"success": True, "data": [whole]})).records[0]


def amounts(record: Record) -> dict[str, Decimal | None]:
    assert record.prices is not None
    return {line.meter: line.amount for line in record.prices.lines}


def test_ratios_become_prices_per_million() -> None:
    record = read()["kimi-sample"]
    assert amounts(record) == {
        "input": Decimal("0.6"),
        "output": Decimal("2.5"),
        "input.cache_read": Decimal("0.15"),
        "input.cache_write": Decimal("0.75"),
        "": Decimal("0.9"),
    }
    assert record.prices is not None
    assert {(line.per, line.unit) for line in record.prices.lines[:-1]} == {(1_000_000, "token")}


def test_the_discount_is_a_multiplier_at_the_end() -> None:
    prices = read()["kimi-sample"].prices
    assert prices is not None
    assert (prices.lines[-1].kind, prices.lines[-1].meter) == ("multiplier", "")
    assert "" not in amounts(read()["mj-sample"])


def test_audio_and_image_ratios_are_multiples_of_the_input_price() -> None:
    prices = amounts(read()["gpt-audio-sample"])
    assert [prices[meter] for meter in ("input.image", "input.audio", "output.audio")] == [5, 40, 80]


def test_only_values_of_unknown_price_keys_are_facts() -> None:
    prices = [
        row(quota_type=0, model_ratio=1, completion_ratio=4, grid_pricing=value).prices for value in (None, [{"p": 1}])
    ]

    assert [sheet and (sheet.facts, sheet.states_facts) for sheet in prices] == [
        ({}, False),
        ({"row": {"grid_pricing": [{"p": 1}]}}, True),
    ]


def test_a_price_per_call_is_one_line() -> None:
    assert amounts(read()["mj-sample"]) == {"request": Decimal("0.058")}


@pytest.mark.parametrize(
    ("mode", "meter", "unit", "per"),
    [
        ("per_second", "output.video", "second", 1),
        ("per_character", "input", "character", 1_000_000),
        ("per_page", "ocr", "page", 1),
        ("per_query", "web_search", "query", 1),
        ("per_image", "output.image", "image", 1),
        ("per_request", "request", "request", 1),
    ],
)
def test_a_price_has_the_unit_of_the_billing_mode(mode: str, meter: str, unit: str, per: int) -> None:
    prices = row(quota_type=1, model_ratio=0, model_price=2, billing_mode=mode).prices
    assert prices is not None
    assert [(line.meter, line.amount, line.unit, line.per) for line in prices.lines] == [(meter, Decimal(2), unit, per)]


def test_a_price_with_an_unknown_billing_mode_is_rejected() -> None:
    record = row(quota_type=1, model_ratio=0, model_price=2, billing_mode="per_moon")
    assert record.prices is None
    assert any("per_moon" in finding for finding in record.findings)


def test_price_lines_are_the_price_and_their_renderings_are_not_read() -> None:
    line = {"meter": "input", "amount": 8, "per": 1_000_000, "unit": "token", "currency": "CNY"}
    prices = row(prices=[line], billing_mode="tiered_expr", discount=Decimal("0.5")).prices
    assert prices is not None
    assert (prices.currency, [(line.meter, line.amount) for line in prices.lines]) == (
        "CNY",
        [("input", 8), ("", Decimal("0.5"))],
    )


def test_a_rule_keeps_its_dimensions_as_conditions_and_the_rest_as_facts() -> None:
    prices = read()["kling-sample"].prices
    assert prices is not None
    rule = prices.lines[0]
    assert (rule.meter, rule.unit, rule.per, rule.amount) == (
        "output.video",
        "second",
        1,
        Decimal("0.07142857142857142"),
    )
    assert [(condition["dim"], condition["value"]) for condition in rule.conditions] == [
        ("capability_bucket", "t2v"),
        ("resolution", "720p"),
        ("has_audio", False),
    ]
    assert rule.facts["official_currency"] == "CNY"
    assert "platform_base_price" not in rule.facts
    assert prices.facts["video_pricing"] == {"profile": {"model_name": "kling-sample", "display_unit": "/秒"}}
    assert (prices.facts["billing_mode"], prices.facts["display_unit"]) == ("per_second", "/秒")


def test_a_zero_beside_rules_is_reported_and_the_rules_are_the_price() -> None:
    record = read()["kling-sample"]
    assert [line.meter for line in record.prices.lines] == ["output.video", "output.video", ""]  # type: ignore[union-attr]
    assert any("mean free" in finding for finding in record.findings)


@pytest.mark.parametrize("name", ["placeholder-sample", "zero-sample"])
def test_a_placeholder_or_a_zero_is_not_a_price(name: str) -> None:
    record = read()[name]
    assert record.prices is None
    assert any("no price was imported" in finding for finding in record.findings)


def test_an_expression_of_tiers_is_read_and_its_ratios_are_not() -> None:
    record = read()["tiered-sample"]
    assert record.prices is not None
    assert [line.amount for line in record.prices.lines] == [Decimal(2), Decimal(4)]
    assert record.prices.facts == {"row": {"time_pricing": {"peak": 2}}}
    assert record.unmapped == ("time_pricing",)
    assert record.findings == ()


def test_another_expression_is_stored_unchanged() -> None:
    record = read()["program-sample"]
    assert record.prices is not None
    assert [(line.kind, line.amount) for line in record.prices.lines] == [("dynamic", None)]
    assert record.prices.facts["billing_expr"] == 'tier("a", max(p, 1000) * 2)'
    assert "stored unchanged" in record.findings[0]


def test_an_expression_with_a_product_that_is_too_large_is_stored_unchanged() -> None:
    record = row(billing_mode="tiered_expr", billing_expr=f"p * {'*'.join(['1' + '0' * 58] * 3)}")
    assert record.prices is not None
    assert [line.kind for line in record.prices.lines] == ["dynamic"]
    assert any("is stored unchanged" in finding for finding in record.findings)


def test_a_ratio_that_differs_from_its_expression_is_reported() -> None:
    row = {"model_name": "m", "vendor_id": 1, "quota_type": 0, "model_ratio": 3, "completion_ratio": 2}
    row |= {"billing_mode": "tiered_expr", "billing_expr": 'tier("base", p * 2 + c * 4)'}
    body = {"data": [row], "vendors": [{"id": 1, "name": "V"}]}
    record = new_api.read(write_json(body)).records[0]
    assert record.findings == ("its model_ratio differs from its expression; the expression is the price",)


def test_facts_of_the_row_are_read() -> None:
    record = read()["kimi-sample"]
    assert (record.vendor, record.vendor_icon, record.series) == ("Moonshot", "Moonshot", "kimi-k2")
    assert (record.tags, record.released_on) == (("Tools", "128K"), dt.date(2025, 7, 11))


def test_null_public_types_are_an_empty_list_and_mistaken_types_are_refused() -> None:
    record = read()["gpt-audio-sample"]
    assert (record.supported_endpoint_types, record.public_endpoint_types) == (("openai",), ())
    assert read()["zero-sample"].public_endpoint_types is None
    assert any("path is not a valid endpoint type" in finding for finding in record.findings)


def test_unpublished_groups_are_reported() -> None:
    assert any("the group lab" in finding for finding in read()["gpt-audio-sample"].findings)


def test_findings_about_the_whole_list() -> None:
    document = new_api.read(sample("new_api.json"))
    text = "; ".join(document.findings)
    assert "2 of 6 vendors have no model" in text
    assert "快手 and Kuaishou are the same" in text
    assert "the endpoint type method" in text
    assert document.structure.endpoint_types["holo"] == {"path": "/v1/holograms", "method": "POST"}
    assert list(document.structure.popular) == ["mj-sample", "kimi-sample", "nobody-knows-it"]
    assert document.structure.popular["kimi-sample"] == {"position": 1}
    assert document.structure.rates == {"default": {"ratio": Decimal("0.5")}, "vip": {"ratio": Decimal("0.8")}}


@pytest.mark.parametrize(
    "values",
    [
        {"model_ratio": "1 cent"},
        {"model_ratio": -1},
        {"completion_ratio": True},
        {"quota_type": 2},
        {"quota_type": "0"},
        {"discount": 0},
        {"discount": [1]},
        {"video_pricing": {"rules": "none"}},
        {"video_pricing": []},
        {"billing_mode": "per_second", "video_pricing": {"rules": [{"platform_base_price": "1 cent"}]}},
        {"billing_mode": "per_moon", "video_pricing": {"rules": [{"platform_base_price": 1}]}},
        {"billing_mode": "tiered_expr"},
        {"audio_ratio": Decimal("1e60"), "audio_completion_ratio": Decimal("1e60")},
    ],
)
def test_an_invalid_value_rejects_the_price_and_is_reported(values: dict[str, Any]) -> None:
    record = row(series="s", **values)
    assert record.prices is None
    assert record.series == "s"
    assert any("the price in this row was not imported" in finding for finding in record.findings)


def test_a_row_without_a_name_and_a_second_row_are_left_out() -> None:
    document = new_api.read(write_json({"data": [1, {"model_name": ""}, {"model_name": "m"}, {"model_name": "m"}]}))
    assert [record.name for record in document.records] == ["m"]
    assert len(document.findings) == 3


@pytest.mark.parametrize("text", ["[]", "{}", '{"data": {}}', '{"success": false, "data": []}'])
def test_another_shape_is_refused(text: str) -> None:
    with pytest.raises(SourceError):
        new_api.read(text.encode())


def test_models_that_a_list_names_without_a_row_have_no_price() -> None:
    body = {
        "data": [{"model_name": "gpt-x", "quota_type": 1, "model_price": 1}],
        "unpriced_models": [
            {"model_name": "claude-y", "reason": "dynamic"},
            {"model_name": "gpt-x", "reason": "unpriced"},
            {"reason": "unpriced"},
            "z",
        ],
    }

    records = new_api.read(write_json(body)).records

    assert [(record.name, record.prices is None) for record in records] == [("gpt-x", False), ("claude-y", True)]
    assert records[1].findings == ("the list has no price for it: dynamic",)
    assert records[1].supported_endpoint_types == ("anthropic", "openai")


@pytest.mark.parametrize(
    ("name", "completion"),
    [("acme-1", None), ("acme-1", 0), ("openai/o1", 4), ("Claude-3-Opus", 5), ("azure/GPT-5", 8)],
)
def test_a_placeholder_is_one_without_its_completion_ratio_or_under_another_spelling(
    name: str, completion: int | None
) -> None:
    ratios = {} if completion is None else {"completion_ratio": completion}
    row = {"model_name": name, "quota_type": 0, "model_ratio": 37.5, "model_price": 0, **ratios}
    (record,) = new_api.read(write_json({"data": [row]})).records

    assert record.prices is None
    assert record.unconfirmed is not None
    assert any("may be the placeholder for a missing price" in finding for finding in record.findings)
