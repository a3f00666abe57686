"""All replicas may migrate when they start: one of them does, and the others wait."""

from pathlib import Path

import pytest

from tests.config.installation import Installation, NewDatabase

pytestmark = pytest.mark.sql


def test_three_replicas_may_migrate_at_once(tmp_path: Path, new_database: NewDatabase) -> None:
    with new_database(tmp_path) as url:
        replicas = [Installation(url).start("migrate", "--no-input") for _ in range(3)]

        outputs = [replica.communicate(timeout=120)[0] for replica in replicas]

    assert [replica.returncode for replica in replicas] == [0, 0, 0], outputs
    assert sum("Applying catalog.0001_initial" in output for output in outputs) == 1
