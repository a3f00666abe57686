"""Every answer shows one state of the catalog, whatever is committed between two statements of its reader."""

import io
import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any
from zlib import crc32

import pytest
import time_machine
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.urls import URLPattern, URLResolver, get_resolver

from catalog import caches
from pricing.export.formats import FORMATS
from tests.config.two_states import ImportedOrNot, Reader, TwoStates, interrupted
from tests.sizes import FULL

pytestmark = pytest.mark.sql

# The value of a parameter of an address, by the parameter's name; {…} is a key of a row.
VALUES = {
    "name": "gpt-4o",
    "slug": "acme",
    "key_id": "{key_id}",
    "rule": "no-price",
    "path": "v1/models/gpt-4o",
    "locale": "en",
    "_version": "1",
    "key": "{catalog.aimodel}",
    "figure": "input",
    "action": "forward",
    "reader": "litellm",
    "content_type_id": "1",
    "number": "{tokens.token}",
    "entry": "{catalog.auditentry}",
    "pk": "1",
    "model": "gpt-4o",
}
# Django's own pages about one row of one table, and rows that every change changes.
ADMIN_OF_DJANGO = re.compile(r"admin/\w+/\w+/(add|.*/history|.*/delete|<path:object_id>)/$|admin/auth/")
COUNTERS = "admin/catalog/revision/"
# Pages about the operator's own sign-in, which show nothing of the catalog.
ACCOUNT = "admin/account/"
# Each export of the audit trail adds an entry to it, so the next one differs.
EXPORTS_OF_AUDIT = "admin/catalog/auditentry/export/"
# Addresses that are read with other parameters, headers or bodies than those of `addresses`, or that it leaves out:
# their routes are regular expressions.
KEY = {"authorization": "Bearer {key}"}
ADMIN_KEY = {"authorization": "Bearer {admin_key}"}
LIMITED = {"authorization": "Bearer {limited}"}
BROWSER = {"accept": "text/html"}
QUOTE = json.dumps({"model": "gpt-4o", "usage": {"input": 1000, "output": 10}})
OTHERS: list[tuple[str, dict[str, str]]] = [
    ("/openai/v1/models", KEY),
    ("/openai/v1/models/gpt-4o", KEY),
    ("/gemini/v1beta/models", KEY),
    ("/gemini/v1beta/tunedModels", KEY),
    ("/anthropic/models", KEY),
    ("/v1/models/user", KEY),
    ("/v1/model/info", LIMITED),
    ("/v1/models?limit=1", KEY | {"anthropic-version": "2023-06-01"}),
    ("/v1beta/models?pageSize=1", {"x-goog-api-key": "{key}"}),
    ("/v1/models?max_price=4&sort=price", KEY),
    ("/v1/models?vendor=acme", KEY),
    ("/v1beta/models?pageSize=1&sort=price", KEY),
    ("/v1/models?limit=1&sort=price&min_context=1000", KEY | {"anthropic-version": "2023-06-01"}),
    ("/v1/models?sort=popular", LIMITED),
    ("/api/pricing?unpriced=rows&max_price=4&sort=price", KEY),
    ("/api/pricing?vendor=acme&endpoint=openai", {}),
    ("/v1/models?client_version=1", KEY),
    ("/v1/models/alias-1", KEY),
    ("/v1/models/acme-1", KEY),
    ("/api/authorize?model=acme-latest", KEY),
    ("/v1/models", LIMITED),
    ("/v1/models/gpt-4o", LIMITED),
    ("/api/authorize?model=gpt-4o", LIMITED),
    ("/api/pricing?unpriced=rows", LIMITED),
    ("/api/authorize/v1/chat/completions", KEY | {"body": '{"model": "acme-latest", "models": ["acme-1"]}'}),
    ("/api/pricing", KEY),
    ("/api/pricing?explain=1", {}),
    ("/api/pricing?unpriced=rows&discount=folded", KEY),
    ("/api/pricing?as_of=2026-06-01", {}),
    ("/api/export/litellm.json?complete=1", {}),
    ("/api/export/openrouter/models", LIMITED),
    ("/llms.txt", {}),
    ("/api/pricing/quote", {"body": QUOTE}),
    ("/api/pricing/quote", KEY | {"body": QUOTE.replace("gpt-4o", "acme-latest")}),
    ("/api/pricing/changes?since=2025-12-01", KEY),
    ("/api/pricing/history/alias-1", KEY),
    ("/?q=model&lang=zh", BROWSER),
    ("/models/gpt-4o", BROWSER),
    ("/models/acme-1?lang=zh", BROWSER),
    ("/models/gpt-4o?n=1000&u.input=5", BROWSER),
    ("/models/no-such-model", BROWSER),
    ("/no-such-page", BROWSER),
    ("/compare?m=gpt-4o&m=acme-1", BROWSER),
    ("/admin/verification/?show=all", {}),
    ("/admin/tokens/token/{tokens.token}/sees/?q=gpt", {}),
    ("/admin/catalog/importrun/{waiting}/change/", {}),
    ("/admin/catalog/aimodel/?q=vendor&price=loss", {}),
]
COMMANDS = [
    *(("export_catalog", name) for name in FORMATS),
    ("check_catalog", "--format", "json"),
    ("verify_prices", "--format", "json"),
    ("retirements", "--format", "json"),
    ("explain_token", "{key_id}", "acme-latest"),
    ("export_snapshot", "{catalog.importrun}"),
]


