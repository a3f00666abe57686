"""Which prices are the vendor's own, and when other books outweigh ours."""

import pytest

from pricing.verification.quorum import BOOKS, Vote, is_vendors_own, outweighing_figure


@pytest.mark.parametrize(
    "name",
    [
        "gpt-5",
        "openai/gpt-5",
        "xai/grok-4.3",
        "x-ai/grok-4.3",
        "gemini/gemini-2.5-pro",
        "dashscope/qwen3.8-max",
        "amazon.nova-pro-v1:0",
        "an-unknown-model",
    ],
)
def test_the_id_of_the_vendors_own_model_names_no_other_host(name: str) -> None:
    assert is_vendors_own(name)


@pytest.mark.parametrize(
    "name",
    [
        "azure/gpt-5",
        "openrouter/openai/gpt-5",
        "us.anthropic.claude-opus-5",
        "anthropic.claude-opus-5",
        "us.amazon.nova-pro-v1:0",
        "zai.glm-5",
        "claude-haiku-4-5@20251001",
        "mistral/glm-5-2",
        "dashscope/glm-5.2",
        "groq/llama-3",
    ],
)
def test_the_id_of_a_hosts_offer_names_the_host(name: str) -> None:
    assert not is_vendors_own(name)


def votes(**figures: int) -> list[Vote]:
    return [Vote(BOOKS[reader], figure) for reader, figure in figures.items()]


def test_two_independent_books_with_the_same_other_figure_are_a_quorum() -> None:
    assert outweighing_figure(1, votes(litellm=2, genai_prices=2)) == 2


def test_one_book_is_no_quorum() -> None:
    assert outweighing_figure(1, votes(litellm=2)) is None


def test_two_books_that_disagree_with_each_other_are_no_quorum() -> None:
    assert outweighing_figure(1, votes(litellm=2, genai_prices=3)) is None


def test_as_many_books_for_our_figure_prevent_a_quorum() -> None:
    assert outweighing_figure(1, votes(litellm=2, genai_prices=2, models_dev=1, openrouter=1)) is None


def test_more_books_against_our_figure_than_for_it_are_a_quorum() -> None:
    assert outweighing_figure(1, votes(litellm=2, genai_prices=2, models_dev=1)) == 2


def test_two_books_of_one_family_have_one_vote() -> None:
    assert outweighing_figure(1, votes(models_dev=2, llm_metadata=2)) is None


def test_a_reseller_counts_together_with_a_vendors_own_row() -> None:
    assert outweighing_figure(1, votes(openrouter=2, litellm=2)) == 2
