"""Every body and every error of every dialect, byte for byte as tests/golden/ has it."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import OperationalError
from django.test import Client

from catalog.models import ModelAlias
from tests import world
from tests.golden import same_as_golden
from tokens.errors import ApiError
from tokens.visibility import Listing

pytestmark = pytest.mark.django_db

DIALECTS = ["openai", "anthropic", "gemini"]
# A prefix that speaks the dialect whatever else is sent, and how it asks for a page of two.
PREFIX = {"openai": "/v1beta/openai", "anthropic": "/anthropic/v1", "gemini": "/v1beta"}
PAGE = {"openai": "client_version=0.169.0", "anthropic": "limit=2", "gemini": "pageSize=2"}
WRONG = {"anthropic": "limit=0", "gemini": "pageSize=-1"}
TODAY = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


@pytest.fixture
def key() -> str:
    anthropic = world.vendor("anthropic", name="Anthropic")
    google = world.vendor("google", name="Google")
    world.model(
        "gpt-4o",
        capabilities=["tools", "vision"],
        released_on=dt.date(2024, 5, 13),
        context_length=128_000,
        max_output_tokens=16_384,
    )
    world.model("org/model:free", supported_endpoint_types=["openai", "embeddings"])
    opus = world.model(
        "claude-opus-5-5",
        vendor=anthropic,
        display_name="Claude Opus 5.5",
        released_on=dt.date(2026, 9, 10),
        context_length=1_000_000,
        max_output_tokens=128_000,
        capabilities=[
            *("tools", "reasoning", "thinking_adaptive", "structured_outputs", "effort_high", "web_search"),
            *("batch", "citations", "compact_20260112", "context_management"),
        ],
        input_modalities=["text", "image", "pdf"],
        output_modalities=["text"],
        supported_endpoint_types=["anthropic", "openai"],
    )
    ModelAlias.objects.create(name="claude-opus-latest", model=opus)
    world.model(
        "claude-sonnet-4",
        vendor=anthropic,
        released_on=dt.date(2025, 5, 22),
        deprecated_on=dt.date(2026, 10, 1),
        retires_on=dt.date(2027, 2, 1),
        supported_endpoint_types=["anthropic"],
    )
    world.model("claude-instant-1", vendor=anthropic, retires_on=dt.date(2026, 1, 1))
    world.model("claude-hidden", vendor=anthropic, status="draft")
    world.model(
        "gemini-3.8-flash",
        vendor=google,
        display_name="Gemini 3.8 Flash",
        description="Fast, for everyday work: 3 € a month.",
        released_on=dt.date(2026, 8, 1),
        context_length=1_048_576,
        max_output_tokens=65_536,
        capabilities=["reasoning"],
        version="001",
        default_parameters={"temperature": Decimal("1.0"), "top_p": Decimal("0.95"), "top_k": 64, "max_temperature": 2},
        supported_endpoint_types=["gemini", "openai"],
    )
    return world.key()


def ask(path: str, key: str = "", *, method: str = "GET", headers: Mapping[str, str] = {}) -> Any:
    client = Client(raise_request_exception=False, headers={"authorization": f"Bearer {key}"} if key else {})
    with time_machine.travel(TODAY, tick=False):
        return client.generic(method, path, headers=dict(headers))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_lists(dialect: str, key: str, pytestconfig: pytest.Config) -> None:
    prefix = PREFIX[dialect]
    page = ask(f"{prefix}/models?{PAGE[dialect]}", key)

    same_as_golden(ask(f"{prefix}/models", key), f"{dialect}/list", pytestconfig)
    same_as_golden(page, f"{dialect}/page", pytestconfig)
    same_as_golden(ask(f"{prefix}/models", world.key("nobody")), f"{dialect}/empty", pytestconfig)
    match dialect:
        case "anthropic":
            after = ask(f"{prefix}/models?limit=2&after_id={page.json()['last_id']}", key)
            before = ask(f"{prefix}/models?limit=2&before_id=gpt-4o", key)
            same_as_golden(after, "anthropic/page-after", pytestconfig)
            same_as_golden(before, "anthropic/page-before", pytestconfig)
            same_as_golden(ask(f"{prefix}/models?lifecycle[]=retired", key), "anthropic/retired", pytestconfig)
        case "gemini":
            token = page.json()["nextPageToken"]
            same_as_golden(ask(f"{prefix}/models?pageToken={token}", key), "gemini/page-last", pytestconfig)
            same_as_golden(ask("/v1/tunedModels", key), "gemini/tuned-models", pytestconfig)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_single_models(dialect: str, key: str, pytestconfig: pytest.Config) -> None:
    prefix = PREFIX[dialect]

    same_as_golden(ask(f"{prefix}/models/claude-opus-latest", key), f"{dialect}/model", pytestconfig)
    same_as_golden(ask(f"{prefix}/models/org/model:free", key), f"{dialect}/model-unknown-facts", pytestconfig)
    same_as_golden(ask(f"{prefix}/models/claude-sonnet-4", key), f"{dialect}/model-deprecated", pytestconfig)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_errors(dialect: str, key: str, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> None:
    models = f"{PREFIX[dialect]}/models"
    abroad = world.key(networks=["203.0.113.0/24"])
    expired = world.key(expires_at=TODAY - dt.timedelta(days=1))
    answers = {
        "400": ask(f"{models}?{WRONG[dialect]}", key) if dialect in WRONG else ask(f"{models}?{'a&' * 1001}", key),
        "401-missing": ask(models),
        "401-invalid": ask(models, "sk-wrong"),
        "401-expired": ask(models, expired),
        "403": ask(models, abroad),
        "404-model": ask(f"{models}/claude-hidden", key),
        "404-path": ask(f"{PREFIX[dialect]}/nothing"),
        "404-chat": ask(f"{models}/gemini-3.8-flash:generateContent", key, method="POST"),
        "405": ask(f"{models}/gpt-4o", key, method="DELETE"),
    }
    failures = {
        "429": ApiError("rate_limit_exceeded", headers={"Retry-After": "12", "retry-after-ms": "11200"}),
        "500": RuntimeError("a secret"),
        "503": OperationalError("host=10.0.0.1"),
    }
    for name, error in failures.items():
        with monkeypatch.context() as broken:
            broken.setattr(Listing, "models", lambda *_, error=error, **__: (_ for _ in ()).throw(error))
            answers[name] = ask(models, key)

    for name, response in answers.items():
        same_as_golden(response, f"{dialect}/{name}", pytestconfig)


def test_the_price_list_speaks_openais_errors_and_new_apis_too(pytestconfig: pytest.Config) -> None:
    version = {"anthropic-version": "2023-06-01"}

    same_as_golden(ask("/api/pricing", method="POST", headers=version), "pricing/405", pytestconfig)
    same_as_golden(ask("/api/nothing", headers=version), "pricing/404", pytestconfig)


def test_a_preflight(pytestconfig: pytest.Config) -> None:
    asked = {"origin": "https://chat.example", "access-control-request-headers": "authorization, x-stainless-os"}

    same_as_golden(ask("/v1/models", method="OPTIONS", headers=asked), "preflight", pytestconfig)
