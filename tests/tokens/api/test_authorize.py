"""GET /api/authorize: whether a key may call a model, in the requests that proxies send."""

import datetime as dt
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from catalog.db.snapshot import no_snapshot
from tests import world
from tokens.api.views import caller_of
from tokens.models import Token

pytestmark = pytest.mark.django_db


def ask(client: Client, address: str = "/api/authorize", *, key: str = "", method: str = "GET", **headers: str) -> Any:
    sent = {"authorization": f"Bearer {key or world.key()}"} | headers
    return client.generic(method, address, headers=sent)


def reason(answer: Any) -> tuple[int, str, str]:
    return answer.status_code, answer["x-modelbook-reason"], answer.json()["error"]["code"]


def test_a_model_that_the_key_sees_is_allowed_without_a_body(client: Client) -> None:
    world.model("gpt-4o")
    token, key = world.token()

    answer = ask(client, "/api/authorize?model=gpt-4o", key=key)

    assert (answer.status_code, answer.content, answer["cache-control"]) == (204, b"", "no-store")
    assert "content-type" not in answer
    assert answer["x-modelbook-key-id"] == token.key_id
    assert "x-modelbook-reason" not in answer


def test_hidden_and_missing_are_refused_in_the_same_words(client: Client) -> None:
    world.model("hidden", status="draft")
    key = world.key()

    hidden, missing = (ask(client, f"/api/authorize?model={name}", key=key) for name in ("hidden", "nothing"))

    assert reason(hidden) == (403, "model_not_allowed", "model_not_allowed")
    assert hidden.content == missing.content


def test_a_request_without_a_model_is_refused(client: Client) -> None:
    world.model()

    assert reason(ask(client)) == (403, "model_not_named", "model_not_named")


@pytest.mark.parametrize("key", ["sk-wrong", "mb_live_0000000000_" + "0" * 38])
def test_a_bad_key_is_401(client: Client, key: str) -> None:
    assert reason(ask(client, "/api/authorize?model=x", key=key)) == (401, "invalid_api_key", "invalid_api_key")


def test_a_spent_budget_may_list_and_not_call(client: Client) -> None:
    world.model("gpt-4o")
    key = world.key(is_over_budget=True)

    refusal = ask(client, "/api/authorize?model=gpt-4o", key=key)

    assert reason(refusal) == (403, "insufficient_quota", "insufficient_quota")
    assert refusal.json()["error"]["type"] == "insufficient_quota"
    assert client.get("/v1/models", headers={"authorization": f"Bearer {key}"}).status_code == 200


def test_a_spent_rate_is_429(client: Client) -> None:
    world.model("gpt-4o")
    key = world.key(rate_limit="1/hour")

    first, second = (ask(client, "/api/authorize?model=gpt-4o", key=key) for _ in range(2))

    assert first.status_code == 204
    assert reason(second)[:2] == (429, "rate_limit_exceeded")
    assert int(second["retry-after"]) > 0


ATTACKS: list[tuple[str, dict[str, str]]] = [
    # nginx: the original address is in X-Original-Uri, and the caller controls the rest.
    ("/api/authorize", {"x-original-uri": "/v1beta/models/secret:generateContent?model=allowed"}),
    ("/api/authorize", {"x-original-uri": "/v1beta/models/secret:generateContent", "x-model": "allowed"}),
    ("/api/authorize", {"x-original-uri": "/v1/responses?model=allowed&model=secret"}),
    ("/api/authorize", {"x-original-uri": "/v1beta/models/secret:generateContent/?model=allowed"}),
    ("/api/authorize", {"x-original-uri": "/v1beta/models/secret%3AgenerateContent%2F?model=allowed"}),
    ("/api/authorize", {"x-original-uri": "/v1beta/models/secret%0A:generateContent?model=allowed"}),
    ("/api/authorize", {"x-original-uri": "/v1/models/secret?model=allowed"}),
    ("/api/authorize?model=allowed", {"x-original-uri": "/v1beta/models/secret:generateContent"}),
    # Traefik: in X-Forwarded-Uri.
    (
        "/api/authorize",
        {"x-forwarded-uri": "/v1beta/models/secret:generateContent", "x-original-uri": "/v1/x?model=allowed"},
    ),
    # Envoy: in the path, with the caller's query behind it.
    ("/api/authorize/v1beta/models/secret:generateContent?model=allowed", {}),
    ("/api/authorize/v1beta/models/allowed:generateContent?model=secret", {}),
    # Gateways that take OpenAI's oldest addresses, and Azure's.
    ("/api/authorize?model=allowed", {"x-original-uri": "/v1/engines/secret/embeddings"}),
    ("/api/authorize?model=allowed", {"x-original-uri": "/openai/deployments/secret/chat/completions?api-version=1"}),
    ("/api/authorize/v1/engines/allowed/x/engines/secret/embeddings", {}),
]


