"""Modelbook beside LiteLLM's proxy: checks the customers' keys before each call, and reports what the calls used.

Copy this file beside config.yaml, which names `custom_auth` and `usage`. Environment:

    MODELBOOK_URL         where Modelbook listens; http://127.0.0.1:8000 if it is not set
    MODELBOOK_USAGE_KEY   a key that may report usage (manage.py allow_usage KEYID); without it, none is reported
    LITELLM_MASTER_KEY    the operator's own key: it may do everything, and is not checked by Modelbook

A call that cannot be checked is refused with 503. No key is logged or sent to an upstream.
"""

import asyncio
import atexit
import datetime as dt
import hashlib
import json
import logging
import os
import queue
import re
import secrets
import threading
import time
import urllib.parse
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import Request
from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy._types import LitellmUserRoles, ProxyException, UserAPIKeyAuth
from pydantic import PrivateAttr

MODELBOOK_URL = os.environ.get("MODELBOOK_URL", "http://127.0.0.1:8000").rstrip("/")
# The addresses that customers may call: those whose use LiteLLM logs with its quantities. All others, such as
# /model/info and /key/generate, are the operator's.
OPEN = re.compile(
    r"(?:/v1)?/(?:chat/completions|completions|responses|embeddings|moderations|rerank|images/(?:generations|edits)"
    r"|audio/(?:speech|transcriptions))"
    r"|/v2/rerank"
    r"|/v1/messages(?:/count_tokens)?"
    r"|/(?:engines|openai/deployments)/[^/]+/(?:chat/completions|completions|embeddings)"
    r"|(?:/v1beta)?/models/.+:(?:generateContent|streamGenerateContent|countTokens)"
)
LIST = re.compile(r"(?:/v1)?/models(?:/.+)?")
# Other parameters tell which fallbacks the operator has configured.
LIST_PARAMETERS = {"limit", "after_id", "before_id", "client_version"}
KEY_HEADERS = ("authorization", "x-api-key", "x-goog-api-key", "api-key", "ocp-apim-subscription-key")
# Headers of the check that the customer gets: the end of the model and of the key, and a budget that is nearly used up.
NOTICES = (
    *("deprecation", "sunset", "link", "x-modelbook-successor", "x-modelbook-budget-warning"),
    "x-modelbook-key-expires-at",
)
# A check takes milliseconds; a client should not wait for one that hangs.
TIMEOUT = httpx.Timeout(5, connect=1)
CONNECTIONS = httpx.Limits(max_connections=200, max_keepalive_connections=50)

BATCH, MOST_WAITING = 500, 100_000
LONGEST_PAUSE = 60.0
SECONDS_AT_EXIT = 10.0

Text = Mapping[str, str]
log = logging.getLogger("modelbook")


class WithoutQuery(logging.Filter):
    """For uvicorn's access log: Gemini's clients send their key in the query."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(part.partition("?")[0] if isinstance(part, str) else part for part in record.args)
        return True


logging.getLogger("uvicorn.access").addFilter(WithoutQuery())


class Refused(ProxyException):
    """A refusal that LiteLLM sends as it is: the status, the headers, and the error in the caller's dialect."""

    def __init__(self, status: int, error: Mapping[str, Any], headers: Text) -> None:
        kind = str(error.get("type") or error.get("status") or "")
        super().__init__(str(error.get("message", "")), kind, error.get("param"), status, dict(headers))
        # LiteLLM changes the status for some messages. The router does not retry a 403, and blames no upstream.
        self.code, self.status_code, self._error = str(status), status, dict(error)

    def to_dict(self) -> dict[str, Any]:
        return self._error


@dataclass
class Call:
    """A call that Modelbook has allowed."""

    key_id: str
    model: str
    group: str
    dialect: str
    # Of the check, with the key; and those that the customer gets with the answer.
    headers: dict[str, str] = field(repr=False)
    notices: dict[str, str]
    allowed: set[str]
    # LiteLLM's own id can be chosen by the caller, who could repeat one that is already counted.
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


class Customer(UserAPIKeyAuth):
    """What LiteLLM knows of a customer, and with it the call. LiteLLM logs fields, but no private attributes."""

    _call: Call | None = PrivateAttr(default=None)

    def __init__(self, call: Call | None = None, **fields: Any) -> None:
        super().__init__(**fields)
        self._call = call

    @property
    def call(self) -> Call | None:
        return self._call


