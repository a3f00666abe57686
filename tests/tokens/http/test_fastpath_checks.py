"""Checks of calls are answered again without Django, for every model that a key calls and every way to name it."""

import datetime as dt
import json
from typing import Any

import pytest
import time_machine
from django.db import connection

from catalog.models import AIModel, Channel
from tests import world
from tests.tokens.http.fast_server import Server, without_ids
from tokens.http.proxies import bodies
from tokens.http.response_cache import ENTRY
from tokens.models import Token

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sql]

CHECK = "/api/authorize?model=gpt-4o"
CALL = "/api/authorize/v1/chat/completions"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"])
@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (CHECK, {}),
        ("/api/authorize/v1/engines/gpt-4o/chat/completions", {}),
        (CHECK, {"x_model": "gpt-4o"}),
        ("/api/authorize", {"x_original_uri": "/openai/deployments/gpt-4o/chat/completions?model=gpt-4o"}),
        ("/api/authorize/", {"x_forwarded_uri": "/v1/models/gpt-4o"}),
    ],
)
def test_the_second_check_equals_the_first(server: Server, method: str, path: str, headers: dict[str, str]) -> None:
    world.model()
    key = world.key()

    first, second = (server.get(key, path, method=method, **headers) for _ in range(2))

    assert first[0][:3] in ("200", "204")
    assert without_ids(second) == without_ids(first)
    assert first[1]["x-modelbook-key-id"] == Token.objects.get().key_id
    assert server.by_django == 1


def test_a_check_of_another_model_has_its_own_answer(server: Server) -> None:
    world.model("gpt-4o")
    world.model("hidden", on=world.channel("other", group="other"))
    key = world.key()

    for place in ("x_model", "x_original_uri", "x_forwarded_uri"):
        path, prefix = (CHECK, "") if place == "x_model" else ("/api/authorize", "/v1/models/")
        answers = [server.get(key, path, **{place: prefix + name})[0] for name in ("gpt-4o", "hidden") * 2]
        assert [answer[:3] for answer in answers] == ["204", "403"] * 2


def test_the_method_decides_only_where_it_did(server: Server) -> None:
    world.model()
    key = world.key()
    server.get(key, CHECK)

    assert server.get(key, CHECK, method="OPTIONS")[1]["access-control-max-age"] == "86400"


@pytest.mark.parametrize(
    "change",
    [
        lambda: AIModel.objects.update(status="draft"),
        lambda: Channel.objects.set_enabled(False),
        lambda: Token.objects.update(is_over_budget=True),
        lambda: Token.objects.update(deny=["gpt-*"]),
        lambda: Token.objects.update(allow=[]),
        lambda: Token.objects.get().groups.clear(),
    ],
)
def test_a_call_that_is_no_longer_allowed_is_refused_by_every_process(change: Any) -> None:
    world.model()
    key = world.key()
    servers = [Server(), Server()]
    for server in servers:
        assert [server.get(key, CHECK)[0][:3] for _ in range(2)] == ["204"] * 2
        assert server.by_django == 1

    change()

    assert [server.get(key, CHECK)[0][:3] for server in servers] == ["403"] * 2
    for server in servers:
        server.close()


def test_a_model_is_refused_from_the_day_it_retires(server: Server) -> None:
    with time_machine.travel(dt.datetime(2026, 11, 22, 23, 59, 59, tzinfo=dt.UTC), tick=False) as clock:
        world.model(retires_on=dt.date(2026, 11, 23))
        key = world.key()
        assert [server.get(key, CHECK)[0][:3] for _ in range(2)] == ["204"] * 2
        clock.shift(1)
        assert server.get(key, CHECK)[0][:3] == "403"


def test_refused_checks_are_not_stored(server: Server) -> None:
    world.model()
    key = world.key(is_over_budget=True)

    assert [server.get(key, CHECK)[0][:3] for _ in range(2)] == ["403"] * 2
    assert server.by_django == 2


