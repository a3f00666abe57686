"""What a search finds: words where words of names start, in any spelling."""

import pytest

from catalog.search.index import Entry, SearchIndex
from catalog.search.kinds import words_of
from catalog.search.vendors import spellings_of

# Vendor -> ids as price lists have them.
IDS = {
    (
        "openai",
        "OpenAI",
    ): "gpt-3.5-turbo gpt-4 gpt-4-0125-preview gpt-4-1106-preview gpt-4.1 gpt-4.1-mini gpt-4.5-preview "
    "gpt-4o gpt-4o-2024-05-13 gpt-4o-mini gpt-5 gpt-5-mini gpt-5.1 gpt-5:batch azure/gpt-4o openrouter/openai/gpt-5 "
    "gpt-oss-20b chatgpt-4o-latest o1 o1-pro o3 o3-mini o4-mini dall-e-3 text-embedding-3-large sora-2 whisper-1",
    ("anthropic", "Anthropic"): "claude-3-5-sonnet-20241022 claude-3.7-sonnet claude-sonnet-4-20250514 claude-opus-4-1 "
    "claude-sonnet-4-5 claude-haiku-4-5-20251001 bedrock/us.anthropic.claude-opus-4-5-v1:0 claude-2.1",
    ("google", "Google"): "gemini-2.5-pro gemini-2.5-flash gemini-3-pro embeddinggemma-300m gemma-3-27b-it veo-3.1",
    ("deepseek", "DeepSeek"): "deepseek-chat deepseek-r1 deepseek-v3 deepseek-v3.2 deepseek-v4-flash "
    "fireworks_ai/accounts/fireworks/models/deepseek-v3p1",
    ("alibaba", "Alibaba"): "qwen-max qwen2.5-7b-instruct qwen2.5-72b-instruct qwen3-max qwen3-8b qwen-1.8b wan2.2-t2v",
    ("zhipu", "Zhipu AI"): "glm-4.6 glm-5 chatglm3-6b",
    ("bytedance", "ByteDance"): "doubao-seed-1.6 seedream-4.0",
    ("moonshot", "Moonshot AI"): "kimi-k2 kimi-k2-thinking moonshot-v1-8k",
    ("meta", "Meta"): "llama-3.1-8b-instruct llama3.1-70b Meta-Llama-3_3-70B-Instruct codellama-34b",
    ("mistral", "Mistral AI"): "mistral-large ollama/mistral ministral-3b upstage/solar-pro3",
    ("xai", "xAI"): "grok-4 grok-4-fast",
    ("01-ai", "01.AI"): "yi-34b",
    ("minimax", "MiniMax"): "minimax-m2.1",
}
TITLES = {"qwen-max": "通义千问-Max", "gemini-2.5-pro": "Gemini 2.5 Pro (café)"}
ALIASES = {"claude-sonnet-4-5": ("sonnet-latest",), "gpt-5": ("旗舰模型",)}
MODELS = [(vendor, name) for vendor, ids in IDS.items() for name in ids.split()]
OUTPUTS = {"seedream-4.0": ["image"], "dall-e-3": ["image"], "wan2.2-t2v": ["video"], "sora-2": ["video", "audio"]}
INDEX = SearchIndex(
    Entry(
        (name, TITLES.get(name, name), *ALIASES.get(name, ()), *words_of(OUTPUTS.get(name, ()))), spellings_of(*vendor)
    )
    for vendor, name in MODELS
)


def found(text: str) -> set[str]:
    return {MODELS[place][1] for place in INDEX.find(text).places}


def ids_of(slug: str) -> set[str]:
    return {name for vendor, name in MODELS if vendor[0] == slug}


