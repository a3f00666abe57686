"""A gateway that takes calls as the vendors do: it refuses whatever their documents do not describe.

Bodies are compared with strict schemas, and where a vendor publishes types in its SDK, with these, too.
"""

import base64
import email.parser
import email.policy
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import anthropic.types.message_create_params as anthropic_params
import google.genai.types as gemini_types
import jsonschema
import openai.types as openai_types
from openai.types import audio, chat, responses
from pydantic import TypeAdapter, ValidationError

KEY = "sk-example"
SPEECH, PICTURE, VIDEO, RECORDING = b"ID3 speech", b"\x89PNG picture", b"ftyp video", b"ID3 recording"
GREETING = "Hi there."
TEXT = {"type": "string", "minLength": 1}
MODEL = TEXT


def strict(**fields: Any) -> Any:
    """An object with these fields and no others; those whose names end in _ may be missing."""
    return {
        "type": "object",
        "properties": {name.rstrip("_"): schema for name, schema in fields.items()},
        "required": [name for name in fields if not name.endswith("_")],
        "additionalProperties": False,
    }


def some(item: Any) -> Any:
    return {"type": "array", "items": item, "minItems": 1}


CHAT = some(strict(role={"enum": ["user", "system", "assistant"]}, content=TEXT))
PARTS = strict(parts=some(strict(text=TEXT)), role_={"const": "user"})
# Every version stays valid; SDKs send the newest one that they know.
VERSION = re.compile(r"20\d\d-\d\d-\d\d")
# Kind -> its body. Voyage refuses embeddings as floats when they are asked for, although it returns them.
SCHEMAS: Mapping[str, Any] = {
    "chat": strict(model=MODEL, messages=CHAT),
    "completion": strict(model=MODEL, prompt=TEXT),
    "responses": strict(model=MODEL, input=TEXT),
    "compaction": strict(model=MODEL, input=TEXT),
    "messages": strict(model=MODEL, max_tokens={"type": "integer", "minimum": 1}, messages=CHAT),
    "gemini": strict(contents=some(PARTS)),
    "embeddings": strict(model=MODEL, input=TEXT, encoding_format_={"const": "base64"}),
    "moderation": strict(model=MODEL, input=TEXT),
    "rerank": strict(model=MODEL, query=TEXT, documents=some(TEXT)),
    "image": strict(model=MODEL, prompt=TEXT),
    "speech": strict(model=MODEL, input=TEXT, voice=TEXT),
    "video": strict(model=MODEL, prompt=TEXT),
    "unified-video": strict(model=MODEL, prompt=TEXT),
    "ali-video": strict(model=MODEL, input=strict(prompt=TEXT), parameters_={"type": "object"}),
    "volc-video": strict(model=MODEL, content=some(strict(type={"const": "text"}, text=TEXT))),
    "minimax-video": strict(model=MODEL, prompt=TEXT),
    "kling": strict(model_name=MODEL, prompt=TEXT),
    "midjourney": strict(prompt=TEXT),
    "suno": strict(gpt_description_prompt=TEXT),
}
# Embedding requests of Gemini's SDKs state the model twice, and go to the method for several texts.
EMBED = strict(model_=TEXT, content=PARTS)
# Kind -> the type of the body in the vendor's SDK.
TYPES: Mapping[str, Any] = {
    "chat": chat.completion_create_params.CompletionCreateParamsNonStreaming,
    "completion": openai_types.completion_create_params.CompletionCreateParamsNonStreaming,
    "responses": responses.response_create_params.ResponseCreateParamsNonStreaming,
    "compaction": responses.ResponseCompactParams,
    "embeddings": openai_types.EmbeddingCreateParams,
    "moderation": openai_types.ModerationCreateParams,
    "image": openai_types.image_generate_params.ImageGenerateParamsNonStreaming,
    "speech": audio.SpeechCreateParams,
    "messages": anthropic_params.MessageCreateParamsNonStreaming,
}
PATHS = {
    "/v1/chat/completions": "chat", "/v1/completions": "completion", "/v1/responses": "responses",
    "/v1/responses/compact": "compaction", "/v1/messages": "messages", "/v1/embeddings": "embeddings",
    "/v1/moderations": "moderation", "/v1/rerank": "rerank", "/v1/images/generations": "image",
    "/v1/audio/speech": "speech", "/v1/audio/transcriptions": "transcription", "/v1/videos": "video",
    "/v1/video/create": "unified-video", "/api/v1/services/aigc/video-generation/video-synthesis": "ali-video",
    "/volc/v1/contents/generations/tasks": "volc-video", "/minimax/v1/video_generation": "minimax-video",
    "/kling/v1/videos/text2video": "kling", "/mj/submit/imagine": "midjourney", "/suno/submit/music": "suno",
    "/plain/speech": "speech", "/plain/transcription": "transcription", "/plain/image": "image", "/plain/chat": "chat",
}  # fmt: skip
# Kind -> (the answer to the call, where the result is, its body while it is not ready and when it is).
DONE = {"video_url": "https://files.example/video.mp4"}
JOBS: Mapping[str, tuple[Any, str, Any, Any]] = {
    "video": (
        {"id": "job-1", "object": "video", "status": "queued", "progress": 0}, "/v1/videos/job-1",
        {"id": "job-1", "object": "video", "status": "in_progress"}, {"id": "job-1", "status": "completed"},
    ),
    "unified-video": (
        {"id": "job-1", "status": "pending"}, "/v1/video/query?id=job-1",
        {"id": "job-1", "status": "processing"}, {"id": "job-1", "status": "completed"} | DONE,
    ),
    "ali-video": (
        {"output": {"task_status": "PENDING", "task_id": "job-1"}, "request_id": "r"}, "/api/v1/tasks/job-1",
        {"output": {"task_status": "RUNNING"}}, {"output": {"task_status": "SUCCEEDED"} | DONE},
    ),
    "volc-video": (
        {"id": "job-1"}, "/volc/v1/contents/generations/tasks/job-1",
        {"id": "job-1", "status": "running"}, {"id": "job-1", "status": "succeeded", "content": DONE},
    ),
    "minimax-video": (
        {"task_id": "job-1", "base_resp": {"status_code": 0, "status_msg": "success"}},
        "/minimax/v1/query/video_generation?task_id=job-1",
        {"task_id": "job-1", "status": "Processing"}, {"task_id": "job-1", "status": "Success", "file_id": "video.mp4"},
    ),
    "kling": (
        {"code": 0, "data": {"task_id": "job-1", "task_status": "submitted"}}, "/kling/v1/videos/text2video/job-1",
        {"code": 0, "data": {"task_status": "processing"}},
        {"code": 0, "data": {"task_status": "succeed", "task_result": {"videos": [{"url": DONE["video_url"]}]}}},
    ),
    "midjourney": (
        {"code": 1, "description": "Submit success", "result": "job-1"}, "/mj/task/job-1/fetch",
        {"id": "job-1", "status": "IN_PROGRESS", "progress": "50%"},
        {"id": "job-1", "status": "SUCCESS", "imageUrl": "https://files.example/video.mp4"},
    ),
    "suno": (
        {"code": "success", "data": "job-1"}, "/suno/fetch/job-1",
        {"code": "success", "data": {"status": "IN_PROGRESS", "data": []}},
        {"code": "success", "data": {"status": "SUCCESS", "data": [{"audio_url": "https://files.example/video.mp4"}]}},
    ),
}  # fmt: skip
EMBEDDING = base64.b64encode(bytes.fromhex("0000803f00000040")).decode()  # 1.0 and 2.0 as 32-bit floats
ANSWERS: Mapping[str, Any] = {
    "chat": {
        "id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": GREETING}}],
    },
    "completion": {
        "id": "c", "object": "text_completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "text": GREETING}],
    },
    "responses": {
        "id": "r", "object": "response", "created_at": 1, "model": "m", "status": "completed",
        "output": [{
            "id": "o", "type": "message", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": GREETING, "annotations": []}],
        }],
    },
    "compaction": {"id": "r", "object": "response.compaction", "created_at": 1, "output": [], "note": GREETING},
    "messages": {
        "id": "m", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn",
        "content": [
            {"type": "thinking", "thinking": "A greeting.", "signature": ""}, {"type": "text", "text": GREETING},
        ],
        "usage": {"input_tokens": 1, "output_tokens": 1},
    },
    "gemini": {"candidates": [{"content": {"role": "model", "parts": [{"text": GREETING}]}}]},
    "gemini-image": {"candidates": [{"content": {"role": "model", "parts": [
        {"text": "Here it is."}, {"inlineData": {"mimeType": "image/png", "data": base64.b64encode(PICTURE).decode()}},
    ]}}]},
    # The vendor declines, in words.
    "gemini-declined": {"candidates": [{"content": {"role": "model", "parts": [{"text": GREETING}]}}]},
    "gemini-empty": {"candidates": [{"finishReason": "IMAGE_SAFETY"}]},
    "moderation": {"id": "m", "model": "m", "results": [{"flagged": False, "categories": {}, "category_scores": {}}]},
    "rerank": {"results": [{"index": 0, "relevance_score": 0.9}]},
    "transcription": {"text": GREETING},
}  # fmt: skip


