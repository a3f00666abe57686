"""The body of a call that a proxy sends for authorization: read once for the fast path, the view and the answer."""

import threading
from collections.abc import MutableMapping
from contextlib import nullcontext
from typing import Any

from django.conf import settings

from tokens.api_error import ApiError
from tokens.calls.bodies import models_in_body
from tokens.calls.named import NamedModels, UnreadableBodyError

ENVIRON_KEY = "modelbook.named_models"
# The headers that decide how a body is read.
BODY_PARTS = ("CONTENT_TYPE", "HTTP_CONTENT_ENCODING", "HTTP_TRANSFER_ENCODING", "HTTP_X_ENVOY_AUTH_PARTIAL_BODY")
# Bytes of a body that is read beside others. Larger ones take several times their size in memory.
READ_AT_ONCE = 1024 * 1024
_one_large_body = threading.Lock()


def body_length(environ: MutableMapping[str, Any]) -> int:
    """The length in bytes; servers accept only numbers."""
    text = environ.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isdigit() else 0


def has_body(environ: MutableMapping[str, Any]) -> bool:
    return body_length(environ) > 0 or "HTTP_TRANSFER_ENCODING" in environ


def named_models(environ: MutableMapping[str, Any]) -> NamedModels:
    """The models that the body names; ApiError if there is a body that cannot be read in exactly one way."""
    result = environ.get(ENVIRON_KEY)
    if result is None:
        try:
            result = _read(environ)
        except ApiError as error:
            result = error
        environ[ENVIRON_KEY] = result
    if isinstance(result, ApiError):
        raise result
    named: NamedModels = result
    return named


def _read(environ: MutableMapping[str, Any]) -> NamedModels:
    if environ.get("HTTP_X_ENVOY_AUTH_PARTIAL_BODY", "false").strip().lower() != "false":
        message = "The gateway sent only a part of the body. Raise the size up to which it sends bodies."
        raise ApiError("request_too_large", message)
    if not has_body(environ):
        return NamedModels()
    if "HTTP_TRANSFER_ENCODING" in environ:
        raise ApiError("invalid_body", "The length of the body is not known. Send it with a Content-Length.")
    if environ.get("HTTP_CONTENT_ENCODING", "").strip().lower() not in ("", "identity"):
        raise ApiError("invalid_body", "The body is compressed. Send it without a Content-Encoding.")
    length = body_length(environ)
    if length > settings.AUTHORIZE_MAX_BODY:
        raise ApiError("request_too_large", f"The body is larger than {settings.AUTHORIZE_MAX_BODY:,} bytes.")
    with _one_large_body if length > READ_AT_ONCE else nullcontext():
        body = environ["wsgi.input"].read(length)
        if len(body) != length:
            raise ApiError("invalid_body", "The body is incomplete.")
        try:
            return models_in_body(environ.get("CONTENT_TYPE", ""), body)
        except UnreadableBodyError as error:
            raise ApiError("invalid_body", str(error)) from None
