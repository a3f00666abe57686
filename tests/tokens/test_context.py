"""The fast path, middleware, authentication and views share one context per request."""

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from config.server.refusals import environ_of, refusal
from tests import world
from tokens.context import ENVIRON_KEY, CallerTerms, ReuseTerms, context_of
from tokens.dialects import DIALECTS
from tokens.http.fastpath import FastPath
from tokens.http.middleware import RequestIdMiddleware


def test_a_request_has_one_context() -> None:
    request = RequestFactory().get("/")

    assert context_of(request.META) is context_of(request.META)
    assert context_of(request.META) is not context_of(RequestFactory().get("/").META)


def test_middleware_and_views_see_the_context_that_the_fast_path_created() -> None:
    contexts = []

    def application(environ: dict[str, Any], _: Any) -> list[bytes]:
        def view(request: HttpRequest) -> HttpResponse:
            contexts.append(context_of(request.META))
            return HttpResponse()

        request = RequestFactory().get("/")
        request.META = environ
        contexts.append(context_of(environ))
        assert RequestIdMiddleware(view)(request)["x-request-id"] == context_of(environ).request_id
        return [b""]

    environ: dict[str, Any] = {"REQUEST_METHOD": "GET", "QUERY_STRING": ""}
    FastPath(application)(environ, lambda *_: None)

    assert [context is environ[ENVIRON_KEY] for context in contexts] == [True, True]


@pytest.mark.django_db
def test_a_refusal_of_the_worker_has_the_same_id_in_its_headers_and_its_body() -> None:
    environ = environ_of(b"GET /v1/models HTTP/1.1\r\nanthropic-version: 1\r\nbroken\r\n\r\n")

    head, _, body = refusal("bad_request", environ).partition(b"\r\n\r\n")

    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    assert headers["x-request-id"] == headers["request-id"]
    assert f'"request_id":"{headers["x-request-id"]}"' in body.decode()


@pytest.mark.parametrize(("status", "stored"), [(200, 1), (304, 1), (500, 0), (404, 0)])
def test_a_response_that_replaced_the_views_response_is_not_stored(status: int, stored: int) -> None:
    def application(environ: dict[str, Any], _: Any) -> HttpResponse:
        context_of(environ).reuse_terms = ReuseTerms((), 0, CallerTerms(1, "", DIALECTS[0], ()))
        return HttpResponse(status=status)

    fast_path = FastPath(application)
    fast_path({"REQUEST_METHOD": "GET"}, lambda *_: None)

    assert len(fast_path.responses) == stored


@pytest.mark.django_db
def test_an_exceeded_rate_is_counted_once(client: Any) -> None:
    key = world.key(rate_limit="2/hour")

    answers = [client.get("/v1/models", headers={"authorization": f"Bearer {key}"}) for _ in range(3)]

    assert [answer["x-ratelimit-remaining-requests"] for answer in answers] == ["1", "0", "0"]
