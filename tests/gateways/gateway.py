"""A running gateway and what it cannot do, the line between it and Modelbook, and calls without an SDK."""

import datetime as dt
import http.client
import json
import select
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.live.deployment import ROOT, Answer, Server
from tests.servers import SECONDS, wait_for_port

CONFIGURATIONS = ROOT / "docs" / "gateways"
# Linux answers on each address of this network: clients with different addresses, on one machine.
HERE, ELSEWHERE = "127.0.0.1", "127.0.0.2"


@dataclass(frozen=True)
class Gateway:
    """Where a gateway listens. Flags that are off: the suite tests that such a call is refused instead."""

    port: int
    # The model that a JSON body names reaches the check; without it, only the address and trusted headers name models.
    reads_bodies: bool = True
    # The same for multipart bodies, e.g. of audio.
    reads_multipart: bool = True
    # A call with several models (`fallbacks`) is checked for each of them.
    reads_fallbacks: bool = True
    # A refusal is Modelbook's own body, in the caller's dialect. Otherwise only its status and X-Modelbook-Reason are.
    keeps_refusals: bool = True
    # While Modelbook is down, callers get 503 with a body in JSON. Otherwise they get some error of the server.
    explains_outages: bool = True
    # The caller of an allowed call receives X-Modelbook-Budget-Warning.
    warns_of_budgets: bool = True
    # Some unreadable bodies are refused with this status.
    unreadable_status: int = 400
    # The upstream receives X-Modelbook-Key-Id, -Model, -Group and -Token-Name of the check.
    passes_result: bool = True
    # The upstream receives the bytes that the caller sent.
    keeps_bodies: bool = True
    # Lists of models, single models and the price list come from Modelbook.
    serves_catalog: bool = True
    # The protocols that it accepts.
    speaks: frozenset[str] = frozenset({"openai", "openai-responses", "anthropic", "gemini"})
    # It accepts Gemini's keys in ?key=.
    accepts_keys_in_query: bool = True
    # Modelbook receives a Host that it allows by default; otherwise ALLOWED_HOSTS must contain the gateway's names.
    sends_own_host: bool = True
    # The version of Gemini's API in addresses that google-genai has to use; empty: its own default.
    gemini_version: str = ""
    # Upgraded connections (OpenAI's realtime API), with the model in the query.
    opens_websockets: bool = True
    # uvicorn lets a call wait that asks for a websocket with another method than GET.
    answers_upgrades: bool = True
    # Everything that it has written.
    log: Path | None = None

    @property
    def url(self) -> str:
        return f"http://{HERE}:{self.port}"


class InOnePiece(http.client.HTTPConnection):
    """Sends a short body with the head. A server that refuses the head resets a connection on which more arrives."""

    def _send_output(self, message_body: Any = None, encode_chunked: bool = False) -> None:
        if not isinstance(message_body, bytes) or len(message_body) > 1000:
            super()._send_output(message_body, encode_chunked)  # type: ignore[misc]
            return
        head: list[bytes] = self._buffer  # type: ignore[attr-defined]
        message = b"\r\n".join([*head, b"", message_body])
        head.clear()
        self.send(message)


def post(
    gateway: Gateway,
    path: str,
    body: Any = None,
    *,
    key: str = "",
    source: str = HERE,
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    seconds: float = SECONDS,
) -> Answer:
    """One request without an SDK, which sends the path as it is; `body` is JSON unless it is bytes or an iterator."""
    sent = {"content-type": "application/json"} if body is not None else {}
    sent |= {"authorization": f"Bearer {key}"} if key else {}
    if body is not None and not isinstance(body, bytes | Iterator):
        body = json.dumps(body).encode()
    client = InOnePiece(HERE, gateway.port, timeout=seconds, source_address=(source, 0))
    # http.client refuses control characters in addresses, which is the task of gateways here.
    client._validate_path = lambda _: None  # type: ignore[attr-defined]
    try:
        with suppress(BrokenPipeError, ConnectionResetError):  # A gateway may refuse before it has read the body.
            client.request(method, path, body=body, headers=sent | dict(headers or {}))
        return Answer(client.getresponse())
    finally:
        client.close()


