"""Reads every request as UTF-8 and ignores the charset of its Content-Type.

Django decodes the query in that charset before any middleware runs, and some of Python's codecs (hex, rot13) make it
fail outside all error handling: the client would get the server's own HTML page.
"""

from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters


class Utf8Request(WSGIRequest):
    """A request that ignores the charset of its Content-Type."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))


class Utf8Handler(WSGIHandler):
    """Django's WSGI application with `Utf8Request`."""

    request_class = Utf8Request
