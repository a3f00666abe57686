"""Every model that a JSON body names is read, and a body that two parsers could read differently is refused."""

import json
from typing import Any

import pytest

from tokens.calls.bodies import models_in_body
from tokens.calls.named import NamedModels, UnreadableBodyError

JSON = "application/json"
CHAT = [{"role": "user", "content": 'Is this {"model": "secret"}?', "model": "not-read"}]


def read(body: Any, content_type: str = JSON) -> tuple[str, ...]:
    return models_in_body(content_type, body if isinstance(body, bytes) else json.dumps(body).encode()).models


@pytest.mark.parametrize(
    ("body", "models"),
    [
        ({"model": "a", "messages": CHAT}, ["a"]),
        # SDKs send it last.
        ({"messages": CHAT, "metadata": {"model": "x"}, "model": "a"}, ["a"]),
        ({"model": "a", "tools": [{"type": "function", "function": {"parameters": {"model": "x"}}}]}, ["a"]),
        ({"model": "a", "tools": [{"name": "f", "parameters": {"properties": {"model": {"type": "string"}}}}]}, ["a"]),
        ({"model": "модель"}, ["модель"]),
        ({"model": "google/gemini-2.5:free"}, ["google/gemini-2.5:free"]),
        ({"messages": CHAT}, []),
        ({"model": None, "fallbacks": None, "tools": None}, []),
        ({"model": ""}, []),
        # OpenRouter.
        ({"models": ["a", "b"], "route": "fallback"}, ["a", "b"]),
        ({"model": "a", "models": [{"model": "b"}]}, ["a", "b"]),
        ({"model": "a", "plugins": [{"id": "fusion", "model": "b", "analysis_models": ["c"]}]}, ["a", "b", "c"]),
        ({"model": "a", "plugins": [{"id": "x", "judge_model": "b", "excluded_models": ["c"]}]}, ["a", "b"]),
        ({"model": "a", "tools": [{"type": "openrouter:subagent", "parameters": {"model": "b"}}]}, ["a", "b"]),
        # Anthropic and LiteLLM.
        ({"model": "a", "fallbacks": [{"model": "b"}, {"model": "c", "max_tokens": 1}]}, ["a", "b", "c"]),
        ({"model": "a", "fallbacks": ["b", "c"]}, ["a", "b", "c"]),
        ({"model": "a", "fallbacks": [{"a": ["b", "c"]}, {"*": ["d"]}]}, ["a", "b", "c", "d"]),
        ({"model": "a", "fallbacks": [{"model": ["b"]}]}, ["a", "b"]),
        ({"model": "a", "fallbacks": [{"model": "b", "fallbacks": ["c"]}]}, ["a", "b", "c"]),
        ({"model": "a", "fallbacks": [{"a": [{"model": "b"}]}]}, ["a", "b"]),
        ({"model": "a", "context_window_fallbacks": [{"a": ["b"]}]}, ["a", "b"]),
        ({"model": "a", "content_policy_fallbacks": [{"a": ["b"]}]}, ["a", "b"]),
        ({"model": "a", "router_settings_override": {"fallbacks": [{"a": ["b"]}]}}, ["a", "b"]),
        ({"model": "a, b"}, ["a", "b"]),
        ({"model": "a", "deployment_id": "b"}, ["a", "b"]),
        ({"model": "a", "extra_body": {"model": "b", "models": ["c"], "extra_body": {"model": "d"}}}, [*"abcd"]),
        ({"model": "a", "litellm_params": {"model": "b"}}, ["a", "b"]),
        (
            {"model": "a", "user_config": {"model_list": [{"model_name": "b", "litellm_params": {"model": "c"}}]}},
            ["a", "b", "c"],
        ),
        ({"target_model_names": "a,b"}, ["a", "b"]),
        ({"model": "a", "context_window_fallback_dict": {"a": "b"}}, ["a", "b"]),
        ({"model": "a", "tools": [{"type": "advisor_20260301", "name": "advisor", "model": "b"}]}, ["a", "b"]),
        ({"requests": [{"custom_id": "1", "params": {"model": "a"}}, {"params": {"model": "b"}}]}, ["a", "b"]),
        # OpenAI.
        ({"model": "a", "tools": [{"type": "image_generation", "model": "b"}]}, ["a", "b"]),
        ({"session": {"type": "realtime", "model": "a"}}, ["a"]),
        (
            {"session": {"model": "a", "audio": {"input": {"transcription": {"model": "b"}}}}},
            ["a", "b"],
        ),
        ({"model": "a", "input_audio_transcription": {"model": "b"}}, ["a", "b"]),
        ({"model": "a", "audio": {"input": {"transcription": {"model": "b"}}}}, ["a", "b"]),
        ({"model": "a", "audio": {"voice": "alloy", "format": "wav"}}, ["a"]),
        ({"data_source": {"model": "a"}, "testing_criteria": [{"model": "b"}]}, ["a", "b"]),
        # Gemini.
        ({"generateContentRequest": {"model": "models/a", "contents": []}}, ["models/a"]),
        ({"requests": [{"model": "models/a", "content": {}}]}, ["models/a"]),
        ({"batch": {"inputConfig": {"requests": {"requests": [{"request": {"model": "a"}}]}}}}, ["a"]),
    ],
)
def test_every_named_model_is_read(body: Any, models: list[str]) -> None:
    assert read(body) == tuple(models)


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"secret","model":"allowed"}',
        b'{"model":"allowed","\\u006dodel":"secret"}',
        b'{"Model":"secret","model":"allowed"}',
        b'{"model":"allowed","MODEL":"secret"}',
        b'{"Model":"secret"}',
        b'{"model ":"secret","model":"allowed"}',
        '{"model":"allowed","model\u017f":["secret"]}'.encode(),
        '{"model":"allowed","fallbac\u212as":["secret"]}'.encode(),
        b'{"model":"allowed","Fallbacks":["secret"]}',
        b'{"model":"allowed","extra_body":{"Model":"secret"}}',
        b'{"model":"allowed","Extra_Body":{"model":"secret"}}',
        b'{"model":"allowed","extra_body":{"model":"a","model":"b"}}',
        b'{"model":"allowed","user_config":"{\\"model_list\\": []}"}',
        # Not JSON for every parser.
        b'{"model":"allowed"}{"model":"secret"}',
        b'{"model":"allowed"}\x00',
        b'{"model":"allowed",}',
        b'{"model":"allowed","x":NaN}',
        b'{"model":"allowed","x":-Infinity}',
        b'{"model":"allowed"/*,"model":"secret"*/}',
        b"{'model':'allowed'}",
        b'{"model":"allowed","x":"a\nb"}',
        b'{"model":"allowed","x":"\xff"}',
        b'\xef\xbb\xbf{"model":"allowed"}',
        '{"model":"allowed"}'.encode("utf-16"),
        '{"model":"allowed"}'.encode("utf-16-le"),
        b'{"model":"allowed","x":' + b"9" * 5000 + b"}",
        b'{"model":"allowed","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"model":"allowed","x":[' + b"1," * 2_100_000 + b"1]}",
        b'{"model":"allowed"',
        b"\x1f\x8b\x08",
        b"   ",
        # Not one object with texts.
        b'[{"model":"allowed"}]',
        b'"allowed"',
        b"null",
        b'{"model":["allowed"]}',
        b'{"model":{"id":"allowed"}}',
        b'{"model":1}',
        b'{"model":false}',
        b'{"model":"allowed,"}',
        b'{"model":"\\ud800"}',
        b'{"model":"allowed "}',
        b'{"model":"\\tallowed"}',
        b'{"model":"allowed\\u0000x"}',
        b'{"model":"\\ufeffallowed"}',
        b'{"models":["a", " allowed"]}',
        b'{"models":[1]}',
        b'{"models":{"a":1}}',
        b'{"model":"allowed","fallbacks":[1]}',
        b'{"model":"' + b"x" * 600 + b'"}',
        b'{"extra_body":' * 20 + b"{}" + b"}" * 20,
    ],
)
def test_a_body_that_two_parsers_could_read_differently_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableBodyError) as error:
        read(body)
    assert "allowed" not in str(error.value)


