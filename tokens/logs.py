"""What a log line says and never says: the request it belongs to, and no key."""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qsl

from catalog.request_id import current_request_id

# The secret of our own keys, whole or cut off (prefix and key id may be shown), and the keys of other gateways, with
# sk- or without it: any run of 40 or more letters and digits. Shorter ones may be ids of requests.
# Written without the prefix: an expression that looks for one takes quadratic time, and callers choose what is logged.
KEYS = re.compile(r"(?<=_)([0-9A-Za-z]{10}_)[0-9A-Za-z]{16,}|sk-[0-9A-Za-z_-]{16,}|(?<![0-9A-Za-z])[0-9A-Za-z]{40,}")
PLACES = ("HTTP_AUTHORIZATION", "HTTP_X_API_KEY", "HTTP_X_GOOG_API_KEY", "HTTP_API_KEY")
# A key in a query string, whatever it looks like: ?key=… is how Gemini's clients send it.
QUERY_KEYS = re.compile(r"(?i)([?&](?:api[_-]?)?key=)[^&\s\"']+")


# Nothing shorter opens a door (see tokens/keys.py), and a short placeholder may be a word of the line.
SHORTEST = 20

_environ: ContextVar[Mapping[str, Any] | None] = ContextVar("environ", default=None)


def scrub(text: str, environ: Mapping[str, Any] | None = None) -> str:
    """The text with every key in it replaced: what looks like one, and what the request under way carries as one.

    `environ` is that of the request that the text is about, where it is over already.
    """
    for key in keys_sent(environ or _environ.get() or {}):
        text = text.replace(key, "[key]")
    return QUERY_KEYS.sub(r"\1[key]", KEYS.sub(r"\1[key]", text))


@contextmanager
def keys_of(environ: Mapping[str, Any]) -> Iterator[None]:
    """Scrubs all inside of the keys that this request carries, whatever they look like."""
    token = _environ.set(environ)
    try:
        yield
    finally:
        _environ.reset(token)


def keys_sent(environ: Mapping[str, Any]) -> list[str]:
    """Whatever stands where clients put keys; our own keep their key id, which the expression above leaves."""
    words = [word for name in PLACES for word in str(environ.get(name, "")).replace(",", " ").split()]
    query = str(environ.get("QUERY_STRING", ""))
    if "key=" in query:
        words += [value for name, value in parse_qsl(query) if name == "key"]
    found = {word for word in words if len(word) >= SHORTEST and not KEYS.search(word)}
    return sorted(found, key=len, reverse=True)


class RequestIdFilter(logging.Filter):
    """Puts the id of the request under way into every record; a dash outside of one."""

    def filter(self, record: logging.LogRecord) -> bool:
        # Django logs refusals when the request is over, and gives the request along.
        over = getattr(getattr(record, "request", None), "request_id", "")
        record.request_id = current_request_id() or over or "-"
        return True


class SecretsFilter(logging.Filter):
    """Scrubs the finished message of every record, exceptions included."""

    def filter(self, record: logging.LogRecord) -> bool:
        # Django logs refusals when the request is over, and gives the request along.
        over = getattr(getattr(record, "request", None), "META", None)
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            # A line whose arguments do not fit must not fail the request that it tells of.
            message = str(record.msg)
        record.msg, record.args = scrub(message, over), None
        if record.exc_info and not record.exc_text:
            record.exc_text = scrub(logging.Formatter().formatException(record.exc_info), over)
        return True
