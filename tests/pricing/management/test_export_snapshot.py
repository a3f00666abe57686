"""`export_snapshot` returns a source's document unchanged, including the keys that no reader knows."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from catalog.models import ImportRun, Snapshot
from tests.pricing.imports.running import run

pytestmark = pytest.mark.django_db
DOCUMENT = b'{ "gpt-a": {"mode": "chat",\t"odd_cost_per_thing": 1.50e-06} }\r\n'


def test_the_bytes_are_the_same(tmp_path: Path) -> None:
    assert run("litellm", DOCUMENT, tmp_path, "--apply").code == 0
    call_command("export_snapshot", str(ImportRun.objects.get().pk), "--output", str(tmp_path / "again"))
    assert (tmp_path / "again").read_bytes() == DOCUMENT


def test_stdout_contains_nothing_else(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    run("litellm", DOCUMENT, tmp_path, "--apply")
    call_command("export_snapshot", str(ImportRun.objects.get().pk))
    assert capfdbinary.readouterr().out == DOCUMENT


def test_a_damaged_snapshot_is_reported_in_one_sentence(tmp_path: Path) -> None:
    run("litellm", DOCUMENT, tmp_path, "--apply")
    Snapshot.objects.update(packed=b"no gzip")
    with pytest.raises(CommandError, match="is damaged"):
        call_command("export_snapshot", str(ImportRun.objects.get().pk))


def test_an_unknown_run_is_reported_in_one_sentence() -> None:
    with pytest.raises(CommandError, match="There is no import run '7'"):
        call_command("export_snapshot", "7")
