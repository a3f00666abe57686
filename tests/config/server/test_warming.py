"""A worker is warm before it takes requests, within a limited time, and whatever fails."""

import gc
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.server import warming
from config.server.warming import ADDRESSES, warm_up
from config.wsgi import django_application
from tests import world
from tokens.http.bodies import VISITOR_BODIES
from tokens.http.shared.files import VARIABLE

# Another thread, with its own connection, sees only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


def answering(status: str, paths: list[str]) -> Callable[..., Any]:
    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        paths.append("?".join(filter(None, [environ["PATH_INFO"], environ["QUERY_STRING"]])))
        start_response(status, [])
        return []

    return application


def test_the_bodies_that_most_visitors_request_are_rendered_before(caplog: pytest.LogCaptureFixture) -> None:
    world.model()
    caplog.set_level(logging.INFO)
    VISITOR_BODIES.clear()

    warm_up(django_application)

    assert len(VISITOR_BODIES._bodies) == 3
    assert [record.levelname for record in caplog.records] == ["INFO"]


def test_the_first_order_by_price_of_a_visitor_reads_no_prices() -> None:
    world.price(world.model(), input="1", output="2")

    warm_up(django_application)

    with CaptureQueriesContext(connection) as queries:
        status, _body = warming._request(django_application, "/results?sort=-price")
    assert status == 200
    assert not [query for query in queries if "pricing_priceline" in query["sql"]]


def test_what_was_loaded_is_not_scanned_again() -> None:
    gc.unfreeze()
    gc.collect()

    warm_up(answering("200 OK", []))

    assert gc.get_freeze_count() > 10_000
    gc.unfreeze()


@pytest.mark.parametrize("hosts", [["*"], [".models.example"], ["models.example", "*"]])
def test_the_host_of_these_requests_is_a_valid_one(settings: Any, hosts: list[str]) -> None:
    settings.ALLOWED_HOSTS = hosts

    assert warming._request(django_application, "/livez")[0] == 200


def test_after_a_server_error_no_further_request_waits() -> None:
    paths: list[str] = []
    warm_up(answering("503 Service Unavailable", paths))
    assert paths == [ADDRESSES[0]]

    paths.clear()
    warm_up(answering("404 Not Found", paths))
    assert paths == [*ADDRESSES]


def test_an_exception_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_: Any) -> list[bytes]:
        raise RuntimeError("postgres://user:secret@db")

    warm_up(fail)

    assert "This worker starts cold: RuntimeError" in caplog.text
    assert "secret" not in caplog.text


def test_a_slow_start_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warming, "MAX_SECONDS", 0.05)
    end, ended = threading.Event(), threading.Event()

    def wait(*_: Any) -> list[bytes]:
        end.wait(60)
        ended.set()
        raise RuntimeError

    warm_up(wait)

    assert not ended.is_set()
    end.set()
    assert ended.wait(60)


def test_gunicorn_and_the_workers_use_the_same_variable() -> None:
    configuration = Path(__file__).parents[3] / "config" / "gunicorn.py"

    assert f'SHARED_BODIES = "{VARIABLE}"' in configuration.read_text()
