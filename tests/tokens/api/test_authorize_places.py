"""Which models a check reads from addresses and headers, and that no forged place opens another model."""

from urllib.parse import quote

import pytest
from django.test import Client

from tests import world
from tests.tokens.api.calls import ask, reason

pytestmark = pytest.mark.django_db

ATTACKS: list[tuple[str, dict[str, str]]] = [
    # nginx: the original address is in X-Original-Uri, and the caller controls the rest.
    ("/api/authorize", {"x-original-uri": "/v1beta/models/secret:generateContent?model=allowed"}),
    ("/api/authorize", {"x-original-uri": "/v1beta/models/secret:generateContent", "x-model": "allowed"}),
    ("/api/authorize", {"x-original-uri": "/v1/models/secret?model=allowed"}),
    ("/api/authorize?model=allowed", {"x-original-uri": "/v1beta/models/secret:generateContent"}),
    # Traefik: in X-Forwarded-Uri.
    (
        "/api/authorize",
        {"x-forwarded-uri": "/v1beta/models/secret:generateContent", "x-original-uri": "/v1/models/allowed"},
    ),
    # Envoy: in the path, with the caller's query behind it.
    ("/api/authorize/v1beta/models/secret:generateContent?model=allowed", {}),
    ("/api/authorize/v1beta/models/allowed:generateContent?model=secret", {}),
    # Gateways that take OpenAI's oldest addresses, and Azure's.
    ("/api/authorize?model=allowed", {"x-original-uri": "/v1/engines/secret/embeddings"}),
    ("/api/authorize?model=allowed", {"x-original-uri": "/openai/deployments/secret/chat/completions?api-version=1"}),
]
# The address has several meanings, or its upstream does not read the model there.
UNREADABLE: list[tuple[str, str]] = [
    ("ambiguous_address", "/v1beta/models/secret:generateContent/?model=allowed"),
    ("ambiguous_address", "/v1beta/models/secret%3AgenerateContent%2F?model=allowed"),
    ("ambiguous_address", "/v1beta/models/secret%0A:generateContent?model=allowed"),
    ("ambiguous_address", "/v1/engines/allowed/x/engines/secret/embeddings"),
    ("ambiguous_address", "/v1/engines/allowed/../secret/embeddings"),
    ("ambiguous_address", "v1/engines/allowed/embeddings"),
    ("model_not_named", "/v1/responses?model=allowed&model=secret"),
    ("model_not_named", "/v1/responses?model=allowed"),
    ("model_not_named", "/custom/allowed/answer"),
    ("model_not_named", "/v1/files?model=allowed"),
]


@pytest.mark.parametrize(("address", "headers"), ATTACKS)
def test_naming_an_allowed_model_beside_it_opens_no_other(
    client: Client, address: str, headers: dict[str, str]
) -> None:
    world.model("allowed", supported_endpoint_types=[])
    world.model("secret", supported_endpoint_types=[])

    assert reason(ask(client, address, key=world.key(allow=["allowed"]), **headers))[1] == "model_not_allowed"


@pytest.mark.parametrize(("code", "address"), UNREADABLE)
def test_an_address_that_states_no_model_is_refused(client: Client, code: str, address: str) -> None:
    world.model("allowed", supported_endpoint_types=[])
    key = world.key()

    by_header = ask(client, key=key, **{"x-original-uri": address, "x-model": "allowed"})

    assert (by_header.status_code, by_header["x-modelbook-reason"]) == (403, code)
    if address.startswith("/"):
        assert ask(client, f"/api/authorize{address}", key=key, method="POST").status_code in (403, 404)


@pytest.mark.parametrize(
    "address",
    [
        "/v1beta/models/x-secret:generate",
        "/v1beta/models/x-secret:x:generateContent",
        "/v1beta/models/x-secret:generateContent:predict",
        "/v2/models/x-secret/infer",
        "/v2/models/x-secret/versions/1/infer",
        "/v1/models/x-y/models/secret:generateContent",
        "/v1beta/models/x-y" + ":z" * 17,
    ],
)
def test_an_address_under_a_wildcard_model_opens_no_other_model(client: Client, address: str) -> None:
    world.model("x-*", supported_endpoint_types=[])
    for name in ("x-secret", "secret"):
        world.model(name, status="draft")
    key = world.key()

    # The address names no other model for any upstream, whatever else states one.
    answers = [
        ask(client, f"/api/authorize{address}", key=key, body={"model": "x-y"}),
        ask(client, "/api/authorize?model=x-y", key=key, **{"x-original-uri": address}),
    ]

    assert {answer["x-modelbook-reason"] for answer in answers} <= {"model_not_allowed", "ambiguous_address"}


def test_an_id_under_a_wildcard_model_may_have_colons_and_slashes(client: Client) -> None:
    for name in ("x-*", "gpt-oss:*"):
        world.model(name, supported_endpoint_types=["gemini"])
    world.model("x-y", status="draft")
    key = world.key()
    for name in ("x-z:free", "x-z/a:b", "gpt-oss:20b", "x-*"):
        assert ask(client, f"/api/authorize/v1beta/models/{name}:generateContent", key=key).status_code == 200
    # Here the id is not read from an address, so it is whole.
    assert ask(client, "/api/authorize?model=x-y:free", key=key).status_code == 204


@pytest.mark.parametrize("name", ["модель", "half%41"])
def test_a_name_is_read_as_the_upstream_reads_it(client: Client, name: str) -> None:
    world.model(name, supported_endpoint_types=["gemini"])
    key, once = world.key(), quote(name)
    # As a server hands a header on: bytes, decoded one by one.
    wire = name.encode().decode("latin-1")

    answers = [
        ask(client, f"/api/authorize?model={once}", key=key, **{"x-model": wire}),
        ask(client, key=key, **{"x-original-uri": f"/v1beta/models/{once}:generateContent"}),
        ask(client, f"/api/authorize/v1beta/models/{once}:generateContent", key=key),
    ]
    if "%" not in name:
        answers.append(ask(client, key=key, **{"x-forwarded-uri": f"/v1beta/models/{wire}:generateContent"}))

    assert {answer.status_code for answer in answers} == {200, 204}


@pytest.mark.parametrize(
    "address", ["//[", "/?model=%ff%00", "/v1beta/models/%00:x", "http://x/?model=y", "/" + "%" * 99]
)
def test_an_invalid_address_is_refused(client: Client, address: str) -> None:
    world.model("gpt-4o")

    assert ask(client, **{"x-original-uri": address}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"x-original-uri": "/v1beta/models/google/gemini-2.5:free:streamGenerateContent?alt=sse"},
        {"x-original-uri": "/v1/realtime?model=google%2Fgemini-2.5%3Afree"},
        {"x-forwarded-uri": "/v1beta/models/google%2Fgemini-2.5:free:countTokens"},
        {"x-forwarded-uri": "/v1/models/google/gemini-2.5:free"},
    ],
)
def test_the_model_may_be_in_an_address_in_a_header(client: Client, headers: dict[str, str]) -> None:
    world.model("google/gemini-2.5:free", supported_endpoint_types=["gemini"])

    assert ask(client, **headers).status_code == 204
    assert ask(client, "/api/authorize?model=other", **headers).status_code == 403
