"""A new installation in its own folder: its database, its secrets, and the commands run in it."""

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.sql import SQL, Identifier

from tests.servers import SECONDS, free_port, wait_until
from tokens.keys import SHAPE

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Installation:
    database_url: str
    secrets: bool = True

    @property
    def environment(self) -> dict[str, str]:
        inherited = {
            name: value for name, value in os.environ.items() if name not in {"DJANGO_SETTINGS_MODULE", "HOST"}
        }
        secrets = {
            "SECRET_KEY": "only-for-tests-" + "x" * 50 if self.secrets else "",
            "TOKEN_PEPPERS": "1:only-for-tests-pepper-one" if self.secrets else "",
        }
        return (
            inherited
            | secrets
            | {
                "DATABASE_URL": self.database_url,
                "ALLOWED_HOSTS": "127.0.0.1",
                "PYTHONUNBUFFERED": "1",
                "WEB_CONCURRENCY": "1",
                # A row shows what a test has done, and not a moment later that a key was used.
                "USAGE_WRITE_SECONDS": "0",
            }
        )

    def start(self, *arguments: str, output: int | IO[str] = subprocess.PIPE) -> subprocess.Popen[str]:
        """The management command, running; its output and its errors are one stream."""
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            text=True,
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def run(self, *arguments: str) -> tuple[int, str]:
        """The management command, to its end: exit code and output."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=SECONDS)
        return process.returncode, output


@contextmanager
def database_in(folder: Path) -> Iterator[str]:
    """The URL of an empty database of the kind that the suite runs on."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith("postgres"):
        yield f"sqlite:///{folder / 'modelbook.sqlite3'}"
        return
    name = f"installation_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


NewDatabase = Callable[[Path], AbstractContextManager[str]]


@dataclass
class Served:
    """A running server and all it has printed so far."""

    address: str
    log_file: Path

    @property
    def output(self) -> str:
        return self.log_file.read_text()

    @property
    def key(self) -> str:
        return only_match(SHAPE, self.output)

    @property
    def password(self) -> str:
        return only_match(re.compile(r"(?<=Password    )\S+"), self.output)


def only_match(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    assert match, text
    return match[0]


@contextmanager
def served(installation: Installation, log_file: Path) -> Iterator[Served]:
    """`quickstart`, once its worker has booted."""
    port = free_port()
    server = Served(f"http://127.0.0.1:{port}", log_file)

    def has_booted() -> bool:
        assert process.poll() is None, server.output
        return "Booting worker" in server.output

    with log_file.open("w") as output:
        process = installation.start("quickstart", "--port", str(port), output=output)
    try:
        wait_until(has_booted, "quickstart serves")
        yield server
    finally:
        # As systemd would end it.
        process.terminate()
        process.wait(SECONDS)