GPT_5 = "gpt-5 gpt-5-mini gpt-5.1 gpt-5:batch openrouter/openai/gpt-5"
GPT_4O = "gpt-4o gpt-4o-2024-05-13 gpt-4o-mini azure/gpt-4o chatgpt-4o-latest"
CLAUDE_4_5 = "claude-sonnet-4-5 claude-haiku-4-5-20251001 bedrock/us.anthropic.claude-opus-4-5-v1:0"
CLAUDE_4 = f"claude-sonnet-4-20250514 claude-opus-4-1 {CLAUDE_4_5}"
DEEPSEEK_V3 = "deepseek-v3 deepseek-v3.2 fireworks_ai/accounts/fireworks/models/deepseek-v3p1"
# Search -> exactly these models.
EXACTLY = {
    # Separators, case and width.
    "GPT5": GPT_5, "gpt 5": GPT_5, "gpt_5": GPT_5, "GPT-5": GPT_5, "ｇｐｔ－５": GPT_5, "ＧＰＴ　５": GPT_5,
    "  gpt   5 ": GPT_5, "gpt5mini": "gpt-5-mini", "GPT-5 Mini": "gpt-5-mini", "mini gpt5": "gpt-5-mini",
    "gpt-5m": "gpt-5-mini", "gpt4o": GPT_4O, "4o": GPT_4O, "gpt 4o mini": "gpt-4o-mini",
    "gpt41": "gpt-4.1 gpt-4.1-mini", "gpt4.1": "gpt-4.1 gpt-4.1-mini", "gpt-4-1": "gpt-4.1 gpt-4.1-mini",
    "gpt-4.1-mini": "gpt-4.1-mini", "gpt-4-1106": "gpt-4-1106-preview", "1106": "gpt-4-1106-preview",
    "gpt 3.5": "gpt-3.5-turbo", "deepseekv4": "deepseek-v4-flash", "deepseek v4": "deepseek-v4-flash",
    "deep seek v4": "deepseek-v4-flash", "DeepSeek-V4-Flash": "deepseek-v4-flash", "deepseekv3": DEEPSEEK_V3,
    "deepseek v3.1": "fireworks_ai/accounts/fireworks/models/deepseek-v3p1", "deepseek 3.2": "deepseek-v3.2",
    "r1": "deepseek-r1", "dalle3": "dall-e-3", "dall e 3": "dall-e-3", "dalle": "dall-e-3",
    "embedding 3": "text-embedding-3-large", "sora2": "sora-2", "whisper": "whisper-1", "m2.1": "minimax-m2.1",
    "minimax m2": "minimax-m2.1",
    # Families, versions and sizes.
    "claude4.5": CLAUDE_4_5, "claude 4.5": CLAUDE_4_5, "claude-4-5": CLAUDE_4_5, "4.5 claude": CLAUDE_4_5,
    "claude4": CLAUDE_4, "sonnet4.5": "claude-sonnet-4-5", "claude 3.5 sonnet": "claude-3-5-sonnet-20241022",
    "claude3.5sonnet": "claude-3-5-sonnet-20241022", "sonnet 3.7": "claude-3.7-sonnet", "claude2": "claude-2.1",
    "gemini2.5pro": "gemini-2.5-pro", "gemini3": "gemini-3-pro",
    "gemini": "gemini-2.5-pro gemini-2.5-flash gemini-3-pro", "llama 3.1": "llama-3.1-8b-instruct llama3.1-70b",
    "llama3.1": "llama-3.1-8b-instruct llama3.1-70b", "llama3.3": "Meta-Llama-3_3-70B-Instruct",
    "llama 70b": "llama3.1-70b Meta-Llama-3_3-70B-Instruct", "qwen 7b": "qwen2.5-7b-instruct",
    "qwen2.5 72b": "qwen2.5-72b-instruct", "8b": "llama-3.1-8b-instruct qwen3-8b", "5b": "",
    "qwen3": "qwen3-max qwen3-8b", "qwen 3": "qwen3-max qwen3-8b", "qwen3max": "qwen3-max", "wan": "wan2.2-t2v",
    "glm": "glm-4.6 glm-5 chatglm3-6b", "glm4.6": "glm-4.6", "glm5": "glm-5", "k2": "kimi-k2 kimi-k2-thinking",
    "kimik2": "kimi-k2 kimi-k2-thinking", "grok4": "grok-4 grok-4-fast", "yi": "yi-34b", "veo3": "veo-3.1",
    "20241022": "claude-3-5-sonnet-20241022", "2024": "claude-3-5-sonnet-20241022 gpt-4o-2024-05-13",
    # Short ids are not parts of other words.
    "o3": "o3 o3-mini", "o1": "o1 o1-pro", "o4mini": "o4-mini", "pro3": "upstage/solar-pro3 gemini-3-pro",
    # Longer words are, but not behind a single letter.
    "llama": "llama-3.1-8b-instruct llama3.1-70b Meta-Llama-3_3-70B-Instruct codellama-34b", "gemma":
    "gemma-3-27b-it embeddinggemma-300m", "seek": " ".join(ids_of("deepseek")), "ollama": "ollama/mistral",
    # Aliases and titles.
    "sonnet-latest": "claude-sonnet-4-5", "latest sonnet": "claude-sonnet-4-5", "旗舰": "gpt-5",
    "qijianmoxing": "gpt-5", "cafe": "gemini-2.5-pro", "通义千问-Max": "qwen-max qwen3-max",
    # Vendors before ids.
    "openai/gpt-5": GPT_5, "OpenAI/GPT-5-mini": "gpt-5-mini", "z-ai/glm-4.6": "glm-4.6",
    "zai-org/GLM-5": "glm-5", "meta-llama/llama-3.1-8b-instruct": "llama-3.1-8b-instruct",
    "x-ai/grok-4-fast": "grok-4-fast", "moonshotai/kimi-k2-thinking": "kimi-k2-thinking",
    "qwen/qwen3-8b": "qwen3-8b", "azure/gpt-4o": "azure/gpt-4o",
    "anthropic/claude-sonnet-4.5": "claude-sonnet-4-5", "google／gemini-2.5-flash": "gemini-2.5-flash",
    "openai/claude-2.1": "", "智谱 glm5": "glm-5", "智谱glm4.6": "glm-4.6", "谷歌gemini3": "gemini-3-pro",
    # Kinds.
    "视频": "wan2.2-t2v sora-2", "文生视频": "wan2.2-t2v sora-2", "阿里 视频": "wan2.2-t2v", "阿里视频": "wan2.2-t2v",
    "文生图": "seedream-4.0 dall-e-3", "豆包 图片": "seedream-4.0", "豆包图片": "seedream-4.0", "豆包视频": "",
    "openai image": "dall-e-3", "video": "wan2.2-t2v sora-2", "语音": "sora-2", "音乐": "",
    # As other sites write ids.
    "models/gemini-2.5-pro": "gemini-2.5-pro", "Models/Gemini-3-pro": "gemini-3-pro",
    "accounts/fireworks/models/deepseek-v3p1": "fireworks_ai/accounts/fireworks/models/deepseek-v3p1",
    "deepseek/deepseek-r1:free": "deepseek-r1", "claude-sonnet-4-5-20250929": "claude-sonnet-4-5",
    "claude-sonnet-4-5@20250929": "claude-sonnet-4-5", "gemini-2.5-pro:thinking": "gemini-2.5-pro",
    "anthropic/claude-opus-4-1-20250805": "claude-opus-4-1", "gpt-5-mini-2025-08-07": "gpt-5-mini",
    "gpt-4o-2024-05-13": "gpt-4o-2024-05-13", ":free": "",
    # Nothing.
    "zzz": "", "???": "", "gpt-6": "", "qwen 9b": "", "openai claude": "", "智谱 gpt": "",
}  # fmt: skip
# Search -> the vendor whose models are found, and no others.
VENDORS = {
    "阿里": "alibaba", "阿里巴巴": "alibaba", "通义": "alibaba", "千问": "alibaba", "tongyi": "alibaba",
    "ali": "alibaba", "alibaba": "alibaba", "albb": "alibaba", "百炼": "alibaba", "bailian": "alibaba",
    "qianwen": "alibaba", "tong yi": "alibaba", "智谱": "zhipu", "智譜": "zhipu", "zhipu": "zhipu", "zhi pu": "zhipu",
    "智谱官方": "zhipu", "z.ai": "zhipu", "豆包": "bytedance", "doubao": "bytedance", "字节跳动": "bytedance",
    "zijietiaodong": "bytedance", "zjtd": "bytedance", "抖音豆包": "bytedance", "火山引擎": "bytedance",
    "月之暗面": "moonshot", "yuezhianmian": "moonshot", "yzam": "moonshot", "moonshot": "moonshot",
    "moonshot ai": "moonshot", "深度求索": "deepseek", "shenduqiusuo": "deepseek", "谷歌": "google", "guge": "google",
    "openai": "openai", "open ai": "openai", "脸书": "meta", "臉書": "meta", "x.ai": "xai", "零一万物": "01-ai",
    "deepseek": "deepseek", "01.ai": "01-ai", "海螺": "minimax", "hailuo": "minimax",
}  # fmt: skip