def test_checks_count_against_the_rate(server: Server) -> None:
    world.model()
    key = world.key(rate_limit="3/hour")

    answers = [server.get(key, CHECK) for _ in range(5)]

    assert [status[:3] for status, _, _ in answers] == ["204"] * 3 + ["429"] * 2
    assert [headers["x-ratelimit-remaining-requests"] for _, headers, _ in answers] == ["2", "1", "0", "0", "0"]


def test_the_checks_of_one_model_are_stored_compactly(server: Server) -> None:
    world.model()
    key = world.key()

    for number in [*range(40)] * 2:
        assert server.get(key, f"{CHECK}&n={number}")[0][:3] == "204"

    assert server.by_django == 40
    assert server.fast_path.checks.used < 16 * ENTRY


def test_checks_evict_no_list(server: Server) -> None:
    world.model()
    key = world.key()
    server.get(key)
    server.fast_path.checks.max_per_caller = 4

    for number in range(10):
        server.get(key, f"{CHECK}&n={number}")

    before = server.by_django
    server.get(key)
    assert server.by_django == before
    assert len(server.fast_path.checks) == 4


def chat(model: str, *, size: int = 0, **fields: Any) -> bytes:
    return json.dumps({"messages": [{"content": "x" * size}], "model": model, **fields}).encode()


def test_another_body_with_the_same_models_is_answered_without_django(server: Server) -> None:
    world.model()
    key = world.key()

    answers = [server.get(key, CALL, body=chat("gpt-4o", size=size)) for size in (0, 7, 100_000, 2_000_000)]

    assert {status[:3] for status, _, _ in answers} == {"200"}
    assert server.by_django == 1
    assert [without_ids(answer) for answer in answers] == [without_ids(answers[0])] * 4


def test_a_body_never_gets_the_answer_of_another_one(server: Server) -> None:
    for name in ("gpt-4o", "other"):
        world.model(name)
    world.model("hidden", status="draft")
    key = world.key()
    bodies = {
        chat("gpt-4o"): "200",
        b"": "403",
        chat("hidden"): "403",
        chat("other"): "200",
        chat("gpt-4o", models=["hidden"]): "403",
        chat("gpt-4o", models=["other"]): "200",
        chat("gpt-4o", tools=[{"model": "other"}]): "200",
        json.dumps({"tools": [{"model": "gpt-4o"}]}).encode(): "403",
        b'{"model": "gpt-4o", "model": "gpt-4o"}': "400",
        chat("gpt-4o")[:-1]: "400",
    }

    for body, status in list(bodies.items()) * 3:
        answer = server.get(key, CALL, body=body)
        assert answer[0][:3] == status, body
        if status == "200":
            assert answer[1]["x-modelbook-model"] == json.loads(body)["model"]
    # What is refused is not stored.
    assert server.by_django == 4 + 3 * 6


def test_the_type_of_the_body_decides(server: Server) -> None:
    world.model()
    key = world.key()
    body = chat("gpt-4o", user="&model=hidden")

    answers = [server.get(key, CALL, body=body, content_type=kind)[0][:3] for kind in (JSON, FORM, JSON, FORM)]

    assert answers == ["200", "403"] * 2


def test_nobody_without_a_valid_key_lets_a_body_be_read(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    world.model()
    key = world.key()
    read: list[bytes] = []
    monkeypatch.setattr(bodies, "models_in_body", lambda _, body: read.append(body))

    for wrong in ("", "sk-wrong", world.key(enabled=False)):
        assert [server.get(wrong, CALL, body=chat("gpt-4o"))[0][:3] for _ in range(2)] == ["401"] * 2
    assert read == []

    Token.objects.update(networks=["10.0.0.0/8"])
    assert server.get(key, CALL, body=chat("gpt-4o"))[0][:3] == "403"
    assert read == []


def test_the_loop_reads_no_large_body(server: Server) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the loop gets the state later")
    world.model()
    key = world.key()
    server.fast_path.attach(None)  # type: ignore[arg-type]
    given: list[Any] = []
    for size in (10, 100_000):
        server.get(key, CALL, body=chat("gpt-4o", size=size))
        server.fast_path.at_once(server.environ(key, CALL, method="POST", body=chat("gpt-4o", size=size)), given.append)

    assert [answer and answer.status for answer in given] == ["200 OK", None]
