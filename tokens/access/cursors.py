"""Cursors of lists: a position in a list as text that is safe in addresses. Imports no models."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from catalog.exact import InexactError, read_json, write_json


def encode_cursor(position: Sequence[object]) -> str:
    return base64.urlsafe_b64encode(write_json(position)).decode().rstrip("=")


def decode_cursor(text: str) -> Any:
    """The JSON value in a cursor; None for a text that is not a cursor."""
    try:
        return read_json(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, InexactError, ValueError):
        return None