class RefusedError(Exception):
    """What is wrong with a request."""


class Server(ThreadingHTTPServer):
    """`model` is the only model, and `refused` are requests that were wrong.

    `pictures` is how images are returned: as such, by an address, or by one that is gone. Mistral returns embeddings
    as floats, whatever the call asks for.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server_address[1]}"
        self.expect("m")

    def expect(self, model: str, *, kind: str = "", pictures: str = "b64_json", has_base64: bool = True) -> None:
        self.model, self.kind, self.pictures, self.has_base64 = model, kind, pictures, has_base64
        self.asked, self.refused = 0, list[str]()


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Nothing: the tests show what was refused."""

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def _answer(self, answer: Any) -> None:
        body = self._body()
        try:
            if self.path == "/files/image.png":
                self._send(PICTURE, "image/png")
            elif self.path == "/files/gone.png":
                self._send({"error": {"message": "The address has expired"}}, status=403)
            elif self._key() != KEY:
                self._send({"error": {"message": "Incorrect API key provided"}}, status=401)
            else:
                content = answer(body)
                self._send(content, "audio/mpeg" if content == SPEECH else "video/mp4")
        except (RefusedError, jsonschema.ValidationError, ValidationError) as error:
            self.server.refused.append(f"{self.command} {self.path}: {error}")
            self._send({"error": {"message": str(error)}}, status=400)

    def _body(self) -> bytes:
        """Node sends files in chunks."""
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(self, content: Any, content_type: str = "", *, status: int = 200) -> None:
        if not isinstance(content, bytes):
            content, content_type = json.dumps(content).encode(), "application/json"
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _key(self) -> str:
        path = urlsplit(self.path).path
        if path == "/v1/messages":
            # Anthropic's SDKs send a key of another form as a bearer token.
            return str(self.headers.get("x-api-key") or self._bearer())
        if path.startswith("/v1beta/"):
            return str(self.headers.get("x-goog-api-key", ""))
        return self._bearer()

    def _bearer(self) -> str:
        return str(self.headers.get("authorization", "")).removeprefix("Bearer ")

    def _get(self, _: bytes) -> Any:
        for kind, (_started, path, waiting, done) in JOBS.items():
            if self.path == path:
                self.server.asked += 1
                return waiting if self.server.asked == 1 else done
            if kind == "video" and self.path == f"{path}/content":
                return VIDEO
        raise RefusedError("unknown address")

    def _post(self, body: bytes) -> Any:
        path = urlsplit(self.path)
        if path.query and not path.path.startswith("/v1beta/"):
            raise RefusedError(f"unknown query {path.query}")
        if path.path.startswith("/v1beta/"):
            return self._gemini(unquote(path.path), parse_qs(path.query), self._json(body))
        kind = PATHS.get(path.path)
        if kind is None:
            raise RefusedError("unknown address")
        if kind == "transcription":
            expected = {"file": ("audio.mp3", RECORDING), "model": (None, self.server.model.encode())}
            if (parts := self._form(body)) != expected:
                raise RefusedError(f"parts {parts}")
            return ANSWERS[kind]
        document = self._texts(body) if kind == "video" else self._json(body)
        self._check(kind, document)
        match kind:
            case "image":
                value = base64.b64encode(PICTURE).decode()
                url = f"{self.server.address}/files/{'gone' if self.server.pictures == 'gone' else 'image'}.png"
                return {
                    "created": 1,
                    "data": [{"b64_json": value} if self.server.pictures == "b64_json" else {"url": url}],
                }
            case "speech":
                return SPEECH
            case "embeddings":
                vector: Any = EMBEDDING if document.get("encoding_format") and self.server.has_base64 else [1.0, 2.0]
                data = [{"object": "embedding", "index": 0, "embedding": vector}]
                return {"object": "list", "model": "m", "data": data, "usage": {"prompt_tokens": 1, "total_tokens": 1}}
        return JOBS[kind][0] if kind in JOBS else ANSWERS[kind]

    def _check(self, kind: str, document: Any) -> None:
        schema = json.loads(
            json.dumps(SCHEMAS[kind]).replace('{"const": null}', json.dumps({"const": self.server.model}))
        )
        jsonschema.validate(document, schema)
        if kind in TYPES:
            TypeAdapter(TYPES[kind]).validate_python(document)
        if kind == "messages" and not VERSION.fullmatch(self.headers.get("anthropic-version", "")):
            raise RefusedError(f"anthropic-version {self.headers.get('anthropic-version')}")
        if kind == "ali-video" and self.headers.get("x-dashscope-async") != "enable":
            raise RefusedError("current user api does not support synchronous calls")

    def _gemini(self, path: str, query: Any, document: Any) -> Any:
        if query:
            raise RefusedError(f"unknown query {query}")
        model, _, method = path.removeprefix("/v1beta/models/").rpartition(":")
        if model != self.server.model:
            raise RefusedError(f"unknown model {model}")
        if method == "generateContent":
            document.pop("generationConfig", None) if document.get("generationConfig") == {} else None
            jsonschema.validate(document, SCHEMAS["gemini"])
            for content in document["contents"]:
                gemini_types.Content.model_validate(content)
            return ANSWERS[self.server.kind if self.server.kind in ANSWERS else "gemini"]
        vector = {"values": [1.0, 2.0]}
        if method == "embedContent":
            jsonschema.validate(document, EMBED)
            return {"embedding": vector}
        if method == "batchEmbedContents":
            jsonschema.validate(document, strict(requests=some(EMBED)))
            return {"embeddings": [vector]}
        raise RefusedError(f"unknown method {method}")

    def _json(self, body: bytes) -> Any:
        if self.headers.get_content_type() != "application/json":
            raise RefusedError(f"content type {self.headers.get('content-type')}")
        return json.loads(body)

    def _texts(self, body: bytes) -> dict[str, str]:
        parts = self._form(body)
        if any(file is not None for file, _ in parts.values()):
            raise RefusedError(f"parts {parts}")
        return {name: content.decode() for name, (_, content) in parts.items()}

    def _form(self, body: bytes) -> dict[str, tuple[str | None, bytes]]:
        """Name -> the name of its file, if it is one, and its content."""
        if self.headers.get_content_type() != "multipart/form-data":
            raise RefusedError(f"content type {self.headers.get('content-type')}")
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
        parts = {}
        for part in message.iter_parts():
            name = str(part.get_param("name", header="content-disposition"))
            parts[name] = part.get_filename(), bytes(part.get_payload(decode=True))
        return parts


@contextmanager
def running() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
