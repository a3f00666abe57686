"""A command that fails because of the database or the disk explains the error and exits with 1."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.cli_errors import explain_error
from tests.config.commands import Commands, commands
from tests.config.installation import ROOT, Installation, NewDatabase
from tests.pricing.gateways.databases import channel, sqlite_gateway
from tests.servers import free_port

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


@pytest.fixture(scope="module")
def unmigrated(tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase) -> Iterator[Commands]:
    """On a database without tables."""
    with new_database(tmp_path_factory.mktemp("unmigrated")) as url, commands(Installation(url).environment) as running:
        yield running


@pytest.fixture(scope="module")
def without_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """On a SQLite file whose folder does not exist."""
    url = f"sqlite:///{tmp_path_factory.mktemp('installation')}/missing/modelbook.sqlite3"
    with commands(Installation(url).environment) as running:
        yield running


@pytest.fixture(scope="module")
def without_server() -> Iterator[Commands]:
    """On a PostgreSQL that does not run."""
    url = f"postgres://modelbook:secret@127.0.0.1:{free_port()}/modelbook"
    with commands(Installation(url).environment) as running:
        yield running


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_an_unmigrated_database_is_reported_with_what_to_do(command: tuple[str, ...], unmigrated: Commands) -> None:
    code, output, errors = unmigrated.run(*command)

    assert code == 1
    assert "run python manage.py migrate" in output + errors
    assert "Traceback" not in output + errors


def test_import_gateway_reports_an_unmigrated_database_too(tmp_path: Path, unmigrated: Commands) -> None:
    gateway = sqlite_gateway(tmp_path, "new-api", channels=[channel(1, "gpt-4o")])

    code, output, errors = unmigrated.run("import_gateway", "--sqlite", str(gateway), "--apply")

    assert code == 1
    assert "run python manage.py migrate" in output + errors
    assert "Traceback" not in output + errors


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_missing_folder_is_reported(command: tuple[str, ...], without_folder: Commands) -> None:
    code, output, errors = without_folder.run(*command)

    assert code == 1
    assert re.search(r"unable to open database file|missing/.*: no such file", output + errors)
    assert "Traceback" not in output + errors


@pytest.mark.parametrize(
    "command", [("issue_token", "Acme"), ("quickstart", "--no-serve")], ids=lambda command: command[0]
)
def test_a_server_that_is_down_is_reported_in_one_line(command: tuple[str, ...], without_server: Commands) -> None:
    code, output, errors = without_server.run(*command)

    assert code == 1
    assert (output + errors).startswith("The database does not answer: ")
    assert len((output + errors).splitlines()) == 1


@pytest.mark.parametrize("command", [("quickstart", "--no-serve"), ("migrate",)], ids=lambda command: command[0])
def test_commands_that_create_the_database_report_that_its_folder_is_missing(
    command: tuple[str, ...], without_folder: Commands
) -> None:
    code, output, errors = without_folder.run(*command)

    assert code == 1
    assert "/missing does not exist" in output + errors
    assert len((output + errors).splitlines()) == 1


def test_secrets_that_cannot_be_written_are_reported_in_one_line(tmp_path: Path) -> None:
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
    assert output.startswith(f"Cannot write secrets to {tmp_path}/missing/modelbook.secrets: ")
    assert len(output.splitlines()) == 1


def test_an_unexpected_error_keeps_its_traceback() -> None:
    assert explain_error(ValueError("a fault")) is None


def test_traceback_shows_it_on_request(without_folder: Commands) -> None:
    assert "Traceback" in without_folder.run("check_catalog", "--traceback")[2]
