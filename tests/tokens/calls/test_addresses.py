"""What the path of a call names, and which addresses are refused because servers read them differently."""

import pytest

from tokens.calls.addresses import MAX_LENGTH, AmbiguousAddressError, read_address


@pytest.mark.parametrize(
    ("path", "model", "readings"),
    [
        # google-genai sends slashes and colons as they are, and other characters encoded.
        ("/v1beta/models/gemini-2.5-pro:generateContent", "gemini-2.5-pro", ()),
        ("/v1/models/openai/gpt-4o:generateContent", "openai/gpt-4o", ("openai",)),
        ("/v1/models/a:free:streamGenerateContent", "a:free", ("a",)),
        ("/v1/models/%D0%BC%D0%BE%D0%B4%D0%B5%D0%BB%D1%8C:countTokens", "модель", ()),
        ("/v1beta/models/a%20b:embedContent", "a b", ()),
        ("/v1beta/models/models/gemini-2.5-pro:generateContent", "gemini-2.5-pro", ()),
        ("/v1beta/tunedModels/mine:generateContent", "tunedModels/mine", ("tunedModels",)),
        # openai-python, for OpenAI and for Azure.
        ("/v1/models/openai%2Fgpt-4o", "openai/gpt-4o", ("openai",)),
        ("/openai/deployments/openai%2Fgpt-4o/chat/completions", "openai/gpt-4o", ("openai",)),
        ("/v1/engines/text-davinci-003/completions", "text-davinci-003", ()),
        # Bedrock and Vertex AI.
        ("/model/anthropic.claude-v2%3A1/invoke", "anthropic.claude-v2:1", ("anthropic.claude-v2",)),
        ("/bedrock/model/amazon.nova/converse-stream", "amazon.nova", ()),
        (
            "/v1/projects/p/locations/us/publishers/anthropic/models/claude@20240101:streamRawPredict",
            "claude@20240101",
            (),
        ),
        # Letters may be encoded; an id that contains an encoded letter is itself encoded.
        ("/v1/models/%67pt", "gpt", ()),
        ("/v1/models/half%2541", "half%41", ("halfA",)),
        # Bytes of UTF-8, as a WSGI server passes them.
        ("/v1/models/" + "модель".encode().decode("latin-1"), "модель", ()),
    ],
)
def test_the_path_names_the_model(path: str, model: str, readings: tuple[str, ...]) -> None:
    address = read_address(path)

    assert (address.models, address.stated, address.readings) == ((model,), (model,), readings)


@pytest.mark.parametrize(
    "path",
    [
        "", "*", "v1/models/S", "http://host/v1/models/S", "//host/v1/models/S", "\\v1\\models\\S",
        # Dot segments and empty ones.
        "/v1/engines/A/../S/embeddings", "/v1/engines/A/%2e%2e/S/embeddings", "/v1/engines/A/.%2E/S/embeddings",
        "/v1/engines/A%2f..%2fS/embeddings", "/v1/engines/A/./embeddings", "/v1//engines/A/embeddings",
        "/v1/models/a%2F%2Fb", "/v1/models/%2Fa", "/v1/models/a%2F", "/v1/models/A/..", "/v1/models/..%2FA",
        "/v1/chat/completions//", "/v1/models/a%2F..", "/v1/models/A%2f%2e%2e%2fS:generateContent",
        # Backslashes, parameters, the end of the path.
        "/v1/models/A%5c..%5cS", "/v1\\models\\S", "/v1beta/models;a=b/S", "/v1beta/models%3ba=b/S",
        "/v1/models/A;v=1", "/v1/models/S%3Fx=A", "/v1/models/S%23A", "/v1/models/S#A", "/v1/models/A,/v1/models/S",
        # Bytes that are dropped or replaced.
        "/v1/models/S%00", "/v1/models/S%0A:generateContent", "/v1/models/S\t", "/v1/models/S A", "/v1/models/S%C2%85",
        "/v1/models/S%FF", "/v1/models/S\xff", "/v1/models/%C0%AE%C0%AE", "/v1/models/S%", "/v1/models/S%4", "/%zz",
        "/v1/models/модель", "/v1/models/S%20", "/v1/models/%20S", "/v1/models/S.", "/v1/models/S%2e", "/v1/models/{S}",
        "/v1/models/S%E2%80%A8",
        # Known addresses in another spelling.
        "/V1BETA/MODELS/S", "/v1/Models/S", "/v1/CHAT/completions", "/v1/engines/S/Chat/completions",
        "/v1/%63hat/completions", "/v1%2Fchat/completions", "/v1/chat%2fcompletions", "/%761/models/S",
        "/v1/models%2FS", "/v1/models/S%3AgenerateContent", "/v1/models/S:generate%43ontent",
        "/openai/deployments/A/x%2Fembeddings", "/v1/fil%65s",
        # Encoded twice.
        "/v1/models/A%252F..%252FS", "/v1/models/A%25252e%25252e", "/v1/models/A%253Bx", "/v1/models/A%25FF",
        # Several ids.
        "/v1/models/A/models/S", "/v1/models/models/models/S", "/v1/engines/A/x/engines/S/embeddings",
        "/v1/models/A%2Fmodels%2FS:generateContent", "/v1/models/A/deployments/S", "/model/A/invoke/model/S/invoke",
        "/v1/models/A/MODELS/S", "/v1/models/A/Invoke", "/v1/engines/A/chat/completions/x/embeddings",
        # A slash behind an id.
        "/v1/models/A/", "/v1beta/models/S:generateContent/", "/v1/engines/S/embeddings/", "/v1/models/S%2F/",
        "/v1/models/A" + ":z" * 13, "/x/" + "a/" * 13, "/v1/models/" + "a" * MAX_LENGTH,
    ],
)  # fmt: skip
def test_an_address_that_servers_read_differently_is_refused(path: str) -> None:
    with pytest.raises(AmbiguousAddressError):
        read_address(path)


@pytest.mark.parametrize(
    "path", ["/v1%2fmodels%2fS", "/v1/models/A%252e%252e%252fS", "/custom/%2541", "/%76%31/models/S"]
)
def test_a_method_without_an_endpoint_makes_no_address_clear(path: str) -> None:
    with pytest.raises(AmbiguousAddressError):
        read_address(path, method="POST")


def test_an_unknown_address_has_every_part_as_a_reading() -> None:
    address = read_address("/v2/models/x:y/infer?model=z")

    assert (address.endpoint, address.models, address.stated, address.query_models) == (None, (), (), ("z",))
    assert {"x:y", "x", "models/x", "v2/models/x:y/infer", "infer"} <= set(address.readings)
    # An unknown method of Gemini.
    assert read_address("/v1beta/models/x:doSomething").endpoint is None
    assert "x" in read_address("/v1beta/models/x:doSomething").readings


def test_a_slash_at_the_end_is_allowed_where_no_id_is() -> None:
    assert read_address("/v1/chat/completions/") == read_address("/v1/chat/completions")
    assert read_address("/").endpoint is None
