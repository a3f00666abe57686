"""The body of a first request for each kind of call, as the vendors document it. Imports no models."""

from collections.abc import Mapping
from typing import Any

from pricing.pages.code_examples.endpoints import Target

JSON = dict[str, Any]
HELLO = "Hello!"
PICTURE = "A lighthouse at dawn"
CHAT: JSON = {"messages": [{"role": "user", "content": HELLO}]}
# Kind -> the body without the model. A transcription has a form with a file instead.
BODIES: Mapping[str, JSON] = {
    "chat": CHAT,
    "completion": {"prompt": HELLO},
    "responses": {"input": HELLO},
    "compaction": {"input": HELLO},
    "messages": {"max_tokens": 1024} | CHAT,
    "gemini": {"contents": [{"parts": [{"text": HELLO}]}]},
    "gemini-image": {"contents": [{"parts": [{"text": PICTURE}]}]},
    "gemini-embedding": {"content": {"parts": [{"text": HELLO}]}},
    "embeddings": {"input": HELLO},
    "moderation": {"input": HELLO},
    "rerank": {"query": "a greeting", "documents": [HELLO, "Goodbye."]},
    "image": {"prompt": PICTURE},
    "speech": {"voice": "alloy", "input": HELLO},
    "video": {"prompt": PICTURE},
    "unified-video": {"prompt": PICTURE},
    # https://help.aliyun.com/zh/model-studio/text-to-video-api-reference
    "ali-video": {"input": {"prompt": PICTURE}},
    # https://www.volcengine.com/docs/82379/1520757
    "volc-video": {"content": [{"type": "text", "text": PICTURE}]},
    # https://platform.minimax.io/docs/api-reference/video-generation-t2v
    "minimax-video": {"prompt": PICTURE},
    # https://app.klingai.com/global/dev/document-api/apiReference/model/textToVideo
    "kling": {"prompt": PICTURE},
    "midjourney": {"prompt": PICTURE},
    "suno": {"gpt_description_prompt": "A calm song about the sea"},
}
# Kind -> the field of the model, where it is not `model`. Empty: the address stands for the model.
MODEL_FIELDS: Mapping[str, str] = {
    "gemini": "",
    "gemini-image": "",
    "gemini-embedding": "",
    "kling": "model_name",
    "midjourney": "",
    "suno": "",
}


def body_of(target: Target) -> JSON:
    name = MODEL_FIELDS.get(target.kind, "model")
    return ({name: target.model} if name else {}) | BODIES[target.kind]


def headers_of(target: Target) -> list[tuple[str, str]]:
    """The headers beside that of the key."""
    match target.kind:
        case "messages":
            return [("anthropic-version", "2023-06-01")]
        case "ali-video":
            return [("X-DashScope-Async", "enable")]
    return []


def key_header(target: Target) -> tuple[str, str]:
    """The header that has the key, and what comes before the key."""
    if target.kind == "messages":
        return "x-api-key", ""
    return ("x-goog-api-key", "") if target.kind.startswith("gemini") else ("Authorization", "Bearer ")
