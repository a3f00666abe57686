"""Which kind of call an endpoint takes, and where. Imports no models."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Endpoint:
    """An endpoint: the name of its type, its label, and its method and path at the gateway."""

    name: str
    label: str
    method: str
    path: str


# Kind of call -> the end of its path. Before it is what SDKs and the addresses of jobs take as their base.
PATHS: Mapping[str, str] = {
    "chat": "/chat/completions",
    "completion": "/completions",
    "responses": "/responses",
    "compaction": "/responses/compact",
    "messages": "/v1/messages",
    "gemini": "/v1beta/models/{model}:generateContent",
    "embeddings": "/embeddings",
    "moderation": "/moderations",
    "rerank": "/rerank",
    "image": "/images/generations",
    "speech": "/audio/speech",
    "transcription": "/audio/transcriptions",
    "video": "/videos",
    "unified-video": "/video/create",
    "ali-video": "/services/aigc/video-generation/video-synthesis",
    "volc-video": "/contents/generations/tasks",
    "minimax-video": "/video_generation",
    "kling": "/videos/text2video",
    "midjourney": "/submit/imagine",
    "suno": "/submit/music",
}
# Endpoint type -> kind, where the names differ.
TYPES: Mapping[str, str] = {
    "openai": "chat",
    "openai-response": "responses",
    "openai-response-compact": "compaction",
    "anthropic": "messages",
    "jina-rerank": "rerank",
    "image-generation": "image",
    "openai-video": "video",
    "audio-speech": "speech",
    "audio-transcription": "transcription",
}


@dataclass(frozen=True)
class Target:
    """What an example calls. `root` is the address before the end of the path of its kind; empty if that differs."""

    kind: str
    model: str
    address: str
    root: str


def target_of(endpoint: Endpoint, model: str, *, base: str, outputs: tuple[str, ...] = ()) -> Target | None:
    """The call of a model that returns these modalities; None if it is not known what the endpoint takes."""
    kind = _kind(endpoint)
    if endpoint.method != "POST" or not kind:
        return None
    path, end = endpoint.path, PATHS[kind]
    if kind == "gemini" and outputs and "text" not in outputs:
        if "embedding" in outputs:
            kind, path, end = "gemini-embedding", *(text.replace(":generate", ":embed") for text in (path, end))
        elif "image" not in outputs:
            # Speech needs a voice, and videos are made by other methods.
            return None
    if kind == "gemini" and "image" in outputs:
        kind = "gemini-image"
    address = base + path.replace("{model}", quote(model, safe="/:@"))
    return Target(kind, model, address, base + path.removesuffix(end) if path.endswith(end) else "")


def _kind(endpoint: Endpoint) -> str:
    """The kind of a known type, else that of the longest end of the path; empty if there is none."""
    kind = TYPES.get(endpoint.name, endpoint.name)
    if kind in PATHS:
        return kind
    return max(
        (kind for kind, end in PATHS.items() if endpoint.path.endswith(end)),
        key=lambda kind: len(PATHS[kind]),
        default="",
    )