@pytest.mark.parametrize("text", EXACTLY)
def test_a_search_finds_these_models_and_no_others(text: str) -> None:
    assert found(text) == set(EXACTLY[text].split())


@pytest.mark.parametrize("text", VENDORS)
def test_a_vendor_is_found_in_each_spelling(text: str) -> None:
    assert found(text) == ids_of(VENDORS[text])


def test_an_empty_search_finds_all() -> None:
    assert found("") == found("  ") == {name for _vendor, name in MODELS}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("gpt 5", {"gpt-5"}), ("GPT4O", {"gpt-4o"}), ("openai/gpt-5", {"gpt-5"}), ("OpenAI gpt 5", {"gpt-5"}),
        ("智谱 GLM 5", {"glm-5"}), ("models/gemini-2.5-pro", {"gemini-2.5-pro"}), ("gpt-5-2025-08-07", {"gpt-5"}),
        ("Sonnet Latest", {"claude-sonnet-4-5"}), ("gpt", set()), ("", set()), ("openai", set()),
    ],
)  # fmt: skip
def test_models_with_the_searched_name_are_known(text: str, names: set[str]) -> None:
    assert {MODELS[place][1] for place in INDEX.find(text).exact} == names


@pytest.mark.parametrize(
    "text", ["(", "[a-", "\\", "*", "gpt(5", ".+", "a|b", "1" * 100, "-" * 100, "/" * 50, "😀", "\x00", "ß"]
)
def test_any_text_can_be_searched(text: str) -> None:
    assert found(text) <= {name for _vendor, name in MODELS}


def test_an_empty_list_can_be_searched() -> None:
    assert SearchIndex([]).find("gpt").places == set()
