"""A lock blocks other processes on both databases."""

import threading
from pathlib import Path

import pytest
from django.db import connection

from catalog.db.locking import one_at_a_time

pytestmark = pytest.mark.sql


@pytest.mark.django_db
def test_the_second_waits_for_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor == "sqlite":
        monkeypatch.setattr(connection, "is_in_memory_db", lambda: False)
        monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "database"))
    steps: list[str] = []
    second = threading.Thread(target=hold_the_lock, args=(steps, connection.settings_dict["NAME"]))

    with one_at_a_time("test"):
        second.start()
        second.join(timeout=0.5)
        steps.append("the first is done")
    second.join(timeout=30)

    assert steps == ["the first is done", "the second has it"]


def hold_the_lock(steps: list[str], name: str) -> None:
    """Holds the lock in another thread, which has its own connection."""
    if connection.vendor == "sqlite":
        connection.is_in_memory_db = lambda: False  # type: ignore[attr-defined]
        connection.settings_dict["NAME"] = name
    try:
        with one_at_a_time("test"):
            steps.append("the second has it")
    finally:
        connection.close()
