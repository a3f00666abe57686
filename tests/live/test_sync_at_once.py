"""Two runners of `sync_sources` on one database at the same moment: only one of them fetches what is due."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests.catalog.imports import hosts
from tests.live.deployment import ROOT, Operator, database_copy, environment_of
from tests.servers import SECONDS, wait_until

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


@pytest.fixture(scope="module")
def own_url(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with django_db_blocker.unblock(), database_copy(tmp_path_factory.mktemp("sync")) as url:
        yield url


def is_lock_awaited(operator: Operator) -> bool:
    """Whether the second runner has come to the place where the first one is."""
    if connection.vendor == "sqlite":
        return any("-> FLOCK" in line for line in Path("/proc/locks").read_text().splitlines())
    return bool(
        operator.run(
            "with connection.cursor() as cursor:\n"
            "    cursor.execute(\"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted\")\n"
            "    result = cursor.fetchone()[0]"
        )
    )


def test_only_one_fetches(own_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer_once_both_are_there(handler: hosts.Handler) -> None:
        wait_until(lambda: is_lock_awaited(operator), "the second runner waits")
        handler.answer(hosts.DOCUMENT)

    monkeypatch.setitem(hosts.ANSWERS, "slowly", answer_once_both_are_there)
    command = [sys.executable, "manage.py", "sync_sources", "--once", "--format", "json"]
    with hosts.server() as (name, requests):
        operator = Operator(own_url)
        operator.run(
            "from catalog.models import Source\n"
            f"Source.objects.create(slug='litellm', name='LiteLLM', url='http://{name}/slowly', sync=True)"
        )
        environment = environment_of(own_url) | {"FETCH_OWN_HOSTS": name}
        runners = [
            subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)
        ]
        outputs = [runner.communicate(timeout=SECONDS)[0].splitlines() for runner in runners]
        runs = operator.run("from catalog.models import ImportRun\nresult = ImportRun.objects.count()")
        operator.close()

    assert len(requests) == 1
    assert sorted(len(lines) for lines in outputs) == [0, 1]
    assert [json.loads(line)["outcome"] for lines in outputs for line in lines] == ["waits for review"]
    assert [runner.returncode for runner in runners] == [0, 0]
    assert runs == 1
