"""What a source said can be got back as it was received, with what nothing here has a place for."""

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


def test_stdout_holds_nothing_else(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    run("litellm", DOCUMENT, tmp_path, "--apply")
    call_command("export_snapshot", str(ImportRun.objects.get().pk))
    assert capfdbinary.readouterr().out == DOCUMENT


def row(model: str, capfdbinary: pytest.CaptureFixture[bytes]) -> bytes:
    call_command("export_snapshot", str(ImportRun.objects.get().pk), "--model", model)
    return capfdbinary.readouterr().out


def test_one_models_row_is_as_it_stands_there(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    run("litellm", DOCUMENT, tmp_path, "--apply")
    assert row("gpt-a", capfdbinary) == b'{"mode": "chat",\t"odd_cost_per_thing": 1.50e-06}\n'


@pytest.mark.parametrize("model", ["gpt", "mode", ""])
def test_a_model_that_it_does_not_have_is_told(tmp_path: Path, model: str) -> None:
    run("litellm", DOCUMENT, tmp_path, "--apply")
    with pytest.raises(CommandError, match=f"has no row of '{model}'"):
        call_command("export_snapshot", str(ImportRun.objects.get().pk), "--model", model)


def test_a_row_of_no_json_is_told(tmp_path: Path) -> None:
    run("csv", "model,input,output\ngpt-a,1,2\n", tmp_path, "--apply")
    with pytest.raises(CommandError, match="out of JSON documents alone"):
        call_command("export_snapshot", str(ImportRun.objects.get().pk), "--model", "gpt-a")


def test_a_damaged_snapshot_is_one_sentence(tmp_path: Path) -> None:
    run("litellm", DOCUMENT, tmp_path, "--apply")
    Snapshot.objects.update(packed=b"no gzip")
    with pytest.raises(CommandError, match="is damaged"):
        call_command("export_snapshot", str(ImportRun.objects.get().pk))


def test_an_unknown_run_is_one_sentence() -> None:
    with pytest.raises(CommandError, match="There is no import run '7'"):
        call_command("export_snapshot", "7")
