"""Which kind of call an address is, where it names its model, and which models may be called there."""

from pathlib import Path

import pytest

from tokens.calls.addresses import read_address
from tokens.calls.endpoints import StatedIn
from tokens.calls.routes import WITHOUT_MODEL


@pytest.mark.parametrize(
    ("path", "name", "types"),
    [
        ("/v1/chat/completions", "chat", {"openai"}),
        ("/chat/completions", "chat", {"openai"}),
        ("/openai/v1/chat/completions", "chat", {"openai"}),
        ("/v1beta/openai/chat/completions", "chat", {"openai"}),
        ("/api/v1/chat/completions", "chat", {"openai"}),
        ("/pg/chat/completions", "chat", {"openai"}),
        ("/v1/projects/p/locations/l/endpoints/openapi/chat/completions", "chat", {"openai"}),
        ("/v1/completions", "completions", {"openai"}),
        ("/v1/responses", "responses", {"openai-response"}),
        ("/openai/responses", "responses", {"openai-response"}),
        ("/v1/responses/compact", "responses", {"openai-response", "openai-response-compact"}),
        ("/v1/embeddings", "embeddings", {"embeddings"}),
        ("/v1/moderations", "moderations", set()),
        ("/v1/images/edits", "images", {"image-generation"}),
        ("/v1/audio/speech", "speech", {"audio-speech"}),
        ("/v1/audio/translations", "transcriptions", {"audio-transcription"}),
        ("/v1/videos", "videos", {"openai-video"}),
        ("/v1/rerank", "rerank", {"jina-rerank"}),
        ("/v2/rerank", "rerank", {"jina-rerank"}),
        ("/v1/messages", "messages", {"anthropic"}),
        ("/anthropic/v1/messages", "messages", {"anthropic"}),
        ("/v1/messages/count_tokens", "messages", {"anthropic"}),
        ("/v1/messages/batches", "message_batches", {"anthropic"}),
        ("/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict", "messages", {"anthropic"}),
        ("/kling/v1/videos/text2video", "videos", {"kling"}),
        ("/api/chat", "ollama", set()),
    ],
)
def test_the_body_names_the_model(path: str, name: str, types: set[str]) -> None:
    address = read_address(f"{path}?beta=true", method="POST")

    assert address.endpoint is not None
    assert (address.endpoint.name, address.endpoint.stated_in) == (name, StatedIn.BODY)
    assert (set(address.endpoint.types), address.models, address.stated) == (types, (), ())


@pytest.mark.parametrize(
    ("path", "types"),
    [
        ("/v1beta/models/x:generateContent", {"gemini"}),
        ("/v1beta/models/x:batchEmbedContents", {"embeddings"}),
        ("/v1beta/models/x:predict", {"gemini", "image-generation"}),
        ("/v1/publishers/google/models/x:generateContent", {"gemini"}),
        ("/v1/projects/p/locations/l/publishers/anthropic/models/x:rawPredict", {"anthropic"}),
        ("/v1/projects/p/locations/l/publishers/mistralai/models/x:rawPredict", set()),
        ("/openai/deployments/x/chat/completions", {"openai"}),
        ("/v1/engines/x/embeddings", {"embeddings"}),
        ("/model/x/converse", set()),
        ("/v1/models/x", set()),
        ("/v1beta/models/x/operations/1", set()),
    ],
)
def test_the_path_names_the_model(path: str, types: set[str]) -> None:
    address = read_address(path)

    assert address.endpoint is not None
    assert (address.endpoint.stated_in, set(address.endpoint.types)) == (StatedIn.PATH, types)
    assert address.models == address.stated == ("x",)


def test_new_apis_addresses_stand_for_models() -> None:
    assert read_address("/mj-fast/mj/submit/imagine").stated == ("mj_imagine",)
    assert read_address("/mj-turbo/mj/submit/imagine").readings == ("mj_turbo_imagine",)
    assert read_address("/mj/submit/change").stated == ("mj_upscale", "mj_variation", "mj_reroll")
    assert read_address("/suno/submit/music").stated == ("suno_music",)


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "/v1/models", "models"),
        ("GET", "/v1beta/models", "models"),
        ("POST", "/v1/files", "files"),
        ("GET", "/v1/files/file-1/content", "files"),
        ("POST", "/upload/v1beta/files", "files"),
        ("POST", "/v1/batches", "batches"),
        ("GET", "/v1/messages/batches/msgbatch_1/results", "batches"),
        ("GET", "/v1/messages/batches", "batches"),
        ("GET", "/v1/responses/resp_1", "responses"),
        ("POST", "/v1/responses/resp_1/cancel", "responses"),
        ("POST", "/v1/threads/thread_1/runs", "assistants"),
        ("GET", "/v1/vector_stores", "vector_stores"),
        ("GET", "/v1/videos/video_1/content", "videos"),
        ("POST", "/v1/videos/video_1/remix", "videos"),
        ("GET", "/v1/evals/eval_1/runs", "evals"),
        ("POST", "/v1/sessions/session_1/events", "agents"),
        ("GET", "/mj/task/1/fetch", "tasks"),
        # With POST, these name a model.
        ("GET", "/v1/videos", "videos"),
        ("GET", "/v1/chat/completions", "chat_completions"),
        ("GET", "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent", "live"),
    ],
)
def test_some_calls_name_no_model(method: str, path: str, kind: str) -> None:
    address = read_address(path, method=method)

    assert address.endpoint is not None
    assert (address.endpoint.name, address.endpoint.stated_in) == (kind, StatedIn.NOWHERE)
    assert kind in WITHOUT_MODEL


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/v1/models/x"), ("GET", "/v1/embeddings"), ("PUT", "/v1/responses"), ("POST", "/v1/x")],
)
def test_another_method_is_another_address(method: str, path: str) -> None:
    assert read_address(path, method=method).endpoint is None


def test_without_a_method_the_address_is_the_one_that_names_a_model() -> None:
    address = read_address("/v1/videos")

    assert address.endpoint is not None
    assert address.endpoint.stated_in == StatedIn.BODY


def test_a_model_needs_one_of_the_endpoint_types() -> None:
    chat, moderations = (read_address(f"/v1/{path}").endpoint for path in ("chat/completions", "moderations"))
    assert chat is not None
    assert moderations is not None

    assert chat.accepts(["anthropic", "openai"])
    assert not chat.accepts(["embeddings"])
    # Lists show a model without any type as callable.
    assert chat.accepts([])
    assert moderations.accepts(["openai"])


def test_every_kind_without_a_model_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "api.md").read_text()

    assert [kind for kind in WITHOUT_MODEL if f"`{kind}`" not in text] == []
