"""A stand-in for the models behind a gateway: speaks OpenAI's, Anthropic's and Gemini's protocols, and records calls.

It accepts only its own key. A call that is recorded here has passed the gateway.
"""

import base64
import email
import email.policy
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tokens.keys import HEADERS

KEY = "sk-upstream-0123456789abcdef"
ANSWER = "Hello from the upstream"
# A stream waits this long for a test that has not read its first part; a gateway that buffers fails then.
HOLD_SECONDS = 10
PROMPT_TOKENS, COMPLETION_TOKENS = 7, 11
GEMINI_MODEL = re.compile(r"/models/(?P<model>.+?)(?::(?P<method>\w+))?$")
WEBSOCKET_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


@dataclass
class Received:
    """One request that reached the upstream; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = field(repr=False)
    status: int = 200

    @property
    def model(self) -> str:
        """The model that an upstream would use."""
        address = urlsplit(self.path)
        if ":" in address.path and (match := GEMINI_MODEL.search(unquote(address.path))):
            return match["model"]
        content_type = self.headers.get("content-type", "")
        if content_type.startswith("multipart/"):
            head = f"content-type: {content_type}\r\n\r\n".encode()
            parts = email.message_from_bytes(head + self.body, policy=email.policy.HTTP).iter_parts()
            names = {part.get_param("name", header="content-disposition"): part for part in parts}
            return str(names["model"].get_payload()).strip() if "model" in names else ""
        try:
            read = json.loads(self.body or b"{}")
        except ValueError:
            read = {}
        named = read.get("model") or parse_qs(address.query).get("model", [""])[0]
        return str(named)

    @property
    def keys(self) -> set[str]:
        """Everything that an upstream would read as a key."""
        sent = [self.headers.get(name.lower(), "").removeprefix("Bearer ") for name in HEADERS]
        sent += parse_qs(urlsplit(self.path).query).get("key", [])
        return set(filter(None, sent))

    @property
    def text(self) -> str:
        """Address and headers, to search for what must not be there."""
        return "\n".join([self.path, *(f"{name}: {value}" for name, value in self.headers.items())])


class Upstream(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1; `received` has the requests since `clear`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[Received] = []
        self.gate = threading.Event()
        self.gate.set()
        # It ends connections instead of answering.
        self.is_down = False
        # Whether the last held stream was released, and did not wait in vain.
        self.was_released = True

    @property
    def port(self) -> int:
        return self.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def models(self) -> list[str]:
        """The models of the calls that were received and answered, in their order."""
        return [one.model for one in self.received if one.status == 200]

    def clear(self) -> None:
        self.received = []

    @contextmanager
    def down(self) -> Iterator[None]:
        self.is_down = True
        try:
            yield
        finally:
            self.is_down = False

    @contextmanager
    def holding(self) -> Iterator[threading.Event]:
        """Streams send their first part, and the rest once the event is set."""
        self.gate.clear()
        try:
            yield self.gate
        finally:
            self.gate.set()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients and gateways may leave at any time."""


