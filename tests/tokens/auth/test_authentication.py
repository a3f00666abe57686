"""Which key of a request is used, and which error a request without a valid key gets."""

import base64
import datetime as dt
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from tests import world
from tokens import keys
from tokens.models import Token

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


def ask(client: Client, path: str = "/v1/models", **headers: str) -> Any:
    return client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def code(answer: Any) -> Any:
    return answer.status_code if answer.status_code == 200 else (answer.status_code, answer.json()["error"]["code"])


@pytest.mark.parametrize(
    ("header", "form"),
    [
        ("authorization", "Bearer {}"), ("authorization", "bearer {}"), ("authorization", "BEARER   {} "),
        ("authorization", "{}"), ("x-api-key", "{}"), ("x-api-key", " {} "), ("api-key", "{}"),
    ],
)  # fmt: skip
def test_a_key_is_read_where_clients_send_it(client: Client, header: str, form: str) -> None:
    assert code(client.get("/v1/models", headers={header: form.format(world.key())})) == 200


def test_googles_places_count_too(client: Client) -> None:
    key = world.key()

    assert ask(client, x_goog_api_key=key).status_code == 200
    assert ask(client, f"/v1/models?key={key}").status_code == 200
    assert ask(client, f"/v1beta/openai/models?key={key}").json()["object"] == "list"


@pytest.mark.parametrize("form", ["{key}", "user:{key}", "{key}:", ":{key}", "{key}:password"])
def test_a_key_before_the_host_of_an_address_is_sent_as_basic(client: Client, form: str) -> None:
    encoded = base64.b64encode(form.format(key=world.key()).encode()).decode()

    assert ask(client, authorization=f"Basic {encoded}").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {}, {"authorization": ""}, {"authorization": "Bearer"}, {"authorization": "Bearer "},
        {"authorization": "Basic"}, {"authorization": "Basic \xe9"}, {"authorization": "Basic gICA"},
        {"authorization": "Basic dXNlcjpwYXNz"}, {"authorization": "Bearer one two"},
        {"authorization": "Bearer a,Bearer b"},
        {"authorization": "Bearer a, b"}, {"authorization": "Token abc"}, {"x-api-key": "  "}, {"x-api-key": "a, b"},
        {"x-api-key": "a b"}, {"api-key": ""},
    ],
    ids=str,
)  # fmt: skip
def test_a_value_that_cannot_be_one_key_is_ignored(client: Client, headers: dict[str, str]) -> None:
    assert code(client.get("/v1/models", headers=headers)) == (401, "missing_api_key")


@pytest.mark.parametrize(
    "key", ["unknown", "sk-0123456789abcdef", "clé-café", "ключ", "a" * 10_240, "mb_live_x", "\x7f", "%00"], ids=repr
)
def test_an_unknown_key_is_refused(client: Client, key: str) -> None:
    # As a server hands it on: bytes, decoded one by one.
    wire = key.encode().decode("latin-1")

    assert code(client.get("/v1/models", headers={"authorization": f"Bearer {wire}"})) == (401, "invalid_api_key")
    assert code(client.get("/v1/models", {"key": key}, headers={"x-api-key": wire}))[0] == 401


def test_a_disabled_key_is_refused(client: Client) -> None:
    token, key = world.token()
    Token.objects.filter(pk=token.pk).set_enabled(False)

    assert code(ask(client, authorization=f"Bearer {key}")) == (401, "key_disabled")


def test_a_key_is_good_until_the_very_moment_it_expires(client: Client, time_machine: Any) -> None:
    key = world.key(expires_at=NOON)

    answers = []
    for moment in (NOON - SECOND, NOON, NOON + SECOND):
        time_machine.move_to(moment, tick=False)
        answers.append(code(ask(client, authorization=f"Bearer {key}")))

    assert answers == [200, (401, "key_expired"), (401, "key_expired")]


def test_a_key_is_good_from_the_very_moment_it_starts(client: Client, time_machine: Any) -> None:
    key = world.key(starts_at=NOON)

    answers = []
    for moment in (NOON - SECOND, NOON):
        time_machine.move_to(moment, tick=False)
        answers.append(code(ask(client, authorization=f"Bearer {key}")))

    assert answers == [(401, "key_not_yet_valid"), 200]


@pytest.mark.parametrize("place", ["x_api_key", "x_goog_api_key"])
def test_a_placeholder_beside_a_valid_key_does_no_harm(client: Client, place: str) -> None:
    key = world.key()

    assert ask(client, authorization=f"Bearer {key}", **{place: "placeholder"}).status_code == 200
    assert ask(client, authorization="Bearer placeholder", **{place: key}).status_code == 200
    assert ask(client, "/v1/models?key=BAD", authorization=f"Bearer {key}").status_code == 200
    assert ask(client, "/v1/models?key=", authorization=f"Bearer {key}").json()["object"] == "list"


def test_of_two_valid_keys_the_first_of_the_dialect_counts(client: Client) -> None:
    world.model("for-bearer", on=world.channel("b", group="b"))
    world.model("for-header", on=world.channel("h", group="h"))
    bearer, header = world.key("b"), world.key("h")

    openai = ask(client, authorization=f"Bearer {bearer}", x_api_key=header).json()
    anthropic = ask(client, authorization=f"Bearer {bearer}", x_api_key=header, anthropic_version="2023-06-01").json()

    assert [row["id"] for row in openai["data"]] == ["for-bearer"]
    assert [row["id"] for row in anthropic["data"]] == ["for-header"]


def test_the_reason_of_a_known_key_precedes_that_of_an_unknown_key(client: Client) -> None:
    expired = world.key(expires_at=world.LONG_AGO)

    assert code(ask(client, authorization="Bearer unknown", x_api_key=expired)) == (401, "key_expired")


def test_a_key_under_an_older_pepper_still_opens(client: Client) -> None:
    token, key = world.token()
    Token.objects.filter(pk=token.pk).update(digest=keys.digest(key, settings.TOKEN_PEPPERS[1]), pepper=1)

    assert ask(client, authorization=f"Bearer {key}").status_code == 200


def test_an_administrators_session_does_not_authenticate(client: Client) -> None:
    client.force_login(User.objects.create_superuser("boss", password="secret"))

    assert code(ask(client)) == (401, "missing_api_key")
    assert code(ask(client, "/v1/models/gpt-4o")) == (401, "missing_api_key")


def test_a_deleted_key_is_unknown(client: Client) -> None:
    token, key = world.token()
    token.delete()

    assert code(ask(client, authorization=f"Bearer {key}")) == (401, "invalid_api_key")
