"""The known addresses of OpenAI, Anthropic, Gemini, other vendors and gateways. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from catalog.vocabulary import VIDEO_TYPES
from tokens.calls.endpoints import Endpoint, Route, Routes, StatedIn

POST = frozenset({"POST"})
READ = frozenset({"GET", "HEAD"})
VERSIONS = ("v1beta/", "v1alpha/", "v1/")
# Prefix -> the mode of its calls.
MIDJOURNEY_MODES: Mapping[str, str] = {
    "mj/": "",
    "mj-fast/mj/": "fast",
    "mj-relax/mj/": "relax",
    "mj-turbo/mj/": "turbo",
}

# Below these, vendors and gateways serve the same addresses.
PREFIXES: Mapping[str, Sequence[str]] = {
    "openai": (
        "", "v1/", "openai/", "openai/v1/", "api/v1/", "api/openai/v1/", "v1beta/openai/", "v1beta1/openai/",
        "compatible-mode/v1/", "api/paas/v4/", "api/v3/",
    ),
    "anthropic": ("v1/", "anthropic/v1/", "anthropic/", "api/v1/", "api/anthropic/v1/"),
    "gemini": ("", *VERSIONS, *(f"gemini/{version}" for version in VERSIONS)),
    "vertex": tuple(f"{program}{version}" for program in ("", "vertex_ai/", "vertex-ai/") for version in
                    ("v1/", "v1beta1/")),
    "cohere": tuple(f"{program}{version}" for program in ("", "cohere/") for version in ("v1/", "v2/")),
    "bedrock": ("", "bedrock/"),
    "midjourney": tuple(MIDJOURNEY_MODES),
    "upload": tuple(f"{kind}{version}" for kind in ("upload/", "resumable/upload/") for version in VERSIONS),
    "live": tuple(f"ws/google.ai.generativelanguage.{version.strip('/')}.GenerativeService." for version in VERSIONS),
}  # fmt: skip

# Template -> kind of call and the endpoint types for which it is; the body names the model.
IN_BODY: Mapping[str, tuple[str, ...]] = {
    "{openai}chat/completions": ("chat", "openai"),
    "{openai}completions": ("completions", "openai"),
    "{openai}edits": ("completions", "openai"),
    "{openai}fim/completions": ("completions", "openai"),
    "{openai}responses": ("responses", "openai-response"),
    "{openai}responses/input_tokens": ("responses", "openai-response"),
    "{openai}responses/compact": ("responses", "openai-response", "openai-response-compact"),
    "{openai}embeddings": ("embeddings", "embeddings"),
    "{openai}moderations": ("moderations",),
    "{openai}images/generations": ("images", "image-generation"),
    "{openai}images/edits": ("images", "image-generation"),
    "{openai}images/variations": ("images", "image-generation"),
    "{openai}audio/speech": ("speech", "audio-speech"),
    "{openai}audio/transcriptions": ("transcriptions", "audio-transcription"),
    "{openai}audio/translations": ("transcriptions", "audio-transcription"),
    "{openai}realtime/sessions": ("realtime",),
    "{openai}realtime/client_secrets": ("realtime",),
    "{openai}realtime/transcription_sessions": ("realtime_transcription",),
    "{openai}realtime/translations/client_secrets": ("realtime",),
    "{openai}decisions": ("decisions",),
    "{openai}videos": ("videos", "openai-video"),
    "{openai}rerank": ("rerank", "jina-rerank"),
    "{openai}ocr": ("ocr",),
    "{anthropic}messages": ("messages", "anthropic"),
    "{anthropic}messages/count_tokens": ("messages", "anthropic"),
    "{anthropic}messages/batches": ("message_batches", "anthropic"),
    "{anthropic}complete": ("messages", "anthropic"),
    "{cohere}rerank": ("rerank", "jina-rerank"),
    "{cohere}embed": ("embeddings", "embeddings"),
    "{cohere}chat": ("cohere_chat",),
    # Ollama
    "api/chat": ("ollama",),
    "api/generate": ("ollama",),
    "api/show": ("ollama",),
    "api/embed": ("embeddings", "embeddings"),
    "api/embeddings": ("embeddings", "embeddings"),
    # new-api
    "pg/chat/completions": ("chat", "openai"),
    "v1/video/generations": ("videos", *VIDEO_TYPES),
    "v1/video/create": ("videos", "unified-video"),
    "kling/v1/videos/text2video": ("videos", "kling"),
    "kling/v1/videos/image2video": ("videos", "kling"),
    "api/v1/services/aigc/video-generation/video-synthesis": ("videos", "ali-video"),
    "volc/v1/contents/generations/tasks": ("videos", "volc-video"),
    "minimax/v1/video_generation": ("videos", "minimax-video"),
    # Vertex AI
    "{vertex}projects/{id}/locations/{id}/endpoints/openapi/chat/completions": ("chat", "openai"),
    "{vertex}projects/{id}/locations/{id}/publishers/anthropic/models/count-tokens:rawPredict": (
        "messages", "anthropic",
    ),
}  # fmt: skip
# OpenAI's calls that its first API and Azure serve below a model: openai/deployments/gpt-4o/chat/completions.
BELOW_A_MODEL = (
    "chat/completions", "completions", "embeddings", "images/generations", "images/edits", "audio/speech",
    "audio/transcriptions", "audio/translations", "responses",
)  # fmt: skip
# Gemini's methods, which follow the model: models/gemini-2.5-pro:generateContent.
GEMINI: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("generateContent", "streamGenerateContent", "countTokens", "computeTokens", "batchGenerateContent",
         "generateAnswer", "generateMessage", "countMessageTokens", "generateText", "countTextTokens"),
        ("gemini", "gemini"),
    ),
    **dict.fromkeys(
        ("embedContent", "batchEmbedContents", "asyncBatchEmbedContent", "embedText", "batchEmbedText"),
        ("gemini_embeddings", "embeddings"),
    ),
    "predict": ("gemini_images", "image-generation", "gemini"),
    "predictLongRunning": ("gemini_videos", *VIDEO_TYPES),
    "fetchPredictOperation": ("gemini_videos", *VIDEO_TYPES),
}  # fmt: skip
# The methods of other publishers' models on Vertex AI, whose endpoint types depend on the publisher.
VERTEX = ("rawPredict", "streamRawPredict", "serverStreamingPredict", "predict")
BEDROCK = ("invoke", "invoke-with-response-stream", "converse", "converse-stream", "count-tokens")

# Kind, as the setting AUTHORIZE_WITHOUT_MODEL names it -> templates. These calls name no model, or use one that only
# the upstream knows: that of an assistant, of a file of requests, or of an earlier call.
WITHOUT_MODEL: Mapping[str, tuple[str, ...]] = {
    "models": ("{openai}models", "{anthropic}models", "{gemini}models", "{gemini}tunedModels", "api/tags", "api/ps",
               "api/version"),
    "files": ("{openai}files", "{openai}files/{id}", "{openai}files/{id}/content", "{openai}uploads",
              "{openai}uploads/{id}/{id}", "{anthropic}files", "{anthropic}files/{id}", "{anthropic}files/{id}/content",
              "{gemini}files", "{gemini}files/{id}", "{gemini}files:register", "{upload}files"),
    "batches": ("{openai}batches", "{openai}batches/{id}", "{openai}batches/{id}/cancel", "{anthropic}messages/batches",
                "{anthropic}messages/batches/{id}", "{anthropic}messages/batches/{id}/cancel",
                "{anthropic}messages/batches/{id}/results", "{gemini}batches", "{gemini}batches/{id}"),
    "responses": ("{openai}responses/{id}", "{openai}responses/{id}/cancel", "{openai}responses/{id}/input_items"),
    "chat_completions": ("{openai}chat/completions", "{openai}chat/completions/{id}",
                         "{openai}chat/completions/{id}/messages"),
    "conversations": ("{openai}conversations", "{openai}conversations/{id}", "{openai}conversations/{id}/items",
                      "{openai}conversations/{id}/items/{id}"),
    "videos": ("{openai}videos", "{openai}videos/{id}", "{openai}videos/{id}/content", "{openai}videos/{id}/remix",
               "{openai}videos/edits", "{openai}videos/extensions", "{openai}videos/characters",
               "{openai}videos/characters/{id}"),
    # LiteLLM takes the model of a new call from its query or a default, OpenAI from its body.
    "realtime_calls": ("{openai}realtime/calls", "{openai}realtime/calls/{id}/accept",
                       "{openai}realtime/calls/{id}/hangup", "{openai}realtime/calls/{id}/refer",
                       "{openai}realtime/calls/{id}/reject"),
    "live": ("{live}BidiGenerateContent", "{live}BidiGenerateContentConstrained"),
    "fine_tuning": ("{openai}fine_tuning/jobs", "{openai}fine_tuning/jobs/{id}", "{openai}fine_tuning/jobs/{id}/{id}"),
    "assistants": ("{openai}assistants", "{openai}assistants/{id}", "{openai}threads", "{openai}threads/runs",
                   "{openai}threads/{id}", "{openai}threads/{id}/messages", "{openai}threads/{id}/messages/{id}",
                   "{openai}threads/{id}/runs", "{openai}threads/{id}/runs/{id}",
                   "{openai}threads/{id}/runs/{id}/{id}", "{openai}threads/{id}/runs/{id}/steps/{id}"),
    "vector_stores": ("{openai}vector_stores", "{openai}vector_stores/{id}", "{openai}vector_stores/{id}/search",
                      "{openai}vector_stores/{id}/files", "{openai}vector_stores/{id}/files/{id}",
                      "{openai}vector_stores/{id}/files/{id}/content", "{openai}vector_stores/{id}/file_batches",
                      "{openai}vector_stores/{id}/file_batches/{id}",
                      "{openai}vector_stores/{id}/file_batches/{id}/{id}", "{gemini}fileSearchStores",
                      "{gemini}fileSearchStores/{id}", "{gemini}fileSearchStores/{id}/documents",
                      "{gemini}fileSearchStores/{id}/documents/{id}"),
    "containers": ("{openai}containers", "{openai}containers/{id}", "{openai}containers/{id}/files",
                   "{openai}containers/{id}/files/{id}", "{openai}containers/{id}/files/{id}/content"),
    "evals": ("{openai}evals", "{openai}evals/{id}", "{openai}evals/{id}/runs", "{openai}evals/{id}/runs/{id}",
              "{openai}evals/{id}/runs/{id}/cancel", "{openai}evals/{id}/runs/{id}/output_items",
              "{openai}evals/{id}/runs/{id}/output_items/{id}"),
    # Agents of OpenAI and Anthropic, and what belongs to them.
    "agents": tuple(f"{prefix}{name}{rest}" for prefix, names in (
        ("{openai}", ("agents",)), ("{anthropic}", ("sessions", "environments", "memory_stores", "vaults")),
    ) for name in names for rest in ("", "/{id}", "/{id}/{id}", "/{id}/{id}/{id}", "/{id}/{id}/{id}/{id}")),
    "skills": ("{openai}skills", "{openai}skills/{id}", "{openai}skills/{id}/content", "{openai}skills/{id}/versions",
               "{openai}skills/{id}/versions/{id}", "{openai}skills/{id}/versions/{id}/content"),
    "voices": ("{openai}audio/voices", "{openai}audio/voices/{id}", "{openai}audio/voice_consents",
               "{openai}audio/voice_consents/{id}"),
    "caches": ("{gemini}cachedContents", "{gemini}cachedContents/{id}"),
    "operations": ("{gemini}operations/{id}",),
    "tasks": ("v1/video/generations/{id}", "v1/video/query", "kling/v1/videos/{id}/{id}", "api/v1/tasks/{id}",
              "volc/v1/contents/generations/tasks", "volc/v1/contents/generations/tasks/{id}",
              "minimax/v1/query/video_generation", "suno/fetch", "suno/fetch/{id}", "{midjourney}task/{id}/fetch",
              "{midjourney}task/{id}/image-seed", "{midjourney}task/list-by-condition", "{midjourney}image/{id}"),
    "billing": ("{openai}dashboard/billing/subscription", "{openai}dashboard/billing/usage"),
}  # fmt: skip

# new-api charges these calls as models of these names. All must be allowed where the body decides which one it is.
CHANGES = ("mj_upscale", "mj_variation", "mj_reroll")
MIDJOURNEY: Mapping[str, tuple[str, ...]] = {
    "submit/imagine": ("mj_imagine",),
    "submit/describe": ("mj_describe",),
    "submit/blend": ("mj_blend",),
    "submit/shorten": ("mj_shorten",),
    "submit/modal": ("mj_modal",),
    "submit/video": ("mj_video",),
    "submit/edits": ("mj_edits",),
    "submit/upload-discord-images": ("mj_upload",),
    "submit/change": CHANGES,
    "submit/simple-change": CHANGES,
    "submit/action": (*CHANGES, "mj_zoom", "mj_custom_zoom", "mj_pan", "mj_inpaint", "mj_low_variation",
                      "mj_high_variation"),
    "insight-face/swap": ("swap_face",),
}  # fmt: skip

# Segments around which upstreams read an id. An id with such a segment can be another one for another upstream.
WORDS = frozenset({
    "models", "model", "tunedmodels", "engines", "deployments", "publishers", "projects", "locations", "endpoints",
    "operations", "chat", "completions", "embeddings", "images", "audio", "responses", "messages", *BEDROCK,
})  # fmt: skip


def _routes() -> Iterator[Route]:
    for template, (name, *types) in IN_BODY.items():
        yield Route(template, Endpoint(name, StatedIn.BODY, frozenset(types)), POST)
    realtime = Endpoint("realtime", StatedIn.QUERY)
    # Azure's preview names it in another parameter.
    yield Route("openai/realtime", realtime, parameters=("deployment", "model"))
    yield Route("{openai}realtime", realtime, parameters=("model",))
    for name, templates in WITHOUT_MODEL.items():
        yield from (Route(template, Endpoint(name, StatedIn.NOWHERE)) for template in templates)
    yield from _routes_of_gateways()
    yield from _routes_with_ids()


def _routes_of_gateways() -> Iterator[Route]:
    """The addresses of new-api that stand for models."""
    midjourney = Endpoint("midjourney", StatedIn.PATH, frozenset({"midjourney"}))
    for (address, models), (prefix, mode) in product(MIDJOURNEY.items(), MIDJOURNEY_MODES.items()):
        # Some sites have a model for each mode, e.g. mj_turbo_imagine.
        readings = tuple(f"mj_{mode}_{model.removeprefix('mj_')}" for model in models) if mode else ()
        yield Route(f"{prefix}{address}", midjourney, models=models, readings=readings)
    for action in ("music", "lyrics"):
        yield _in_path(f"suno/submit/{action}", "suno", "suno", models=(f"suno_{action}",))


def _routes_with_ids() -> Iterator[Route]:
    for address, parent in product(BELOW_A_MODEL, ("engines", "deployments")):
        yield _in_path(f"{{openai}}{parent}/{{model}}/{address}", *IN_BODY[f"{{openai}}{address}"])
    for call in BEDROCK:
        yield _in_path(f"{{bedrock}}model/{{model}}/{call}", "bedrock")
    for parent in ("{vertex}projects/{id}/locations/{id}/publishers/", "{vertex}publishers/"):
        for method, kind in GEMINI.items():
            yield _in_path(f"{parent}google/models/{{model}}:{method}", *kind)
        for method in VERTEX:
            yield _in_path(f"{parent}anthropic/models/{{model}}:{method}", "messages", "anthropic")
            yield _in_path(f"{parent}{{id}}/models/{{model}}:{method}", "vertex")
    for (method, kind), models in product(GEMINI.items(), ("models", "tunedModels")):
        yield _in_path(f"{{gemini}}{models}/{{model}}:{method}", *kind)
    yield _in_path("{gemini}models/{model}/operations/{id}", "operations", methods=READ)
    for prefix in ("{gemini}tunedModels", "{openai}models", "{anthropic}models", "{gemini}models"):
        yield _in_path(f"{prefix}/{{model}}", "model", methods=READ)


def _in_path(
    template: str, name: str, *types: str, methods: frozenset[str] = frozenset(), models: tuple[str, ...] = ()
) -> Route:
    return Route(template, Endpoint(name, StatedIn.PATH, frozenset(types)), methods, models)


KNOWN = Routes(_routes(), PREFIXES)
