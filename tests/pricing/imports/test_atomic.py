"""An import that fails at its last step writes nothing."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import IntegrityError
from django.db.models.signals import pre_save

from catalog.models import ImportRun
from tests.pricing.imports.running import run, state
from tests.samples import sample

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.sql]


class LightningError(Exception):
    pass


@pytest.fixture
def strike() -> Iterator[Callable[[type[Exception]], None]]:
    """Lets the run's last save fail, when all else is written."""
    errors: list[type[Exception]] = []

    def fail(instance: ImportRun, **_: object) -> None:
        if errors and instance.status == ImportRun.Status.APPLIED:
            raise errors[0]("struck")

    pre_save.connect(fail, sender=ImportRun)
    yield errors.append
    pre_save.disconnect(fail, sender=ImportRun)


@pytest.mark.parametrize("source", ["litellm", "new_api"])
def test_a_failure_in_the_last_step_writes_nothing(
    tmp_path: Path, strike: Callable[[type[Exception]], None], source: str
) -> None:
    arguments = ("--apply", "--publish", "--channel", "main")
    before = state()
    strike(LightningError)
    with pytest.raises(LightningError):
        run(source, sample(f"{source}.json"), tmp_path, *arguments)
    assert state() == before


def test_a_database_error_is_reported_in_one_sentence(
    tmp_path: Path, strike: Callable[[type[Exception]], None]
) -> None:
    before = state()
    strike(IntegrityError)
    outcome = run("new_api", sample("new_api.json"), tmp_path, "--apply")
    assert (outcome.code, state()) == (1, before)
    assert "nothing was written" in outcome.err
