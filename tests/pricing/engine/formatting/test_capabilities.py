"""Capabilities in curated words."""

import pytest
from django.utils import translation

from catalog import vocabulary
from pricing.engine.formatting import capabilities
from pricing.engine.formatting.capabilities import CAPABILITIES, SYNONYMS, filter_words, in_words, known


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["tools", "effort", "effort_low", "effort_xhigh", "vision"], "tools, effort (low, xhigh), vision"),
        (["effort_max", "none_reasoning_effort"], "effort (max, none)"), (["low_reasoning_effort"], "effort low"),
        (["effort", "effort_low"], "effort low"), (["effort_max"], "effort max"), (["effort"], "effort"),
        # One capability has one word, whatever sources call it.
        (["function_calling", "tools", "tool_use"], "tools"), (["context_caching"], "prompt caching"),
        (["response_schema", "json_schema"], "structured outputs"), (["image_input", "vision"], "vision"),
        (["thinking_adaptive", "audio_input"], "adaptive thinking, audio input"),
        (["tool_choice", "pdf_input", "url_context"], "tool choice, PDF input, URL context"),
        # Parameters of requests, and keys that nobody has given a word.
        (["output_config", "bedrock_runtime_chat_completions_inline_reasoning", "multimodal"], ""),
        # Words of operators.
        (["Realtime voice", "tools"], "Realtime voice, tools"), ([], ""),
    ],
)  # fmt: skip
def test_models_have_curated_words(names: list[str], text: str) -> None:
    assert in_words(names) == text


def test_chinese_words_have_chinese_separators() -> None:
    with translation.override("zh-hans"):
        assert in_words(["function_calling", "effort_low", "effort_high"]) == "工具调用、思考强度（低、高）"
        assert in_words(["effort_low"]) == "思考强度：低"


def test_models_are_filtered_by_known_words_and_by_names_of_sources() -> None:
    assert filter_words(["function_calling", "effort_low", "effort_high", "odd_key"]) == (
        "tools", "effort", "function_calling", "effort_low", "effort_high", "odd_key",
    )  # fmt: skip
    assert filter_words(["tools", "vision"]) == ("tools", "vision")


def test_the_vocabulary_has_a_word_for_each_name() -> None:
    assert [name for name in vocabulary.CAPABILITIES if not known(name)] == []


def test_synonyms_lead_to_words() -> None:
    assert {word for word in SYNONYMS.values() if word} <= CAPABILITIES.keys()
    assert not SYNONYMS.keys() & CAPABILITIES.keys()
    assert all("_" not in capabilities.label(word) for word in CAPABILITIES)
