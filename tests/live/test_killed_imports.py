"""An import that is killed at any moment leaves the old catalog or the new one, never a mix."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.deployment import ROOT, Operator, database_copy, environment_of
from tests.servers import SECONDS
from tests.sizes import size

pytestmark = [pytest.mark.django_db, pytest.mark.sql]
MODELS, KILLS = 300, size(9, full=50)
OLD, NEW = (1000, "0.000002"), (2000, "0.000003")
# The facts, prices, offers and history that there are, as sets: one element each in a catalog that is whole.
LOOK = f"""
from django.db import connection, transaction
from django.utils import timezone
from catalog.models import ImportRun
with transaction.atomic():
    # All as of one moment: PostgreSQL may still finish what a client asked for that is killed.
    if connection.vendor == 'postgresql':
        connection.cursor().execute('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ')
    models = AIModel.objects.filter(name__startswith='gpt-')
    sheets = PriceSheet.objects.in_force(at=timezone.now()).filter(model__in=models)
    run = ImportRun.objects.latest('pk')
    result = [
        sorted(set(models.values_list('context_length', flat=True))),
        sorted({{f'{{line.amount:f}}' for sheet in sheets for line in sheet.lines.all()}}),
        [models.count(), sheets.count(), Offer.objects.filter(model__in=models).count()] == [{MODELS}] * 3,
        run.status,
        AIModel.history.filter(run=run).count() == run.sheets.count() == {MODELS},
    ]
"""


class Importer:
    """A process that imports documents in children of its own."""

    def __init__(self, database_url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.live.importer"],
            cwd=ROOT, env=environment_of(database_url), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def imports(self, document: Path, *, killed_after: float | None = None) -> int:
        """How the child ended: 0, or the signal that it died of, negative."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{document}\n")
        self.process.stdin.flush()
        pid = int(self.process.stdout.readline())
        if killed_after is not None:
            time.sleep(killed_after)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return int(self.process.stdout.readline())


# A fixture of the module: SQLite cannot copy a database inside the transaction of a test.
@pytest.fixture(scope="module")
def at_work(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Importer, Operator]]:
    with django_db_blocker.unblock(), database_copy(tmp_path_factory.mktemp("killed")) as url:
        importer, operator = Importer(url), Operator(url)
        yield importer, operator
        operator.close()
        importer.process.communicate(timeout=SECONDS)


def document(folder: Path, context: int, price: str) -> Path:
    row = {"mode": "chat", "max_input_tokens": context, "input_cost_per_token": float(price)}
    path = folder / f"{context}.json"
    path.write_text(json.dumps({f"gpt-{number}": row for number in range(MODELS)}))
    return path


def seen(operator: Operator) -> Any:
    contexts, prices, *whole = operator.run(LOOK)
    assert whole == [True, "applied", True], whole
    assert len(contexts) == len(prices) == 1, (contexts, prices)
    return contexts[0], prices[0]


def test_a_killed_import_leaves_one_whole_catalog(at_work: tuple[Importer, Operator], tmp_path: Path) -> None:
    importer, operator = at_work
    documents = {OLD: document(tmp_path, *OLD), NEW: document(tmp_path, *NEW)}
    moment = random.Random(7)  # noqa: S311
    assert importer.imports(documents[OLD]) == 0
    began = time.monotonic()
    assert importer.imports(documents[NEW]) == 0
    took = time.monotonic() - began

    stored, killed = seen(operator), 0
    for _ in range(KILLS):
        other = OLD if stored == NEW else NEW
        ended = importer.imports(documents[other], killed_after=moment.uniform(0, took))
        state = seen(operator)
        assert state in ((stored, other) if ended else (other,))
        killed += ended == -signal.SIGKILL
        # It ended before it was killed: the machine is faster now.
        took *= 1 if ended else 0.7
        stored = state

    assert killed >= KILLS // 3
    assert importer.imports(documents[OLD if stored == NEW else NEW]) == 0
    assert seen(operator) != stored
