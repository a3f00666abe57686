"""A populated database of each release is migrated to the newest version, and everything in it is read as before."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.config.installation import ROOT, NewDatabase
from tests.live.deployment import environment_of
from tests.releases import HERE

pytestmark = pytest.mark.sql


@pytest.mark.parametrize("file", sorted(HERE.glob("*.json")), ids=lambda file: file.stem)
def test_a_release_is_upgraded_with_all_that_is_in_it(file: Path, tmp_path: Path, new_database: NewDatabase) -> None:
    with new_database(tmp_path) as url:
        done = subprocess.run(
            [sys.executable, "-m", "tests.releases.upgraded", str(file)],
            cwd=ROOT, env=environment_of(url), capture_output=True, text=True, check=False,
        )  # fmt: skip

    assert done.returncode == 0, done.stderr[-2000:]
    state = json.loads(done.stdout)
    assert {"gpt-4o", "claude-sample-5", "xai/grok-sample"} <= set(state["listed"])
    assert "gone" not in state["listed"]
    assert state["by alias"] == "gpt-4o"
    assert {"gpt-4o", "claude-sample-5"} <= set(state["priced"])
    assert state["ratio"] == "1.25"
    assert state["description"] == "Written by hand; with \N{SNOWMAN} and 模型"
    assert state["amounts"] == ["1.9", "10", "2.5", "3.000000000000000000000012", "8"]
    assert state["conditions"] == [[{"dim": "prompt_tokens", "op": "gt", "value": 200_000}]]
    assert state["sheets"] > 10
    assert state["history"] == 2
    assert state["deleted"] == ["gone"]
    assert state["groups"] == ["default", "vip"]
    assert state["channels"] == ["far"]
    assert state["retired keys"] == 1
    assert state["imports"] == ["litellm", "litellm"]
    assert state["names"] == [None, 11]
    assert state["reports"][0] == ["counts", "findings", "unmapped"]
    assert "prices" in state["reports"][1]
    assert "listed" not in state["reports"][1]
    assert state["reports come back"]
    assert state["statuses"] == [200]
    assert state["last change"] == "after the upgrade"
