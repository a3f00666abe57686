"""A check reads the body of the call: every model in it must be allowed, and it must state one."""

import json
from typing import Any

import pytest
from django.test import Client

from catalog.models import AIModel
from tests import world
from tests.tokens.api.calls import ask, reason

pytestmark = pytest.mark.django_db

CHAT = {"x-original-uri": "/v1/chat/completions", "x-original-method": "POST"}


@pytest.fixture
def key() -> str:
    """A key that may call `allowed` and `other`, and not `secret`."""
    for name in ("allowed", "other", "secret"):
        world.model(name)
    return world.key(allow=["allowed", "other"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"messages": [], "model": "allowed"}, ""),
        ({"model": "secret"}, "model_not_allowed"),
        ({"model": "nothing"}, "model_not_allowed"),
        ({"model": "allowed", "models": ["other"]}, ""),
        ({"model": "allowed", "models": ["secret"]}, "model_not_allowed"),
        ({"model": "allowed", "fallbacks": [{"allowed": ["secret"]}]}, "model_not_allowed"),
        ({"model": "allowed", "extra_body": {"model": "secret"}}, "model_not_allowed"),
        ({"model": "allowed,secret"}, "model_not_allowed"),
        ({"messages": []}, "model_not_named"),
        ({"model": ""}, "model_not_named"),
        # Only its own field states the model of a call.
        ({"tools": [{"model": "allowed"}]}, "model_not_named"),
        ({"session": {"model": "allowed"}}, "model_not_named"),
        (b"", "model_not_named"),
        (b'{"model": "allowed", "model": "allowed"}', "invalid_body"),
        (b"model", "invalid_body"),
    ],
)
def test_every_model_of_the_body_must_be_allowed(client: Client, key: str, body: Any, code: str) -> None:
    answers = [
        ask(client, key=key, method="POST", body=body, **CHAT),
        ask(client, "/api/authorize/v1/chat/completions", key=key, method="POST", body=body),
    ]

    assert {answer.get("x-modelbook-reason", "") for answer in answers} == {code}
    assert {answer.status_code for answer in answers} == {
        "": {204, 200}, "invalid_body": {400}
    }.get(code, {403})  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/messages/batches", {"requests": [{"custom_id": "1", "params": {"model": "allowed"}}]}),
        ("/v1/realtime/client_secrets", {"session": {"type": "realtime", "model": "allowed"}}),
        ("/v1/realtime/sessions", {"model": "allowed", "input_audio_transcription": {"model": "allowed"}}),
        ("/v1/realtime/transcription_sessions", {"input_audio_transcription": {"model": "allowed"}}),
    ],
)
def test_some_calls_state_their_models_in_other_fields(client: Client, key: str, path: str, body: Any) -> None:
    for model in AIModel.objects.all():
        model.supported_endpoint_types = []
        model.save()
    places = {"x-original-uri": path, "x-original-method": "POST"}
    other = json.loads(json.dumps(body).replace('{"model": "allowed"}', '{"model": "secret"}'))
    other = other if other != body else json.loads(json.dumps(body).replace("allowed", "secret"))

    assert ask(client, key=key, method="POST", body=body, **places).status_code == 204
    refusals = [ask(client, key=key, method="POST", body=body, **places) for body in (other, {"input": "x"})]
    assert [refusal["x-modelbook-reason"] for refusal in refusals] == ["model_not_allowed", "model_not_named"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/realtime/client_secrets", {"session": {"audio": {"input": {"transcription": {"model": "allowed"}}}}}),
        ("/v1/realtime/client_secrets", {"session": {"tools": [{"type": "x", "model": "allowed"}]}}),
        ("/v1/realtime/sessions", {"input_audio_transcription": {"model": "allowed"}}),
        ("/v1/messages/batches", {"metadata": {"model": "allowed"}}),
    ],
)
def test_a_model_beside_the_call_does_not_state_its_model(client: Client, key: str, path: str, body: Any) -> None:
    """The upstream would answer with a default model that nobody has named."""
    refusal = ask(client, key=key, method="POST", body=body, **{"x-original-uri": path, "x-original-method": "POST"})

    assert refusal["x-modelbook-reason"] == "model_not_named"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"model": "secret"}, "The model does not exist, or this API key has no access to it."),
        (
            {"model": "allowed", "fallbacks": ["other", "secret"]},
            "The model 'secret' does not exist, or this API key has no access to it.",
        ),
        (
            {"model": "allowed", "fallbacks": ["nothing"]},
            "The model 'nothing' does not exist, or this API key has no access to it.",
        ),
        (
            {"model": "allowed", "fallbacks": ["x" * 200]},
            "The model does not exist, or this API key has no access to it.",
        ),
        ({"messages": []}, "The body does not state the model of the call."),
        (
            b"",
            "The call states no model. Its gateway must send its body, its address, or a header of the gateway's own.",
        ),
    ],
)
def test_a_refusal_says_what_the_caller_has_to_change(client: Client, key: str, body: Any, message: str) -> None:
    answer = ask(client, key=key, method="POST", body=body, **CHAT)

    assert answer.json()["error"]["message"] == message


