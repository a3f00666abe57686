"""The names of input types, output types, capabilities and meters, which all sources, the admin and the dialects use.

Other names in sources are stored unchanged, but are not sent to clients.
"""

from collections.abc import Collection, Mapping, Sequence

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
    "pdf_input": "reads PDF files directly",
    "prompt_caching": "caches the start of a prompt at a lower price",
    "web_search": "searches the web by itself",
    "computer_use": "controls a screen with mouse and keyboard",
    "batch": "accepts batches of requests",
    "citations": "names the parts of a document on which an answer is based",
    "code_execution": "runs code in a sandbox",
    "server_code_execution": "runs code as a tool of the vendor's servers",
    "context_management": "removes what a long conversation no longer needs",
    "clear_thinking_20251015": "clears old thoughts (Anthropic's name)",
    "clear_tool_uses_20250919": "clears old tool results (Anthropic's name)",
    "compact_20260112": "summarizes a long conversation (Anthropic's name)",
    "effort": "lets the request say how hard to think",
    "effort_low": "accepts the effort low",
    "effort_medium": "accepts the effort medium",
    "effort_high": "accepts the effort high",
    "effort_xhigh": "accepts the effort xhigh",
    "effort_max": "accepts the effort max",
    "thinking_adaptive": "decides by itself how long to think",
    "thinking_enabled": "thinks within a budget that the request gives",
    "thinking_disabled": "can answer without thinking",
    "thinking_between_tools": "thinks between calls of tools",
}

# The usual reasoning levels, the lowest first.
REASONING_LEVELS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
# The names in OpenRouter's format: capability -> the parameters of requests, modality -> modality.
OPENROUTER_PARAMETERS: Mapping[str, Sequence[str]] = {
    "tools": ("tools", "tool_choice"),
    "parallel_tools": ("parallel_tool_calls",),
    "structured_outputs": ("structured_outputs", "response_format"),
    "reasoning": ("reasoning", "include_reasoning"),
}
OPENROUTER_MODALITIES: Mapping[str, str] = {"pdf": "file", "embedding": "embeddings"}
# The default parameters that clients may send; max_temperature is a limit.
SENT_PARAMETERS = ("temperature", "top_p", "top_k")

# A price of a source that matches none of these is stored as x.<source>.<name in the source>.
METERS = (
    "input",
    "output",
    "input.cache_read",
    "input.cache_write",
    "output.reasoning",
    "output.citation",
    "input.text",
    "output.text",
    "input.image",
    "output.image",
    "input.audio",
    "output.audio",
    "input.video",
    "output.video",
    "input.audio.cache_read",
    "input.audio.cache_write",
    "input.image.cache_read",
    "input.image.cache_write",
    "request",
    "web_search",
    "file_search",
    "maps",
    "code_session",
    "ocr",
    "ocr.annotation",
    "moderation",
    "guardrail",
    "finetune",
    "cache_storage",
    "storage",
    "capacity",
)
# Meter -> the meters that it is charged as if it has no line of its own, the best match first. Cached audio or images
# without a price cost what audio or images cost: the price of cached text is for text. If their medium has no price
# either, they are charged as text is.
FALLBACKS: Mapping[str, Sequence[str]] = {
    "input.text": ("input",),
    "input.cache_read": ("input",),
    "input.cache_write": ("input",),
    "input.audio": ("input",),
    "input.image": ("input",),
    "input.video": ("input",),
    "input.audio.cache_read": ("input.audio", "input.cache_read", "input"),
    "input.image.cache_read": ("input.image", "input.cache_read", "input"),
    "input.audio.cache_write": ("input.audio", "input.cache_write", "input"),
    "input.image.cache_write": ("input.image", "input.cache_write", "input"),
    "output.text": ("output",),
    "output.reasoning": ("output",),
    "output.audio": ("output",),
    "output.image": ("output",),
    "output.video": ("output",),
}


# The side of a model that some vendors do not charge -> its endpoint types: the output of models that return vectors,
# ranks or the text of a recording; the input of models that are paid for what they make, such as pictures or speech.
TYPES_WITHOUT_PRICE: Mapping[str, frozenset[str]] = {
    "input": frozenset({"image-generation", "openai-video", "audio-speech", "audio-transcription"}),
    "output": frozenset({"embeddings", "jina-rerank", "audio-transcription"}),
}
# The same by output types.
MODALITIES_WITHOUT_PRICE: Mapping[str, frozenset[str]] = {
    "input": frozenset({"image", "audio", "video"}),
    "output": frozenset({"embedding"}),
}
# The endpoint types of models that answer with text.
TEXT_TYPES = frozenset({"openai", "openai-response", "openai-response-compact", "anthropic", "gemini"})
# The endpoint types of models that make videos.
VIDEO_TYPES = ("openai-video", "unified-video", "ali-video", "volc-video", "minimax-video", "kling")


def charged_sides(endpoint_types: Collection[str], output_modalities: Collection[str]) -> frozenset[str]:
    """The sides, input and output, that all vendors of such models charge: a missing price is unknown, and never 0.

    A source states free use as an explicit 0. A model whose types and modalities are unknown may charge both sides.
    """
    return frozenset(
        side
        for side, types in TYPES_WITHOUT_PRICE.items()
        if not (endpoint_types and types.issuperset(endpoint_types))
        and not (output_modalities and MODALITIES_WITHOUT_PRICE[side].issuperset(output_modalities))
    )


def returns_text(endpoint_types: Collection[str], output_modalities: Collection[str]) -> bool:
    """Whether such models answer with text, as chat models do; true if neither types nor modalities are known."""
    if output_modalities:
        return "text" in output_modalities
    return not endpoint_types or not TEXT_TYPES.isdisjoint(endpoint_types)


def unknown(names: list[str], words: Mapping[str, str]) -> list[str]:
    """The names that are not in the vocabulary, in order."""
    return [name for name in names if name not in words]


# ISO 4217, list one, without XXX (no currency) and XTS (for tests):
# https://www.six-group.com/en/products-services/financial-information/data-standards.html
CURRENCY_CODES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW
CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL
HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA
MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD
RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD
USN UYI UYU UYW UZS VED VES VND VUV WST XAD XAF XAG XAU XBA XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XUA YER ZAR
ZMW ZWG
"""
CURRENCIES = frozenset(CURRENCY_CODES.split())


def currency_fault(code: str) -> str:
    """Why the text cannot be entered as a currency; empty for a code of ISO 4217.

    Rows with other codes, stored by earlier versions, remain readable.
    """
    if code in CURRENCIES:
        return ""
    return "This is not a valid currency. Use a code of ISO 4217, which is three capital letters, e.g. USD."


# A knowledge cut-off, as far as a vendor states it: a year, a month or a day.
CUTOFF = r"[12][0-9]{3}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?"
