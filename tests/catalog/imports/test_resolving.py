"""Which model a source's id means: its own, an alias's, or one that a rule suggests; never a similar one."""

import pytest

from catalog.imports.resolving import Match, Resolver

MODELS = (
    "gpt-5.5", "gpt-4o", "claude-opus-4-5", "claude-haiku-4-5", "claude-haiku-4-5-20251001", "deepseek-v3",
    "meta-llama/llama-3-8b", "nova-lite", "xai/grok-4",
)  # fmt: skip
RESOLVER = Resolver(MODELS, {"opus": "claude-opus-4-5", "house/special": "gpt-4o"})


def suggested(name: str, **more: tuple[str, ...]) -> tuple[str, bool] | None:
    match = RESOLVER.suggest(name, **more)
    return (match.model, match.is_same) if match else None


def test_an_exact_id_or_an_alias_is_the_model() -> None:
    assert RESOLVER.find("gpt-5.5") == "gpt-5.5"
    assert RESOLVER.find("opus") == "claude-opus-4-5"
    assert RESOLVER.find("openai/gpt-5.5") is None


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("openai/gpt-5.5", "gpt-5.5"),
        ("openrouter/openai/gpt-5.5", "gpt-5.5"),
        ("azure/gpt-4o", "gpt-4o"),
        ("GPT-4o", "gpt-4o"),
        ("anthropic/claude-opus-4.5", "claude-opus-4-5"),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5-20251001"),
        ("bedrock/anthropic.claude-opus-4-5", "claude-opus-4-5"),
        ("vertex_ai/claude-haiku-4-5@20251001", "claude-haiku-4-5-20251001"),
        ("claude-opus-4-5@default", "claude-opus-4-5"),
        ("amazon.nova-lite-v1:0", "nova-lite"),
        ("fireworks_ai/accounts/fireworks/models/deepseek-v3", "deepseek-v3"),
        ("@cf/meta/llama-3-8b", "meta-llama/llama-3-8b"),
        ("grok-4", "xai/grok-4"),
        ("azure/opus", "claude-opus-4-5"),
    ],
)
def test_known_paths_and_spellings_are_removed(name: str, model: str) -> None:
    assert suggested(name) == (model, True)


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o-0806", "gpt-4o"),
        ("openai/gpt-5.5:batch", "gpt-5.5"),
        ("deepseek/deepseek-v3:free", "deepseek-v3"),
        ("claude-opus-4-5-thinking", "claude-opus-4-5"),
        ("gpt-5.5-272k", "gpt-5.5"),
        ("claude-opus-4-5@20251101", "claude-opus-4-5"),
        ("claude-opus-4.5-20251101:free", "claude-opus-4-5"),
    ],
)
def test_a_date_or_a_variant_is_suggested_as_another_model(name: str, model: str) -> None:
    assert suggested(name) == (model, False)
    assert "not the same model" in RESOLVER.suggest(name).rule  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "name",
    ["gpt-5.6", "gpt-4o-mini", "gpt-5", "azure/eu/gpt-4o", "high/1024-x-1024/gpt-4o", "nousresearch/llama-3-8b", ""],
)
def test_a_similar_id_is_another_model(name: str) -> None:
    assert RESOLVER.suggest(name) is None


def test_another_id_in_the_source_is_a_suggestion() -> None:
    assert suggested("best/of-all", also=("house/special",)) == ("gpt-4o", True)
    assert suggested("gpt-4o:free", also=("gpt-4o",)) == ("gpt-4o", False)


def test_the_plainest_of_several_is_suggested() -> None:
    assert Resolver(("azure/gpt-4o", "gpt-4o", "oci/gpt-4o"), {}).suggest("openai/gpt-4o") == Match(
        "gpt-4o", "without openai/"
    )
