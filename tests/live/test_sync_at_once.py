"""Two runners of `sync_sources` on one database at the same moment: only one of them fetches what is due."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.catalog.imports import hosts
from tests.live.deployment import ROOT, Operator, environment_of, own_database

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
# Longer than it takes the second runner to come to the same place.
SECONDS = 4


@pytest.fixture(scope="module")
def own_url(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with django_db_blocker.unblock(), own_database(tmp_path_factory.mktemp("sync")) as url:
        yield url


def slowly(handler: hosts.Handler) -> None:
    time.sleep(SECONDS)
    handler.answer(hosts.DOCUMENT)


def test_only_one_fetches(own_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(hosts.ANSWERS, "slowly", slowly)
    command = [sys.executable, "manage.py", "sync_sources", "--once", "--format", "json"]
    with hosts.server() as (name, asked):
        operator = Operator(own_url)
        operator.does(
            "from catalog.models import Source\n"
            f"Source.objects.create(slug='litellm', name='LiteLLM', url='http://{name}/slowly', sync=True)"
        )
        environment = environment_of(own_url) | {"FETCH_OWN_HOSTS": name}
        runners = [
            subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)
        ]
        told = [runner.communicate(timeout=60)[0].splitlines() for runner in runners]
        runs = operator.does("from catalog.models import ImportRun\nresult = ImportRun.objects.count()")
        operator.leave()

    assert len(asked) == 1
    assert sorted(len(lines) for lines in told) == [0, 1]
    assert [json.loads(line)["outcome"] for lines in told for line in lines] == ["waits for review"]
    assert [runner.returncode for runner in runners] == [0, 0]
    assert runs == 1
