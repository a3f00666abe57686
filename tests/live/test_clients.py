"""The clients that people use, against a running server: ids, types, paging, and the exceptions they raise."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live.deployment import ROOT, Operator, Server
from tests.sizes import FULL

pytestmark = pytest.mark.django_db

PROGRAMS = ROOT / "tests" / "live" / "clients"
CLIENTS = ROOT / ".clients"
NEWEST_FIRST = ["clients/with/slashes", "claude-clients:5", "gemini-clients", "gpt-clients", "clients-undated"]
# Ids as only some clients send them: some encode what others send as it is.
ODD = ["odd/with/slashes", "odd:with:colons", "odd/both:of-them@2026", "odd with spaces", "odd-ümläut-模型"]
CURRENT = ""
# Vendor and edition: the current one is in the venv, the older ones are folders of .clients and run in the full run.
OLDER = [
    ("openai", "openai-2"),
    ("openai", "openai-1"),
    ("anthropic", "anthropic-1"),
    ("anthropic", "anthropic-0"),
    ("gemini", "google-genai-2"),
]
EDITIONS = [*((vendor, CURRENT) for vendor in ("openai", "anthropic", "gemini")), *(OLDER if FULL else [])]
# Vendor -> status -> the exception and the code with it.
PYTHON_ERRORS = {
    "openai": {
        "401": ["AuthenticationError", 401, "invalid_api_key", True],
        "403": ["PermissionDeniedError", 403, "ip_not_allowed", True],
        "404": ["NotFoundError", 404, "model_not_found", True],
        "429": ["RateLimitError", 429, "rate_limit_exceeded", True],
        "500": ["InternalServerError", 500, "internal_error", True],
    },
    "anthropic": {
        "401": ["AuthenticationError", 401, "authentication_error", True],
        "403": ["PermissionDeniedError", 403, "permission_error", True],
        "404": ["NotFoundError", 404, "not_found_error", True],
        "429": ["RateLimitError", 429, "rate_limit_error", True],
        "500": ["InternalServerError", 500, "api_error", True],
    },
    "gemini": {
        "401": ["ClientError", 401, "UNAUTHENTICATED", True],
        "403": ["ClientError", 403, "PERMISSION_DENIED", True],
        "404": ["ClientError", 404, "NOT_FOUND", True],
        "429": ["ClientError", 429, "RESOURCE_EXHAUSTED", True],
        "500": ["ServerError", 500, "INTERNAL", True],
    },
}
TYPES = {"openai": ["Model"], "anthropic": ["ModelInfo"], "gemini": ["Model"]}
# Vendor -> field -> the types of its values: one model of the list has no date, no limits and no capabilities.
PYTHON_FIELDS = {
    "openai": {
        **{key: ["str"] for key in ("id", "object", "owned_by")},
        "created": ["int"],
        "shutdown_date": ["NoneType"],
        "supported_endpoint_types": ["list"],
    },
    "anthropic": {
        **{key: ["str"] for key in ("id", "display_name", "lifecycle")},
        "created_at": ["datetime"],
        "deprecated_at": ["NoneType"],
        "max_input_tokens": ["NoneType", "int"],
        "capabilities": ["NoneType", "object"],
    },
    "gemini": {
        **{key: ["str"] for key in ("name", "display_name")},
        "version": ["NoneType", "str"],
        "input_token_limit": ["NoneType", "int"],
        "supported_actions": ["list"],
    },
}
NODE_NAMES = {
    "display_name": "displayName",
    "input_token_limit": "inputTokenLimit",
    "supported_actions": "supportedActions",
}
NODE_TYPES = {"str": "string", "int": "number", "list": "object", "datetime": "string", "object": "object"}
# Vendor -> what is absent: null where the vendor says null, left out in Gemini's.
NODE_ABSENT = {"openai": "null", "anthropic": "null", "gemini": "undefined"}
# Code, type and parameter: of an unknown key, a hidden model, a model that never was, and a method that is not allowed.
OPENAI_DETAILS = [
    ["invalid_api_key", "invalid_request_error", None],
    ["model_not_found", "invalid_request_error", "model"],
    ["model_not_found", "invalid_request_error", "model"],
    ["method_not_allowed", "invalid_request_error", None],
]
# What Anthropic's cursors and stages bring.
ANTHROPICS = {
    "lifecycle": ["active"],
    "has_more": [True, False],
    "after_hidden": NEWEST_FIRST[1:],
    "before_hidden": NEWEST_FIRST[:1],
    "retired": ["clients-retired"],
}


@pytest.fixture(scope="module")
def instructions(server: Server, operator: Operator) -> Iterator[dict[str, Any]]:
    """Instructions for a client: address, keys, model names. One model breaks every list that contains it."""
    keys = operator.run(
        "import datetime as dt\n"
        "world.channel('clients', group='clients'); world.channel('broken', group='broken')\n"
        f"for age, name in enumerate({NEWEST_FIRST[:-1]!r}):\n"
        "    world.model(name, on='clients', released_on=dt.date(2026, 9 - age, 1), context_length=1000,\n"
        "                version='001', capabilities=['reasoning', 'thinking_adaptive', 'batch'],\n"
        "                supported_endpoint_types=['openai', 'gemini'])\n"
        "world.model('clients-undated', on='clients')\n"
        "AIModel.objects.filter(name='clients-undated').update(created_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))\n"
        f"world.channel('odd', group='odd')\nfor name in {ODD!r}: world.model(name, on='odd')\n"
        "world.model('clients-retired', on='clients', retires_on=dt.date(2026, 1, 1))\n"
        "gone = world.model('clients-gone', on='clients', released_on=dt.date(2026, 8, 15))\n"
        "world.model('clients-hidden', on='clients', status='draft')\n"
        "broken = world.model('clients-broken', on='broken')\n"
        "AIModel.objects.filter(pk=broken.pk).update(supported_endpoint_types=5, capabilities=5)\n"
        "result = {'good': world.key('clients'), 'abroad': world.key('clients', networks=['203.0.113.0/24']),\n"
        "          'broken': world.key('broken'), 'odd': world.key('odd'), 'unknown': 'sk-unknown'}\n"
        "gone.delete()"
    )
    names = {"odd": ODD, "model": "clients/with/slashes", "hidden": "clients-hidden", "gone": "clients-gone"}
    yield {"url": server.url, "keys": keys, **names}
    # Repaired, because the pages that other tests open show all models.
    operator.run(
        "AIModel.objects.filter(name='clients-broken').update(supported_endpoint_types=[], capabilities=[])\n"
        "result = True"
    )


@pytest.fixture
def limited_instructions(instructions: dict[str, Any], operator: Operator) -> dict[str, Any]:
    """The same, with a key that may send two requests per hour."""
    limited = operator.run("result = world.key('clients', rate_limit='2/hour')")
    return {**instructions, "keys": {**instructions["keys"], "limited": limited}}


def run(command: list[str], instructions: dict[str, Any], *, folder: Path = ROOT, **environment: str) -> dict[str, Any]:
    variables = {name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_BASE_URL"))}
    finished = subprocess.run(
        [*command, json.dumps(instructions)], cwd=folder, env=variables | environment, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr[-2000:]
    seen: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return seen


def client_folder(edition: str) -> Path:
    if edition and not (CLIENTS / edition / ".whole").exists():
        pytest.skip(f"{edition} is not installed; install it with tests/live/clients/install.sh")
    return CLIENTS / edition


def named(vendor: str, ids: list[str]) -> list[str]:
    return [f"models/{name}" for name in ids] if vendor == "gemini" else ids


def has_what_anthropics_list_has(seen: dict[str, Any], sdk: str) -> None:
    assert {name: seen[name] for name in ANTHROPICS} == ANTHROPICS, sdk
    # An SDK walks backwards page by page, each in the order of the list.
    assert sorted(seen["back"]) == sorted(NEWEST_FIRST[:-1]), sdk
    assert seen["back"][:2] == NEWEST_FIRST[2:4], sdk


@pytest.mark.parametrize(("vendor", "edition"), EDITIONS, ids=lambda part: part or "current")
def test_the_vendors_own_sdk_for_python(limited_instructions: dict[str, Any], vendor: str, edition: str) -> None:
    path = str(client_folder(edition)) if edition else ""

    seen = run([sys.executable, str(PROGRAMS / f"{vendor}_sdk.py")], limited_instructions, PYTHONPATH=path)

    sdk = f"{vendor} {seen['version']}"
    assert not edition or edition.rpartition("-")[2] == seen["version"].partition(".")[0], sdk
    assert seen["ids"] == seen["paged"] == named(vendor, NEWEST_FIRST), sdk
    assert seen["one"] == named(vendor, ["clients/with/slashes"])[0], sdk
    assert seen["types"] == TYPES[vendor], sdk
    assert seen["fields"] == PYTHON_FIELDS[vendor], sdk
    assert seen.get("tuned", []) == [], sdk
    assert seen["errors"] == PYTHON_ERRORS[vendor], sdk
    if vendor == "openai":
        assert seen["retrieved"] == [[name, "model", "openai"] for name in ODD], sdk
        assert [details[:3] for details in seen["details"]] == OPENAI_DETAILS, sdk
        assert seen["details"][-1][-1] == "GET, HEAD, OPTIONS", sdk
    if vendor == "anthropic":
        has_what_anthropics_list_has(seen, sdk)


@pytest.mark.parametrize("vendor", TYPES)
def test_the_vendors_own_sdk_for_node(limited_instructions: dict[str, Any], vendor: str) -> None:
    if not shutil.which("node"):
        pytest.skip("there is no Node on this machine")

    seen = run(["node", str(PROGRAMS / "sdk.mjs"), vendor], limited_instructions, folder=client_folder("node"))

    sdk = f"{vendor} {seen['version']} for Node"
    assert seen["ids"] == seen["paged"] == named(vendor, NEWEST_FIRST), sdk
    assert seen["one"] == named(vendor, ["clients/with/slashes"])[0], sdk
    assert seen["fields"] == {
        field: sorted(NODE_TYPES.get(name, NODE_ABSENT[vendor]) for name in types)
        for field, types in PYTHON_FIELDS[vendor].items()
        for field in [NODE_NAMES.get(field, field) if vendor == "gemini" else field]
    }, sdk
    if vendor == "anthropic":
        assert seen["dates"], sdk
        has_what_anthropics_list_has(seen, sdk)
    for status, (name, _, code, _) in PYTHON_ERRORS[vendor].items():
        got = seen["errors"][status]
        assert got[:2] == ["ApiError" if vendor == "gemini" else name, int(status)], sdk
        assert vendor == "gemini" or got[2:] == [code, True], sdk


def test_llm_lists_the_models(instructions: dict[str, Any], tmp_path: Path) -> None:
    variables = os.environ | {"PYTHONPATH": str(client_folder("llm")), "LLM_USER_PATH": str(tmp_path)}
    command = [sys.executable, "-m", "llm", "openai", "endpoint", f"{instructions['url']}/v1", "--models"]

    listed = subprocess.run(
        [*command, "--key", instructions["keys"]["good"]], env=variables, capture_output=True, text=True, check=True
    ).stdout

    for name in NEWEST_FIRST:
        assert name in listed
