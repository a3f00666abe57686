"""Reads llm-metadata: prices win over ratios that differ, and plans are not vendors."""

from decimal import Decimal
from typing import Any

import pytest

from catalog.exact import write_json
from catalog.sources import llm_metadata
from catalog.sources.records import Document
from catalog.sources.rows import SourceError
from tests.catalog.sources.price_lines import by_name, summarize
from tests.samples import real, sample, sample_or_real

DOCUMENT = llm_metadata.read(sample("llm_metadata.json"))
RECORDS = by_name(DOCUMENT.records)


def with_wrong_ratios(name: str) -> set[str]:
    records = llm_metadata.read(sample_or_real(name)).records
    return {record.name for record in records if any("its ratios differ" in finding for finding in record.findings)}


def test_the_price_wins_and_a_different_ratio_is_reported() -> None:
    assert summarize(RECORDS["gemini-sample-flash"].prices) == [
        ("input", "0.3", ""),
        ("output", "2.5", ""),
        ("input.cache_read", "0.03", ""),
    ]
    assert with_wrong_ratios("llm_metadata.json") == {"gemini-sample-flash"}


def test_a_model_without_a_price_has_none() -> None:
    assert RECORDS["house-sample"].prices is None


def test_the_vendor_is_not_the_plan() -> None:
    assert RECORDS["gemini-sample-flash"].vendor == "Google"
    assert RECORDS["glm-sample"].vendor is None
    assert RECORDS["house-sample"].vendor == "House Labs"


def test_facts_are_read() -> None:
    record = RECORDS["glm-sample"]
    assert record.supported_endpoint_types == ("openai", "anthropic")
    assert "supported_endpoint_types" not in record.inferred
    assert any("disabled in the source" in finding for finding in record.findings)
    assert RECORDS["gemini-sample-flash"].tags == ("Reasoning", "Tools", "Files", "Vision", "1M")
    assert set(RECORDS["gemini-sample-flash"].capabilities or ()) == {"reasoning", "tools", "pdf_input", "vision"}


def test_a_rule_for_many_names_is_not_a_model() -> None:
    assert "gpt-sample-" not in RECORDS
    assert "is a rule for many names" in DOCUMENT.findings[0]


@pytest.mark.parametrize("text", ["[]", "{}", '{"data": 1}', '{"data": [{"model_name": "m"}]}'])
def test_another_shape_is_refused(text: str) -> None:
    with pytest.raises(SourceError):
        llm_metadata.read(text.encode())


def test_the_fifteen_real_differences_are_reported_and_the_price_wins() -> None:
    assert len(with_wrong_ratios("basellm/models.json")) == 15
    records = by_name(llm_metadata.read(real("basellm/models.json")).records)
    flash = records["gemini-2.5-flash"].prices
    assert flash is not None
    assert flash.lines[0].amount == Decimal("0.3")
    assert (len(records), sum(record.prices is None for record in records.values())) == (348, 72)


def read_rows(*rows: dict[str, Any], **envelope: Any) -> Document:
    listed = [{"model_name": f"m{number}", "vendor_name": "Acme", **row} for number, row in enumerate(rows)]
    return llm_metadata.read(write_json({"data": listed, **envelope}))


def test_lists_may_be_text_as_new_api_reads_them() -> None:
    endpoints = '{"anthropic": {"path": "/v1/messages", "method": "POST"}, "openai": "/v1/chat/completions"}'
    (record,) = read_rows(
        {"endpoints": endpoints, "input_modalities": "text,image", "output_modalities": "text"}
    ).records

    assert record.supported_endpoint_types == ("anthropic", "openai")
    assert (record.input_modalities, record.output_modalities) == (("text", "image"), ("text",))
    assert record.findings == ()


@pytest.mark.parametrize("endpoints", ["[openai", "3", [1]])
def test_other_endpoints_are_reported(endpoints: Any) -> None:
    (record,) = read_rows({"endpoints": endpoints}).records

    assert record.findings == ("endpoints is not a list of endpoint types",)
    assert "supported_endpoint_types" in record.inferred


def test_a_path_that_all_models_share_is_that_of_its_type() -> None:
    paths = [("/v1/holo", "/v1/a"), ("/v1/holo", "/v1/b")]
    rows = [{"endpoints": {"holo": {"path": holo, "method": "POST"}, "own": {"path": own, "method": "POST"}}}
            for holo, own in paths]  # fmt: skip
    document = read_rows(*rows)

    assert document.structure.endpoint_types == {"holo": {"path": "/v1/holo", "method": "POST"}}
    assert document.structure.additions_only == {"endpoint_types"}


def test_a_document_that_lists_the_vendors_names_who_made_its_models() -> None:
    vendors = [{"name": "Acme", "icon": "Acme.Color", "description": "Makes models."}, {"name": ""}, 3]
    rows = [{"model_name": name, "vendor_name": vendor} for name, vendor in (("gpt-9", "Acme"), ("gpt-8", ""))]

    plan = llm_metadata.read(write_json({"data": rows})).records
    records = llm_metadata.read(write_json({"data": rows, "vendors": vendors})).records

    assert [record.vendor for record in plan] == [None, None]
    assert [(record.vendor, record.vendor_icon, record.vendor_description) for record in records] == [
        ("Acme", "Acme.Color", "Makes models."),
        ("other", None, None),
    ]
    assert records[0].supported_endpoint_types is None
