"""Log lines name the request they belong to and never contain a key."""

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qsl

from catalog.request_id import current_request_id
from tokens.keys import HEADERS, basic_credentials, read_sent

# The secret part of our own keys, complete or truncated (prefix and key id may be shown), and the keys of other
# gateways, with sk- or without: any run of 40 or more letters and digits. Shorter runs may be request ids.
# The prefix is not part of the expression: searching for it takes quadratic time, and callers choose what is logged.
KEYS = re.compile(r"(?<=_)([0-9A-Za-z]{10}_)[0-9A-Za-z]{16,}|sk-[0-9A-Za-z_-]{16,}|(?<![0-9A-Za-z])[0-9A-Za-z]{40,}")
# A key in a query string, in any form: Gemini's clients send it as ?key=…
QUERY_KEYS = re.compile(r"(?i)([?&](?:api[_-]?)?key=)[^&\s\"']+")

# A link by mail that sets an operator's password: a person who reads the log must not be faster.
PASSWORD_LINKS = re.compile(r"(/account/password/link/)[^\s\"'?]+")


# No valid key is shorter (see tokens/keys.py), and a short placeholder may be an ordinary word of the line.
MIN_LENGTH = 20

# The headers of keys as a WSGI environ names them.
KEYS_IN_ENVIRON = tuple(f"HTTP_{header.upper().replace('-', '_')}" for header in HEADERS)

_environ: ContextVar[Mapping[str, Any] | None] = ContextVar("environ", default=None)


def scrub(text: str) -> str:
    """The text with every key replaced: everything that looks like one, and what the current request sends as one."""
    for key in keys_sent(_environ.get() or {}):
        text = text.replace(key, "[key]")
    text = PASSWORD_LINKS.sub(r"\1[key]", text)
    return QUERY_KEYS.sub(r"\1[key]", KEYS.sub(r"\1[key]", text))


@contextmanager
def keys_of(environ: Mapping[str, Any]) -> Iterator[None]:
    """Makes `scrub` replace the keys that this request sends, even if they do not look like keys."""
    token = _environ.set(environ)
    try:
        yield
    finally:
        _environ.reset(token)


def keys_sent(environ: Mapping[str, Any]) -> list[str]:
    """The words in the places where clients send keys, without those that KEYS matches: it leaves their key id."""
    texts = [str(environ.get(name, "")) for name in KEYS_IN_ENVIRON]
    query = str(environ.get("QUERY_STRING", ""))
    if "key=" in query:
        texts += [value for name, value in parse_qsl(query) if name == "key"]
    words = [word for text in filter(None, texts) for word in [*text.replace(",", " ").split(), *read_sent(text)]]
    words += basic_credentials(str(environ.get("HTTP_AUTHORIZATION", "")))
    keys = {word for word in words if len(word) >= MIN_LENGTH and not KEYS.search(word)}
    return sorted(keys, key=len, reverse=True)


class RequestIdFilter(logging.Filter):
    """Adds the id of the current request to every record; a dash outside of requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current_request_id() or "-"
        return True


class SecretsFilter(logging.Filter):
    """Removes keys from the formatted message and traceback of every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):
            # A line whose arguments do not match its format must not fail the request.
            message = str(record.msg)
        record.msg, record.args = scrub(message), None
        if record.exc_info and not record.exc_text:
            record.exc_text = scrub(logging.Formatter().formatException(record.exc_info))
        return True