@pytest.mark.parametrize(("address", "headers"), ATTACKS)
def test_naming_an_allowed_model_beside_it_opens_no_other(
    client: Client, address: str, headers: dict[str, str]
) -> None:
    world.model("allowed")
    world.model("secret")

    assert reason(ask(client, address, key=world.key(allow=["allowed"]), **headers))[1] == "model_not_allowed"


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
    world.model("x-*")
    for name in ("x-secret", "secret"):
        world.model(name, status="draft")
    key = world.key()

    answers = [ask(client, f"/api/authorize{address}", key=key), ask(client, key=key, **{"x-original-uri": address})]

    assert {reason(answer)[1] for answer in answers} == {"model_not_allowed"}


def test_an_id_under_a_wildcard_model_may_have_colons_and_slashes(client: Client) -> None:
    for name in ("x-*", "gpt-oss:*"):
        world.model(name)
    world.model("x-y", status="draft")
    key = world.key()
    for name in ("x-z:free", "x-z/a:b", "gpt-oss:20b", "x-*"):
        assert ask(client, f"/api/authorize/v1beta/models/{name}:generateContent", key=key).status_code == 200
    # Here the id is not read from an address, so it is whole.
    assert ask(client, "/api/authorize?model=x-y:free", key=key).status_code == 204


@pytest.mark.parametrize("address", ["/api/authorize?model=x", "/api/authorize/v1/chat/completions"])
def test_a_browsers_preflight_is_answered_without_a_key(client: Client, address: str) -> None:
    answer = client.options(address, headers={"origin": "https://app.example"})

    assert (answer.status_code, answer["access-control-allow-origin"]) == (204, "*")


def test_naming_models_without_end_costs_no_query_each(client: Client, django_assert_num_queries: Any) -> None:
    for number in range(17):
        world.model(f"m{number}")
    key = world.key()
    query_strings = ["&".join(f"model=m{number}" for number in range(count)) for count in (16, 17)]

    assert ask(client, f"/api/authorize?{query_strings[0]}", key=key).status_code == 204
    with django_assert_num_queries(1):  # the token
        refused = ask(client, f"/api/authorize?{query_strings[1]}", key=key)

    assert reason(refused)[:2] == (403, "model_not_allowed")


