"""The fast path sends the same response again as long as nothing has changed; otherwise Django responds."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection
from django.utils import timezone

from catalog.models import AIModel, Channel, Revision
from tests import world
from tests.tokens.http.fast_server import Server, without_ids
from tokens.auth.last_use import LAST_USE
from tokens.http.bodies import BODIES
from tokens.http.response_cache import ENTRY
from tokens.models import Token, TokenGroup

# The fast path has its own connection, which sees only committed rows.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sql]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/models", {}),
        ("/v1/models?limit=1", {"anthropic_version": "2023-06-01"}),
        ("/v1beta/models?pageSize=1", {}),
        ("/v1/models", {"accept_encoding": "gzip"}),
        ("/v1/models", {"origin": "https://app.example"}),
    ],
)
def test_the_second_response_equals_the_first_byte_for_byte(server: Server, path: str, headers: dict[str, str]) -> None:
    for number in range(20):
        world.model(f"model-{number}")
    key = world.key()

    first, second = server.get(key, path, **headers), server.get(key, path, **headers)

    assert server.by_django == 1
    assert first[0] == "200 OK"
    assert without_ids(second) == without_ids(first)
    assert second[1]["x-request-id"] == second[1]["request-id"] != first[1]["x-request-id"]


def test_a_304_is_sent_again_too(server: Server) -> None:
    world.model()
    key = world.key()
    tag = server.get(key)[1]["etag"]

    first, second = (server.get(key, if_none_match=tag) for _ in range(2))

    assert server.by_django == 2
    assert without_ids(second) == without_ids(first)
    assert (second[0], second[2]) == ("304 Not Modified", b"")


@pytest.mark.parametrize(
    "change",
    [
        lambda: AIModel.objects.update(status="draft"),
        lambda: Channel.objects.set_enabled(False),
        lambda: Token.objects.set_enabled(False),
        lambda: Token.objects.update(deny=["*"]),
        lambda: Token.objects.get().groups.clear(),
        lambda: TokenGroup.objects.update(rate_limit="100/hour"),
        lambda: Token.objects.get().rotate(grace=dt.timedelta(0), at=timezone.now()),
        lambda: Token.objects.all().delete(),
        lambda: Token.objects.update(first_group=TokenGroup.objects.get()),
    ],
)
def test_after_any_change_django_responds(server: Server, change: Callable[[], Any]) -> None:
    world.model()
    key = world.key()
    server.get(key)
    server.get(key)
    assert server.by_django == 1

    change()
    after = server.get(key)

    assert server.by_django == 2
    alone = without_ids(server.get(key)) if after[0].startswith("200") else None
    assert alone is None or alone[2] == after[2]


def test_a_key_expires_without_a_change(server: Server) -> None:
    world.model()
    now = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    with time_machine.travel(now, tick=False) as clock:
        key = world.key(expires_at=now + dt.timedelta(minutes=1))
        assert [server.get(key)[0] for _ in range(2)] == ["200 OK"] * 2
        clock.shift(60)
        assert server.get(key)[0].startswith("401")


def test_a_model_retires_at_midnight(server: Server) -> None:
    with time_machine.travel(dt.datetime(2026, 11, 22, 23, 59, 59, tzinfo=dt.UTC), tick=False) as clock:
        world.model("old", retires_on=dt.date(2026, 11, 23))
        key = world.key()
        assert b'"old"' in server.get(key)[2]
        assert b'"old"' in server.get(key)[2]
        clock.shift(1)
        assert b'"old"' not in server.get(key)[2]


@pytest.mark.parametrize(
    "other",
    [
        {"accept_encoding": "gzip"},
        {"anthropic_version": "1"},
        {"x_api_key": "sk-other"},
        {"x_goog_api_key": "sk-other"},
        {"host": "127.0.0.1"},
        {"if_none_match": '"x"'},
        {"authorization": "Bearer sk-wrong"},
    ],
)
def test_a_different_request_gets_its_own_response(server: Server, other: dict[str, str]) -> None:
    world.model()
    key = world.key()
    server.get(key)

    server.get(key, **other)

    assert server.by_django == 2


def test_other_methods_than_get_reach_django(server: Server) -> None:
    key = world.key()
    server.get(key)

    answers = [server.get(key, method=method)[0][:3] for method in ("HEAD", "POST", "OPTIONS", "GET")]

    assert answers == ["200", "405", "204", "200"]
    assert server.by_django == 4


def test_a_key_with_networks_is_accepted_only_from_them(server: Server, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    key = world.key(networks=["10.0.0.0/8"])

    statuses = [server.get(key, x_forwarded_for=address)[0][:3] for address in ("10.0.0.1", "10.9.9.9", "203.0.113.9")]

    assert statuses == ["200", "200", "403"]
    assert server.by_django == 2


@pytest.fixture
def two_lists() -> None:
    for slug in ("a", "b"):
        world.model(f"of-{slug}", on=world.channel(slug, group=slug))


def test_a_key_that_becomes_valid_is_used_before_the_other_key(server: Server, two_lists: None) -> None:
    now = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
    with time_machine.travel(now, tick=False) as clock:
        first, second = world.key("a", starts_at=now + dt.timedelta(minutes=1)), world.key("b")
        assert b"of-b" in server.get(first, x_api_key=second)[2]
        clock.shift(60)
        assert b"of-a" in server.get(first, x_api_key=second)[2]


def test_a_key_within_its_networks_is_used_before_the_other_key(server: Server, two_lists: None, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    first, second = world.key("a", networks=["10.0.0.0/8"]), world.key("b")

    assert b"of-b" in server.get(first, x_api_key=second, x_forwarded_for="203.0.113.9")[2]
    assert b"of-a" in server.get(first, x_api_key=second, x_forwarded_for="10.0.0.1")[2]


def test_many_different_requests_of_a_key_evict_only_its_own_responses(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.fast_path.responses, "memory", 20 * ENTRY)
    world.model()
    quiet, loud = world.key(), world.key()
    server.get(quiet)

    for number in range(40):
        server.get(loud, f"/v1/models?x={number}")

    before = server.by_django
    server.get(quiet)
    assert server.by_django == before
    assert len(server.fast_path.responses) == 1 + server.fast_path.responses.max_per_caller


def test_the_least_recently_used_response_is_evicted_first(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server.fast_path.responses, "memory", 2 * ENTRY)
    world.model()
    often, once, other = world.key(), world.key(), world.key()
    for key in (often, once, often, other):
        server.get(key)

    before = server.by_django
    server.get(often)
    assert server.by_django == before
    server.get(once)
    assert server.by_django == before + 1


def test_a_body_that_the_fast_path_sends_stays_recently_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        world.model(f"model-{number}")
    often = world.key()
    server.get(often)
    monkeypatch.setattr(BODIES, "memory", BODIES.used * 3)

    for number in range(10):
        before = server.by_django
        server.get(often)
        assert server.by_django == before
        server.get(world.key(allow=["*", f"x{number}"]))
        server.get(often)


def test_refusals_are_never_stored(server: Server) -> None:
    assert [server.get("sk-unknown")[0][:3] for _ in range(2)] == ["401"] * 2
    assert server.by_django == 2


def test_a_request_is_counted_once_on_both_paths(server: Server) -> None:
    world.model()
    key = world.key(rate_limit="4/hour")

    answers = [server.get(key) for _ in range(6)]

    assert [status[:3] for status, _, _ in answers] == ["200"] * 4 + ["429"] * 2
    assert [headers["x-ratelimit-remaining-requests"] for _, headers, _ in answers] == ["3", "2", "1", "0", "0", "0"]
    # The first, and those that are refused: their words are the dialect's.
    assert server.by_django == 3


def test_a_valid_request_id_of_a_trusted_proxy_is_used(server: Server, settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    key = world.key()
    sent_ids = ("one", "two", "not sane\n", key)
    ids = [server.get(key, x_request_id=sent_id)[1]["x-request-id"] for sent_id in sent_ids]

    assert ids[:2] == ["one", "two"]
    assert all(other.startswith("req_") for other in ids[2:])
    assert server.by_django == 1


def test_the_fast_path_notes_uses_too(server: Server) -> None:
    with time_machine.travel(dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC), tick=False) as clock:
        key = world.key()
        server.get(key)
        LAST_USE.flush()
        clock.shift(120)
        server.get(key)
        LAST_USE.flush()
        assert server.by_django == 1
        assert Token.objects.get().last_used_at == timezone.now()


def test_an_evicted_body_is_rendered_again(server: Server) -> None:
    world.model()
    key = world.key()
    first = server.get(key)
    BODIES.clear()

    assert server.get(key)[2] == first[2]
    assert server.by_django == 2


def test_django_responds_if_the_counters_cannot_be_read(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    world.model()
    key = world.key()
    server.get(key)

    def nothing(*_: Any) -> None:
        raise OperationalError

    server.fast_path.states.clear()
    monkeypatch.setattr("tokens.http.state.connect", nothing)
    assert server.get(key)[0] == "200 OK"
    assert server.by_django == 2
    monkeypatch.undo()
    server.get(key)
    assert server.by_django == 2


def test_a_cut_connection_is_replaced(server: Server) -> None:
    world.model()
    key = world.key()
    server.get(key)
    server.get(key)
    server.fast_path.states._local.wrapper.connection.close()

    assert [server.get(key)[0] for _ in range(3)] == ["200 OK"] * 3
    assert server.by_django <= 3


def test_no_key_is_stored(server: Server) -> None:
    world.model()
    key = world.key()
    server.get(key, f"/v1/models?key={key}")

    assert key not in repr([vars(server.fast_path), vars(server.fast_path.responses)])
    assert Revision.objects.get().permissions > 0


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no statements on a server")
def test_statements_that_a_pool_has_lost_are_sent_again(server: Server) -> None:
    world.model()
    key = world.key()
    server.get(key)
    server.get(key)
    link = server.fast_path.states._local.link
    link._server.exec_(b"DEALLOCATE ALL")

    assert [server.get(key)[0] for _ in range(2)] == ["200 OK"] * 2
    assert server.by_django == 1