async def custom_auth(request: Request, api_key: str) -> UserAPIKeyAuth:
    """Asks Modelbook whether the key may make this call; raises Refused if not."""
    api_key = api_key or ""
    master_key = os.environ.get("LITELLM_MASTER_KEY", "")
    if master_key and secrets.compare_digest(api_key.encode(), master_key.encode()):
        return UserAPIKeyAuth(api_key="operator", user_role=LitellmUserRoles.PROXY_ADMIN)
    path = request.scope["path"]
    dialect = dialect_of(path)
    headers = check_headers(request, api_key)
    if LIST.fullmatch(path) and request.method == "GET" and set(request.query_params) <= LIST_PARAMETERS:
        return await _reader_of_lists(headers)
    if not OPEN.fullmatch(path) or request.method != "POST":
        raise refusal(dialect, 403, "permission_denied", "This address is not open to customers.")
    content_type, body = await statement(request)
    checked = await check(headers | {"content-type": content_type}, body, {"as": dialect}, dialect)
    return customer_of(checked, headers, dialect)


def dialect_of(path: str) -> str:
    if path.startswith("/v1/messages"):
        return "anthropic"
    return "gemini" if ":" in path.rpartition("/")[2] else "openai"


def check_headers(request: Request, api_key: str) -> dict[str, str]:
    """What identifies the caller and the call, and nothing else that a caller can write."""
    scope = request.scope
    address = scope.get("raw_path") or urllib.parse.quote(scope["path"]).encode()
    query = scope["query_string"].decode("latin-1")
    keys = {name: request.headers[name] for name in KEY_HEADERS if name in request.headers}
    # Modelbook finds the valid key among several ones, and reads ?key= itself. LiteLLM prefers its own header.
    own = {"authorization": f"Bearer {api_key}"} if api_key else {}
    return (own if "x-litellm-api-key" in request.headers else keys or own) | {
        "x-original-uri": address.decode("latin-1").partition("?")[0] + (f"?{query}" if query else ""),
        "x-original-method": request.method,
        # uvicorn reads the caller's own header only from the addresses in FORWARDED_ALLOW_IPS.
        "x-forwarded-for": request.client.host if request.client else "",
    }


async def statement(request: Request) -> tuple[str, bytes]:
    """The content type and body for the check. LiteLLM has read the body, and keeps it on the request."""
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() in ("multipart/form-data", "application/x-www-form-urlencoded"):
        # A form is read only once; its files name no model.
        form = await request.form()
        fields = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
        return "application/x-www-form-urlencoded", urllib.parse.urlencode(fields).encode()
    # LiteLLM reads a body of any other type as JSON.
    return "application/json", await request.body()


def customer_of(checked: Text, headers: dict[str, str], dialect: str) -> Customer:
    names = ("key-id", "token-name", "model", "group")
    # Headers have other characters than ASCII's percent-encoded.
    key_id, name, model, group = (urllib.parse.unquote(checked.get(f"x-modelbook-{header}", "")) for header in names)
    notices = {header: checked[header] for header in NOTICES if header in checked}
    return Customer(
        Call(key_id, model, group, dialect, headers, notices, {model}),
        api_key=f"modelbook-{key_id}",
        key_alias=name or key_id,
        user_role=LitellmUserRoles.INTERNAL_USER,
        metadata={"modelbook": {"key_id": key_id, "model": model, "group": group}},
    )


async def _reader_of_lists(headers: Text) -> UserAPIKeyAuth:
    """LiteLLM lists the models that Modelbook lists for the key."""
    response = await send("GET", "/v1/models", headers, {"dialect": "openai"}, dialect="openai")
    # No models would mean all.
    listed = [model["id"] for model in response.json()["data"]] or ["no-default-models"]
    return UserAPIKeyAuth(api_key="modelbook-list", user_role=LitellmUserRoles.INTERNAL_USER, models=listed)


async def check(headers: Text, body: bytes | None, params: Text, dialect: str) -> Text:
    """The headers of Modelbook's answer; raises Refused unless the call is allowed."""
    return (await send("POST" if body else "GET", "/api/authorize", headers, params, body, dialect=dialect)).headers