def addresses() -> Iterator[str]:
    """Each address that has an answer of its own, with its parameters, e.g. v1/models/<path:name>."""
    known = set()
    for address, pattern in walk(get_resolver().url_patterns):
        view = getattr(pattern.callback, "cls", None)
        # One address of the API with and without a slash is the same view, in the same dialect.
        same = (address.rstrip("/") if view else address, str(getattr(pattern.callback, "initkwargs", "")))
        is_regular_expression = "^" in address or "(" in address
        if same in known or is_regular_expression or address.startswith((COUNTERS, ACCOUNT, EXPORTS_OF_AUDIT)):
            continue
        known.add(same)
        if FULL or not (ADMIN_OF_DJANGO.match(address) or is_left_to_sqlite(address)):
            yield address


def is_left_to_sqlite(address: str) -> bool:
    """Three of four pages of the admin: one middleware opens the snapshot of all of them."""
    is_on_postgresql = os.environ.get("DATABASE_URL", "").startswith("postgres")
    return is_on_postgresql and address.startswith("admin/") and crc32(address.encode()) % 4 != 0


def walk(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, address)
        else:
            yield address, pattern


@pytest.fixture(scope="module")
def reader(copied_database: None) -> Iterator[Reader]:
    from config.wsgi import django_application
    from tokens.http.fastpath import FastPath

    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    # Answers contain the time.
    with time_machine.travel("2026-11-29T12:00:00Z", tick=False):
        yield Reader(FastPath(django_application), TwoStates.create())
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.mark.parametrize("address", list(addresses()))
def test_an_address(reader: Reader, address: str) -> None:
    names = re.findall(r"<(?:\w+:)?(\w+)>", address)
    table = ".".join(address.split("/")[1:3])
    values = {"object_id": f"{{{table}}}", "id": f"{{{table}}}"} | VALUES
    missing = [name for name in names if name not in values]
    assert not missing, f"a new parameter: give {missing} a value in VALUES"
    filled = re.sub(r"<(?:\w+:)?(\w+)>", lambda parameter: values[parameter[1]], address)
    headers = {} if address.startswith("admin") else ADMIN_KEY if address.startswith("api/admin") else KEY
    check(
        reader,
        lambda: reader.read(*fill(reader, f"/{filled}"), **dict(fill_all(reader, headers))),
        passes=passes(filled),
    )


@pytest.mark.parametrize(("address", "request_parts"), OTHERS)
def test_an_address_with_other_parameters(reader: Reader, address: str, request_parts: dict[str, str]) -> None:
    check(
        reader,
        lambda: reader.read(*fill(reader, address), **dict(fill_all(reader, request_parts))),
        passes=passes(address.lstrip("/")),
    )


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command(reader: Reader, command: tuple[str, ...], capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    name, *arguments = fill(reader, *command)

    def run() -> tuple[str, bytes]:
        output = io.StringIO()
        with suppress(SystemExit):
            call_command(name, *arguments, stdout=output, stderr=io.StringIO())
        return "200 OK", output.getvalue().encode()

    check(reader, run)


@pytest.mark.parametrize("address", ["/v1/models", "/api/pricing", "/"])
def test_an_import_and_its_rollback(reader: Reader, address: str) -> None:
    names = [f"imported-{number}" for number in range(3)]
    entry = {"litellm_provider": "newcomer", "mode": "chat", "input_cost_per_token": 1e-6}
    states = ImportedOrNot(json.dumps(dict.fromkeys(names, entry)).encode())
    headers = dict(fill_all(reader, KEY)) if address.startswith("/v1") else {}

    caches.clear_all()
    with interrupted(states, every=2):
        status, body = reader.read(address, **headers)
    if states.state:
        states.become(0)

    assert status == "200 OK"
    assert len({name.encode() in body for name in names}) == 1, "some of the imported models, and not all"


def passes(path: str) -> Sequence[int]:
    """After how many statements the state changes; a page of the admin has dozens of them."""
    return (1,) if path.startswith("admin") and not FULL else (1, 2)


def fill(reader: Reader, *texts: str) -> list[str]:
    """The texts with keys of rows in place of the names in braces."""
    states = reader.states
    values = {label: str(row.pk) for label, row in states.rows.items()}
    values |= {"key": states.key, "key_id": states.rows["tokens.token"].key_id, "waiting": str(states.waiting_run)}
    values |= {"limited": states.limited, "admin_key": states.admin_key}
    return [re.sub(r"\{([\w.]+)\}", lambda name: values.get(name[1], "1"), text) for text in texts]


def fill_all(reader: Reader, parts: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name, text in parts.items():
        yield name, text if name == "body" else fill(reader, text)[0]


def check(reader: Reader, read: Callable[[], tuple[str, bytes]], *, passes: Sequence[int] = (1, 2)) -> None:
    """Reads in both states, then while the states change, and once more from the caches that this has filled."""
    states, expected = reader.states, []
    for state in (0, 1):
        states.become(state)
        caches.clear_all()
        expected.append(read())
    assert not any(status.startswith("5") for status, _ in expected)
    for every in passes:
        caches.clear_all()
        with interrupted(states, every=every):
            answer = read()
        assert answer in expected
        assert read() == expected[states.state]
