"""The answer of a check states the model, the group, the key, and why a call is refused, in the caller's dialect."""

import datetime as dt
from decimal import Decimal
from typing import Any
from urllib.parse import unquote

import pytest
import time_machine
from django.test import Client

from catalog.models import ModelAlias
from tests import world
from tests.tokens.api.calls import ask
from tokens.models import Token

pytestmark = pytest.mark.django_db

NOW = "2026-11-30T12:00:00Z"
TODAY = dt.date(2026, 11, 30)


def test_an_allowed_call_names_its_model_group_and_key(client: Client) -> None:
    model = world.model("gpt-4o", on=world.channel("vip", group="vip"))
    ModelAlias.objects.create(name="latest", model=model)
    token, key = world.token("default", "vip", name='Müller,\n"GmbH" 100%')

    answer = ask(client, key=key, method="POST", body={"model": "models/latest"})

    assert answer["x-modelbook-model"] == "gpt-4o"
    assert answer["x-modelbook-requested-model"] == "latest"
    assert answer["x-modelbook-group"] == "vip"
    assert answer["x-modelbook-key-id"] == token.key_id
    assert unquote(answer["x-modelbook-token-name"]) == token.name
    assert answer["x-modelbook-token-name"].isascii()
    assert answer["x-modelbook-token-name"].isprintable()
    assert int(answer["x-modelbook-revision"]) > 0
    assert {"x-modelbook-models", "deprecation", "sunset", "x-modelbook-successor"}.isdisjoint(answer.headers)


def test_the_price_of_the_first_group_that_reaches_the_model_applies(client: Client) -> None:
    first, second = world.token_group("first"), world.token_group("second")
    model = world.model("gpt-4o", on=world.channel("both", group="second"))
    key = world.key("first", "second")
    assert ask(client, key=key, body={"model": model.name})["x-modelbook-group"] == "second"

    first.channels.add(*second.channels.all())

    assert ask(client, key=key, body={"model": model.name})["x-modelbook-group"] == "first"


def test_all_models_that_a_call_names_are_listed(client: Client) -> None:
    for name in ("a,b", "модель", "c-*"):
        world.model(name)

    answer = ask(client, "/api/authorize?model=a%2Cb", body={"model": "c-1", "models": ["модель"]})

    assert answer["x-modelbook-model"] == "a,b"
    assert answer["x-modelbook-models"].split(", ") == ["a%2Cb", "c-1", "%D0%BC%D0%BE%D0%B4%D0%B5%D0%BB%D1%8C"]


@time_machine.travel(NOW, tick=False)
def test_the_end_of_a_model_is_stated_with_its_successor(client: Client) -> None:
    new = world.model("new")
    hidden = world.model("hidden", status="draft")
    dates: dict[str, Any] = {"deprecated_on": dt.date(2026, 11, 1), "retires_on": dt.date(2026, 12, 31)}
    world.model("old", successor=new, **dates)
    world.model("other", successor=hidden, **dates)
    key = world.key()

    old, other = (ask(client, key=key, body={"model": name}) for name in ("old", "other"))

    assert (old["deprecation"], old["sunset"]) == ("@1793491200", "Thu, 31 Dec 2026 00:00:00 GMT")
    assert (old["x-modelbook-successor"], "x-modelbook-successor" in other) == ("new", False)


@time_machine.travel(NOW, tick=False)
def test_a_retired_model_says_so_to_those_who_could_see_it(client: Client) -> None:
    new = world.model("new")
    hidden = world.model("hidden", status="draft")
    world.model("old", successor=new, retires_on=TODAY)
    world.model("other", successor=hidden, retires_on=TODAY)
    key, without_access = world.key(), world.key("nobody")

    messages = {}
    for name in ("old", "other"):
        answer = ask(client, key=key, body={"model": name})
        assert (answer.status_code, answer["x-modelbook-reason"]) == (403, "model_retired")
        messages[name] = answer.json()["error"]["message"]

    assert messages == {
        "old": "The model 'old' was retired on 2026-11-30. Its successor is 'new'.",
        "other": "The model 'other' was retired on 2026-11-30.",
    }
    refused = ask(client, key=without_access, body={"model": "old"})
    missing = ask(client, key=without_access, body={"model": "nothing"})
    assert (refused["x-modelbook-reason"], refused.content) == ("model_not_allowed", missing.content)


