"""All replicas may migrate when they start: one of them does, and the others wait."""

from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader

from catalog.management.commands.migrate import every_step
from tests.config.installation import Installation, NewDatabase

pytestmark = pytest.mark.sql


def test_three_replicas_may_migrate_at_once(tmp_path: Path, new_database: NewDatabase) -> None:
    with new_database(tmp_path) as url:
        replicas = [Installation(url).start("migrate", "--no-input") for _ in range(3)]

        outputs = [replica.communicate(timeout=120)[0] for replica in replicas]

    assert [replica.returncode for replica in replicas] == [0, 0, 0], outputs
    assert sum("Applying catalog.0001_squashed" in output for output in outputs) == 1


@pytest.mark.django_db
def test_squashed_migrations_create_the_tables_that_all_steps_create() -> None:
    at_once = MigrationLoader(connection).project_state()
    step_by_step = every_step(MigrationLoader(connection)).project_state()

    detector = MigrationAutodetector(step_by_step, at_once)
    differences = detector.changes(graph=MigrationLoader(connection).graph)

    assert {app: [change.operations for change in changes] for app, changes in differences.items()} == {}