def test_a_field_may_differ_in_case_where_no_model_is_named() -> None:
    assert read({"model": "a", "metadata": {"ID": 1, "id": 2}}) == ("a",)


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/json; charset=utf-8", 'application/json;charset="UTF-8"', "application/a.b+json",
     "application/octet-stream", "APPLICATION/JSON", "application/json;"],
)  # fmt: skip
def test_json_is_read_whatever_the_type_is(content_type: str) -> None:
    assert read({"model": "a"}, content_type) == ("a",)


@pytest.mark.parametrize(
    "content_type",
    ["application/json; charset=utf-16", "application/json; charset=utf-7", "application/json, multipart/form-data",
     "application/json; charset=utf-8; charset=utf-7", "json", "application/json; charset*=utf-8''utf-7"],
)  # fmt: skip
def test_a_type_that_two_programs_could_read_differently_is_refused(content_type: str) -> None:
    with pytest.raises(UnreadableBodyError):
        read({"model": "a"}, content_type)


def test_files_of_other_types_name_no_model() -> None:
    for content_type in ("audio/wav", "image/png", "text/plain", "application/octet-stream"):
        assert read(b"RIFF\x00\xff", content_type) == ()
        for body in (b'{"model": 1}', b" \n[", b'\xef\xbb\xbf{"model": "a"}', b"// {}", b" " * 100):
            with pytest.raises(UnreadableBodyError):
                read(body, content_type)
    for content_type in ("", "application/json", "application/a+json", "multipart/related; boundary=x"):
        with pytest.raises(UnreadableBodyError):
            read(b"RIFF\x00\xff", content_type)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_json_in_other_encodings_is_refused_whatever_the_type_is(encoding: str) -> None:
    for content_type in ("text/plain", "audio/wav", "application/x-www-form-urlencoded"):
        for body in ('{"model": "a"}', ' \n{"model": "a"}'):
            with pytest.raises(UnreadableBodyError):
                read(body.encode(encoding), content_type)
    # Real files begin with such bytes too: MP4, MP3.
    assert read(b"\x00\x00\x00\x18ftypmp42", "video/mp4") == read(b"\xff\xfb\x90\x64{", "audio/mpeg") == ()


def test_the_outermost_fields_that_name_models_are_stated() -> None:
    body = {"model": "a", "tools": [{"model": "b"}], "extra_body": {"fallbacks": ["c"]}}

    named = models_in_body(JSON, json.dumps(body).encode())

    assert named.places == (("a", "model"), ("b", "tools"), ("c", "extra_body"))
    assert named.within({"model", "extra_body"}) == ["a", "c"]
    assert models_in_body(JSON, b"") == NamedModels()
