"""The table of docs/clients.md: what each client requests and sees, measured with the client itself."""

import re
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.live.deployment import ROOT, Operator, Server
from tests.live.recorder import Sent, recording
from tests.live.test_clients import CLIENTS, PROGRAMS, client_folder, run
from tests.sizes import FULL

pytestmark = pytest.mark.django_db

# More than the pages that vendors and clients are used to (20, 50 and 100), and ids as they occur.
IDS = [f"{family}-{number}" for family in ("gpt", "claude", "gemini") for number in range(39)]
IDS += ["vendor/with/slashes", "claude-with:colon", "gpt-4.1@eu"]
# Facts that some client would reject with the whole list, if the list had them as they are stored.
ODD_FACTS = """[
    dict(context_length=2**31, max_output_tokens=2**32, released_on=dt.date(1969, 12, 31)),
    dict(context_length=2**53, max_input_tokens=2**53 + 1, max_output_tokens=2**63 - 1, released_on=dt.date.min),
    dict(released_on=dt.date.max, deprecated_on=dt.date.min, retires_on=dt.date.max, description="\\u2028" * 10_000),
    dict(default_parameters={"temperature": Decimal("1E-7"), "top_k": Decimal("64.0"), "top_p": Decimal("1E-50"),
                             "max_temperature": Decimal("0.1234567890123456789012345")}),
    dict(supported_endpoint_types=[], display_name="\\x01", version="\\x7f"),
]"""
SITUATIONS = ("good", "empty", "401", "403", "404", "429")
COLUMNS = ("client", "version", "requests", "key in", *SITUATIONS, "our text")


@dataclass(frozen=True)
class Program:
    """`packages` has the package of each client, whose version the file `pins` states."""

    command: list[str]
    folder: str
    pins: str
    packages: dict[str, str]


def python(name: str, folder: str, pins: str, packages: dict[str, str]) -> Program:
    return Program([sys.executable, str(PROGRAMS / name)], folder, pins, packages)


def all_of(package: str, name: str, kinds: Iterable[str]) -> dict[str, str]:
    return dict.fromkeys((f"{name}, {kind}" for kind in kinds), package)


LITELLMS = ("openai", "anthropic", "gemini", "litellm_proxy", "hosted_vllm", "openai_like", "azure")
INSTALL = "tests/live/clients/install.sh"
IN_JAVA = {
    "openai-java": "openai-java",
    "anthropic-java": "anthropic-java",
    "google-genai for Java": "google-genai",
    "LangChain4j, OpenAI": "langchain4j-open-ai",
    "LangChain4j, Anthropic": "langchain4j-anthropic",
    "LangChain4j, Gemini": "langchain4j-google-ai-gemini",
}
IN_GO = {
    "openai-go": "github.com/openai/openai-go/v3",
    "go-openai": "github.com/sashabaranov/go-openai",
    "anthropic-sdk-go": "github.com/anthropics/anthropic-sdk-go/v2",
    "genai for Go": "google.golang.org/genai",
}
OFTEN = {
    "LiteLLM": python(
        "litellm_client.py",
        "litellm",
        INSTALL,
        all_of("litellm[proxy]", "LiteLLM", LITELLMS),
    ),
}
SELDOM = {
    "Python": python(
        "vendors_lists.py",
        "",
        "requirements-dev.lock",
        {name: name for name in ("openai", "anthropic", "google-genai")},
    ),
    "any-llm": python(
        "any_llm_client.py",
        "any-llm",
        INSTALL,
        all_of("any-llm-sdk[gemini]", "any-llm", ("openai", "anthropic", "gemini")),
    ),
    "Open WebUI": python(
        "open_webui_client.py", "open-webui", INSTALL, all_of("open-webui", "Open WebUI", ("models", "verify"))
    ),
    "Node": Program(
        ["node", str(PROGRAMS / "lists.mjs")],
        "node",
        "tests/live/clients/package.json",
        {
            "openai for Node": "openai",
            "anthropic for Node": "@anthropic-ai/sdk",
            "google-genai for Node": "@google/genai",
        },
    ),
    "Continue": Program(
        ["node", str(PROGRAMS / "lists.mjs")],
        "node-full",
        "tests/live/clients/full/package.json",
        {"Continue, openai": "@continuedev/openai-adapters"},
    ),
    "Go": Program([str(CLIENTS / "go/clients")], "go", "tests/live/clients/go/go.mod", IN_GO),
    "Java": Program(
        ["java", "-cp", f"{CLIENTS}/java/classes:@{CLIENTS}/java/classpath", "Lists"],
        "java",
        "tests/live/clients/java/pom.xml",
        IN_JAVA,
    ),
    "Rust": Program(
        [str(CLIENTS / "rust/clients")],
        "rust",
        "tests/live/clients/rust/Cargo.toml",
        {"async-openai": "async-openai", **all_of("genai", "genai for Rust", ("OpenAI", "Anthropic", "Gemini"))},
    ),
}
CLIENT_PROGRAMS = OFTEN | SELDOM


