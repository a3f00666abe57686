"""Every body and every error of every dialect equals its file in tests/golden/ byte for byte."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db import OperationalError
from django.test import Client, RequestFactory

from catalog.models import CodexProfile, ModelAlias
from tests import world
from tests.golden import same_as_golden
from tokens.access.visibility import Listing
from tokens.api_error import CODES, ApiError
from tokens.context import ENVIRON_KEY, RequestContext
from tokens.http.errors import error_response

pytestmark = pytest.mark.django_db

DIALECTS = ["openai", "anthropic", "gemini"]
# A prefix that selects the dialect for all headers, and the query for a page of two.
PREFIX = {"openai": "/v1beta/openai", "anthropic": "/anthropic/v1", "gemini": "/v1beta"}
PAGE = {"openai": "client_version=0.169.0", "anthropic": "limit=2", "gemini": "pageSize=2"}
WRONG = {"anthropic": "limit=0", "gemini": "pageSize=-1"}
BAD_QUERIES = {
    "anthropic": {
        "after-unknown": "after_id=nobody",
        "before-unknown": "before_id=nobody",
        "both-cursors": "after_id=gpt-4o&before_id=gpt-4o",
        "lifecycle": "lifecycle[]=young",
    },
    "gemini": {"page-token": "pageToken=x"},
}
ANNOUNCED = {
    "openai": {"x-other": "1"},
    "anthropic": {"anthropic-version": "2023-06-01"},
    "gemini": {"x-goog-api-key": "a-placeholder"},
}
TODAY = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


@pytest.fixture
def key() -> str:
    # Lists show the day on which the catalog learned of a model without a release date.
    with time_machine.travel(dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC), tick=False):
        return fill_catalog()


def fill_catalog() -> str:
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
    codex = world.model(
        "gpt-6-codex",
        description="For code.",
        released_on=dt.date(2026, 6, 1),
        context_length=400_000,
        max_input_tokens=272_000,
        input_modalities=["text", "image", "pdf", "smell"],
        output_modalities=["text"],
        capabilities=["tools", "parallel_tools", "reasoning"],
        reasoning_levels=["none", "low", "high"],
        supported_endpoint_types=["openai-response", "openai"],
    )
    CodexProfile.objects.create(
        model=codex,
        instructions="You are Codex.\nUse apply_patch.",
        reasoning_levels=[{"effort": "low", "description": "Fast"}, {"effort": "high", "description": "Thorough"}],
        default_reasoning_level="high",
        default_verbosity="low",
    )
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
        "401-disabled": ask(models, world.key(enabled=False)),
        "401-not-yet-valid": ask(models, world.key(starts_at=TODAY + dt.timedelta(days=1))),
        "403": ask(models, abroad),
        "404-model": ask(f"{models}/claude-hidden", key),
        "404-path": ask(f"{PREFIX[dialect]}/nothing"),
        "404-twice-v1": ask("/v1/v1/models", headers=ANNOUNCED[dialect]),
        "404-chat": ask(f"{models}/gemini-3.8-flash:generateContent", key, method="POST"),
        "405": ask(f"{models}/gpt-4o", key, method="DELETE"),
    }
    failures = {
        "500": RuntimeError("a secret"),
        "503": OperationalError("host=10.0.0.1"),
    }
    for name, error in failures.items():
        with monkeypatch.context() as broken:
            broken.setattr(Listing, "listed", lambda *_, error=error, **__: (_ for _ in ()).throw(error))
            answers[name] = ask(models, key)

    for name, response in answers.items():
        same_as_golden(response, f"{dialect}/{name}", pytestconfig)


@pytest.mark.parametrize("dialect", BAD_QUERIES)
def test_queries_that_make_no_sense(dialect: str, key: str, pytestconfig: pytest.Config) -> None:
    for name, query in BAD_QUERIES[dialect].items():
        same_as_golden(ask(f"{PREFIX[dialect]}/models?{query}", key), f"{dialect}/400-{name}", pytestconfig)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_limited_key(dialect: str, key: str, pytestconfig: pytest.Config) -> None:
    models, limited = f"{PREFIX[dialect]}/models/gpt-4o", world.key(rate_limit="1/minute")

    # The limiter forgets by itself what lies in the past: between two asks it must not be today again.
    with time_machine.travel(TODAY, tick=False):
        same_as_golden(ask(models, limited), f"{dialect}/model-limited", pytestconfig)
        same_as_golden(ask(models, limited), f"{dialect}/429", pytestconfig)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_the_client_has(dialect: str, key: str, pytestconfig: pytest.Config) -> None:
    models = f"{PREFIX[dialect]}/models"
    tag = ask(models, key)["etag"]

    same_as_golden(ask(models, key, headers={"if-none-match": tag}), f"{dialect}/304", pytestconfig)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_single_model_at_the_address_that_all_use(dialect: str, key: str, pytestconfig: pytest.Config) -> None:
    announced = ask("/v1/models/gemini-3.8-flash", key, headers=ANNOUNCED[dialect])

    same_as_golden(announced, f"{dialect}/model-announced", pytestconfig)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_code_there_is(dialect: str, code: str, pytestconfig: pytest.Config) -> None:
    request = RequestFactory().get(f"{PREFIX[dialect]}/models")
    request.META[ENVIRON_KEY] = RequestContext(request_id="")

    response = error_response(request, ApiError(code))

    same_as_golden(response, f"{dialect}/code-{code}", pytestconfig)


def test_below_api_errors_are_openais_and_new_apis_too(key: str, pytestconfig: pytest.Config) -> None:
    version = {"anthropic-version": "2023-06-01"}
    spent = world.key(is_over_budget=True)
    answers = {
        "400": ask("/api/pricing?discount=half", headers=version),
        "401": ask("/api/token", "sk-wrong", headers=version),
        "403-not-named": ask("/api/authorize", key),
        "403-not-allowed": ask("/api/authorize?model=claude-hidden", key),
        "403-quota": ask("/api/authorize?model=gpt-4o", spent),
        "403-usage": ask("/api/usage", key, method="POST"),
        "404-history": ask("/api/pricing/history/claude-hidden", key),
    }

    for name, response in answers.items():
        same_as_golden(response, f"pricing/{name}", pytestconfig)


def test_the_price_list_speaks_openais_errors_and_new_apis_too(pytestconfig: pytest.Config) -> None:
    version = {"anthropic-version": "2023-06-01"}

    same_as_golden(ask("/api/pricing", method="POST", headers=version), "pricing/405", pytestconfig)
    same_as_golden(ask("/api/nothing", headers=version), "pricing/404", pytestconfig)


def test_a_preflight(pytestconfig: pytest.Config) -> None:
    preflight = {"origin": "https://chat.example", "access-control-request-headers": "authorization, x-stainless-os"}

    same_as_golden(ask("/v1/models", method="OPTIONS", headers=preflight), "preflight", pytestconfig)
