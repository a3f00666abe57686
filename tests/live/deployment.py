"""A deployment for tests: gunicorn on a database of its own, and an operator in another process."""

import http.client
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from django.db import connection

from tests.servers import SECONDS, free_port, wait_for_port

ROOT = Path(__file__).resolve().parents[2]


class Answer:
    """An answer, read to its end."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """A running gunicorn; `log` is everything that it wrote, access lines among it."""

    def __init__(self, port: int, log_file: Path) -> None:
        self.port = port
        self.pid = 0
        self.url = f"http://127.0.0.1:{port}"
        self.log_file = log_file

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def get(self, path: str, *, key: str = "", method: str = "GET", content: Any = None, **headers: str) -> Answer:
        """One request on a connection of its own, so that any worker may get it."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            sent["authorization"] = f"Bearer {key}"
        try:
            client.request(method, path, content, headers=sent)
            return Answer(client.getresponse())
        finally:
            client.close()


@contextmanager
def serving(
    database_url: str, folder: Path, *, workers: int = 2, application: str = "config.wsgi", **environment: str
) -> Iterator[Server]:
    """Starts gunicorn on a free port and stops it at the end."""
    port = free_port()
    variables = environment_of(database_url) | {"PORT": str(port), "WEB_CONCURRENCY": str(workers)} | environment
    with gunicorn(port, folder, "-c", "config/gunicorn.py", application, environment=variables) as server:
        yield server


@contextmanager
def gunicorn(port: int, folder: Path, *arguments: str, environment: dict[str, str]) -> Iterator[Server]:
    """Starts gunicorn, waits for its port, and stops it at the end."""
    server = Server(port, folder / f"gunicorn-{port}.log")
    command = [sys.executable, "-m", "gunicorn", *arguments]
    with server.log_file.open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
    server.pid = process.pid
    try:
        wait_for_port(port, process)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Operator:
    """Another person at work on the same database: runs statements in a process of their own."""

    def __init__(self, database_url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.live.operator"],
            cwd=ROOT, env=environment_of(database_url), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, code: str) -> Any:
        """Runs the code, in which `world` and the models are defined; returns its value of `result`."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(code) + "\n")
        self.process.stdin.flush()
        outcome = json.loads(self.process.stdout.readline())
        assert "error" not in outcome, outcome["error"]
        return outcome["result"]

    def close(self) -> None:
        self.process.communicate(timeout=SECONDS)


@contextmanager
def database_copy(folder: Path) -> Iterator[str]:
    """A copy of the migrated test database, of the same kind; yields its DATABASE_URL."""
    # SQLite would wait for the end of that transaction for ever.
    assert not connection.in_atomic_block, "ask for it in a fixture of a module or of the session"
    if connection.vendor == "sqlite":
        import sqlite3

        file = folder / "live.sqlite3"
        connection.ensure_connection()
        with sqlite3.connect(file) as copy:
            connection.connection.backup(copy)
        copy.close()
        yield f"sqlite:///{file}"
        shutil.rmtree(folder, ignore_errors=True)
        return
    name, template = f"live_{uuid.uuid4().hex[:12]}", connection.settings_dict["NAME"]
    if not template.startswith("test_"):  # Pytest has made no database where no other test needs one.
        template = "template1"
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        yield urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def environment_of(database_url: str) -> dict[str, str]:
    return os.environ | {"DATABASE_URL": database_url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
