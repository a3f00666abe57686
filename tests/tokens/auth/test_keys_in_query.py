"""KEYS_IN_QUERY: whether a key in ?key= is accepted; proxies and histories store addresses."""

from typing import Any

import pytest
from django.test import Client

from tests import world

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/v1/models", "/v1beta/models"])
def test_it_opens_by_default(client: Client, path: str) -> None:
    assert client.get(f"{path}?key={world.key()}").status_code == 200


@pytest.mark.parametrize("path", ["/v1/models", "/v1beta/models"])
def test_it_is_as_good_as_no_key_when_switched_off(client: Client, settings: Any, path: str) -> None:
    settings.KEYS_IN_QUERY = False

    answer = client.get(f"{path}?key={world.key()}")

    assert answer.status_code == 401
    # Still Gemini's client, and answered as such.
    assert answer.json()["error"]["status"] == "UNAUTHENTICATED"


def test_a_key_in_a_header_opens_then_too(client: Client, settings: Any) -> None:
    settings.KEYS_IN_QUERY = False
    key = world.key()

    assert client.get("/v1beta/models?key=sk-other", headers={"x-goog-api-key": key}).status_code == 200
