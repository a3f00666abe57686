"""Which gateway wrote a database, detected by its columns, and the meaning of its channel types. Imports no models.

The two tables of types agree up to 25 and differ beyond: 36 is DeepSeek in one-api and Suno in new-api.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from catalog.sources.completion_ratios import gizmo_name, new_api_name
from pricing.gateways.reading.databases import DatabaseUnreadableError, Tables
from pricing.gateways.rules import programs
from pricing.gateways.rules.program import Program

SHARED_TYPES: dict[int, str] = {
    1: "OpenAI", 3: "Azure", 6: "OpenAIMax", 7: "OhMyGPT", 8: "Custom", 9: "AILS", 10: "AIProxy", 11: "PaLM",
    12: "API2GPT", 13: "AIGC2D", 14: "Anthropic", 15: "Baidu", 16: "Zhipu", 17: "Ali", 18: "Xunfei", 19: "360",
    20: "OpenRouter", 21: "AIProxyLibrary", 22: "FastGPT", 23: "Tencent", 24: "Gemini", 25: "Moonshot",
    31: "LingYiWanWu", 33: "AWS",
}  # fmt: skip
ONE_API_TYPES: Mapping[int, str] = SHARED_TYPES | {
    2: "API2D", 4: "CloseAI", 5: "OpenAI-SB", 26: "Baichuan", 27: "MiniMax", 28: "Mistral", 29: "Groq", 30: "Ollama",
    32: "StepFun", 34: "Coze", 35: "Cohere", 36: "DeepSeek", 37: "Cloudflare", 38: "DeepL", 39: "Together",
    40: "Doubao", 41: "Novita", 42: "Vertex AI", 43: "Proxy", 44: "SiliconFlow", 45: "xAI", 46: "Replicate",
    47: "Baidu", 48: "Xunfei", 49: "Ali", 50: "OpenAI-compatible", 51: "Gemini",
}  # fmt: skip
NEW_API_TYPES: Mapping[int, str] = SHARED_TYPES | {
    2: "Midjourney", 4: "Ollama", 5: "Midjourney", 26: "Zhipu", 27: "Perplexity", 34: "Cohere", 35: "MiniMax",
    36: "Suno", 37: "Dify", 38: "Jina", 39: "Cloudflare", 40: "SiliconFlow", 41: "Vertex AI", 42: "Mistral",
    43: "DeepSeek", 44: "MokaAI", 45: "VolcEngine", 46: "Baidu", 47: "Xinference", 48: "xAI", 49: "Coze", 50: "Kling",
    51: "Jimeng", 52: "Vidu", 53: "Submodel", 54: "DoubaoVideo", 55: "Sora", 56: "Replicate", 57: "Codex",
}  # fmt: skip
# Columns of tokens that new-api has since the summer of 2026.
AUGUST_COLUMNS = frozenset({"model_blacklist", "device_id_hash"})
# A table that new-api has since May 2026.
TABLE_SINCE_MAY = "perf_metrics"
# Their table is one-api's up to 23, and their own beyond.
ONE_HUB_TYPES: Mapping[int, str] = {
    1: "OpenAI", 3: "Azure", 8: "Custom", 11: "PaLM", 14: "Anthropic", 15: "Baidu", 16: "Zhipu", 17: "Ali",
    18: "Xunfei", 19: "360", 20: "OpenRouter", 23: "Tencent", 24: "Azure Speech", 25: "Gemini", 26: "Baichuan",
    27: "MiniMax", 28: "DeepSeek", 29: "Moonshot", 30: "Mistral", 31: "Groq", 32: "Bedrock", 33: "LingYiWanWu",
    34: "Midjourney", 35: "Cloudflare", 36: "Cohere", 37: "Stability AI", 38: "Coze", 39: "Ollama", 40: "Hunyuan",
    41: "Suno", 42: "Vertex AI", 43: "Llama", 44: "Ideogram", 45: "SiliconFlow", 46: "Flux", 47: "Jina", 48: "Rerank",
    49: "GitHub", 51: "Recraft", 52: "Replicate", 53: "Kling", 54: "Azure Databricks", 55: "Azure V1", 56: "xAI",
}  # fmt: skip
DONE_HUB_TYPES: Mapping[int, str] = {
    **ONE_HUB_TYPES,
    57: "Gemini CLI", 58: "Claude Code", 59: "Codex CLI", 60: "Antigravity", 61: "Vertex AI Express",
    62: "Bedrock Messages",
}  # fmt: skip
# Channel type -> endpoint types, the preferred one first; all other types serve only openai.
ENDPOINT_TYPES: Mapping[str, tuple[str, ...]] = {
    "OpenAI": ("openai", "openai-response"),
    "Azure": ("openai", "openai-response"),
    "xAI": ("openai", "openai-response"),
    "Anthropic": ("anthropic", "openai"),
    "AWS": ("anthropic", "openai"),
    "Gemini": ("gemini", "openai"),
    "Vertex AI": ("gemini", "openai"),
    "Jina": ("jina-rerank",),
    "Sora": ("openai-video",),
    "Codex": ("openai-response",),
    "Midjourney": ("midjourney",),
    "Suno": ("suno",),
    "Kling": ("kling",),
    "Azure V1": ("openai", "openai-response"),
    "Bedrock": ("anthropic", "openai"),
    "Bedrock Messages": ("anthropic", "openai"),
    "Claude Code": ("anthropic", "openai"),
    "Gemini CLI": ("gemini", "openai"),
    "Antigravity": ("gemini", "openai"),
    "Vertex AI Express": ("gemini", "openai"),
    "Codex CLI": ("openai-response", "openai"),
    "Rerank": ("jina-rerank",),
    "Azure Speech": ("audio-speech",),
    "Stability AI": ("image-generation",),
    "Ideogram": ("image-generation",),
    "Flux": ("image-generation",),
    "Recraft": ("image-generation",),
}
IMAGE_MODELS = ("dall-e", "gpt-image", "imagen", "flux", "stable-diffusion", "cogview", "seedream")


@dataclass(frozen=True)
class Dialect:
    """The data model of one gateway."""

    name: str
    channel_types: Mapping[int, str]
    # The program's default groups, until the operator saves others.
    rates: Mapping[str, int | Decimal]
    usable_groups: Mapping[str, str] | None
    auto_groups: tuple[str, ...] = ()
    # Whether rules add groups to the choice of a group's users, or remove some.
    has_group_rules: bool = False
    # A requested name -> the name that lists of allowed and blocked models are searched for.
    matched_name: Callable[[str], str] = str
    # A requested name -> the name that channels are searched for.
    routed_name: Callable[[str], str] = str
    # The one group of users who may not choose: of those in it, and of those without a group. Empty if there is none.
    only_group: str = ""
    # Whether a token without a limit of quota works although its status is exhausted.
    ignores_exhausted: bool = False
    # Whether a token's list of addresses has single addresses only; all other entries are ignored.
    single_addresses: bool = False
    # Whether it refuses calls of models without a price, and whether it hides these models from keys. A user may accept
    # them.
    refuses_unpriced: bool = False
    hides_unpriced: bool = False
    # Whether a key with limits lists only these; if not, it lists all models of its group.
    lists_limits: bool = True
    # Whether a key of a group that its user may not use lists the group's models; its calls are refused.
    lists_closed_groups: bool = False
    # Whether the target of a model mapping may be mapped itself.
    follows_mappings: bool = True
    # Whether calls of tools, such as web searches, have prices of their own.
    has_tool_prices: bool = False
    # Whether the running program publishes its prices, as GET /api/pricing.
    lists_prices: bool = False
    # The rules of its prices, by version; None if the database has all of them.
    program: Program | None = None

    @property
    def has_auto(self) -> bool:
        """Whether a token of group `auto` reaches several groups in an order."""
        return bool(self.auto_groups)

    def type_name(self, number: int) -> str:
        return self.channel_types.get(number, "unknown")


ONE_API = Dialect(
    "one-api",
    ONE_API_TYPES,
    {"default": 1, "vip": 1, "svip": 1},
    None,
    follows_mappings=False,
    program=programs.ONE_API,
)
NEW_API = Dialect(
    "new-api",
    NEW_API_TYPES,
    {"default": 1, "vip": 1, "svip": 1},
    {"default": "Default", "vip": "VIP"},
    ("default",),
    has_group_rules=True,
    matched_name=new_api_name,
    has_tool_prices=True,
    refuses_unpriced=True,
    hides_unpriced=True,
    lists_prices=True,
    program=programs.NEW_API_OF_AUGUST,
)
NEW_API_OF_APRIL = replace(NEW_API, program=programs.NEW_API_OF_APRIL)
# A version of August 2026: its default rates have one more group, whose users reach nothing else.
NEW_API_OF_AUGUST = replace(
    NEW_API, rates={**NEW_API.rates, "plg": Decimal("0.9")}, only_group="plg", ignores_exhausted=True
)
VELOERA = Dialect(
    "Veloera",
    NEW_API_TYPES,
    NEW_API.rates,
    NEW_API.usable_groups,
    routed_name=gizmo_name,
    single_addresses=True,
    refuses_unpriced=True,
    lists_closed_groups=True,
    follows_mappings=False,
    lists_prices=True,
    program=programs.VELOERA,
)
# Their groups are in a table.
ONE_HUB = Dialect("one-hub", ONE_HUB_TYPES, {}, {}, lists_limits=False)
DONE_HUB = Dialect("done-hub", DONE_HUB_TYPES, {}, {})
# What done-hub added to one-hub's tables; an older version of it lacks some.
DONE_HUB_COLUMNS = {
    "prices": ("long_context",),
    "channels": ("cost_ratio", "pass_through_body", "header_override"),
    "user_groups": ("description",),
    "users": ("linuxdo_id", "used_invite_code"),
}


def dialect_of(tables: Tables) -> Dialect:
    """The gateway that wrote the database; DatabaseUnreadableError if it is unknown."""
    tokens, channels = tables.columns("tokens"), tables.columns("channels")
    if not tokens or not channels:
        raise DatabaseUnreadableError(
            "This is not a database of a known gateway: it has no tables named channels and tokens."
        )
    if "model_prefix" in channels:
        return VELOERA
    if tables.columns("prices") and ("plugin" in channels or tables.columns("user_groups")):
        is_done_hub = any(tables.columns(table) & set(columns) for table, columns in DONE_HUB_COLUMNS.items())
        return DONE_HUB if is_done_hub else ONE_HUB
    if "model_limits" in tokens:
        if tokens & AUGUST_COLUMNS:
            return NEW_API_OF_AUGUST
        return NEW_API if tables.columns(TABLE_SINCE_MAY) else NEW_API_OF_APRIL
    if "subnet" in tokens:
        return ONE_API
    raise DatabaseUnreadableError(
        "The table tokens is neither one-api's (it has no column subnet) nor new-api's (no column model_limits): "
        "open the database once with the gateway's latest version, then repeat."
    )


def endpoint_types(type_name: str, model: str) -> tuple[str, ...]:
    """The endpoint types of a model on a channel of this type, inferred from its name."""
    bare = model.casefold().rpartition("/")[2]
    if "embedding" in bare:
        return ("embeddings",)
    types = ENDPOINT_TYPES.get(type_name, ("openai",))
    return ("image-generation", *types) if bare.startswith(IMAGE_MODELS) else types
