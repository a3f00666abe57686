"""A key above its rate still reads what is public, at its own prices; the limit of visitors still holds."""

import json
from typing import Any

import pytest
from django.test import Client

from tests import world

pytestmark = pytest.mark.django_db

PUBLIC = (
    "/api/pricing", "/api/prices", "/api/ratio_config", "/api/pricing/history/gpt-4o", "/api/pricing/changes",
    "/api/pricing/changes.atom", "/api/newapi/models.json", "/llms.txt", "/api/export/litellm.json",
)  # fmt: skip


def read(client: Client, path: str, key: str) -> Any:
    return client.get(path, headers={"authorization": f"Bearer {key}"})


def test_a_key_above_its_rate_reads_the_same_prices(client: Client) -> None:
    world.price(world.model("gpt-4o"), input="2.5", output="10")
    world.price(world.model("hidden", on=world.channel("vip", group="vip")), input="1", output="2")
    key, free = world.key("vip", "default", rate_limit="2/hour"), world.key("vip", "default")

    assert [read(client, "/v1/models", key).status_code for _ in range(3)] == [200, 200, 429]
    for path in PUBLIC:
        answer = read(client, path, key)
        assert (answer.status_code, answer.content) == (200, read(client, path, free).content), path
    assert "hidden" in read(client, "/api/prices", key).content.decode()
    assert read(client, "/api/pricing", key)["x-ratelimit-remaining-requests"] == "0"
    quote = {"model": "gpt-4o", "usage": {"input": 1}}
    headers = {"authorization": f"Bearer {key}"}
    assert client.post("/api/pricing/quote", json.dumps(quote), "application/json", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/v1/models", "/v1/models/gpt-4o", "/api/token", "/api/authorize?model=gpt-4o"])
def test_what_needs_a_key_is_still_limited(client: Client, path: str) -> None:
    world.model("gpt-4o")
    key = world.key(rate_limit="1/hour")

    read(client, path, key)

    assert read(client, path, key).status_code == 429


def test_requests_above_the_rate_count_as_those_of_visitors(client: Client, settings: Any) -> None:
    settings.VISITORS_PER_MINUTE = 2
    key = world.key(rate_limit="1/hour")

    answers = [read(client, "/api/pricing", key) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert int(answers[-1]["retry-after"]) <= 60
    assert client.get("/api/pricing").status_code == 429
