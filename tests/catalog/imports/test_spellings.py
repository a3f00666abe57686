"""Two ids are spellings of one if only the vendor's own name, case, or dots of versions differ."""

import pytest

from catalog.imports.spellings import spelling_of


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("openai/gpt-4o", "gpt-4o"),
        ("OpenAI/GPT-4o", "gpt-4o"),
        ("anthropic/claude-3.5-sonnet", "claude-3-5-sonnet"),
        ("x-ai/grok-4", "xai/grok-4"),
        ("mistral/mistral-large-latest", "mistral-large-latest"),
        ("perplexity/sonar", "sonar"),
        ("z-ai/glm-4.6", "zai/glm-4-6"),
        ("Qwen/Qwen3-32B", "qwen/qwen3-32b"),
    ],
)
def test_the_vendors_name_case_and_dots_do_not_matter(first: str, second: str) -> None:
    assert spelling_of(first) == spelling_of(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("azure/gpt-4o", "gpt-4o"),
        ("openrouter/openai/gpt-4o", "openai/gpt-4o"),
        ("perplexity/llama-3-70b", "llama-3-70b"),
        ("bedrock/anthropic.claude-v2", "claude-v2"),
        ("openai/gpt-4o:free", "gpt-4o"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("~anthropic/claude-sonnet-latest", "claude-sonnet-latest"),
        ("openai/claude-3-opus", "claude-3-opus"),
        ("1024-x-1024/dall-e-3", "dall-e-3"),
        ("gpt-4", "gpt-4o"),
    ],
)
def test_hosts_variants_and_other_vendors_are_not_spellings(first: str, second: str) -> None:
    assert spelling_of(first) != spelling_of(second)
