"""A new key on its way to the page that shows it once, behind a redirect: a reload neither repeats nor shows it.

The session has the key encrypted with random bytes of the same length, which only a cookie of the browser has. Neither
the database nor the cookie reveals the key, and the first page that shows it deletes both.
"""

import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error

from django.conf import settings
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

NAME = "new_key"
# How long the redirect may take, in seconds.
LIFETIME = 300


def hand_over(request: HttpRequest, response: HttpResponse, key: str, *, row: Model, path: str) -> None:
    """Lets the page at this path show the key of a row once; the response leads there."""
    pad = secrets.token_bytes(len(key))
    request.session[NAME] = {"row": _name(row), "at": int(time.time()), "text": _encode(_mix(key.encode(), pad))}
    response.set_cookie(
        NAME, _encode(pad), max_age=LIFETIME, path=path, secure=settings.HTTPS, httponly=True, samesite="Strict"
    )


def take(request: HttpRequest, response: HttpResponse, *, row: Model, path: str) -> str:
    """The key of the row, the first time; empty afterwards. The response deletes the cookie."""
    stored = request.session.get(NAME)
    if not isinstance(stored, dict) or stored.get("row") != _name(row):
        return ""
    del request.session[NAME]
    response.delete_cookie(NAME, path=path, samesite="Strict")
    try:
        text, pad = urlsafe_b64decode(stored["text"]), urlsafe_b64decode(request.COOKIES.get(NAME, ""))
    except (Error, ValueError):
        return ""
    if len(text) != len(pad) or time.time() - stored["at"] > LIFETIME:
        return ""
    try:
        return _mix(text, pad).decode("ascii")
    except UnicodeDecodeError:
        # The cookie is that of another key.
        return ""


def _name(row: Model) -> str:
    return f"{row._meta.label_lower} {row.pk}"


def _mix(text: bytes, pad: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(text, pad, strict=True))


def _encode(content: bytes) -> str:
    return urlsafe_b64encode(content).decode()
