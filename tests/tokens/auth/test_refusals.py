"""The last refusal of each token is stored: when, from where, with which key, for which model, and the answer."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from catalog.db import revision
from pricing.models import PriceSheet
from tests import world
from tests.tokens.api.calls import ask
from tokens.auth.last_use import LAST_USE, Refusal
from tokens.models import LastRefusal, Token
from tokens.rate_limits import limiter

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


@pytest.fixture(autouse=True)
def _clear() -> Iterator[None]:
    LAST_USE.clear()
    yield
    LAST_USE.clear()


def stored() -> LastRefusal | None:
    LAST_USE.flush()
    return LastRefusal.objects.first()


CHECK = "/api/authorize?model=gpt-4o"


@pytest.mark.parametrize(
    ("fields", "address", "headers", "code", "path"),
    [
        ({"enabled": False}, CHECK, {}, "key_disabled", "/api/authorize"),
        ({"expires_at": world.LONG_AGO}, CHECK, {}, "key_expired", "/api/authorize"),
        ({"starts_at": dt.datetime(2999, 1, 1, tzinfo=dt.UTC)}, CHECK, {}, "key_not_yet_valid", "/api/authorize"),
        ({"networks": ["203.0.113.0/24"]}, CHECK, {}, "ip_not_allowed", "/api/authorize"),
        ({"deny": ["gpt-*"]}, CHECK, {}, "model_not_allowed", "/api/authorize"),
        ({"is_over_budget": True}, CHECK, {}, "insufficient_quota", "/api/authorize"),
        ({"deny": ["gpt-*"]}, "/v1/models/gpt-4o", {}, "model_not_found", "/v1/models/gpt-4o"),
        ({"enabled": False}, "/v1/models/gpt-4o?limit=1", {}, "key_disabled", "/v1/models/gpt-4o"),
        (
            {"enabled": False},
            "/api/authorize",
            {"x-original-uri": "/openai/deployments/gpt-4o/chat/completions?api-version=1"},
            "key_disabled",
            "/openai/deployments/gpt-4o/chat/completions",
        ),
        (
            {},
            CHECK,
            {"x-original-uri": "/v1/embeddings?user=7"},
            "endpoint_not_supported",
            "/v1/embeddings",
        ),
    ],
)
def test_every_kind_of_refusal_is_stored(
    client: Client, fields: dict[str, Any], address: str, headers: dict[str, str], code: str, path: str
) -> None:
    world.model()
    token, key = world.token(**fields)

    answer = ask(client, address, key=key, **headers)

    refusal = stored()
    assert refusal is not None
    assert (refusal.token, refusal.key_id, refusal.address) == (token, token.key_id, "127.0.0.1")
    assert (refusal.status, refusal.code, refusal.model, refusal.path) == (answer.status_code, code, "gpt-4o", path)
    assert refusal.request_id == answer["x-request-id"]
    assert timezone.now() - refusal.at < dt.timedelta(minutes=1)


def test_a_model_in_the_body_is_named(client: Client) -> None:
    _, key = world.token()

    ask(client, "/api/authorize/v1/chat/completions", key=key, method="POST", body={"model": "nothing", "messages": []})

    refusal = stored()
    assert refusal is not None
    assert (refusal.code, refusal.model, refusal.path) == ("model_not_allowed", "nothing", "/v1/chat/completions")


def test_a_refusal_above_the_rate_is_stored(client: Client) -> None:
    world.model()
    token, key = world.token(rate_limit="1/hour")
    limiter().hit(token.rate_limit, f"token:{token.pk}")

    ask(client, CHECK, key=key)

    refusal = stored()
    assert refusal is not None
    assert (refusal.status, refusal.code) == (429, "rate_limit_exceeded")


def test_a_replaced_key_is_named(client: Client) -> None:
    token, key = world.token()
    old = token.key_id
    token.rotate(grace=dt.timedelta(0), at=timezone.now())

    ask(client, CHECK, key=key)

    refusal = stored()
    assert refusal is not None
    assert (refusal.token, refusal.key_id, refusal.code) == (token, old, "key_expired")


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("/v1/models", "Bearer {key}"),
        ("/v1/models", "Bearer sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        ("/v1/models", ""),
        ("/v1/nothing", "Bearer {key}"),
    ],
    ids=["answered", "unknown key", "no key", "no address of ours"],
)
def test_other_answers_are_nobodys_refusal(client: Client, address: str, sent: str) -> None:
    client.get(address, headers={"authorization": sent.replace("{key}", world.key())})

    assert stored() is None


def test_a_visitor_with_a_disabled_key_is_answered_and_not_refused(client: Client) -> None:
    key = world.key(enabled=False)

    assert client.get("/api/pricing", headers={"authorization": f"Bearer {key}"}).status_code == 200
    assert client.get("/api/pricing/history/nothing", headers={"authorization": f"Bearer {key}"}).status_code == 404

    assert stored() is None


@pytest.mark.parametrize("name", ["x" * 300, "sk-" + "a1" * 20, "mb_live_{key}", "x\x00y", "\ud800"])
def test_no_key_and_no_prompt_is_stored(client: Client, name: str) -> None:
    _, key = world.token()
    name = name.replace("mb_live_{key}", key)

    ask(client, "/api/authorize/v1/chat/completions", key=key, method="POST", body={"model": name, "messages": []})
    ask(client, f"/v1/models/{key}", key=key)

    refusal = stored()
    assert refusal is not None
    assert key[-38:] not in f"{refusal.model} {refusal.path}"
    assert len(refusal.model) <= 100
    assert "a1a1" not in refusal.model


def test_only_the_latest_is_stored_and_nothing_else_changes(client: Client, django_assert_max_num_queries: Any) -> None:
    _, key = world.token(enabled=False)
    before = revision.read()
    newest = Token.history.count()
    for model in ("a", "b", "c"):
        ask(client, f"/api/authorize?model={model}", key=key)

    with django_assert_max_num_queries(10):
        LAST_USE.flush()

    assert LastRefusal.objects.get().model == "c"
    assert (revision.read(), Token.history.count()) == (before, newest)
    assert PriceSheet.objects.count() == 0


@time_machine.travel("2026-11-30T12:00:00Z", tick=False)
def test_a_later_refusal_of_another_process_stays() -> None:
    token, _ = world.token()
    earlier = timezone.now() - dt.timedelta(minutes=1)
    LastRefusal.objects.store(token.pk, **columns(timezone.now(), "later"))

    LastRefusal.objects.store(token.pk, **columns(earlier, "earlier"))

    assert LastRefusal.objects.get().model == "later"


def test_a_refusal_of_a_deleted_token_is_dropped() -> None:
    token, _ = world.token()
    key = token.pk
    token.delete()

    LastRefusal.objects.store(key, **columns(timezone.now(), "x"))

    assert not LastRefusal.objects.exists()


def columns(at: dt.datetime, model: str) -> dict[str, Any]:
    refusal = Refusal(at, "k", "127.0.0.1", 403, "model_not_allowed", model, "/api/authorize", "r")
    return {name: getattr(refusal, name) for name in Refusal.__slots__}