@pytest.mark.parametrize("name", ["модель", "half%41"])
def test_a_name_is_read_as_the_upstream_reads_it(client: Client, name: str) -> None:
    world.model(name)
    key, once = world.key(), quote(name)
    # As a server hands a header on: bytes, decoded one by one.
    wire = name.encode().decode("latin-1")

    answers = [
        ask(client, key=key, **{"x-model": wire}),
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


def test_the_key_may_be_in_the_callers_own_address(client: Client, settings: Any) -> None:
    world.model("gemini-pro")
    address = f"/v1beta/models/gemini-pro:generateContent?key={world.key()}"

    for header in ("x-original-uri", "x-forwarded-uri"):
        assert client.get("/api/authorize", headers={header: address}).status_code == 204
        assert client.get("/v1/models", headers={header: address}).status_code == 401
    settings.KEYS_IN_QUERY = False
    assert client.get("/api/authorize", headers={"x-original-uri": address}).status_code == 401


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
def test_the_method_is_that_of_the_original_request(client: Client, method: str) -> None:
    world.model("gpt-4o")

    assert ask(client, "/api/authorize?model=gpt-4o", method=method).status_code == 204


@pytest.mark.parametrize(
    "headers",
    [
        {"x-model": "google/gemini-2.5:free"},
        {"x-original-uri": "/v1beta/models/google/gemini-2.5:free:streamGenerateContent?alt=sse"},
        {"x-original-uri": "/v1/responses?model=google%2Fgemini-2.5%3Afree"},
        {"x-forwarded-uri": "/v1beta/models/google%2Fgemini-2.5:free:countTokens"},
        {"x-forwarded-uri": "/v1/models/google/gemini-2.5:free"},
    ],
)
def test_the_model_may_be_in_a_header(client: Client, headers: dict[str, str]) -> None:
    world.model("google/gemini-2.5:free")

    assert ask(client, **headers).status_code == 204
    assert ask(client, "/api/authorize?model=other", **headers).status_code == 403


def test_envoy_is_answered_200_below_the_address(client: Client) -> None:
    world.model("gemini-pro")

    called = ask(client, "/api/authorize/v1beta/models/gemini-pro:generateContent", method="POST")
    chat = ask(client, "/api/authorize/v1/chat/completions", method="POST", **{"x-model": "gemini-pro"})
    refused = ask(client, "/api/authorize/v1/chat/completions", method="POST", **{"x-model": "other"})

    assert (called.status_code, chat.status_code, refused.status_code) == (200, 200, 403)


def test_the_holder_reads_what_the_key_may_do(client: Client) -> None:
    world.token_group("vip", label="VIP customers")
    token, key = world.token("vip", name="Acme", allow=["gpt-*"], deny=["gpt-secret"], rate_limit="60/minute", note="x")

    answer = client.get("/api/token", headers={"authorization": f"Bearer {key}"})

    data = answer.json()["data"]
    assert data["groups"] == [{"name": "vip", "label": "VIP customers"}]
    assert (data["name"], data["allow"], data["rate_limit"]) == ("Acme", ["gpt-*"], "60/minute")
    assert (data["expires_at"], data["is_over_budget"]) == (None, False)
    stored = Token.objects.get(pk=token.pk)
    for secret in (key, key[-38:], stored.digest, "gpt-secret", '"note"'):
        assert secret not in answer.content.decode()


@pytest.mark.parametrize(
    ("allow", "sees"),
    [
        (None, "all models of its groups (no allow list is set)"),
        ([], "no models (the allow list is empty)"),
        (["gpt-*"], "only models that match its allow list"),
    ],
)
def test_the_holder_reads_its_life_networks_budget_and_what_no_list_means(
    client: Client, allow: list[str] | None, sees: str
) -> None:
    starts, ends = dt.datetime(2026, 1, 31, tzinfo=dt.UTC), dt.datetime(2999, 1, 31, tzinfo=dt.UTC)
    key = world.key(
        allow=allow, starts_at=starts, expires_at=ends, networks=["127.0.0.0/8", "::1"], is_over_budget=True
    )

    data = client.get("/api/token", headers={"authorization": f"Bearer {key}"}).json()["data"]

    assert (data["allow"], data["sees"]) == (allow, sees)
    assert (data["starts_at"], data["expires_at"]) == ("2026-01-31T00:00:00Z", "2999-01-31T00:00:00Z")
    assert (data["networks"], data["is_over_budget"]) == (["127.0.0.0/8", "::1"], True)


def test_it_needs_a_key(client: Client) -> None:
    assert client.get("/api/token").status_code == 401


def test_a_token_that_is_deleted_meanwhile_is_shown_as_authentication_read_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, key = world.token(name="gone")

    def deleting(request: Any) -> Any:
        with no_snapshot():
            Token.objects.filter(pk=token.pk).delete()
        return caller_of(request)

    monkeypatch.setattr("tokens.api.views.caller_of", deleting)

    during, after = ask(client, "/api/token", key=key), ask(client, "/api/token", key=key)

    assert (during.status_code, during.json()["data"]["name"]) == (200, "gone")
    assert (after.status_code, after.json()["error"]["code"]) == (401, "invalid_api_key")
