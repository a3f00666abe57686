"""A price may be a number or a text with a number, in every JSON source; anything else is a sentence."""

from decimal import Decimal
from typing import Any

import pytest

from catalog.exact import write_json
from catalog.prices import Sheet
from catalog.sources import SOURCES
from catalog.sources.records import Record
from catalog.sources.rows import Row, amount_of


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("0.0000025", "0.0000025"),
        (" 2.50 ", "2.50"),
        ("1e-06", "0.000001"),
        ("+3", "3"),
        ("0", "0"),
        (0, "0"),
        (Decimal("0.1"), "0.1"),
    ],
)
def test_a_text_with_a_number_is_an_amount(value: Any, amount: str) -> None:
    row = Row({})
    assert amount_of(value, "input", row) == Decimal(amount)
    assert row.price_is_sound


@pytest.mark.parametrize(
    "value", ["2,50", "$2.50", "€2", "1,000.00", "1_000", "2.50 USD", "free", "NaN", "Infinity", "٣"]
)
def test_a_text_with_anything_else_rejects_the_price_and_says_what_to_write(value: str) -> None:
    row = Row({})
    assert amount_of(value, "input", row) is None
    assert not row.price_is_sound
    (finding,) = row.findings
    assert finding.startswith(f"input is not a number: {value!r} needs a decimal point, and no currency sign")


@pytest.mark.parametrize("value", [True, [], {}, -1, "-1"])
def test_other_values_reject_the_price(value: Any) -> None:
    row = Row({})
    assert amount_of(value, "input", row) is None
    assert not row.price_is_sound


def test_an_empty_text_states_no_price() -> None:
    row = Row({})
    assert amount_of(" ", "input", row) is None
    assert (row.price_is_sound, row.findings) == (True, [])


# Source -> a function from the amount of the input price, as a number or text, to a document.
DOCUMENTS: dict[str, Any] = {
    "litellm": lambda amount: {"gpt-x": {"mode": "chat", "input_cost_per_token": amount}},
    "models_dev": lambda amount: {"openai": {"id": "openai", "models": {"gpt-x": {"cost": {"input": amount}}}}},
    "genai_prices": lambda amount: [{"id": "openai", "models": [{"id": "gpt-x", "prices": {"input_mtok": amount}}]}],
    "openrouter": lambda amount: {"data": [{"id": "gpt-x", "pricing": {"prompt": amount, "completion": amount}}]},
    "llm_prices": lambda amount: {"models": [{"id": "gpt-x", "price_history": [{"input": amount}]}]},
    "llm_metadata": lambda amount: {"data": [{"model_name": "gpt-x", "price_per_m_input": amount}]},
    "new_api": lambda amount: {"data": [{"model_name": "gpt-x", "quota_type": 0, "model_ratio": amount}]},
    "ratio_config": lambda amount: {"success": True, "data": {"model_ratio": {"gpt-x": amount}}},
}


def read(source: str, body: Any) -> Record:
    (record,) = SOURCES[source].read(write_json(body)).records
    return record


def price(record: Record) -> Sheet | None:
    return record.prices or next(iter(record.schedule), None)


@pytest.mark.parametrize("source", DOCUMENTS)
def test_every_source_reads_texts_as_it_reads_numbers(source: str) -> None:
    number = price(read(source, DOCUMENTS[source](Decimal("0.0025"))))
    assert number is not None
    assert price(read(source, DOCUMENTS[source](" 0.0025 "))) == number
    assert price(read(source, DOCUMENTS[source]("0,0025"))) is None


def test_a_placeholder_in_texts_is_a_placeholder() -> None:
    row = {"model_name": "gpt-x", "quota_type": 0, "model_ratio": "37.5", "completion_ratio": "1.0"}
    assert read("new_api", {"data": [row]}).prices is None
