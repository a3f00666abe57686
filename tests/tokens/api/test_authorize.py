"""GET /api/authorize: whether a key may call a model, in the requests that proxies send."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from catalog.db.snapshot import no_snapshot
from tests import world
from tests.tokens.api.calls import ask, reason
from tokens.api.views import caller_of
from tokens.models import Token

pytestmark = pytest.mark.django_db


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


def test_the_key_may_be_in_the_callers_own_address(client: Client, settings: Any) -> None:
    world.model("gemini-pro", supported_endpoint_types=["gemini"])
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


def test_envoy_is_answered_200_below_the_address(client: Client) -> None:
    world.model("gemini-pro", supported_endpoint_types=["openai", "gemini"])

    called = ask(client, "/api/authorize/v1beta/models/gemini-pro:generateContent", method="POST")
    chat = ask(client, "/api/authorize/v1/chat/completions", method="POST", body={"model": "gemini-pro"})
    refused = ask(client, "/api/authorize/v1/chat/completions", method="POST", body={"model": "other"})

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
