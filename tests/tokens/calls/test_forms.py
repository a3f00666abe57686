"""Every model that a form names is read, and a form that two parsers could read differently is refused."""

import pytest

from tokens.calls.bodies import models_in_body
from tokens.calls.named import UnreadableBodyError

TYPE = "multipart/form-data; boundary=b0undary"
FORM = "application/x-www-form-urlencoded"


def form(*parts: bytes, end: bytes = b"--b0undary--\r\n") -> bytes:
    return b"".join(b"--b0undary\r\n" + part + b"\r\n" for part in parts) + end


def field(name: str, value: str, *headers: str) -> bytes:
    return "\r\n".join([f'Content-Disposition: form-data; name="{name}"', *headers, "", value]).encode()


FILE = (
    b'Content-Disposition: form-data; name="file"; filename="s\xc3\xa4tz;1.mp3"\r\nContent-Type: audio/mpeg\r\n\r\n'
    b"\x00\xff\r\n\r\n--b0undar --\r\nmodel=secret"
)
MODEL = field("model", "whisper-1")


@pytest.mark.parametrize(
    "body",
    [
        form(MODEL),
        form(FILE, MODEL),
        form(MODEL, FILE, field("timestamp_granularities[]", "word"), field("timestamp_granularities[]", "segment")),
        form(FILE, MODEL, end=b"--b0undary--"),
        form(FILE, b'content-disposition: form-data; filename="a.mp3"; name="audio"\r\n\r\nx', MODEL),
        form(b"Content-Disposition: form-data; name=model\r\n\r\nwhisper-1"),
        form(
            b'Content-Disposition: form-data;name="model"\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nwhisper-1'
        ),
        form(MODEL, b'Content-Disposition: form-data; name="f"; filename="x"; filename*=utf-8\'\'%e2\r\n\r\n'),
        form(MODEL, field("file", "x", "Content-Transfer-Encoding: binary")),
    ],
)
def test_the_model_of_a_form_is_read(body: bytes) -> None:
    assert models_in_body(TYPE, body).models == ("whisper-1",)


def test_a_session_within_a_form_is_read_as_json() -> None:
    body = form(field("sdp", "v=0"), field("session", '{"model": "a", "tools": [{"model": "b"}]}'))

    assert models_in_body(TYPE, body).models == ("a", "b")


BROKEN = {
    "twice": form(MODEL, field("model", "secret")),
    "another case": form(MODEL, field("Model", "secret")),
    "a list": form(MODEL, field("model[]", "secret")),
    "an object": form(MODEL, field("session[model]", "secret")),
    "fallbacks": form(MODEL, field("fallbacks", '["secret"]')),
    "escaped": form(MODEL, field("%6dodel", "secret")),
    "a backslash": form(MODEL, field("mo\\del", "secret")),
    "an extended name": form(MODEL, b"Content-Disposition: form-data; name*=utf-8''model\r\n\r\nsecret"),
    "two names": form(b'Content-Disposition: form-data; name="x"; name="model"\r\n\r\nsecret'),
    "two heads": form(field("x", "secret", 'Content-Disposition: form-data; name="model"')),
    "a folded head": form(b'Content-Disposition: form-data;\r\n name="model"\r\n\r\nsecret'),
    "a name within a file name": form(
        MODEL, b'Content-Disposition: form-data; name="x"; filename="; name=model"\r\n\r\ns'
    ),
    "an escaped quote": form(MODEL, b'Content-Disposition: form-data; name="x"; filename="\\"; name="model"\r\n\r\ns'),
    "a file": form(b'Content-Disposition: form-data; name="model"; filename="m"\r\n\r\nwhisper-1'),
    "encoded": form(field("model", "secre=74", "Content-Transfer-Encoding: quoted-printable")),
    "another character set": form(field("model", "whisper-1", "Content-Type: text/plain; charset=utf-16")),
    "a default character set": form(MODEL, field("_charset_", "utf-7")),
    "not utf-8": form(b'Content-Disposition: form-data; name="model"\r\n\r\n\xff'),
    "text before": b"x\r\n" + form(MODEL),
    "an empty line before": b"\r\n" + form(MODEL),
    "text after": form(MODEL) + b"--b0undary\r\n" + field("model", "secret"),
    "no end": form(MODEL, end=b""),
    "half an end": form(MODEL, end=b"--b0undary-"),
    "a boundary within a line": form(field("x", "y--b0undary"), MODEL),
    "a boundary after a line feed": form(MODEL, field("x", "y\n--b0undary\n" + field("model", "secret").decode())),
    "blanks after a boundary": form(MODEL).replace(b"b0undary\r\n", b"b0undary \r\n", 1),
    "line feeds only": form(MODEL).replace(b"\r\n", b"\n"),
    "no head": form(b"whisper-1"),
    "a long head": form(field("model", "x", "X-Long: " + "x" * 9000)),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_a_form_that_two_parsers_could_read_differently_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableBodyError):
        models_in_body(TYPE, body)


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary="b0 undary"',
     "multipart/form-data; boundary=b0undary; boundary=x", "multipart/form-data; boundary*=b0undary",
     "multipart/mixed; boundary=b0undary", 'multipart/form-data; boundary="b0\\undary"'],
)  # fmt: skip
def test_a_boundary_that_two_parsers_could_read_differently_is_refused(content_type: str) -> None:
    with pytest.raises(UnreadableBodyError):
        models_in_body(content_type, form(MODEL))


@pytest.mark.parametrize(
    ("body", "models"),
    [
        (b"model=a&x=1", ["a"]),
        (b"x=%zz&model=%D0%BC+b", ["м b"]),
        # curl -d sends this type.
        (b'{"model": "a", "messages": [{"content": "b&x=c"}]}', ["a"]),
        (b' {"model": "a", "user": "&model=b"}', ["a", 'b"}']),
        (b"", []),
    ],
)
def test_the_model_of_an_encoded_form_is_read(body: bytes, models: list[str]) -> None:
    assert models_in_body(FORM, body).models == tuple(models)


@pytest.mark.parametrize(
    "body",
    [b"model=a&model=b", b"model=a&Model=b", b"model=a&%6dodel=b", b"model=a&model[]=b",
     b"model=a;model=b", b"model=a;b", b"x;model=a", b"x=1;y=model;model=a",
     b"model=%ff", b"model=a%2", b"model=a&models=b", b"\xff=1", b'{"model": "a"', b'["a"]',
     b'{"model":"a","model":"b"}'],
)  # fmt: skip
def test_an_encoded_form_that_two_parsers_could_read_differently_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableBodyError):
        models_in_body(FORM, body)
