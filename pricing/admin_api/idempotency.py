"""Idempotency-Key: a repeat of a POST gets the first response, for one day.

The response is stored in the transaction of the change, whose writers wait for each other. So a repeat at the same time
waits, and after a crash there are both the change and its response, or neither.
"""

import datetime as dt
import hashlib
from collections.abc import Collection, Mapping
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.exact import read_json, write_json
from pricing.models import StoredResponse
from tokens.operators.problems import CONTENT_TYPE, ProblemError

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEPT = dt.timedelta(days=1)
LONGEST_KEY = 255
# Rows that are too old and removed with each new one.
REMOVED_AT_ONCE = 10
# Headers that belong to the response and not to the request that got it.
STORED_HEADERS = ("Location", "ETag")


def key_of(request: Request) -> str:
    """The Idempotency-Key of a POST; empty without one. A problem if it is not valid."""
    key = request.headers.get(HEADER)
    if key is None or request.method != "POST":
        return ""
    if not 1 <= len(key) <= LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise ProblemError("validation_failed", f"{HEADER} must have 1 to {LONGEST_KEY} visible characters of ASCII.")
    return key


def identity_of(request: Request, key: str) -> str:
    """What a stored response belongs to: another admin key and another address have responses of their own."""
    raw = request._request
    caller = getattr(request.auth, "key_id", "") or str(request.user.pk)
    return _digest(write_json([caller, raw.path, raw.META.get("QUERY_STRING", ""), key]))


def fingerprint_of(request: Request) -> str:
    """A digest of the body that does not depend on how it is written: order of fields, or boundaries of a form."""
    data = request.data
    if not hasattr(data, "lists"):
        return _digest(write_json(data, sort_keys=True))
    parts: list[Any] = []
    for name, values in sorted(data.lists()):
        for value in values:
            if hasattr(value, "chunks"):
                parts.append([name, value.name, hashlib.sha256(b"".join(value.chunks())).hexdigest()])
                value.seek(0)
            else:
                parts.append([name, value])
    return _digest(write_json(parts))


def find(identity: str, fingerprint: str, *, at: dt.datetime) -> HttpResponse | None:
    """The first response to this request; None if there is none. A problem if the body was another one."""
    stored = StoredResponse.objects.filter(identity=identity, created_at__gt=at - KEPT).first()
    if stored is None:
        return None
    if stored.fingerprint != fingerprint:
        raise ProblemError(
            "idempotency_key_reused",
            f"This {HEADER} was used with another body at this address. Send another key with another request.",
        )
    if stored.status >= 400:
        response = HttpResponse(write_json(stored.body), status=stored.status, content_type=CONTENT_TYPE)
    else:
        response = Response(stored.body, status=stored.status)
    for name, value in {**stored.headers, REPLAYED: "true"}.items():
        response[name] = value
    return response


def store(
    identity: str, fingerprint: str, response: HttpResponse, *, secrets: Collection[str], at: dt.datetime
) -> None:
    """Stores a response without the values of the fields `secrets`."""
    body = response.data if isinstance(response, Response) else read_json(response.content)
    StoredResponse.objects.filter(identity=identity).delete()
    # Without the command `prune`, too, what is too old does not stay.
    old = StoredResponse.objects.filter(created_at__lte=at - KEPT).order_by("created_at")[:REMOVED_AT_ONCE]
    StoredResponse.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()
    StoredResponse.objects.create(
        identity=identity,
        fingerprint=fingerprint,
        status=response.status_code,
        headers={name: response[name] for name in STORED_HEADERS if name in response},
        body=without_secrets(body, secrets),
        created_at=at,
    )


def without_secrets(body: Any, secrets: Collection[str]) -> Any:
    """The body of a response with null for each secret, also in the rows of a list."""
    if isinstance(body, list):
        return [without_secrets(row, secrets) for row in body]
    if isinstance(body, Mapping):
        return {name: None if name in secrets else value for name, value in body.items()}
    return body


def _digest(document: bytes) -> str:
    return hashlib.sha256(document).hexdigest()