def test_only_endpoints_that_the_model_supports_are_allowed(client: Client) -> None:
    world.model("text", supported_endpoint_types=["openai", "anthropic"])
    world.model("any", supported_endpoint_types=[])
    key = world.key()

    def code(path: str, model: str) -> str:
        answer = ask(client, f"/api/authorize{path}", key=key, method="POST", body={"model": model})
        return str(answer.get("x-modelbook-reason", ""))

    assert [code("/v1/chat/completions", "text"), code("/v1/messages", "text"), code("/v1/embeddings", "any")] == [
        ""
    ] * 3
    assert code("/v1/embeddings", "text") == "endpoint_not_supported"
    answer = ask(client, "/api/authorize/v1/embeddings", key=key, method="POST", body={"model": "text"})
    assert answer.json()["error"]["message"] == (
        "The model 'text' does not support this endpoint. It supports: openai, anthropic."
    )


@pytest.mark.parametrize(
    ("address", "headers", "dialect"),
    [
        ("", {}, "openai"),
        ("/v1/chat/completions", {}, "openai"),
        ("/v1/messages", {}, "anthropic"),
        ("/v1/messages/count_tokens?beta=true", {}, "anthropic"),
        ("/v1/chat/completions", {"anthropic-version": "2023-06-01"}, "anthropic"),
        ("/v1beta/models/x:generateContent", {}, "gemini"),
        ("/v1/models/x:streamGenerateContent?alt=sse", {}, "gemini"),
        ("/v1beta/openai/chat/completions", {"x-goog-api-key": "x"}, "openai"),
        ("/v1/chat/completions", {"x-goog-api-key": "x"}, "gemini"),
        ("/v1/threads/x/messages", {}, "openai"),
    ],
)
def test_a_refusal_is_in_the_dialect_of_the_call(
    client: Client, address: str, headers: dict[str, str], dialect: str
) -> None:
    def spoken(answer: Any) -> str:
        body = answer.json()
        return "anthropic" if body.get("type") == "error" else "gemini" if "status" in body["error"] else "openai"

    key = world.key()
    original = {"x-original-uri": address} if address else {}
    assert spoken(ask(client, key=key, **original, **headers)) == dialect
    if address:
        assert spoken(ask(client, f"/api/authorize{address}", key=key, **headers)) == dialect
    for requested in ("openai", "anthropic", "gemini"):
        assert spoken(ask(client, f"/api/authorize?as={requested}", key=key, **original, **headers)) == requested


@time_machine.travel(NOW, tick=False)
def test_a_spent_budget_says_when_it_resets(client: Client) -> None:
    world.model("gpt-4o")
    token, key = world.token(budget_amount=Decimal(5), budget_currency="USD", budget_period="month")
    until = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
    Token.objects.filter(pk=token.pk).update(spent_until=until)

    answer = ask(client, "/api/authorize/v1/messages", key=key, method="POST", body={"model": "gpt-4o"})
    assert answer["x-modelbook-reason"] == "endpoint_not_supported"
    answer = ask(client, key=key, method="POST", body={"model": "gpt-4o"})

    assert (answer.status_code, answer["x-modelbook-reason"]) == (403, "insufficient_quota")
    assert answer["x-modelbook-resets-at"] == "2026-12-01T00:00:00Z"
    assert (
        answer["x-modelbook-message"]
        == answer.json()["error"]["message"]
        == ("The budget of this API key, 5 USD per month, is used up. It resets at 2026-12-01T00:00:00Z.")
    )


def test_a_message_fits_into_a_header_and_a_json_string(client: Client) -> None:
    world.model('"модель\\', retires_on=dt.date(2020, 1, 1))

    answer = ask(client, body={"model": '"модель\\'})

    message = answer["x-modelbook-message"]
    assert set('"\\').isdisjoint(message)
    assert message.isascii()
    assert unquote(message) == answer.json()["error"]["message"]
