"""The JSON that forks of new-api attach to a model: known facts are read in any spelling, the rest is listed."""

import datetime as dt
import json
from typing import Any

import pytest

from catalog.sources import new_api
from catalog.sources.records import Record


def record(metadata: Any, **row: Any) -> Record:
    content = {
        "data": [{"model_name": "m", "vendor_id": 1, **row, "metadata": metadata}],
        "vendors": [{"id": 1, "name": "V"}],
    }
    (read,) = new_api.read(json.dumps(content).encode()).records
    return read


def test_facts_are_read_from_json_text() -> None:
    read = record(
        json.dumps(
            {
                "maxOutputTokens": 8192,
                "context_window": 200000,
                "isReasoning": True,
                "supports_vision": True,
                "hasTools": False,
                "capabilities": ["web_search", "vision"],
                "modalities": {"input": ["text", "image"], "output": ["text"]},
                "releaseDate": "2026-04-30",
            }
        )
    )

    assert (read.max_output_tokens, read.context_length, read.released_on) == (8192, 200000, dt.date(2026, 4, 30))
    assert (read.input_modalities, read.output_modalities) == (("text", "image"), ("text",))
    assert read.capabilities == ("reasoning", "vision", "web_search")
    assert (read.unmapped, [f for f in read.findings if "metadata" in f]) == ((), [])


def test_a_field_of_the_row_takes_precedence() -> None:
    assert record({"contextLength": 1}, context_length=2).context_length == 2


def test_unknown_keys_are_listed_and_invalid_values_reported() -> None:
    read = record({"pricing": {"x": 1}, "maxOutputTokens": "many", "isNew": True, "modalities": "text"})

    assert read.unmapped == ("metadata.pricing", "metadata.isNew", "metadata.modalities")
    assert "metadata: maxOutputTokens is not a whole number above 0" in read.findings
    assert read.max_output_tokens is None


@pytest.mark.parametrize("metadata", ["", "{}", None, {}])
def test_empty_metadata_says_nothing(metadata: Any) -> None:
    read = record(metadata)

    assert (read.capabilities, read.unmapped, read.max_output_tokens) == (None, (), None)
    assert not [finding for finding in read.findings if "metadata" in finding]


@pytest.mark.parametrize("metadata", ["{broken", "[1]", 5, [1]])
def test_other_values_are_reported(metadata: Any) -> None:
    assert "metadata is not a JSON object and was left out" in record(metadata).findings


def test_a_switch_that_is_off_states_no_capability() -> None:
    assert record({"isReasoning": False}).capabilities is None