def chat(gateway: Gateway, model: str, *, key: str, source: str = HERE, **headers: str) -> Answer:
    """A chat call whose body names the model last, as SDKs do; header names are written with underscores."""
    body = {"messages": [{"role": "user", "content": "Hello"}], "model": model}
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return post(gateway, "/v1/chat/completions", body, key=key, source=source, headers=sent)


def report(modelbook: Server, reporter: str, key: str, *, tokens: int) -> dict[str, Any]:
    """Reports a call as the gateway or the upstream does; its id depends on the key and the quantity."""
    key_id = key.split("_")[-2]
    call = {"id": f"{key_id}-{tokens}", "key_id": key_id, "model": "gw-nick", "usage": {"input": tokens}}
    # The same time when it is sent again.
    event = call | {"at": f"{dt.datetime.now(tz=dt.UTC):%Y-%m-%d}T00:00:00Z"}
    taken: dict[str, Any] = post(Gateway(modelbook.port), "/api/usage", {"events": [event]}, key=reporter).json()
    return taken


def open_websocket(gateway: Gateway, model: str, key: str) -> tuple[int, bytes]:
    """Opens a websocket and sends something: the status, and what came back."""
    path = f"/v1/realtime?model={model}"
    upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13"
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    with socket.create_connection((HERE, gateway.port), timeout=20) as connection:
        connection.sendall(f"{head}Authorization: Bearer {key}\r\n\r\n".encode())
        response = http.client.HTTPResponse(connection)
        response.begin()
        if response.status != 101:
            return response.status, b""
        connection.sendall(b"ping")
        return response.status, connection.recv(100)


def configuration(name: str, folder: Path, replacements: Mapping[str, object]) -> Path:
    """A copy of the folder docs/gateways/<name> with other ports and secrets; everything else is unchanged."""
    target = folder / name
    # An earlier test run may have compiled a file of the folder.
    shutil.copytree(CONFIGURATIONS / name, target, ignore=shutil.ignore_patterns("__pycache__"))
    files = [file for file in target.rglob("*") if file.is_file()]
    for ours, theirs in replacements.items():
        changed = [file for file in files if ours in file.read_text()]
        assert changed, f"no file of {name} contains {ours}"
        for file in changed:
            file.write_text(file.read_text().replace(ours, str(theirs)))
    return target


def nginx(folder: Path) -> list[str]:
    """The command for a configuration in this folder; as root, other users could not reach the tests' folders."""
    return ["nginx", "-p", str(folder), "-c", "nginx.conf", "-g", "user root;"]


@contextmanager
def running(command: Sequence[str], port: int, folder: Path, **environment: Any) -> Iterator[Path]:
    """Starts a gateway, waits for its port, and stops it at the end; yields the file with its output."""
    log_file = folder / "output.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **environment)
    try:
        try:
            wait_for_port(port, process)
        except AssertionError as error:
            raise AssertionError(log_file.read_text()[-2000:]) from error
        yield log_file
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Line:
    """A TCP line to Modelbook that can be cut: to the gateway, Modelbook is down then."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._listener = socket.create_server((HERE, 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        self._is_cut = False
        # How many connections were refused while the line was cut.
        self.refused = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def cut(self) -> Iterator[None]:
        self._is_cut, self.refused = True, 0
        for pair in list(self._pairs):
            self._end(pair)
        try:
            yield
        finally:
            self._is_cut = False

    def close(self) -> None:
        self._is_cut = True
        self._listener.close()
        for pair in list(self._pairs):
            self._end(pair)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._is_cut:
                self.refused += 1
                near.close()
                continue
            far = socket.create_connection((HERE, self._target))
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._pairs.add((near, far))
            threading.Thread(target=self._carry, args=((near, far),), daemon=True).start()

    def _carry(self, pair: tuple[socket.socket, socket.socket]) -> None:
        """Carries bytes both ways until one end closes."""
        near, far = pair
        with suppress(OSError, ValueError):
            while self._carry_next(near, far):
                pass
        self._end(pair)

    def _carry_next(self, near: socket.socket, far: socket.socket) -> bool:
        ready, _, _ = select.select((near, far), (), ())
        for end in ready:
            data = end.recv(256 * 1024)
            if not data:
                return False
            (far if end is near else near).sendall(data)
        return True

    def _end(self, pair: tuple[socket.socket, socket.socket]) -> None:
        self._pairs.discard(pair)
        for end in pair:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
