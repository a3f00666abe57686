"""Codex itself, with a provider whose key a command prints: what it sends to its model. It runs in the full run only.

Codex takes entries of our list in place of what it knows of a model. A stand-in for the gateway forwards its requests
for the list to a running server, and records the calls of the model.
"""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.live.deployment import Operator, Server
from tests.live.test_clients import CLIENTS
from tests.sizes import FULL

pytestmark = [pytest.mark.django_db, pytest.mark.skipif(not FULL, reason="Codex runs in the full run")]

VERSIONS = ("0.171", "0.145")
INSTRUCTIONS = 'You are House.\n\n  Use `apply_patch`, "priority":0, 是.\n'
ANSWER: Any = {
    "id": "r", "object": "response", "created_at": 1, "status": "completed", "model": "m",
    "output": [
        {
            "type": "message", "role": "assistant", "id": "m", "status": "completed",
            "content": [{"type": "output_text", "text": "hi", "annotations": []}],
        }
    ],
    "usage": {
        "input_tokens": 1, "output_tokens": 1, "total_tokens": 2,
        "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0},
    },
}  # fmt: skip
EVENTS = (
    {"type": "response.created", "response": {**ANSWER, "status": "in_progress", "output": []}},
    {"type": "response.output_item.done", "output_index": 0, "item": ANSWER["output"][0]},
    {"type": "response.completed", "response": ANSWER},
)


@dataclass
class Gateway:
    """The stand-in, and what it has been sent."""

    url: str = ""
    lists: list[str] = field(default_factory=list)
    calls: list[Any] = field(default_factory=list)


@contextmanager
def standing_in(server: Server) -> Iterator[Gateway]:
    gateway = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            gateway.lists.append(self.path)
            key = (self.headers["Authorization"] or "").removeprefix("Bearer ")
            self.answer("application/json", server.get(self.path, key=key).body)

        def do_POST(self) -> None:
            gateway.calls.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            events = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in EVENTS)
            self.answer("text/event-stream", "".join(events).encode())

        def answer(self, content_type: str, content: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Nothing is logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        gateway.url = f"http://127.0.0.1:{running.server_port}"
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield gateway
        running.shutdown()


@pytest.fixture(scope="module")
def key(operator: Operator) -> str:
    key: str = operator.run(
        "from catalog.models import CodexProfile\n"
        "world.channel('codex', group='codex')\n"
        "def make(name, **profile):\n"
        "    model = world.model(name, on='codex', supported_endpoint_types=['openai-response'])\n"
        "    if profile:\n"
        "        CodexProfile.objects.create(model=model, **profile)\n"
        "levels = [{'effort': level, 'description': ''} for level in ('low', 'high')]\n"
        f"text = {INSTRUCTIONS!r}\n"
        "make('gpt-5.5')\n"
        "make('codex-unknown')\n"
        "make('codex-full', instructions=text, reasoning_levels=levels, default_reasoning_level='high', "
        "default_verbosity='high')\n"
        "make('codex-plain', instructions=text, patch_tool='')\n"
        "result = world.key('codex')"
    )
    return key


@dataclass
class Sent:
    """What Codex sent to its model."""

    prompt: str
    tools: set[str]
    effort: str | None
    verbosity: str | None
    warnings: str


def ask(server: Server, key: str, home: Path, *, version: str, model: str) -> Sent:
    """What Codex sends for one question."""
    program = next((CLIENTS / f"node-full/node_modules/codex-{version}/vendor").glob("*/bin/codex"), None)
    if program is None:
        pytest.skip("Codex is not installed; install it with tests/live/clients/install.sh --full")
    with standing_in(server) as gateway:
        (home / "config.toml").write_text(
            f'model = "{model}"\nmodel_provider = "ours"\n'
            f'[model_providers.ours]\nname = "ours"\nbase_url = "{gateway.url}/v1"\nwire_api = "responses"\n'
            f'[model_providers.ours.auth]\ncommand = "/bin/echo"\nargs = ["{key}"]\n'
        )
        nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
        done = subprocess.run(
            [program, "exec", "--skip-git-repo-check", "hello"],
            cwd=home, env={"PATH": os.environ["PATH"], "HOME": str(home), "CODEX_HOME": str(home), **nowhere},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
    assert gateway.lists
    assert all(path.startswith(f"/v1/models?client_version={version}") for path in gateway.lists)
    path, body = gateway.calls[0]
    assert (path, body["model"]) == ("/v1/responses", model)
    # Since 0.171 the prompt is the first message.
    prompt = body.get("instructions") or body["input"][0]["content"][0]["text"]
    return Sent(
        prompt,
        {tool.get("name", "") for tool in body["tools"]},
        (body.get("reasoning") or {}).get("effort"),
        (body.get("text") or {}).get("verbosity"),
        done.stderr,
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_without_a_profile_codex_uses_its_own_data(server: Server, key: str, tmp_path: Path, version: str) -> None:
    known = ask(server, key, tmp_path, version=version, model="gpt-5.5")
    unknown = ask(server, key, tmp_path, version=version, model="codex-unknown")

    assert len(known.prompt) > 10_000
    assert "apply_patch" in known.tools
    assert (known.effort, known.verbosity) == ("medium", "low")
    assert len(unknown.prompt) > 10_000
    assert "metadata for `codex-unknown` not found" in unknown.warnings


@pytest.mark.parametrize("version", VERSIONS)
def test_with_a_profile_codex_sends_what_it_states(server: Server, key: str, tmp_path: Path, version: str) -> None:
    full = ask(server, key, tmp_path, version=version, model="codex-full")
    plain = ask(server, key, tmp_path, version=version, model="codex-plain")

    assert full.prompt == plain.prompt == INSTRUCTIONS
    assert "apply_patch" in full.tools
    assert (full.effort, full.verbosity) == ("high", "high")
    assert "apply_patch" not in plain.tools
    assert (plain.effort, plain.verbosity) == (None, None)
    assert "metadata" not in full.warnings + plain.warnings
