"""Checks of calls, as proxies request them."""

import json
from typing import Any

from django.test import Client

from tests import world

JSON = "application/json"


def ask(
    client: Client,
    address: str = "/api/authorize",
    *,
    key: str = "",
    method: str = "GET",
    body: Any = b"",
    content_type: str = JSON,
    **headers: str,
) -> Any:
    """The answer to a check; a body that is not bytes is sent as JSON."""
    sent = {"authorization": f"Bearer {key or world.key()}"} | headers
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.generic(method, address, content, content_type if content else "", headers=sent)


def reason(answer: Any) -> tuple[int, str, str]:
    return answer.status_code, answer["x-modelbook-reason"], answer.json()["error"]["code"]
