"""No server reads another model from an address that is allowed for a key which may only call A."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.tokens.calls.oracle import models_in_path, models_in_query
from tokens.calls.addresses import AmbiguousAddressError, read_address

CATALOG = {"A", "S"}
IDS = st.sampled_from(["A", "S", "A/S", "S/A", "models/A", "models/S", "A:S", "S:A", "A:free", "A/models/S"])
TEMPLATES = st.sampled_from([
    "/v1/models/{}", "/v1beta/models/{}:generateContent", "/v1beta/models/{}:S", "/v1/tunedModels/{}:predict",
    "/v1/engines/{}/embeddings", "/v1/engines/{}/chat/completions", "/openai/deployments/{}/completions",
    "/model/{}/invoke", "/model/{}/converse", "/v1/chat/completions", "/v1/responses/{}", "/v1/files/{}",
    "/v1/projects/{0}/locations/{0}/publishers/google/models/{0}:predict", "/v1beta/models/{}/operations/S",
    "/v2/models/{}/infer", "/{}", "/v1/realtime",
])  # fmt: skip
# What attackers insert at any place.
INSERTED = [
    "/", "//", ".", "..", "/./", "/../", "/../S", "/..;/S", "%2e%2e", "%2E", "%2f", "%2F..%2fS", "%5c", "\\", "..\\S",
    "%5C..%5CS", ";a=b", "%3b", "#", "%23", "?", "%3F", "%00", "%0a", "\x01", "\xff", "%ff", " ", "%20", "%", "%4",
    "%25", "%252f", "%252e%252e%252f", "%2541", ":", "%3A", ":generateContent", ",", "/models/S", "/engines/S/",
    "/model/S/invoke", "http://host", "//host", "A", "S", "*", "+", "~", "models/", "%2fmodels%2fS", "\t", "{", '"',
]  # fmt: skip
QUERIES = [
    "model=A", "model=S", "Model=S", "MODEL=S", "models[]=S", "model[]=S", "mod%65l=S", "%256dodel=S", "deployment=S",
    "engine=S", "model_id=S", "modelName=S", "x=1;model=S", "x=1#model=S", "mo+del=S", "model=A;S",
    "model=A,S", "model=A%00S", "model=%53", "model=%2553", "model=S%20", "x=%zz", "a=b", "key=S", "model%00=S", "&&",
]  # fmt: skip


def encode(text: str, place: int, *, upper: bool) -> str:
    code = f"%{ord(text[place]):02x}"
    return text[:place] + (code.upper() if upper else code) + text[place + 1 :]


@st.composite
def addresses(draw: st.DrawFn) -> str:
    path = draw(TEMPLATES).format(draw(IDS))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, max(len(path) - 1, 0)))
        change = draw(st.sampled_from(["insert", "insert", "encode", "case", "delete", "repeat"]))
        if change == "insert":
            path = path[:place] + draw(st.sampled_from(INSERTED)) + path[place:]
        elif change == "encode" and path:
            path = encode(path, place, upper=draw(st.booleans()))
        elif change == "case":
            path = path[:place] + path[place : place + 6].swapcase() + path[place + 6 :]
        else:
            path = path[:place] + path[place + 1 :] if change == "delete" else path + path[place:]
    queries = draw(st.lists(st.sampled_from(QUERIES), max_size=3))
    return "?".join([path, "&".join(queries)]) if queries else path


def is_allowed(address: str) -> bool:
    """Whether a key that may only call A, for which the gateway or the body names A, is allowed this address."""
    try:
        named = read_address(address)
    except AmbiguousAddressError:
        return False
    return {*named.models, *named.query_models, *CATALOG.intersection(named.readings)} <= {"A"}


@settings(max_examples=400, deadline=None)
@given(addresses())
@example("/v1/engines/A/../S/embeddings")
@example("/v1beta/models;a=b/S")
@example("/V1BETA/MODELS/S")
@example("/v1/chat/completions?Model=S")
@example("/v1/chat/completions?deployment=S")
def test_no_server_reads_another_model(address: str) -> None:
    if is_allowed(address):
        path, _, query = address.partition("?")
        assert "S" not in models_in_path(path) | models_in_query(query)


def test_the_oracle_reads_the_attacks() -> None:
    for attack in (
        "/v1/engines/A/../S/embeddings", "/v1/engines/A/%2e%2e/S/embeddings", "/v1/engines/A%2f..%2fS/embeddings",
        "//v1/models/S", "/v1/models/A%5c..%5cS", "/V1BETA/MODELS/S", "/v1beta/models;a=b/S", "/model/S/invoke",
        "v1/../v1/models/S", "http://host/v1/models/S", "/v1/models/S%00A", "/v1/models/%2553", "/v1/models/S.",
        "/v1/models/S#A", "/v1%2Fmodels%2FS", "/v1/models/A/models/S:predict", "/v1/models/S:A:generateContent",
    ):  # fmt: skip
        assert "S" in models_in_path(attack), attack
        assert not is_allowed(attack), attack
    attacks = [query for query in QUERIES if "S" in models_in_query(query)]
    assert len(attacks) > 15
    for query in attacks:
        assert not is_allowed(f"/v1/chat/completions?{query}"), query


def test_ordinary_addresses_are_allowed() -> None:
    for address in (
        "/v1/models/A", "/v1beta/models/A:streamGenerateContent?alt=sse&key=k", "/v1/engines/A/embeddings",
        "/openai/deployments/A/chat/completions?api-version=1", "/model/A/invoke", "/v1/realtime?model=A",
        "/v1/messages?beta=true", "/v1/responses",
    ):  # fmt: skip
        assert is_allowed(address), address
