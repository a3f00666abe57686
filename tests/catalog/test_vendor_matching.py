"""The vendor of a model is inferred from its id."""

import pytest

from catalog.exact import read_json
from catalog.vendor_matching import fold, known_vendor, vendor_key, vendor_of_model
from catalog.vendor_names import KNOWN_VENDORS
from tests.samples import sample_or_real


@pytest.mark.parametrize(
    ("model", "vendor"),
    [
        ("gpt-4o", "openai"),
        ("azure/gpt-4o", "openai"),
        ("ft:gpt-4o-2024-08-06", "openai"),
        ("high/1024-x-1024/gpt-image-1", "openai"),
        ("gpt-5.3-codex-spark", "openai"),
        ("us.anthropic.claude-3-haiku-20240307-v1:0", "anthropic"),
        ("bedrock/eu-west-1/anthropic.claude-v2:1", "anthropic"),
        ("databricks/databricks-claude-sonnet-4", "anthropic"),
        ("perplexity/anthropic/claude-sonnet-5", "anthropic"),
        ("google/veo3.1", "google"),
        ("openrouter/~google/gemini-flash-latest", "google"),
        ("muse-spark", "meta"),
        ("deepinfra/nvidia/Llama-3.1-Nemotron-70B-Instruct", "nvidia"),
        ("deepinfra/meta-llama/Llama-3.3-70B", "meta"),
        ("fireworks_ai/accounts/fireworks/models/deepseek-v3", "deepseek"),
        ("together_ai/Qwen/Qwen3-32B", "alibaba"),
        ("xai/grok-4", "xai"),
        ("x-ai/grok-4", "xai"),
        ("doubao-seedance-2-0", "bytedance"),
        ("deepgram/nova-2", "deepgram"),
        ("writer/palmyra-x5", "writer"),
        ("palm/chat-bison", "google"),
        ("nvidia/llama-3_3-super", "nvidia"),
        ("perplexity/llama-3-8b", "meta"),
        ("novita/sao10k/l3-8b-lunaris", "sao10k"),
    ],
)
def test_the_vendor_is_the_author_and_not_the_host(model: str, vendor: str) -> None:
    known = vendor_of_model(model)
    assert known is not None
    assert known.slug == vendor


@pytest.mark.parametrize(
    "name", ["openrouter.json", "openrouter/models_2026-01-29.json", "openrouter/models_2026-07-17.json"]
)
def test_openrouters_authors_are_the_vendors(name: str) -> None:
    body = read_json(sample_or_real(name))
    for row in body["data"] if isinstance(body, dict) else body:
        author = row["id"].partition("/")[0].lstrip("~")
        if (vendor := next((entry for entry in KNOWN_VENDORS if author in entry.segments), None)) is not None:
            assert vendor_of_model(row["id"]) is vendor, row["id"]


@pytest.mark.parametrize("model", ["holo3", "mystery-o1", "azure/container", "exa_ai/search", "not-gpt-4", ""])
def test_a_vendor_that_the_id_does_not_show_is_unknown(model: str) -> None:
    assert vendor_of_model(model) is None


def test_spellings_of_one_vendor_have_one_key() -> None:
    assert vendor_key("快手") == vendor_key("Kuaishou") == vendor_key(" KLING ")
    assert vendor_key("字节跳动") == vendor_key("ByteDance")
    assert vendor_key("即梦") == vendor_key("Jimeng") != vendor_key("ByteDance")
    assert vendor_key("阿里云") == vendor_key("Alibaba Cloud") == vendor_key("Alibaba")
    assert vendor_key("AWS") == vendor_key("Amazon") != vendor_key("Bedrock")
    assert vendor_key("Acme  Labs") == vendor_key("acme labs")
    assert known_vendor("Acme Labs") is None


def test_folding_ignores_case_width_and_spaces() -> None:
    assert fold("\uff2f\uff50\uff45\uff4e  AI ") == fold("open ai")
