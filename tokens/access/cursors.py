"""Cursors of lists: a position in a list as text that is safe in addresses. Imports no models."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

from django.utils.crypto import salted_hmac

from catalog.exact import InexactError, read_json, write_json

# Bytes of the digest in front of a sealed cursor.
DIGEST = 8


def encode_cursor(position: Sequence[object]) -> str:
    return _encode(write_json(position))


def decode_cursor(text: str) -> Any:
    """The JSON value in a cursor; None for a text that is not a cursor."""
    try:
        return read_json(_decode(text))
    except (InexactError, ValueError):
        return None


def seal_cursor(position: Sequence[object]) -> str:
    """A cursor that shows its reader nothing: a place among models may depend on models that the reader cannot see.

    Equal positions have equal cursors, so that a page has the same bytes in every process.
    """
    plain, key = write_json(position), _key()
    digest = _digest(plain, key)
    return _encode(digest + _mask(plain, key, digest))


def open_cursor(text: str) -> Any:
    """The JSON value in a sealed cursor; None for any other text."""
    try:
        sealed, key = _decode(text), _key()
    except ValueError:
        return None
    digest = sealed[:DIGEST]
    plain = _mask(sealed[DIGEST:], key, digest)
    return read_json(plain) if hmac.compare_digest(digest, _digest(plain, key)) else None


def _key() -> bytes:
    return salted_hmac("tokens.access.cursors", "", algorithm="sha256").digest()


def _digest(plain: bytes, key: bytes) -> bytes:
    return hmac.digest(key, plain, "sha256")[:DIGEST]


def _mask(text: bytes, key: bytes, digest: bytes) -> bytes:
    """The text with its bits flipped by a stream of key and digest; the same again returns it."""
    stream = hashlib.shake_256(key + digest).digest(len(text))
    return bytes(one ^ other for one, other in zip(text, stream, strict=True))


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _decode(text: str) -> bytes:
    """The bytes in a cursor; ValueError if it is not base64."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
