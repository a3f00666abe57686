"""Warms a worker up before it takes requests: otherwise the first visitors of each new worker would wait.

A worker that replaces another one (`max_requests`) finds the bodies that the others have rendered in the files that
they share, so this takes a fraction of a second. In the first worker it renders what most visitors request.
"""

import gc
import io
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import connections

logger = logging.getLogger("modelbook.warming")

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

# The first one fails without a database or its tables; the others load the addresses, templates, models and prices, and
# what a search and an order by price compare of all models; the last one makes the OpenAPI document.
ADDRESSES = ("/readyz", "/api/pricing", "/", "/results?q=warm&sort=price", "/docs")
# A worker that is not ready then takes requests, and gunicorn does not take it for one that hangs.
MAX_SECONDS = 10.0


def warm_up(application: Application) -> None:
    """Lets the application answer the most common requests once; takes at most MAX_SECONDS, and never fails."""
    begin = time.monotonic()
    thread = threading.Thread(target=_request_all, args=[application], name="warming", daemon=True)
    thread.start()
    thread.join(MAX_SECONDS)
    # The first requests have loaded the addresses, the templates and the lists.
    gc.freeze()
    logger.info("This worker takes requests, after %.1f seconds of warming up.", time.monotonic() - begin)


def _request_all(application: Application) -> None:
    try:
        for address in ADDRESSES:
            status, body = _request(application, address)
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                # Without a database, each further request would wait for it again.
                logger.error("This worker is not ready: %s", body.decode(errors="replace")[:1000])
                break
    except Exception as error:  # noqa: BLE001 (the worker answers requests, whatever failed)
        logger.warning("This worker starts cold: %s", type(error).__name__)
    finally:
        connections.close_all()


def _request(application: Application, address: str) -> tuple[int, bytes]:
    """The status and the body of the application's response to a visitor."""
    path, _mark, query = address.partition("?")
    host = next((host for host in settings.ALLOWED_HOSTS if "*" not in host), "localhost").lstrip(".")
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": query, "SCRIPT_NAME": "", "SERVER_NAME": host,
        "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": host,
        "HTTP_ACCEPT": "text/html", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr,
    }  # fmt: skip
    statuses: list[str] = []
    response = application(environ, lambda status, *_: statuses.append(status))
    body = b"".join(response)
    if hasattr(response, "close"):
        response.close()
    return int(statuses[0][:3]), body
