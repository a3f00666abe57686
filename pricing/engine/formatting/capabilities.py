"""Capabilities in curated words: tools, not function_calling; what only a request's fields are named after is left out.

Sources name one capability differently, and some list parameters of their own library. The catalog and the API keep the
names of sources; people read these words.
"""

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from pricing.engine.formatting.labels import VALUES, join, value, with_detail

# The words of the catalog's vocabulary first, then those that sources add.
CAPABILITIES: Mapping[str, str] = {
    "tools": gettext_noop("tools"),
    "parallel_tools": gettext_noop("parallel tools"),
    "structured_outputs": gettext_noop("structured outputs"),
    "reasoning": gettext_noop("reasoning"),
    "vision": gettext_noop("vision"),
    "pdf_input": gettext_noop("PDF input"),
    "prompt_caching": gettext_noop("prompt caching"),
    "web_search": gettext_noop("web search"),
    "computer_use": gettext_noop("computer use"),
    "batch": gettext_noop("batch"),
    "citations": gettext_noop("citations"),
    "code_execution": gettext_noop("code execution"),
    "context_management": gettext_noop("context management"),
    "effort": gettext_noop("effort"),
    "thinking_adaptive": gettext_noop("adaptive thinking"),
    "thinking_enabled": gettext_noop("thinking on request"),
    "thinking_disabled": gettext_noop("thinking can be turned off"),
    "thinking_between_tools": gettext_noop("thinking between tool calls"),
    "json_mode": gettext_noop("JSON mode"),
    "tool_choice": gettext_noop("tool choice"),
    "tool_search": gettext_noop("tool search"),
    "file_search": gettext_noop("file search"),
    "url_context": gettext_noop("URL context"),
    "system_messages": gettext_noop("system messages"),
    "assistant_prefill": gettext_noop("prefilled answers"),
    "native_streaming": gettext_noop("streaming"),
    "fast_mode": gettext_noop("fast mode"),
    "image_editing": gettext_noop("image editing"),
    "audio_input": gettext_noop("audio input"),
    "audio_output": gettext_noop("audio output"),
    "video_input": gettext_noop("video input"),
    "image_output": gettext_noop("image output"),
    "video_output": gettext_noop("video output"),
    "fine_tuning": gettext_noop("fine-tuning"),
    "logprobs": gettext_noop("token probabilities"),
}
# Another name in a source -> the word above. Empty: a parameter of a request, or a modality in other words, which no
# reader chooses a model by.
SYNONYMS: Mapping[str, str] = {
    "function_calling": "tools",
    "function_call": "tools",
    "functions": "tools",
    "tool_call": "tools",
    "tool_calling": "tools",
    "tool_calls": "tools",
    "tool_use": "tools",
    "parallel_function_calling": "parallel_tools",
    "parallel_tool_calls": "parallel_tools",
    "response_schema": "structured_outputs",
    "response_format": "structured_outputs",
    "structured_output": "structured_outputs",
    "native_structured_output": "structured_outputs",
    "json_schema": "structured_outputs",
    "json_object": "json_mode",
    "thinking": "reasoning",
    "interleaved_thinking": "thinking_between_tools",
    "adaptive_thinking": "thinking_adaptive",
    "legacy_thinking": "thinking_enabled",
    "reasoning_effort": "effort",
    "image_input": "vision",
    "image_understanding": "vision",
    "pdf": "pdf_input",
    "file_input": "pdf_input",
    "context_caching": "prompt_caching",
    "context_cache": "prompt_caching",
    "cache_control": "prompt_caching",
    "caching": "prompt_caching",
    "search": "web_search",
    "web_search_options": "web_search",
    "grounding": "web_search",
    "batch_api": "batch",
    "citation": "citations",
    "code_interpreter": "code_execution",
    "server_code_execution": "code_execution",
    "clear_thinking_20251015": "context_management",
    "clear_tool_uses_20250919": "context_management",
    "compact_20260112": "context_management",
    "nova_canvas_image_edit": "image_editing",
    "image_edit": "image_editing",
    "streaming": "native_streaming",
    "stream": "native_streaming",
    "prefill": "assistant_prefill",
    "speed": "fast_mode",
    "finetuning": "fine_tuning",
    "anthropic_thinking_payload": "",
    "embedding_image_input": "",
    "mid_conversation_system": "",
    "multimodal": "",
    "output_config": "",
    "parallel_tool_use_config": "",
    "preset": "",
    "prompt_cache_breakpoint": "",
    "thinking_cache_preservation": "",
    "text_input": "",
    "text_output": "",
}
EFFORT = "effort"


def known(name: str) -> str:
    """The word of the table above that a source's name means, or an effort with its level; empty for all others."""
    level = level_of(name)
    if level:
        return f"{EFFORT}_{level}"
    word = SYNONYMS.get(name, name)
    return word if word in CAPABILITIES else ""


def level_of(name: str) -> str:
    """low of effort_low, which LiteLLM writes low_reasoning_effort; empty for any other name."""
    level = name.removesuffix("_reasoning_effort")
    if level == name:
        level = name.removeprefix(f"{EFFORT}_")
    return level if level != name and level in VALUES else ""


def filter_words(names: Iterable[str]) -> tuple[str, ...]:
    """The capabilities by which a model is found: known ones, efforts of any level as one, and the names in sources."""
    names = tuple(names)
    words = (EFFORT if level_of(name) else known(name) for name in names)
    return tuple(dict.fromkeys(filter(None, (*words, *names))))


def label(word: str) -> str:
    """One of the known words, as people read it."""
    return _(CAPABILITIES[word]) if word in CAPABILITIES else word


def in_words(names: Iterable[str]) -> str:
    """The capabilities of a model as a list: tools, effort (low, high).

    Words of operators are shown as they are. Names of a source that are not in the tables are recognized by their
    underscores, and left out.
    """
    levels: list[str] = []
    parts: dict[str, str] = {}
    for name in names:
        if level := level_of(name):
            parts.setdefault(EFFORT, "")
            levels.append(level)
        elif word := known(name):
            parts.setdefault(word, label(word))
        elif name not in SYNONYMS and "_" not in name:
            parts.setdefault(name, name)
    if EFFORT in parts:
        parts[EFFORT] = _effort(list(dict.fromkeys(levels)))
    return join(parts.values())


def _effort(levels: list[str]) -> str:
    if not levels:
        return label(EFFORT)
    if len(levels) == 1:
        return _("%(what)s %(value)s") % {"what": label(EFFORT), "value": value(levels[0])}
    return with_detail(label(EFFORT), join(map(value, levels)))
