"""Half a year after the first import; removals do not pause for other writers."""

from collections.abc import Iterator

import pytest
import time_machine

from pricing.retention import pruning
from tests.pricing.retention.year import NOW


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(pruning, "PAUSE", 0)
    with time_machine.travel(NOW, tick=False):
        yield
