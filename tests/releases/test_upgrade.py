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
    found = json.loads(done.stdout)
    assert {"gpt-4o", "claude-sample-5", "xai/grok-sample"} <= set(found["listed"])
    assert "gone" not in found["listed"]
    assert found["by alias"] == "gpt-4o"
    assert {"gpt-4o", "claude-sample-5"} <= set(found["priced"])
    assert found["ratio"] == "1.25"
    assert found["description"] == "Written by hand; with \N{SNOWMAN} and 模型"
    assert found["amounts"] == ["1.9", "10", "2.5", "3.000000000000000000000012", "8"]
    assert found["conditions"] == [[{"dim": "prompt_tokens", "op": "gt", "value": 200_000}]]
    assert found["sheets"] > 10
    assert found["history"] == 2
    assert found["deleted"] == ["gone"]
    assert found["groups"] == ["default", "vip"]
    assert found["channels"] == ["far"]
    assert found["retired keys"] == 1
    assert found["imports"] == ["litellm", "litellm"]
    assert found["statuses"] == [200]
    assert found["last change"] == "after the upgrade"