def test_a_refusal_repeats_no_key_in_the_place_of_a_model(client: Client, key: str) -> None:
    answer = ask(client, key=key, method="POST", body={"model": "allowed", "fallbacks": [key]}, **CHAT)

    assert (answer["x-modelbook-reason"], key in answer.content.decode()) == ("model_not_allowed", False)
    assert key not in answer["x-modelbook-message"]


@pytest.mark.parametrize("header", ["x-model", "x-gateway-model-name", "x-ai-eg-model"])
def test_a_header_of_the_caller_opens_no_model(client: Client, settings: Any, key: str, header: str) -> None:
    def code(stated: str, **body: str) -> str:
        answer = ask(client, key=key, method="POST", body=body or b"", **CHAT, **{header: stated})
        return str(answer.get("x-modelbook-reason", ""))

    assert code("allowed", model="secret") == "model_not_allowed"
    assert code("secret", model="allowed") == "model_not_allowed"
    assert code("allowed") == "model_not_named"

    settings.AUTHORIZE_TRUSTED_HEADERS = [header.title()]

    assert code("allowed") == ""
    assert code("secret") == "model_not_allowed"
    assert code("allowed", model="secret") == "model_not_allowed"
    assert code("allowed, allowed") == "model_not_allowed"
    assert code("") == "model_not_named"


def test_a_form_is_read(client: Client) -> None:
    world.model("whisper", supported_endpoint_types=["audio-transcription"])
    key = world.key()
    form = (
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp3"\r\n\r\n\xff\r\n'
        b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\n%s\r\n--b--\r\n'
    )
    sent: Any = {"key": key, "method": "POST", "content_type": "multipart/form-data; boundary=b"}
    path = "/api/authorize/v1/audio/transcriptions"

    assert ask(client, path, body=form % b"whisper", **sent).status_code == 200
    assert reason(ask(client, path, body=form % b"other", **sent))[1] == "model_not_allowed"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"x-envoy-auth-partial-body": "true"}, 413, "request_too_large"),
        ({"x-envoy-auth-partial-body": "false"}, 204, ""),
        ({"content-encoding": "gzip"}, 400, "invalid_body"),
        ({"content-encoding": "identity"}, 204, ""),
        ({"transfer-encoding": "chunked"}, 400, "invalid_body"),
    ],
)
def test_a_body_that_is_not_complete_and_plain_is_refused(
    client: Client, key: str, headers: dict[str, str], status: int, code: str
) -> None:
    answer = ask(client, key=key, method="POST", body={"model": "allowed"}, **CHAT, **headers)

    assert (answer.status_code, answer.get("x-modelbook-reason", "")) == (status, code)


def test_the_size_of_a_body_is_limited_by_a_setting(client: Client, settings: Any, key: str) -> None:
    body = {"model": "allowed", "messages": ["x" * 2000]}
    assert ask(client, key=key, method="POST", body=body, **CHAT).status_code == 204

    settings.AUTHORIZE_MAX_BODY = 2000

    assert ask(client, key=key, method="POST", body=body, **CHAT).status_code == 413
    # What is not read needs no limit: the key is checked first.
    assert ask(client, key="sk-wrong", method="POST", body=body, **CHAT).status_code == 401


def test_calls_without_a_model_are_allowed_by_a_setting(client: Client, settings: Any, key: str) -> None:
    files = {"x-original-uri": "/v1/files", "x-original-method": "GET"}
    assert ask(client, key=key, **files)["x-modelbook-reason"] == "model_not_named"
    assert ask(client, key=key, body={"model": "allowed"}, **files)["x-modelbook-reason"] == "model_not_named"

    settings.AUTHORIZE_WITHOUT_MODEL = ["files"]

    answer = ask(client, key=key, **files)
    assert (answer.status_code, "x-modelbook-model" in answer) == (204, False)
    assert ask(client, key=key, body={"model": "secret"}, **files)["x-modelbook-reason"] == "model_not_allowed"
    assert ask(client, key=key, **CHAT)["x-modelbook-reason"] == "model_not_named"
