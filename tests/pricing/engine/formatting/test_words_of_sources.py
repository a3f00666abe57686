"""No page shows a key of an import: every word of the price lists that can be imported is one for people."""

import re
from collections.abc import Iterator

import pytest
from django.utils import translation

from catalog.prices import Sheet
from catalog.sources import SOURCES
from catalog.sources.records import Record
from pricing.engine.formatting.capabilities import filter_words, in_words, label
from pricing.engine.formatting.lines import described
from pricing.engine.formatting.lines import label as line_label
from pricing.pages.listing.filters import KNOWN
from tests.samples import sample_or_real

# A key with underscores or inner capitals, a pair of a source's own limits, and signs for between.
KEY = re.compile(r"\w_\w|[a-z][A-Z]\w*Units|\brefs\b|\b\d+\*\d+\b|\bpng/|\bstd\b")
FILES = [
    ("litellm", "litellm.json"), ("litellm", "litellm/model_prices_1.103.0.json"),
    ("litellm", "litellm/model_prices_1.83.0.json"),
    ("models_dev", "models_dev.json"), ("models_dev", "models.dev/api_2026-07-02.json"),
    ("genai_prices", "genai_prices.json"), ("genai_prices", "genai-prices/data_v2_2026-08-21.json"),
    ("openrouter", "openrouter.json"), ("openrouter", "openrouter/models_2026-07-17.json"),
    ("openrouter", "openrouter/models_2026-01-29.json"), ("llm_metadata", "llm_metadata.json"),
    ("llm_metadata", "basellm/models.json"), ("new_api", "new_api.json"),
    ("new_api", "crazyrouter/pricing_excerpt.json"), ("openai_models", "openai_models.json"),
]  # fmt: skip


def texts_of(record: Record) -> Iterator[str]:
    """What pages show of a record's words."""
    names = record.capabilities or ()
    yield in_words(names)
    yield from (label(word) for word in filter_words(names) if word in KNOWN["capability"])
    for sheet in filter(None, (record.prices, record.unconfirmed, *record.schedule, *record.announced, *record.past)):
        yield from texts_of_prices(sheet)


def texts_of_prices(sheet: Sheet) -> Iterator[str]:
    yield from map(line_label, sheet.lines)
    yield from described(sheet).values()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize(("source", "name"), FILES)
def test_words_of_a_price_list_are_words_for_people(source: str, name: str, language: str) -> None:
    records = SOURCES[source].read(sample_or_real(name)).records
    with translation.override(language):
        texts = {text for record in records for text in texts_of(record)}

    assert texts
    assert sorted(text for text in texts if KEY.search(text)) == []


@pytest.mark.parametrize(("source", "name"), FILES)
def test_types_of_a_price_list_can_be_chosen(source: str, name: str) -> None:
    records = SOURCES[source].read(sample_or_real(name)).records

    assert {name for record in records for name in record.input_modalities or ()} <= KNOWN["input"]
    assert {name for record in records for name in record.output_modalities or ()} <= KNOWN["output"]
