"""The application with shorter timeouts in the worker, and a few addresses that behave badly on purpose."""

import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from config.server import worker
from config.wsgi import django_application as modelbook
from tokens.http.bodies import VISITOR_BODIES
from tokens.http.fastpath import FastPath

worker.HEAD_SECONDS = worker.BODY_SECONDS = worker.SEND_SECONDS = 3
# So that one byte now and then is too slow.
worker.SLOWEST = 1024
LARGE = b"".join(number.to_bytes(8, "big") for number in range(6 * 1024 * 1024 // 8))


def render() -> bytes:
    sys.stderr.write("rendering\n")
    sys.stderr.flush()
    time.sleep(3)
    return b"rendered"


def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    match environ["PATH_INFO"]:
        case "/large/one":
            start_response("200 OK", [("Content-Length", str(len(LARGE)))])
            return [LARGE]
        case "/large/many":
            start_response("200 OK", [])
            return (LARGE[start : start + 10_000] for start in range(0, len(LARGE), 10_000))
        case "/wait":
            sys.stderr.write("waiting\n")
            sys.stderr.flush()
            time.sleep(3)
            start_response("200 OK", [("Content-Length", "0")])
            return []
        case "/rendered":
            body = VISITOR_BODIES.get_or_render("rendered", render)
            start_response("200 OK", [("Content-Length", str(body.length))])
            return [body.plain]
        case "/echo":
            start_response("200 OK", [])
            return iter(lambda: environ["wsgi.input"].read(100_000), b"")
    return modelbook(environ, start_response)


application = FastPath(answer)
