"""Keys that each see nearly all models have different lists, and all of these fit into the cache."""

from typing import Any

import pytest
from django.test import Client

from tests.bench.filling import SCOPED, fill, key_of, name_of
from tokens.http import bodies
from tokens.http.bodies import BODIES, VISITOR_BODIES
from tokens.metric_counters import RENDERED

pytestmark = pytest.mark.django_db

# A part of the 1,000 keys that have to fit into KEY_MEMORY at 600 models.
KEYS = 60


def rendered() -> float:
    return float(RENDERED._value.get())


@pytest.mark.parametrize("headers", [{}, {"anthropic-version": "1"}, {"x-goog-api-client": "1"}])
def test_the_second_pass_over_nearly_full_scopes_hits_the_cache(
    client: Client, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    fill(models=600, tokens=0, scopes=KEYS)
    BODIES.clear()
    monkeypatch.setattr(BODIES, "memory", bodies.KEY_MEMORY * KEYS // 1_000)

    def ask(number: int) -> Any:
        key = key_of(SCOPED + number)
        return client.get("/v1/models", headers={"authorization": f"Bearer {key}", **headers})

    before = rendered()
    first = [ask(number) for number in range(KEYS)]
    assert {answer.status_code for answer in first} == {200}
    assert len({answer.content for answer in first}) == KEYS
    assert rendered() - before == KEYS

    before = rendered()
    second = [ask(number) for number in range(KEYS)]
    assert [answer.content for answer in second] == [answer.content for answer in first]
    assert rendered() == before
    assert 0 < BODIES.used <= BODIES.memory


def test_distinct_searches_of_visitors_evict_no_list_of_a_key_and_are_not_stored(client: Client) -> None:
    fill(models=20, tokens=0, scopes=1)
    headers = {"authorization": f"Bearer {key_of(SCOPED)}"}
    client.get("/v1/models", headers=headers)
    client.get("/", headers={"accept": "text/html"})
    client.get("/api/pricing/changes")
    stored = len(VISITOR_BODIES._bodies)

    for number in range(20):
        for path in (
            f"/?q=word{number}",
            f"/?price={number}",
            f"/?vendor=nobody{number}",
            f"/compare?m=model{number}&m=other{number}",
            f"/models/{name_of(1)}?u.input={number}&n=1",
            f"/api/pricing/changes?since=2026-01-01T00:00:{number:02}Z",
            f"/api/pricing/changes.atom?since=2026-01-01T00:00:{number:02}Z",
        ):
            assert client.get(path, headers={"accept": "text/html"}).status_code == 200, path

    assert len(VISITOR_BODIES._bodies) == stored
    before = rendered()
    client.get("/v1/models", headers=headers)
    client.get("/", headers={"accept": "text/html"})
    client.get("/api/pricing/changes")
    assert rendered() == before
