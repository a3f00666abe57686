"""`quickstart` serves a catalog from an empty folder, and a second run changes nothing."""

import http.cookiejar
import json
import re
import socket
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.config.commands import Commands, commands
from tests.config.installation import Installation, NewDatabase, Served, served
from tests.servers import wait_until
from tokens.keys import SHAPE


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("installation")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Served]:
    with served(in_folder(folder), folder / "log") as running:
        yield running


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Commands]]:
    """Commands in an empty folder."""
    folder = tmp_path_factory.mktemp("elsewhere")
    with commands(in_folder(folder).environment) as running:
        yield folder, running


def in_folder(folder: Path) -> Installation:
    return Installation(f"sqlite:///{folder / 'modelbook.sqlite3'}")


def get(address: str, **headers: str) -> tuple[int, bytes]:
    request = urllib.request.Request(address, headers=headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        return response.status, response.read()


def rows(folder: Path) -> list[str]:
    """Every row of the database, as SQL."""
    with closing(sqlite3.connect(folder / "modelbook.sqlite3")) as database:
        return [line for line in database.iterdump() if line.startswith("INSERT")]


def test_the_printed_key_lists_the_starter_catalog(server: Served) -> None:
    status, body = get(f"{server.address}/v1/models", Authorization=f"Bearer {server.key}")

    answer: dict[str, Any] = json.loads(body)
    assert status == 200
    assert len(answer["data"]) >= 60
    assert all(model["created"] > 0 for model in answer["data"])
    assert len({model["owned_by"] for model in answer["data"]}) >= 12


def test_the_price_list_is_public_and_priced(server: Served) -> None:
    status, body = get(f"{server.address}/api/pricing")

    answer: dict[str, Any] = json.loads(body)
    assert status == 200
    assert len(answer["data"]) >= 60
    assert len(answer["popular_models"]) >= 10


def test_the_admins_pages_and_their_files_are_served(server: Served) -> None:
    """On a fresh clone, where nobody ran collectstatic, and with DEBUG off."""
    status, page = get(f"{server.address}/admin/login/")

    files = re.findall(r'/static/[^"]+\.(?:css|js)', page.decode())
    assert status == 200
    assert files
    assert {get(server.address + file)[0] for file in files} == {200}


def test_the_printed_password_opens_the_admin(server: Served) -> None:
    cookies = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    login = f"{server.address}/admin/login/?next=/admin/"
    browser.open(login, timeout=30)
    token = next(cookie.value for cookie in cookies if cookie.name == "csrftoken")
    form = {"username": "admin", "password": server.password, "csrfmiddlewaretoken": token}

    with browser.open(login, data=urllib.parse.urlencode(form).encode(), timeout=30) as page:
        assert page.url == f"{server.address}/admin/"


def test_the_printed_curl_is_ready_to_run(server: Served) -> None:
    assert f'curl -H "Authorization: Bearer {server.key}" {server.address}/v1/models' in server.output


def test_a_second_run_changes_nothing_and_shows_no_secret(folder: Path, server: Served) -> None:
    before = rows(folder)

    code, output = in_folder(folder).run("quickstart", "--no-serve")

    assert code == 0, output
    assert rows(folder) == before
    assert not SHAPE.search(output)
    assert "changepassword admin" in output
    assert "issue_token NAME" in output


def test_two_first_starts_at_once_create_everything_once(tmp_path: Path, new_database: NewDatabase) -> None:
    with new_database(tmp_path) as url:
        starts = [Installation(url).start("quickstart", "--no-serve") for _ in range(2)]

        outputs = [process.communicate(timeout=120)[0] for process in starts]

    assert [process.returncode for process in starts] == [0, 0], outputs
    assert sum(bool(SHAPE.search(output)) for output in outputs) == 1
    assert sum("(shown only once)" in output for output in outputs) == 1


def test_a_taken_port_is_reported_before_any_work(elsewhere: tuple[Path, Commands]) -> None:
    folder, manage = elsewhere
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]

        code, output, errors = manage.run("quickstart", "--port", str(port))

    assert code == 1
    assert f"Cannot serve on 127.0.0.1:{port}" in errors
    assert "Traceback" not in output + errors
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "²"])
def test_an_invalid_port_is_refused(port: str) -> None:
    with pytest.raises(CommandError, match="from 1 to 65535"):
        call_command("quickstart", port=port)


def test_no_key_reaches_the_server_log(server: Served) -> None:
    key = "mb_live_0123456789_" + "a" * 38
    with pytest.raises(urllib.error.HTTPError):
        get(f"{server.address}/v1/models?key={key}", Referer=f"https://example.com/?key={key}")
    with pytest.raises(urllib.error.HTTPError):
        get(f"{server.address}/lost%0aforged")
    wait_until(lambda: '"GET /lost' in server.output, "both requests are logged")

    log = server.output
    assert re.search(r'"GET /v1/models" 401 .* req_[0-9a-f]{24}', log)
    assert "a" * 38 not in log
    assert "Warning" not in log
    assert not re.search(r"^forged", log, re.MULTILINE)


def test_a_dry_run_lists_what_it_would_create_and_writes_no_file(elsewhere: tuple[Path, Commands]) -> None:
    folder, manage = elsewhere

    code, output, _ = manage.run("quickstart", "--no-serve", "--dry-run", "--format", "json")

    assert code == 0, output
    assert json.loads(output) == {"would_make": ["database", "catalog", "administrator", "key"]}
    assert list(folder.iterdir()) == []


def test_a_dry_run_creates_no_secrets(tmp_path: Path) -> None:
    installation = Installation(f"sqlite:///{tmp_path / 'modelbook.sqlite3'}", secrets=False)

    code, output = installation.run("quickstart", "--no-serve", "--dry-run", "--format", "json")

    assert code == 0, output
    assert json.loads(output) == {"would_make": ["database", "catalog", "administrator", "key"]}
    assert list(tmp_path.iterdir()) == []


def test_empty_means_no_models_but_a_key(tmp_path: Path, new_database: NewDatabase) -> None:
    with new_database(tmp_path) as url, commands(Installation(url).environment) as manage:
        output = json.loads(manage.run("quickstart", "--no-serve", "--empty", "--format", "json")[1])
        again = json.loads(manage.run("quickstart", "--no-serve", "--empty", "--format", "json")[1])
        report = manage.run("quickstart", "--no-serve", "--empty")[1]
        code, forecast, _ = manage.run("quickstart", "--dry-run", "--no-serve")

    assert "0 models" in report
    assert SHAPE.fullmatch(output["key"])
    assert (output["user"], bool(output["password"]), output["models"]) == ("admin", True, 0)
    assert (again["user"], again["password"], again["key"]) == (None, None, None)
    assert code == 0
    assert forecast == "Quickstart would create or migrate: catalog. Nothing was written.\n"


def test_json_is_refused_when_a_server_would_print_below_it() -> None:
    with pytest.raises(CommandError, match="--no-serve"):
        call_command("quickstart", format="json")
