"""The answers that clients get when the database is missing or goes away, or the host name is foreign."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection

from tests.live.deployment import Operator, Server, serving

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

CLOSED_PORT = "postgres://nobody:nothing@127.0.0.1:9/none"


def test_without_a_database_the_answer_is_503_within_seconds(tmp_path: Path) -> None:
    with serving(CLOSED_PORT, tmp_path, workers=1) as server, ThreadPoolExecutor() as clients:
        futures = (
            clients.submit(server.get, "/v1/models", key="sk-any-key-of-some-length"),
            clients.submit(server.get, "/api/pricing"),
        )
        answer, prices = (future.result() for future in futures)

    assert (answer.status, answer.headers["content-type"]) == (503, "application/json")
    assert answer.json()["error"]["code"] == "service_unavailable"
    assert int(answer.headers["retry-after"]) >= 1
    assert (prices.status, prices.json()["success"]) == (503, False)
    assert "nobody" not in answer.body.decode()
    assert "127.0.0.1" not in answer.body.decode()


def test_pages_without_a_database_are_pages(tmp_path: Path) -> None:
    with serving(CLOSED_PORT, tmp_path, workers=1) as server, ThreadPoolExecutor() as visitors:
        english, chinese, model, admin = visitors.map(
            lambda address: server.get(address, accept="text/html", cookie="sessionid=" + "a" * 32),
            ("/", "/?lang=zh", "/models/gpt-4o", "/admin/"),
        )

    for page in (english, chinese, model, admin):
        assert (page.status, page.headers["cache-control"]) == (503, "no-store")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert int(page.headers["retry-after"]) >= 1
        assert "nobody" not in page.body.decode()
    assert "Temporarily unavailable" in english.body.decode()
    assert "暂时无法访问" in chinese.body.decode()
    assert "The database does not answer" in admin.body.decode()


def test_a_foreign_host_name_is_refused_in_json(database_url: str, tmp_path: Path) -> None:
    with serving(database_url, tmp_path, workers=1, ALLOWED_HOSTS="models.example") as server:
        foreign = server.get("/v1/models", host="evil.example")
        gemini = server.get("/v1beta/models", host="evil.example")
        own = server.get("/v1/models", host="models.example")

    assert (foreign.status, foreign.json()["error"]["code"]) == (400, "bad_request")
    assert gemini.json()["error"]["status"] == "INVALID_ARGUMENT"
    assert own.status == 401


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server that could hang up.")
def test_connections_cut_by_the_database_are_replaced_at_once(server: Server, operator: Operator) -> None:
    key = operator.run("result = world.key('cut')")
    # At the same time, so that the pools hold several connections; a single model is always read from the database.
    with ThreadPoolExecutor(16) as clients:
        assert set(clients.map(lambda _: server.get("/v1/models/none", key=key).status, range(100))) == {404}

    operator.run(
        "connection.cursor().execute('SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()')"
    )

    assert [server.get("/v1/models/none", key=key).status for _ in range(60)] == [404] * 60
    assert [server.get("/v1/models", key=key).status for _ in range(60)] == [200] * 60
