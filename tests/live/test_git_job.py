"""The CI job of docs/automation.md, run in a real Git repository against a database of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.deployment import database_copy, environment_of

pytestmark = [pytest.mark.django_db, pytest.mark.sql]

ROOT = Path(__file__).parents[2]
SCRIPT = "apply-catalog.sh"


def script() -> str:
    text = (ROOT / "docs/automation.md").read_text()
    found = re.search(r"^## A CI job.*?^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


class Repository:
    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.environment = environment_of(url) | {"MANAGE": f"{sys.executable} {ROOT / 'manage.py'}"}
        self.environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
        return self.run("git", *identity, *arguments).stdout

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, str(ROOT / "manage.py"), *arguments)

    def commit(self, name: str, old: str, new: str) -> None:
        file = self.folder / "catalog" / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))
        self.git("commit", "--quiet", "--all", "--message", f"Change {name}")

    def job(self, step: str) -> subprocess.CompletedProcess[str]:
        return self.run("sh", SCRIPT, step)


@pytest.fixture(scope="module")
def own_url(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with django_db_blocker.unblock(), database_copy(tmp_path_factory.mktemp("job")) as url:
        yield url


@pytest.fixture
def repository(own_url: str, tmp_path: Path) -> Repository:
    return Repository(tmp_path, own_url)


def test_a_commit_reaches_the_catalog(repository: Repository) -> None:
    (repository.folder / SCRIPT).write_text(script())
    models = "".join(f"- {{name: model-{number}, vendor: acme, status: published}}\n" for number in range(30))
    (repository.folder / "seed.yaml").write_text(
        f"format: modelbook/1\nvendors:\n- {{slug: acme, name: Acme}}\nmodels:\n{models}"
    )
    assert repository.manage("import_catalog", "yaml", "--file", "seed.yaml", "--apply").returncode == 0
    assert repository.manage("export_catalog", "yaml", "--output", "catalog/").returncode == 0
    repository.git("add", "catalog", SCRIPT)
    repository.git("commit", "--quiet", "--message", "Start")
    repository.git("checkout", "--quiet", "-b", "rename")
    repository.commit("vendors.yaml", "name: Acme", "name: ACME")
    repository.commit("models.yaml", "- name: model-7\n", "- name: model-7-new\n")

    checked = repository.job("check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "vendor acme: different\n  name: Acme → ACME\n" in checked.stdout
    assert "model model-7: only in the database\nmodel model-7-new: only in the file\n" in checked.stdout

    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "rename")
    applied = repository.job("apply")
    assert applied.returncode == 0, applied.stdout + applied.stderr
    assert applied.stdout.endswith("The file and the database are equal.\n")

    repository.commit("models.yaml", "- name: model-1", "- name: other-1")
    refused = repository.job("check")
    assert refused.returncode == 1
    assert "11 of 30 models are not in the file and are removed." in refused.stdout