def _refused(response: httpx.Response, dialect: str) -> Refused:
    passed = ("retry-after", "retry-after-ms", "x-modelbook-reason", "x-modelbook-resets-at", "x-should-retry")
    try:
        error = response.json()["error"]
        headers = {name: response.headers[name] for name in passed if name in response.headers}
        if 400 <= response.status_code <= 503 and isinstance(error, dict):
            return Refused(response.status_code, error, headers)
    except (ValueError, KeyError, TypeError):
        pass
    log.error("Modelbook answered a check with status %s", response.status_code)
    return unavailable(dialect)


def unavailable(dialect: str) -> Refused:
    message = "Keys cannot be checked at the moment. Try again."
    return refusal(dialect, 503, "service_unavailable", message, {"retry-after": "1"})


def refusal(dialect: str, status: int, code: str, message: str, headers: Text | None = None) -> Refused:
    """A refusal of this file, in the format of the caller's SDK."""
    is_down = status == 503
    if dialect == "anthropic":
        error: dict[str, Any] = {"type": "overloaded_error" if is_down else "permission_error", "message": message}
        error["details"] = {"error_code": code}
    elif dialect == "gemini":
        error = {"code": status, "message": message, "status": "UNAVAILABLE" if is_down else "PERMISSION_DENIED"}
    else:
        error = {"message": message, "type": "api_error" if is_down else "invalid_request_error", "param": None}
        error["code"] = code
    return Refused(status, error, {"x-modelbook-reason": code} | dict(headers or {}))


_clients: dict[asyncio.AbstractEventLoop, httpx.AsyncClient] = {}


async def send(
    method: str, path: str, headers: Text, params: Text, body: bytes | None = None, *, dialect: str
) -> httpx.Response:
    """Modelbook's answer on a connection that stays open; raises Refused unless it is 200 or 204."""
    loop = asyncio.get_running_loop()
    if loop not in _clients:
        _clients[loop] = httpx.AsyncClient(base_url=MODELBOOK_URL, timeout=TIMEOUT, limits=CONNECTIONS, trust_env=False)
    request = _clients[loop].build_request(method, path, headers=headers, params=params, content=body)
    try:
        try:
            response = await _clients[loop].send(request)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            # Modelbook has just closed the connection.
            response = await _clients[loop].send(request)
    except httpx.HTTPError as error:
        log.warning("Modelbook cannot be reached: %s", type(error).__name__)
        raise unavailable(dialect) from None
    if response.status_code not in (200, 204):
        raise _refused(response, dialect)
    return response


class Usage(CustomLogger):
    """LiteLLM calls it before, during and after each call."""

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: dict[str, Any], call_type: str
    ) -> dict[str, Any]:
        """An alias is called by the id of its model, so that LiteLLM finds its deployments and its price."""
        call = call_of(user_api_key_dict)
        if call and call.model and "model" in data:
            data["model"] = call.model
        return data

    async def async_pre_call_deployment_hook(self, kwargs: dict[str, Any], call_type: Any) -> dict[str, Any]:
        """Before each attempt: LiteLLM may have chosen another model than the checked one, e.g. as a fallback."""
        metadata = metadata_of(kwargs)
        call = call_of(metadata.get("user_api_key_auth"))
        if call is None:
            return kwargs
        # An adapter's own call has no group; it is part of an attempt that has one.
        if (model := metadata.get("model_group")) and model not in call.allowed:
            await check(call.headers, None, {"as": call.dialect, "model": model}, call.dialect)
            call.allowed.add(model)
        if kwargs.get("stream") and "completion" in str(getattr(call_type, "value", call_type)):
            # Otherwise the upstream does not count its tokens, and LiteLLM guesses.
            kwargs["stream_options"] = (kwargs.get("stream_options") or {}) | {"include_usage": True}
        return kwargs

    async def async_post_call_response_headers_hook(
        self, data: Any, user_api_key_dict: Any, response: Any, request_headers: Any = None
    ) -> dict[str, str]:
        call = call_of(user_api_key_dict)
        return call.notices if call else {}

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        """Once for each call that was answered, also for streams; a response from LiteLLM's cache used nothing."""
        logged = kwargs.get("standard_logging_object") or {}
        call = call_of(metadata_of(kwargs.get("litellm_params") or {}).get("user_api_key_auth"))
        if reporter and call and not logged.get("cache_hit"):
            reporter.add(event_of(call, logged, kwargs, response_obj))


def call_of(customer: Any) -> Call | None:
    """The call of a customer; None for the operator and for LiteLLM itself."""
    # LiteLLM executes this file once for each name in config.yaml, so that the class may be another one.
    return getattr(customer, "call", None) if isinstance(customer, UserAPIKeyAuth) else None


