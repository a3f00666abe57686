"""Bodies of the dialects' addresses, as a valid key gets them."""

from typing import Any

from django.test import Client

from tests import world


def body_of(client: Client, path: str) -> Any:
    return client.get(path, headers={"authorization": f"Bearer {world.key()}"}).json()
