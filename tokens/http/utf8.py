"""Requests as UTF-8, whatever charset their Content-Type names.

Django reads the query in that charset before any middleware runs, and some of what Python calls a codec (hex, rot13)
makes it fail outside all error handling: the client would meet the server's own HTML page.
"""

from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters


class Utf8Request(WSGIRequest):
    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))


class Utf8Handler(WSGIHandler):
    request_class = Utf8Request
