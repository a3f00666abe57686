"""A database of new-api with a time in milliseconds, a user without quota, and a model without a completion ratio."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from tests.pricing.gateways.databases import channel, option, sqlite_gateway, token, user

pytestmark = pytest.mark.django_db

IN_MILLISECONDS, NO_QUOTA = "A" * 47 + "1", "B" * 47 + "2"
CONTENT: dict[str, Any] = {
    "channels": [channel(1, "house-chat")],
    "tokens": [token(1, key=IN_MILLISECONDS, expired_time=4102444800000), token(2, key=NO_QUOTA, user_id=2)],
    "users": [user(1, quota=1000), user(2, quota=0)],
    "options": [option("ModelRatio", {"house-chat": 1})],
}


def authorize(client: Client, key: str) -> tuple[int, str]:
    answer = client.get("/api/authorize?model=house-chat", headers={"authorization": f"Bearer sk-{key}"})
    return answer.status_code, answer.json()["error"]["code"] if answer.content else ""


def test_keys_are_allowed_what_they_were_and_no_output_is_free(client: Client, tmp_path: Path) -> None:
    call_command("import_gateway", sqlite=str(sqlite_gateway(tmp_path, "new-api", **CONTENT)), apply=True)

    assert authorize(client, IN_MILLISECONDS) == (204, "")
    assert authorize(client, NO_QUOTA) == (403, "insufficient_quota")
    prices = client.get("/api/pricing").json()
    assert [(row["model_ratio"], row["completion_ratio"]) for row in prices["data"]] == [(1, 1)]
