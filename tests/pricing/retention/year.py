"""A source whose document changes one price at a time, imported again and again."""

import datetime as dt
import json
from typing import Any

import time_machine
from django.utils import timezone

from catalog.models import ImportRun
from catalog.sources import SOURCES
from pricing.imports.options import Options
from pricing.imports.pipeline import apply_import
from pricing.retention.pruning import prune

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
STEP = dt.timedelta(days=7)
VERSIONS = 26
NOW = START + VERSIONS * STEP
KEEP = dt.timedelta(days=90)
# 14 imports are older than 90 days, and one of them has one of the last 13 versions.
OLD = 13
ADDRESS = "https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json"
OPTIONS = Options(source=SOURCES["litellm"], publish=True, channel="main")


def document(version: int, *, models: int = 6) -> bytes:
    """Version 0, and in each later one the price of one other model raised a little."""
    rows: dict[str, Any] = {
        f"gpt-{number}": {
            "mode": "chat",
            "litellm_provider": "openai",
            "max_input_tokens": 128_000,
            "input_cost_per_token": float(f"{2 + 0.01 * ((version + models - 1 - number) // models)}e-06"),
            "output_cost_per_token": 1e-05,
            "source": f"https://openai.com/pricing/{number}",
        }
        for number in range(models)
    }
    return json.dumps(rows, indent=2).encode()


def import_versions(versions: range, *, every: dt.timedelta, models: int = 6, origin: str = ADDRESS) -> list[ImportRun]:
    """Imports these versions at their moments after the start."""
    runs = []
    for version in versions:
        at = START + version * every
        with time_machine.travel(at, tick=False):
            _, run = apply_import(document(version, models=models), OPTIONS, at=at, origin=origin)
        assert run is not None
        runs.append(run)
    return runs


def prune_all(*, dry_run: bool = False) -> dict[str, int]:
    """Kind -> rows, of what was removed."""
    removed = prune(at=timezone.now(), keep=KEEP, actor="a test", dry_run=dry_run)
    return {part.kind: part.rows for part in removed if part.rows}
