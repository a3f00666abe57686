"""The largest files that are read at all take two seconds and 200 MB at most."""

import subprocess
import sys

import pytest

from catalog.sources import SOURCES
from tests.live.deployment import ROOT, environment_of
from tests.samples import HERE

READ_BY = sorted(path.stem for path in HERE.iterdir() if path.stem in SOURCES)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """With a migrated SQLite: what reading takes is no matter of the database."""
    found = environment_of(f"sqlite:///{tmp_path_factory.mktemp('heavy')}/modelbook.sqlite3")
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=found, check=True)
    return found


@pytest.mark.parametrize("source", READ_BY)
def test_the_heaviest_files_take_neither_the_memory_nor_the_time(source: str, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "tests.pricing.imports.heavy_files", source]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