@contextmanager
def running_upstream() -> Iterator[Upstream]:
    upstream = Upstream()
    thread = threading.Thread(target=upstream.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield upstream
    finally:
        upstream.gate.set()
        upstream.shutdown()
        upstream.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # A response is sent as its parts are written, without waiting for more.
    disable_nagle_algorithm = True
    server: Upstream

    def answer(self) -> None:
        if self.server.is_down:
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(self.command, self.path, headers, self._body())
        self.server.received.append(received)
        if received.keys != {KEY}:
            received.status = 401
            self._send(401, {"error": {"message": "The upstream refuses this key.", "code": "wrong_upstream_key"}})
        elif headers.get("upgrade", "").lower() == "websocket":
            self._open_websocket(headers["sec-websocket-key"])
        else:
            self._answer_call(received)

    def __getattr__(self, name: str) -> Any:
        """The method of every request: do_GET and others."""
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nobody reads it."""

    def _answer_call(self, received: Received) -> None:
        path = urlsplit(received.path).path
        is_json = received.headers.get("content-type", "").startswith("application/json")
        body = json.loads(received.body) if is_json and received.body else {}
        streams = bool(body.get("stream")) or path.endswith(":streamGenerateContent")
        model = received.model
        if streams:
            self._stream(events(path, model, body))
        else:
            self._send(200, response(path, model))

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = bytearray()
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return bytes(body)

    def _send(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _stream(self, parts: list[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number, part in enumerate(parts):
            if number == 1:
                self.server.was_released = self.server.gate.wait(HOLD_SECONDS)
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def _open_websocket(self, key: str) -> None:
        """Accepts, and then sends back whatever arrives first."""
        accepted = base64.b64encode(hashlib.sha1(key.encode() + WEBSOCKET_SUFFIX).digest())  # noqa: S324
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accepted.decode())
        self.end_headers()
        self.wfile.write(self.connection.recv(1024))
        self.close_connection = True


def response(path: str, model: str) -> dict[str, Any]:
    """The response to a call that does not stream."""
    if path.endswith("/responses"):
        return openai_response(model)
    if path.endswith("/embeddings"):
        rows = [{"object": "embedding", "index": 0, "embedding": [0.25, -0.5]}]
        usage = {"prompt_tokens": PROMPT_TOKENS, "total_tokens": PROMPT_TOKENS}
        return {"object": "list", "model": model, "data": rows, "usage": usage}
    if path.endswith("/audio/transcriptions"):
        return {"text": ANSWER}
    if path.endswith("/messages"):
        text = [{"type": "text", "text": ANSWER}]
        usage = {"input_tokens": PROMPT_TOKENS, "output_tokens": COMPLETION_TOKENS}
        return anthropic_message(model) | {"content": text, "stop_reason": "end_turn", "usage": usage}
    if path.endswith("/messages/count_tokens"):
        return {"input_tokens": PROMPT_TOKENS}
    if path.endswith(":generateContent"):
        return gemini_content(ANSWER, "STOP")
    if path.endswith(":countTokens"):
        return {"totalTokens": PROMPT_TOKENS}
    choice = {"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}
    return openai_completion(model, "chat.completion") | {"choices": [choice], "usage": OPENAI_USAGE}


def events(path: str, model: str, body: dict[str, Any]) -> list[bytes]:
    """The parts of a streamed response, the text in two of them."""
    halves = (ANSWER[:5], ANSWER[5:])
    if path.endswith("/messages"):
        usage = {"input_tokens": PROMPT_TOKENS, "output_tokens": 1}
        message = anthropic_message(model) | {"content": [], "stop_reason": None, "usage": usage}
        block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        deltas = [{"type": "text_delta", "text": half} for half in halves]
        start: list[dict[str, Any]] = [{"type": "message_start", "message": message}, block]
        texts = [{"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas]
        end = {"stop_reason": "end_turn", "stop_sequence": None}
        last = {"type": "message_delta", "delta": end, "usage": {"output_tokens": COMPLETION_TOKENS}}
        ends: list[dict[str, Any]] = [{"type": "content_block_stop", "index": 0}, last, {"type": "message_stop"}]
        named = [_event(data, data["type"]) for data in [*start, *texts, *ends]]
        return [b"".join(named[:3]), *named[3:]]
    if path.endswith("/responses"):
        return [_event(data, data["type"]) for data in openai_response_events(model, halves)]
    if ":" in path:
        return [_event(gemini_content(halves[0], None)), _event(gemini_content(halves[1], "STOP"))]
    chunk = openai_completion(model, "chat.completion.chunk")
    deltas = [{"role": "assistant", "content": halves[0]}, {"content": halves[1]}]
    parts = [chunk | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    parts.append(chunk | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if (body.get("stream_options") or {}).get("include_usage"):
        parts.append(chunk | {"choices": [], "usage": OPENAI_USAGE})
    return [*map(_event, parts), b"data: [DONE]\n\n"]


OPENAI_USAGE = {
    "prompt_tokens": PROMPT_TOKENS,
    "completion_tokens": COMPLETION_TOKENS,
    "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS,
}


def openai_completion(model: str, kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1_790_000_000, "model": model}


def openai_response(model: str, status: str = "completed") -> dict[str, Any]:
    text = {"type": "output_text", "text": ANSWER, "annotations": []}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [text]}
    usage = {
        "input_tokens": PROMPT_TOKENS,
        "output_tokens": COMPLETION_TOKENS,
        "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    is_done = status == "completed"
    head = {"id": "resp_1", "object": "response", "created_at": 1_790_000_000, "status": status, "model": model}
    tools = {"parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    return head | tools | {"output": [message] if is_done else [], "usage": usage if is_done else None}


def openai_response_events(model: str, halves: tuple[str, str]) -> Iterator[dict[str, Any]]:
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    yield {"type": "response.created", "sequence_number": 0, "response": openai_response(model, "in_progress")}
    for number, half in enumerate(halves, 1):
        yield {"type": "response.output_text.delta", "sequence_number": number, "delta": half, "logprobs": []} | place
    yield {"type": "response.completed", "sequence_number": 3, "response": openai_response(model)}


def anthropic_message(model: str) -> dict[str, Any]:
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "stop_sequence": None}


def gemini_content(text: str, reason: str | None) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": [{"text": text}]}, "index": 0}
    usage = {
        "promptTokenCount": PROMPT_TOKENS,
        "candidatesTokenCount": COMPLETION_TOKENS,
        "totalTokenCount": PROMPT_TOKENS + COMPLETION_TOKENS,
    }
    return {"candidates": [candidate | ({"finishReason": reason} if reason else {})], "usageMetadata": usage}


def _event(data: Any, name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()
