"""The words for what models take, make and can do: one name a thing, used by every source, the admin and the dialects.

Other words are kept as sources give them, and no client is told about them.
"""

from collections.abc import Mapping

INPUT_MODALITIES: Mapping[str, str] = {
    "text": "words",
    "image": "pictures",
    "audio": "speech and sound",
    "video": "moving pictures",
    "pdf": "documents with their layout",
}
OUTPUT_MODALITIES: Mapping[str, str] = {
    "text": "words",
    "image": "pictures",
    "audio": "speech, sound or music",
    "video": "moving pictures",
    "embedding": "vectors for search",
}
CAPABILITIES: Mapping[str, str] = {
    "tools": "calls functions that the request describes",
    "parallel_tools": "calls several functions at once",
    "structured_outputs": "answers in a JSON schema that the request gives",
    "reasoning": "thinks before it answers",
    "vision": "understands pictures",
    "pdf_input": "reads PDF files as they are",
    "prompt_caching": "remembers the beginning of a prompt for less money",
    "web_search": "searches the web by itself",
    "computer_use": "works a screen with mouse and keyboard",
    "batch": "takes requests that wait for their turn",
    "citations": "says which part of a document an answer stands on",
    "code_execution": "runs code in a sandbox",
    "server_code_execution": "runs code as a tool of the vendor's servers",
    "context_management": "clears what a long conversation no longer needs",
    "clear_thinking_20251015": "clears old thoughts (Anthropic's name)",
    "clear_tool_uses_20250919": "clears old tool results (Anthropic's name)",
    "compact_20260112": "sums up a long conversation (Anthropic's name)",
    "effort": "lets the request say how hard to think",
    "effort_low": "takes the effort low",
    "effort_medium": "takes the effort medium",
    "effort_high": "takes the effort high",
    "effort_xhigh": "takes the effort xhigh",
    "effort_max": "takes the effort max",
    "thinking_adaptive": "decides by itself how long to think",
    "thinking_enabled": "thinks within a budget that the request gives",
    "thinking_disabled": "can be told not to think",
    "thinking_between_tools": "thinks between calls of tools",
}


def unknown(names: list[str], words: Mapping[str, str]) -> list[str]:
    """The names that are no words of the vocabulary, in their order."""
    return [name for name in names if name not in words]
