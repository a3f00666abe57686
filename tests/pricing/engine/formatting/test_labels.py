"""Labels of meters, units and words."""

import pytest

from catalog import vocabulary
from pricing.engine import money
from pricing.engine.formatting import labels


def test_every_meter_and_unit_has_a_label() -> None:
    assert list(labels.METERS) == list(vocabulary.METERS)
    assert list(labels.UNITS) == list(money.UNITS)


def test_words_of_a_source_are_shown_as_it_has_them() -> None:
    assert labels.meter("x.litellm.odd_figure") == "odd figure"
    assert labels.word("odd_capability") == "odd capability"
    assert labels.unit("parsec") == "parsec"


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["tools", "effort", "effort_low", "effort_xhigh", "vision"], "tools, effort (low, xhigh), vision"),
        (["thinking_adaptive", "tools", "thinking_cache_preservation"],
         "thinking (adaptive, cache preservation), tools"),
        (["effort_max", "none_reasoning_effort"], "effort (max, none)"), (["low_reasoning_effort"], "effort low"),
        (["effort", "effort_low"], "effort low"), (["effort_max"], "effort max"), (["effort"], "effort"),
        (["tool_choice", "tool_search", "pdf_input", "web_search"],
         "tool choice, tool search, pdf input, web search"),
        (["thinking_adaptive", "audio_input"], "adaptive thinking, audio input"),
        ([], ""),
    ],
)  # fmt: skip
def test_words_with_the_same_beginning_are_grouped(names: list[str], text: str) -> None:
    assert labels.words(names) == text
