"""A list of rows without its usual envelope is read like one with it."""

from typing import Any

import pytest

from catalog.exact import write_json
from catalog.sources import SOURCES
from catalog.sources.records import Document
from catalog.sources.rows import SourceError

HISTORY = {"id": "gpt-x", "name": "GPT-X", "price_history": [{"input": 2, "output": 8}]}
PRICE = {"id": "gpt-x", "name": "GPT-X", "vendor": "openai", "input": 2, "output": 8}
RATIOS = {"model_name": "gpt-x", "quota_type": 0, "model_ratio": 1, "completion_ratio": 4}
METADATA = {"model_name": "gpt-x", "vendor_name": "OpenAI", "price_per_m_input": 2}
FLAT = {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2e-06}
ROUTED = {"id": "openai/gpt-x", "pricing": {"prompt": "0.000002", "completion": "0.000008"}}


def read(source: str, body: Any) -> Document:
    return SOURCES[source].read(write_json(body))


@pytest.mark.parametrize(
    ("source", "rows", "document"),
    [
        ("new_api", [RATIOS], {"success": True, "data": [RATIOS]}),
        ("litellm", [{"model_name": "gpt-x", **FLAT}], {"gpt-x": FLAT}),
        ("litellm", [{"id": "gpt-x", **FLAT}], {"gpt-x": FLAT}),
        ("llm_prices", [HISTORY], {"models": [HISTORY]}),
        ("llm_prices", [PRICE], {"prices": [PRICE]}),
        ("llm_metadata", [METADATA], {"data": [METADATA]}),
        ("openrouter", [ROUTED], {"data": [ROUTED]}),
        ("ratio_config", {"model_ratio": {"gpt-x": 1}}, {"data": {"model_ratio": {"gpt-x": 1}}}),
        ("openai_models", [{"id": "gpt-x"}], {"object": "list", "data": [{"id": "gpt-x"}]}),
        ("openai_models", ["gpt-4o", "o3"], {"data": [{"id": "gpt-4o"}, {"id": "o3"}]}),
        ("openai_models", {"data": ["gpt-4o"]}, {"data": [{"id": "gpt-4o"}]}),
        (
            "models_dev",
            [{"id": "openai", "models": {"gpt-x": {}}}],
            {"openai": {"id": "openai", "models": {"gpt-x": {}}}},
        ),
    ],
)
def test_a_list_without_an_envelope_is_the_same_document(source: str, rows: Any, document: Any) -> None:
    records = read(source, rows).records
    assert records
    assert records == read(source, document).records


def test_rows_of_a_list_without_a_name_or_with_a_duplicate_one_are_reported() -> None:
    document = read("litellm", [{"model_name": "a", **FLAT}, {"model_name": "a", **FLAT}, FLAT, "b"])
    assert [record.name for record in document.records] == ["a"]
    assert document.findings == ("a appears more than once; the first row is used", "a row without a name was left out")


@pytest.mark.parametrize("source", [source for source in SOURCES if source not in ("csv", "yaml")])
@pytest.mark.parametrize("body", [[1, 2], [{"color": "red"}]])
def test_a_list_of_something_else_is_refused(source: str, body: Any) -> None:
    with pytest.raises(SourceError):
        read(source, body)
