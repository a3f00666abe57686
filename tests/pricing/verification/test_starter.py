"""No quorum of price books disagrees with the starter catalog."""

import pytest
from django.core.management import call_command

from catalog.sources import starter
from pricing.verification.matrix import Matrix
from pricing.verification.quorum import USUAL_BOOKS
from tests import world
from tests.pricing.verification import books
from tests.samples import real
from tests.samples.starter_books import extracts

pytestmark = pytest.mark.django_db

REAL = {
    "litellm": "litellm/model_prices_1.103.0.json",
    "models_dev": "models.dev/api_2026-07-02.json",
    "genai_prices": "genai-prices/data_v2_2026-08-21.json",
    "openrouter": "openrouter/models_2026-07-17.json",
}


@pytest.fixture(autouse=True)
def starter_prices() -> None:
    world.channel("c")
    books.store("starter", starter.FILE.read_bytes())


def compare_with(documents: dict[str, bytes]) -> Matrix:
    for reader, content in documents.items():
        books.hold(reader, content)
    return books.compare()


def test_it_passes_with_the_stored_extracts() -> None:
    documents = extracts()
    assert documents.keys() == set(USUAL_BOOKS)

    result = compare_with(documents)

    assert [row for row in result.rows if row.state == "outvoted"] == []
    assert result.compared >= 100
    assert result.counts["agrees"] >= 270
    assert {edition.statements.problem for edition in result.editions} == {""}
    call_command("verify_prices")


def test_nearly_every_figure_is_stated_by_a_book() -> None:
    result = compare_with(extracts())

    unstated = {row.model for row in result.rows if row.state == "only_ours"}
    # LiteLLM states its price as one of input images.
    assert unstated == {"grok-imagine-image"}, "the extracts do not have these models: make them again"


def test_a_wrong_price_would_be_noticed() -> None:
    documents = extracts()
    content = starter.FILE.read_bytes().replace(b"{meter: input, amount: 2.5, per", b"{meter: input, amount: 2.6, per")
    books.store("starter", content)

    result = compare_with(documents)

    assert "gpt-4o" in {row.model for row in result.rows if row.state == "outvoted"}


def test_it_passes_with_the_complete_documents() -> None:
    """The extracts say what the documents say about the starter's models."""
    result = compare_with({reader: real(path) for reader, path in REAL.items()})

    assert [row for row in result.rows if row.state == "outvoted"] == []
    by_extracts = compare_with(extracts())
    states = [(row.model, row.key, row.state, list(row.cells)) for row in result.rows]
    assert [(row.model, row.key, row.state, list(row.cells)) for row in by_extracts.rows] == states
