"""A command that the database or the disk stopped says so in a sentence, and exits with 1."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from config.cli_errors import sentence
from tests.config.installation import ROOT, Installation, NewDatabase, free_port
from tests.pricing.gateways.databases import channel, sqlite_gateway

pytestmark = pytest.mark.sql

COMMANDS = [
    ("issue_token", "Acme"),
    ("explain_token", "0123456789", "gpt-5.5"),
    ("revoke_token", "0123456789"),
    ("rotate_token", "0123456789"),
    ("export_catalog", "yaml"),
    ("rollback_import", "1"),
    ("import_catalog", "starter", "--file", "catalog/starter/catalog.yaml"),
    ("sync_sources",),
    ("check_catalog",),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_an_unmigrated_database_is_told_with_what_to_do(
    command: tuple[str, ...], tmp_path: Path, new_database: NewDatabase
) -> None:
    with new_database(tmp_path) as url:
        code, output = Installation(url).run(*command)

    assert code == 1
    assert "run python manage.py migrate" in output
    assert "Traceback" not in output


def test_so_it_is_to_whoever_moves_in(tmp_path: Path, new_database: NewDatabase) -> None:
    gateway = sqlite_gateway(tmp_path, "new-api", channels=[channel(1, "gpt-4o")])

    with new_database(tmp_path) as url:
        code, output = Installation(url).run("import_gateway", "--sqlite", str(gateway), "--apply")

    assert code == 1
    assert "run python manage.py migrate" in output
    assert "Traceback" not in output


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_missing_folder_is_told(command: tuple[str, ...], tmp_path: Path) -> None:
    code, output = Installation(f"sqlite:///{tmp_path}/missing/modelbook.sqlite3").run(*command)

    assert code == 1
    assert re.search(r"unable to open database file|missing/.*: no such file", output)
    assert "Traceback" not in output


@pytest.mark.parametrize("command", [("issue_token", "Acme"), ("quickstart", "--no-serve")], ids=lambda each: each[0])
def test_a_server_that_is_down_is_one_line(command: tuple[str, ...]) -> None:
    code, output = Installation(f"postgres://modelbook:secret@127.0.0.1:{free_port()}/modelbook").run(*command)

    assert code == 1
    assert output.startswith("The database does not answer: ")
    assert len(output.splitlines()) == 1


def test_quickstart_says_that_the_databases_folder_is_missing(tmp_path: Path) -> None:
    code, output = Installation(f"sqlite:///{tmp_path}/missing/modelbook.sqlite3").run("quickstart", "--no-serve")

    assert code == 1
    assert f"{tmp_path}/missing" in output
    assert len(output.splitlines()) == 1


def test_secrets_that_cannot_be_written_are_one_sentence(tmp_path: Path) -> None:
    installation = Installation(f"sqlite:///{tmp_path}/missing/modelbook.sqlite3", secrets=False)
    # In a checkout where nobody has started it yet: the secrets of one that runs would do.
    script = (
        "import pathlib, sys, config.secrets, manage; config.secrets.CHECKOUT = pathlib.Path(sys.argv.pop(1));"
        "manage.main()"
    )

    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), "quickstart", "--no-serve"],
        cwd=ROOT, env=installation.environment, text=True, capture_output=True, check=False,
    )  # fmt: skip

    code, output = done.returncode, done.stdout + done.stderr
    assert code == 1
    assert output.startswith(f"Cannot keep secrets in {tmp_path}/missing/modelbook.secrets: ")
    assert len(output.splitlines()) == 1


def test_a_fault_of_ours_keeps_its_traceback() -> None:
    assert sentence(ValueError("a fault")) is None


def test_traceback_shows_it_where_it_is_asked_for(tmp_path: Path) -> None:
    _, output = Installation(f"sqlite:///{tmp_path}/missing/modelbook.sqlite3").run("check_catalog", "--traceback")

    assert "Traceback" in output