def metadata_of(kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    """LiteLLM's metadata of a call.

    Depending on the address, one of the places is the caller's, who can write anything but an object of Python.
    """
    places = (kwargs.get(name) or {} for name in ("litellm_metadata", "metadata"))
    return next((place for place in places if isinstance(place.get("user_api_key_auth"), UserAPIKeyAuth)), {})


def event_of(call: Call, logged: Mapping[str, Any], kwargs: Mapping[str, Any], answer: Any) -> dict[str, Any]:
    """A usage event. The id is the same however often LiteLLM logs the response."""
    answered = hashlib.sha256(str(logged.get("id")).encode()).hexdigest()[:16]
    at = dt.datetime.fromtimestamp(logged["startTime"], dt.UTC)
    # After a fallback, the model that answered.
    model = logged.get("model_group") or call.model or logged["model"]
    event = {
        "id": f"{call.id}-{answered}",
        "key_id": call.key_id,
        "model": model,
        "at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "usage": usage_of(logged, kwargs, answer),
    }
    if model == call.model:
        event["group"] = call.group
    tier = _counts(logged).get("service_tier")
    # `auto` and `default` are the usual price.
    return event | ({"request": {"service_tier": tier}} if tier in ("flex", "priority", "batch") else {})


def _counts(logged: Mapping[str, Any]) -> Mapping[str, Any]:
    return (logged.get("metadata") or {}).get("usage_object") or {}


def usage_of(logged: Mapping[str, Any], kwargs: Mapping[str, Any], answer: Any) -> dict[str, Any]:
    """Meter -> quantity. LiteLLM's prompt and completion count all their parts; Modelbook's quantities are disjoint."""
    counts = _counts(logged)
    prompt = _tokens(counts.get("prompt_tokens"), logged.get("prompt_tokens"))
    completion = _tokens(counts.get("completion_tokens"), logged.get("completion_tokens"))
    asked, answered = (counts.get(f"{side}_tokens_details") or {} for side in ("prompt", "completion"))
    makes_images = "image" in str(logged.get("call_type"))
    inputs = {
        "input.cache_read": _tokens(asked.get("cached_tokens"), counts.get("cache_read_input_tokens")),
        "input.cache_write": _tokens(asked.get("cache_creation_tokens"), counts.get("cache_creation_input_tokens")),
        "input.audio": _tokens(asked.get("audio_tokens")),
        "input.image": _tokens(asked.get("image_tokens")),
        "input.video": _tokens(asked.get("video_tokens")),
    }
    outputs = {
        "output.reasoning": _tokens(answered.get("reasoning_tokens")),
        "output.audio": _tokens(answered.get("audio_tokens")),
        "output.image": completion if makes_images else _tokens(answered.get("image_tokens")),
        "output.video": _tokens(answered.get("video_tokens")),
    }
    usage: dict[str, Any] = _split("input", prompt, inputs) | _split("output", completion, outputs)
    searches = _tokens((counts.get("server_tool_use") or {}).get("web_search_requests"))
    usage |= {"web_search": searches or _tokens(asked.get("web_search_requests"))}
    if not prompt and not completion:
        usage |= _without_tokens(str(logged.get("call_type")), counts, kwargs, answer)
    return {meter: quantity for meter, quantity in usage.items() if quantity} or {"request": 1}


def _split(side: str, total: int, parts: Mapping[str, int]) -> dict[str, int]:
    """The parts of a side and the rest of it; parts that overlap, such as cached audio, are counted once."""
    split, left = {}, total
    for meter, count in parts.items():
        split[meter] = min(count, left)
        left -= split[meter]
    return {side: left} | split


def _tokens(*counts: Any) -> int:
    return next((int(count) for count in counts if count), 0)


def _without_tokens(
    call_type: str, counts: Mapping[str, Any], kwargs: Mapping[str, Any], answer: Any
) -> dict[str, Any]:
    """What is sold in other units: images, characters of speech, seconds of audio, searches of a ranking."""
    if "image" in call_type:
        images = counts.get("output_image_count") or len(getattr(answer, "data", None) or ())
        return {"output.image": {"quantity": images, "unit": "image"}} if images else {}
    if "speech" in call_type:
        return {"input": {"quantity": len(str(kwargs.get("input") or "")), "unit": "character"}}
    if "transcription" in call_type:
        seconds = counts.get("seconds") or getattr(answer, "duration", None) or 0
        return {"input": {"quantity": round(float(seconds), 3), "unit": "second"}} if seconds else {}
    if "rerank" in call_type:
        units = ((getattr(answer, "meta", None) or {}).get("billed_units") or {}).get("search_units")
        return {"request": {"quantity": units or 1, "unit": "query"}}
    return {}


class Reporter:
    """Sends events in batches from a thread of its own, and repeats what Modelbook has not confirmed.

    Modelbook counts each id once, so repeating is safe. What waits is sent when this process is stopped.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._waiting: queue.Queue[dict[str, Any]] = queue.Queue(MOST_WAITING)
        self._unsent: list[dict[str, Any]] = []
        self._stops = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def add(self, event: dict[str, Any]) -> None:
        """Never waits and never raises: the customer has the answer already."""
        if self._stops.is_set():
            # LiteLLM logs its last calls while it ends.
            self._waiting.put(event)
            self._run()
            self._give_up()
            return
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            # The log has what an operator needs to report it later.
            log.critical("Usage is not reported, because too many events wait: %s", json.dumps(event))
        with self._lock:
            # Here, because uvicorn's workers are forked after this file is read.
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="modelbook-usage", daemon=True)
                self._thread.start()
                atexit.register(self.close)

    def close(self) -> None:
        self._stops.set()
        if self._thread:
            self._thread.join(SECONDS_AT_EXIT + 1)
        self._give_up()

    def _run(self) -> None:
        pause, ends = 1.0, 0.0
        with httpx.Client(base_url=MODELBOOK_URL, timeout=httpx.Timeout(30, connect=2), trust_env=False) as client:
            while True:
                self._collect()
                if self._unsent and self._send(client):
                    pause = 1.0
                    continue
                if self._stops.is_set():
                    ends = ends or time.monotonic() + SECONDS_AT_EXIT
                    if not self._unsent or time.monotonic() >= ends:
                        break
                    time.sleep(0.5)
                elif self._unsent:
                    self._stops.wait(pause)
                    pause = min(pause * 2, LONGEST_PAUSE)

    def _give_up(self) -> None:
        """Logs what is left: all events that could not be sent in time."""
        while self._unsent or not self._waiting.empty():
            event = self._unsent.pop() if self._unsent else self._waiting.get()
            log.critical("Usage is not reported, because Modelbook cannot be reached: %s", json.dumps(event))

    def _collect(self) -> None:
        """Waits up to a second for the first event, and takes what follows it."""
        try:
            while len(self._unsent) < BATCH:
                self._unsent.append(self._waiting.get(timeout=0 if self._unsent or self._stops.is_set() else 1))
        except queue.Empty:
            pass

    def _send(self, client: httpx.Client) -> bool:
        """Whether the batch is settled: counted, or refused for good."""
        status, body = self._post(client, self._unsent)
        if status in (400, 413, 422) and len(self._unsent) > 1:
            # One event of them is not valid. The others are counted.
            unsettled = [event for event in self._unsent if not self._settle(event, *self._post(client, [event]))]
            is_settled, self._unsent = len(unsettled) < len(self._unsent), unsettled
            return is_settled
        if not all(self._settle(event, status, body) for event in self._unsent):
            return False
        self._unsent = []
        return True

    def _settle(self, event: Mapping[str, Any], status: int, body: str) -> bool:
        if status in (400, 413, 422):
            log.critical(
                "Usage is not reported, because Modelbook does not accept it: %s %s", body[:500], json.dumps(event)
            )
        return status in (200, 201, 202, 204, 400, 413, 422)

    def _post(self, client: httpx.Client, events: Sequence[Mapping[str, Any]]) -> tuple[int, str]:
        headers = {"authorization": f"Bearer {self._key}"}
        try:
            response = client.post("/api/usage", headers=headers, json={"events": events})
        except httpx.HTTPError as error:
            log.warning("Usage waits, because Modelbook cannot be reached: %s", type(error).__name__)
            return 0, ""
        if response.status_code >= 400:
            log.warning("Modelbook refuses a report of usage: %s %s", response.status_code, response.text[:300])
        return response.status_code, response.text


USAGE_KEY = os.environ.get("MODELBOOK_USAGE_KEY", "")
reporter = Reporter(USAGE_KEY) if USAGE_KEY else None
usage = Usage()
