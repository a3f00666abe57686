"""A process writes the last uses of keys when it ends, and not only at its next interval."""

from pathlib import Path

import pytest

from tests.live.deployment import Operator, serving

pytestmark = [pytest.mark.django_db, pytest.mark.sql]


def test_a_server_that_is_stopped_writes_the_last_uses(database_url: str, operator: Operator, tmp_path: Path) -> None:
    key = operator.run("result = world.key(name='used once')")

    with serving(
        database_url, tmp_path, workers=1, DJANGO_SETTINGS_MODULE="config.settings", USAGE_WRITE_SECONDS="3600"
    ) as server:
        assert server.get("/v1/models", key=key).status == 200

    used = "result = Token.objects.get(name='used once').last_used_at is not None"
    assert operator.run(used)
    assert "could not be written" not in server.log
