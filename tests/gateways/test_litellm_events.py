"""What the callback of docs/gateways/litellm/ makes of LiteLLM's counts, without LiteLLM."""

import importlib.util
import sys
from contextlib import nullcontext
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from pricing.usage.events import check_event
from tests.gateways.gateway import CONFIGURATIONS


@pytest.fixture
def callback(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The file as a module. What it imports from LiteLLM and its packages are stand-ins, which no test here calls."""
    names = (
        "fastapi",
        "httpx",
        "litellm",
        "litellm.integrations",
        "litellm.integrations.custom_logger",
        "litellm.proxy",
    )
    modules = {name: ModuleType(name) for name in (*names, "litellm.proxy._types")}
    pydantic = pytest.importorskip("pydantic")
    vars(modules["fastapi"])["Request"] = object
    vars(modules["httpx"]).update(dict.fromkeys(("Timeout", "Limits"), lambda *_, **__: None))
    vars(modules["httpx"]).update(dict.fromkeys(("AsyncClient", "Client", "Response"), object))
    vars(modules["litellm.integrations.custom_logger"])["CustomLogger"] = object
    types = {"LitellmUserRoles": SimpleNamespace(), "ProxyException": Exception, "UserAPIKeyAuth": pydantic.BaseModel}
    vars(modules["litellm.proxy._types"]).update(types)
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    specification = importlib.util.spec_from_file_location(
        "modelbook_litellm", CONFIGURATIONS / "litellm" / "modelbook_litellm.py"
    )
    assert specification
    assert specification.loader
    loaded = importlib.util.module_from_spec(specification)
    monkeypatch.setitem(sys.modules, "modelbook_litellm", loaded)
    specification.loader.exec_module(loaded)
    return loaded


def counts(prompt: int, completion: int, asked: Any = None, answered: Any = None, **more: Any) -> dict[str, Any]:
    details = {"prompt_tokens_details": asked, "completion_tokens_details": answered}
    return {"prompt_tokens": prompt, "completion_tokens": completion, **details, **more}


# LiteLLM's kind of call and its counts, as its proxy 1.108.7 logged them; and the usage that they stand for.
COUNTED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "acompletion",
        counts(
            100, 20, {"audio_tokens": 8, "cached_tokens": 30},
            {"audio_tokens": 2, "reasoning_tokens": 5, "text_tokens": None},
        ),
        {"input": 62, "input.cache_read": 30, "input.audio": 8, "output": 13, "output.reasoning": 5, "output.audio": 2},
    ),
    (
        "anthropic_messages",
        counts(
            17, 7, {"cache_write_tokens": 3, "cached_tokens": 4, "text_tokens": 10, "cache_creation_tokens": 3},
            {"reasoning_tokens": 0, "text_tokens": 7}, cache_creation_input_tokens=3, cache_read_input_tokens=4,
        ),
        {"input": 10, "input.cache_read": 4, "input.cache_write": 3, "output": 7},
    ),
    (
        "agenerate_content",
        counts(
            20, 10, {"audio_tokens": 5, "cached_tokens": 5, "text_tokens": 10},
            {"reasoning_tokens": 4, "text_tokens": 6},
            cache_read_input_tokens=5, cache_creation_input_tokens=None,
        ),
        {"input": 10, "input.cache_read": 5, "input.audio": 5, "output": 6, "output.reasoning": 4},
    ),
    ("aembedding", counts(5, 0), {"input": 5}),
    (
        "aimage_generation",
        counts(50, 100, {"cached_tokens": 0, "image_tokens": 40, "text_tokens": 10}, output_image_count=1),
        {"input": 10, "input.image": 40, "output.image": 100},
    ),
    ("aimage_generation", counts(0, 0, output_image_count=2), {"output.image": {"quantity": 2, "unit": "image"}}),
    ("atranscription", counts(14, 5, {"audio_tokens": 14, "text_tokens": 0}), {"input.audio": 14, "output": 5}),
    ("atranscription", {"seconds": 3.5}, {"input": {"quantity": 3.5, "unit": "second"}}),
    ("aspeech", {}, {"input": {"quantity": 8, "unit": "character"}}),
    (
        "acompletion",
        counts(5, 6, server_tool_use={"web_search_requests": 2}),
        {"input": 5, "output": 6, "web_search": 2},
    ),
    # Cached audio is counted in both; the parts are never more than the whole.
    (
        "acompletion",
        counts(10, 2, {"audio_tokens": 8, "cached_tokens": 9}),
        {"input.cache_read": 9, "input.audio": 1, "output": 2},
    ),
    # Nothing is known: this has a cost only if calls have a price.
    ("acompletion", {}, {"request": 1}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "counted", "usage"), COUNTED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_quantities_are_disjoint(callback: Any, kind: str, counted: Any, usage: Any) -> None:
    logged = {"call_type": kind, "metadata": {"usage_object": counted}}

    assert callback.usage_of(logged, {"input": "hi there"}, SimpleNamespace()) == usage


def event_of(callback: Any, **logged: Any) -> Any:
    call = callback.Call("4Zc0vXq1Lp", "m", "vip", "openai", {}, {}, {"m"})
    start = timezone.now().timestamp()
    metadata = {"usage_object": counts(5, 6, service_tier=logged.pop("tier", None))}
    values = {"id": "chatcmpl-1", "call_type": "acompletion", "startTime": start, "metadata": metadata, **logged}
    return callback.event_of(call, values, {}, SimpleNamespace())


def test_modelbook_accepts_an_event(callback: Any) -> None:
    event = event_of(callback, model_group="m", tier="flex")

    check_event(event, at=timezone.now())
    assert (event["group"], event["request"]) == ("vip", {"service_tier": "flex"})
    # The group of another model is not known.
    assert "group" not in event_of(callback, model_group="other")


def test_one_event_that_is_not_valid_does_not_hold_up_the_others(
    callback: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reporter, sent = callback.Reporter("sk-usage"), []

    def post(_: Any, events: Any) -> tuple[int, str]:
        sent.append([event["id"] for event in events])
        return (400, "refused") if any(event["id"] == "bad" for event in events) else (200, "")

    monkeypatch.setattr(reporter, "_post", post)
    reporter._unsent = [{"id": name} for name in ("first", "bad", "last")]

    assert reporter._send(None)
    assert (reporter._unsent, sent) == ([], [["first", "bad", "last"], ["first"], ["bad"], ["last"]])
    assert '{"id": "bad"}' in caplog.text


@pytest.mark.parametrize("status", [0, 401, 403, 429, 500, 503])
def test_events_wait_until_modelbook_has_stored_them(
    callback: Any, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    reporter = callback.Reporter("sk-usage")
    monkeypatch.setattr(reporter, "_post", lambda *_: (status, ""))
    reporter._unsent = [{"id": "first"}, {"id": "last"}]

    assert not reporter._send(None)
    assert len(reporter._unsent) == 2


def test_what_does_not_fit_is_logged(
    callback: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(callback, "MOST_WAITING", 1)
    reporter = callback.Reporter("sk-usage")
    monkeypatch.setattr(callback.threading.Thread, "start", lambda _: None)
    monkeypatch.setattr(callback.atexit, "register", lambda _: None)

    reporter.add({"id": "first"})
    reporter.add({"id": "second"})

    assert "second" in caplog.text
    assert "sk-usage" not in caplog.text


def test_what_waits_is_sent_or_logged_at_the_end(
    callback: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(callback, "SECONDS_AT_EXIT", 0)
    monkeypatch.setattr(callback.time, "sleep", lambda _: None)
    monkeypatch.setattr(callback.httpx, "Client", lambda **_: nullcontext())
    statuses = iter([200, 0, 0])
    reporter = callback.Reporter("sk-usage")
    monkeypatch.setattr(reporter, "_post", lambda *_: (next(statuses), ""))
    reporter._waiting.put({"id": "sent"})
    reporter._stops.set()

    reporter._run()
    reporter.close()
    reporter.add({"id": "lost"})

    assert "sent" not in caplog.text
    assert '{"id": "lost"}' in caplog.text
