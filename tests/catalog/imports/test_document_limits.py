"""Documents may be four times as large as the largest real ones, and what nobody asked for does not count."""

import json
from typing import Any

import pytest

from catalog.error_messages import InputError
from catalog.imports.documents import read_document
from catalog.sources import SOURCES, limits

# The largest real documents (September 2026): models.dev with all resellers, and the YAML export of LiteLLM's models.
LARGEST = {
    "LARGEST_FILE": 6_000_000,
    "MOST_VALUES": 279_000,
    "MOST_ENTRIES": 4_553,
    "MOST_MODELS": 8_261,
    "MOST_PRICES": 25_225,
    "MOST_LINES": 165_351,
    "MOST_EVENTS": 368_746,
}


@pytest.mark.parametrize(("name", "largest"), LARGEST.items())
def test_a_document_may_be_four_times_as_large_as_the_largest_real_one(name: str, largest: int) -> None:
    assert getattr(limits, name) >= 4 * largest


def resellers(number: int) -> bytes:
    """The two models of OpenAI, offered by OpenAI and by so many resellers."""
    models = {name: {"id": name, "name": name, "cost": {"input": 1, "output": 2}} for name in ("gpt-a", "gpt-b")}
    providers = {name: {"id": name, "models": models} for name in ("openai", *(f"r-{n}" for n in range(number)))}
    return json.dumps(providers).encode()


def read(content: bytes, **options: Any) -> list[str]:
    return [record.name for record in read_document(SOURCES["models_dev"].read, content, **options).records]


@pytest.mark.parametrize(("limit", "of"), [("MOST_MODELS", "models"), ("MOST_PRICES", "prices")])
def test_offers_of_other_providers_do_not_count(limit: str, of: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"catalog.imports.documents.{limit}", 4)
    assert read(resellers(50)) == ["gpt-a", "gpt-b"]
    assert read(resellers(50), providers=["r-7", "r-8"]) == ["gpt-a", "gpt-b"]

    monkeypatch.setattr(f"catalog.imports.documents.{limit}", 1)
    with pytest.raises(InputError, match=f"The document has more than 1 {of}: no source has that many."):
        read(resellers(50))


def test_8_000_offers_are_read_as_in_the_largest_real_document() -> None:
    """They were 62 % of the limit before, and double in three months."""
    assert read(resellers(8_000)) == ["gpt-a", "gpt-b"]


def test_a_document_with_too_many_values_is_refused_before_it_is_read() -> None:
    content = b"[" + b"1," * limits.MOST_VALUES + b"1]"
    with pytest.raises(InputError, match="more than 2,000,000 values"):
        read_document(lambda _: pytest.fail("it is read"), content)