def table() -> dict[str, dict[str, str]]:
    """The rows of the document, by client."""
    lines = [line for line in (ROOT / "docs/clients.md").read_text().splitlines() if line.startswith("| ")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: dict(zip(COLUMNS, row, strict=True)) for row in rows if len(row) == len(COLUMNS)}


@pytest.fixture(scope="module")
def keys(server: Server, operator: Operator) -> dict[str, str]:
    """A key for each situation."""
    result: dict[str, str] = operator.run(
        "import datetime as dt\nfrom decimal import Decimal\n"
        "channel = world.channel('table', group='table')\n"
        "types = ['openai', 'openai-response', 'anthropic', 'gemini']\n"
        "facts = dict(vendor=world.vendor(), status='published', supported_endpoint_types=types)\n"
        f"odd = dict(zip({IDS[::20]!r}, {ODD_FACTS}))\n"
        f"rows = [AIModel(name=name, **facts | odd.get(name, {{}})) for name in {IDS!r}]\n"
        "models = AIModel.objects.bulk_create(rows)\n"
        "Offer.objects.bulk_create([Offer(model=model, channel=channel) for model in models])\n"
        "result = {'good': world.key('table'), 'empty': world.key('table', allow=[]), '401': 'sk-unknown',\n"
        "          '403': world.key('table', networks=['203.0.113.0/24'])}"
    )
    return result | {"404": result["good"]}


def measure(program: Program, keys: dict[str, str], server: Server, operator: Operator) -> dict[str, dict[str, str]]:
    """The rows of the program's clients, as they are now."""
    limited = operator.run(
        f"result = [world.key('table', rate_limit='1 per 4 second') for _ in range({len(program.packages)})]"
    )
    with ExitStack() as stack:
        recorders = {
            client: stack.enter_context(recording(server.port, limited=key))
            for client, key in zip(program.packages, limited, strict=True)
        }
        situations = {
            client: {
                name: [recorder.url + ("/nowhere" if name == "404" else ""), (keys | {"429": key})[name]]
                for name in SITUATIONS
            }
            for (client, recorder), key in zip(recorders.items(), limited, strict=True)
        }
        folder = client_folder(program.folder) if program.folder else ROOT
        in_node = program.command[0] == "node"
        seen = run(
            [part.replace(f"@{folder}/classpath", _text(folder / "classpath")) for part in program.command],
            situations,
            folder=folder if in_node else ROOT,
            PYTHONPATH=f"{folder}:{folder}-needs:{ROOT}",
        )
        return {
            client: row_of(client, version_of(program, client), seen[client], recorder.sent, situations[client])
            for client, recorder in recorders.items()
        }


def _text(path: Any) -> str:
    return path.read_text().strip() if path.exists() else ""


def version_of(program: Program, client: str) -> str:
    """The version of the client's package that is installed for the tests."""
    pins, name = re.sub("<[^>]+>", " ", (ROOT / program.pins).read_text()), re.escape(program.packages[client])
    found = re.search(rf"(?<![\w/@-]){name}[^\w.,]+(?:version\W+)?v?(\d[\w.]*)", pins)
    assert found, f"{program.pins} has no version of {program.packages[client]}"
    return found[1]


def row_of(client: str, version: str, seen: dict[str, Any], sent: list[Sent], situations: Any) -> dict[str, str]:
    requests = {
        name: [one for one in sent if one.key == key and one.path.startswith("/nowhere") == (name == "404")]
        for name, (_, key) in situations.items()
    }
    first = next((one for one in requests["good"] if one.method == "GET"), None)
    text = seen["401"].get("text")
    return {
        "client": client,
        "version": version,
        "requests": f"`{first.path}`" if first else "nothing",
        "key in": f"`{first.credential}`" if first else "",
        **{name: cell(seen[name], requests[name], name) for name in SITUATIONS},
        "our text": "" if text is None else "yes" if "Invalid API key" in text else "no",
    }


def cell(outcome: dict[str, Any], sent: list[Sent], situation: str) -> str:
    """`all`, `none`, `50 of 120`, or the class of the error, with the number of requests if it repeats them."""
    statuses = [one.status for one in sent]
    if "ids" not in outcome:
        requests = statuses[statuses.index(429) :] if 429 in statuses else statuses
        return f"`{outcome['error']}`" + (f", {len(requests)} requests" if len(requests) > 1 else "")
    ids = set(outcome["ids"])
    if not ids:
        return "none"
    if not ids <= set(IDS):
        return "its own list"
    seen = "all" if len(ids) == len(IDS) else f"{len(ids)} of {len(IDS)}"
    return f"waits, {seen}" if 429 in statuses else seen


@pytest.mark.parametrize("name", CLIENT_PROGRAMS if FULL else OFTEN)
def test_clients_see_what_the_table_says(name: str, keys: dict[str, str], server: Server, operator: Operator) -> None:
    rows = measure(CLIENT_PROGRAMS[name], keys, server, operator)

    measured = "\n".join("| " + " | ".join(row.values()) + " |" for row in rows.values())
    documented = table()
    assert rows == {client: documented.get(client) for client in rows}, f"the rows would be:\n{measured}"


def test_the_table_has_every_client_that_is_measured() -> None:
    assert table().keys() >= {client for program in CLIENT_PROGRAMS.values() for client in program.packages}
