"""Long work shows its progress: a bar on a terminal, lines in a log, nothing for short, quiet or JSON commands."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import BaseCommand, OutputWrapper

from catalog import progress
from catalog.models import ImportRun
from catalog.progress import Display, announce, show_progress, track
from tests.pricing.gateways.databases import channel, option, sqlite_gateway, token, user

CSV = b"model,input,output\n" + b"".join(b"alpha-%d,1,2\n" % number for number in range(600))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECONDS_OF_PATIENCE", "SECONDS_BETWEEN_BARS", "SECONDS_BETWEEN_LINES"):
        monkeypatch.setattr(progress, name, 0)


def test_a_terminal_shows_one_line_and_erases_it_at_the_end() -> None:
    stream, clock = Terminal(), Clock()
    display = Display(OutputWrapper(stream), clock=clock)
    display("Writing models", 1, 4)
    assert stream.getvalue() == ""
    clock.now = 2.5
    display("Writing models", 2, 4)
    display("Writing models", 3, 4)
    bar = f"Writing models [{'#' * 20}{' ' * 20}] 50%"
    assert stream.getvalue() == f"\r{bar}"
    display.clear()
    assert stream.getvalue() == f"\r{bar}\r{' ' * len(bar)}\r"


def test_a_log_gets_a_line_every_ten_seconds() -> None:
    stream, clock = io.StringIO(), Clock()
    display = Display(OutputWrapper(stream), clock=clock)
    for second in range(25):
        clock.now = float(second)
        display("Writing models", second, 25)
    display.clear()
    assert stream.getvalue() == "Writing models: 8%\nWriting models: 48%\nWriting models: 88%\n"


def test_only_a_terminal_shows_work_of_unknown_length_at_once() -> None:
    for stream, expected in ((Terminal(), "\rFetching …"), (io.StringIO(), "")):
        Display(OutputWrapper(stream), clock=Clock())("Fetching", 0, 0)
        assert stream.getvalue() == expected


def test_a_line_is_not_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    stream = Terminal()
    Display(OutputWrapper(stream))("Fetching " + "x" * 100, 0, 0)
    assert len(stream.getvalue()) == len("\r") + 19


@pytest.mark.parametrize("options", [{"verbosity": 0}, {"verbosity": 1, "format": "json"}])
def test_quiet_commands_and_json_show_nothing(options: dict[str, Any], impatient: None) -> None:
    command = BaseCommand(stderr=Terminal())
    with show_progress(command, options):
        announce("Fetching")
        assert list(track([1, 2], "Counting")) == [1, 2]
    assert command.stderr.getvalue() == ""


def test_without_a_watcher_the_rows_are_the_rows() -> None:
    rows = [1, 2]
    assert track(rows, "Counting") is rows


@pytest.mark.django_db
def test_long_commands_show_their_progress(tmp_path: Path, impatient: None) -> None:
    file = tmp_path / "models.csv"
    file.write_bytes(CSV)
    arguments = ("import_catalog", "csv", "--file", str(file), "--apply", "--channel", "main", "--publish")
    lines = run(*arguments)
    assert {"Comparing models", "Comparing prices", "Writing models", "Writing price lines"} <= lines
    # A second run has nothing to write.
    assert {line for line in run(*arguments) if line.startswith("Writing")} == set()
    assert "Writing models" in run("export_catalog", "litellm")
    assert "Writing models" in run("export_catalog", "yaml")
    assert "Reading what the run created" in run("rollback_import", str(ImportRun.objects.get().pk))


@pytest.mark.django_db
def test_a_gateway_migration_shows_its_progress(tmp_path: Path, impatient: None) -> None:
    rows: dict[str, Any] = {
        "channels": [channel(1, "gpt-5.4")],
        "users": [user(1)],
        "tokens": [token(number) for number in range(1, 1002)],
        "options": [option("GroupRatio", {"default": 1})],
    }
    file = sqlite_gateway(tmp_path, "new-api", **rows)
    lines = run("import_gateway", "--sqlite", str(file), "--apply", "--accept-jumps")
    assert {"Reading the gateway's database …", "Comparing tokens", "Writing tokens"} <= lines


def run(*arguments: str) -> set[str]:
    """The kinds of work that the command reports in a log, without percentages."""
    err = io.StringIO()
    call_command(*arguments, stdout=io.StringIO(), stderr=err)
    return {line.rpartition(": ")[0] or line for line in err.getvalue().splitlines()}
