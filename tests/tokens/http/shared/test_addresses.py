"""The bodies of all addresses that are requested often can be shared: another worker renders none of them again."""

from pathlib import Path

import pytest
from django.test import Client

from tests import world
from tokens.http import bodies
from tokens.http.bodies import BODIES, VISITOR_BODIES
from tokens.http.shared.files import SharedFiles
from tokens.metric_counters import RENDERED

pytestmark = pytest.mark.django_db

PUBLIC = (
    "/api/pricing", "/api/pricing?discount=folded", "/api/pricing?explain=1", "/api/ratio_config",
    "/api/pricing/changes", "/api/pricing/changes.atom", "/api/pricing/history/gpt-4o", "/llms.txt",
    "/api/export/litellm.json?complete=1",
)  # fmt: skip
PAGES = ("/", "/?sort=price", "/?lang=zh", "/models/gpt-4o", "/compare", "/docs")
LISTS = (
    "/v1/models",
    "/v1/models?client_version=1",
    "/v1beta/models",
    "/v1beta/models?pageSize=1",
    "/api/pricing",
    "/llms.txt",
    "/api/export/openrouter/models",
)


def rendered() -> float:
    return float(RENDERED._value.get())


def test_another_worker_renders_nothing_again(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SHARED_FROM", 0)
    for cache in (BODIES, VISITOR_BODIES):
        cache.clear()
        monkeypatch.setattr(cache, "files", SharedFiles(tmp_path, code="1"))
    world.model()
    world.model("o3")
    key = world.key()
    requests = [
        *((path, {}) for path in PUBLIC),
        *((path, {"accept": "text/html"}) for path in PAGES),
        *((path, {"authorization": f"Bearer {key}"}) for path in LISTS),
        ("/v1/models", {"authorization": f"Bearer {key}", "anthropic-version": "2023-06-01"}),
    ]

    first = [client.get(path, headers=headers) for path, headers in requests]
    assert {answer.status_code for answer in first} == {200}
    before = rendered()
    BODIES.clear()
    VISITOR_BODIES.clear()
    second = [client.get(path, headers=headers) for path, headers in requests]

    assert rendered() == before
    assert [answer.content for answer in second] == [answer.content for answer in first]
