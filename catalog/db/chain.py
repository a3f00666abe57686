"""The format of the audit trail's hashes. It can never change: stored hashes depend on it. No database.

A row is a JSON array of its values in the order of its columns, without spaces, in UTF-8. Numbers are whole; booleans
are 0 and 1; decimals, dates and times are text: 0.25, 2026-11-30, and in UTC 2026-11-30 08:30:00 or, with a fraction
of a second, 2026-11-30 08:30:00.500000. So a row has one form on every database.

    digest of a history row = SHA-256(fingerprint of the columns, line feed, row)
    hash of an entry        = SHA-256(hash of the entry before it, row)
"""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

# The hash before the first entry.
FIRST = bytes(32)


def _text_of(value: Any) -> str:
    """A value that JSON does not have, as text."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(dt.UTC).replace(tzinfo=None)
        return str(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    raise TypeError(f"A {type(value).__name__} has no form in the audit trail.")


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False, default=_text_of).encode


def canonical(values: Iterable[Any]) -> bytes:
    """The one form of a row."""
    plain = [int(value) if value is True or value is False else value for value in values]
    return _encode(plain).encode("utf-8", "surrogatepass")


def fingerprint(kind: str, names: Sequence[str]) -> int:
    """A number for the columns of a table that fits into a signed column of 64 bits."""
    digest = hashlib.sha256(canonical([kind, *names])).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def digest_of(columns: int, values: Iterable[Any]) -> bytes:
    """The digest of a history row with these columns."""
    return hashlib.sha256(b"%d\n%s" % (columns, canonical(values))).digest()


def hash_of(previous: bytes, values: Iterable[Any]) -> bytes:
    """The hash of an entry."""
    return hashlib.sha256(previous + canonical(values)).digest()
