"""The largest accepted files take at most two seconds of processor time and 200 MB."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalog.sources import SOURCES
from tests.live.deployment import ROOT, database_copy, environment_of
from tests.samples import HERE

READ_BY = sorted(path.stem for path in HERE.iterdir() if path.stem in SOURCES)


@pytest.fixture(scope="module")
def planner(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator["subprocess.Popen[str]"]:
    """Plans the heaviest files of each source that it is given."""
    folder: Path = tmp_path_factory.mktemp("heavy")
    command = [sys.executable, "-m", "tests.pricing.imports.heavy_files"]
    with (
        django_db_blocker.unblock(),
        database_copy(folder) as url,
        subprocess.Popen(
            command, cwd=ROOT, env=environment_of(url), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        yield process


@pytest.mark.parametrize("source", READ_BY)
def test_the_largest_files_stay_within_the_limits(source: str, planner: "subprocess.Popen[str]") -> None:
    assert planner.stdin
    assert planner.stdout
    planner.stdin.write(f"{source}\n")
    planner.stdin.flush()

    assert planner.stdout.readline() == "\n"
