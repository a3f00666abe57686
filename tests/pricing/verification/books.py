"""Small documents of public price books, imported as an operator would, and the comparison with them."""

import datetime as dt
import json
from typing import Any

from django.utils import timezone

from catalog.db import revision
from catalog.models import ImportRun
from catalog.sources import SOURCES
from pricing.imports.options import Options
from pricing.imports.pipeline import apply_import, create_run
from pricing.verification.books import newest_editions
from pricing.verification.matrix import Matrix, Row, matrix
from pricing.verification.quorum import USUAL_BOOKS

START = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def litellm(**models: dict[str, Any] | str) -> bytes:
    """A map of LiteLLM: litellm(gpt_5={"input_cost_per_token": 2.5e-6}); a text is the input price per token."""
    rows = {name.replace("_", "-"): _litellm_row(row) for name, row in models.items()}
    return json.dumps(rows).encode()


def _litellm_row(row: dict[str, Any] | str) -> dict[str, Any]:
    prices = {"input_cost_per_token": float(row), "output_cost_per_token": 1e-05} if isinstance(row, str) else row
    return {"litellm_provider": "openai", "mode": "chat", **prices}


def models_dev(provider: str = "openai", **models: dict[str, Any]) -> bytes:
    """A file of models.dev with one provider; each model has its `cost`."""
    rows = {
        name.replace("_", "-"): {"id": name, "name": name, "cost": cost, "limit": {"context": 1000}}
        for name, cost in models.items()
    }
    return json.dumps({provider: {"id": provider, "name": provider, "npm": "x", "models": rows}}).encode()


def genai_prices(provider: str = "openai", **models: Any) -> bytes:
    """A file of genai-prices with one provider; each model has its `prices`."""
    rows = [{"id": name.replace("_", "-"), "prices": prices} for name, prices in models.items()]
    return json.dumps([{"id": provider, "name": provider, "models": rows}]).encode()


def openrouter(**models: dict[str, Any]) -> bytes:
    """OpenRouter's list; `openai__gpt_5` is openai/gpt-5."""
    rows = [
        {"id": name.replace("__", "/").replace("_", "-"), "name": name, "pricing": pricing}
        for name, pricing in models.items()
    ]
    return json.dumps({"data": rows}).encode()


def store(reader: str, content: bytes, *, at: dt.datetime | None = None, **options: Any) -> ImportRun:
    """Imports a document and publishes its models; the run is as old as `at` says."""
    at = at or timezone.now()
    fields: dict[str, Any] = {"channel": "c", "publish": True, "accept_jumps": True, "allow_removals": True} | options
    _, run = apply_import(content, Options(source=SOURCES[reader], **fields), at=at, origin=f"{reader}.json")
    if run is None:
        raise AssertionError("The document changes nothing.")
    return run


def hold(reader: str, content: bytes) -> ImportRun:
    """Stores a document that waits for review, so that it changes no price."""
    return create_run(Options(source=SOURCES[reader]), content, origin=f"{reader}.json", actor=None)


def compare(*readers: str, older_than: dt.timedelta | None = None) -> Matrix:
    now = timezone.now()
    editions = newest_editions(readers or USUAL_BOOKS, at=now, older_than=older_than)
    return matrix(editions, version=revision.version(), at=now)


def row_of(result: Matrix, model: str, label: str = "Input") -> Row:
    return next(row for row in result.rows if (row.model, row.label) == (model, label))
