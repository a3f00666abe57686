"""Imports the files of `files/` as an operator would, and asks for prices as a customer would."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.test import Client

from pricing.imports.exit_codes import Exit
from tests import world
from tests.pricing.imports.running import Outcome, run

FILES = Path(__file__).parent / "files"
READERS = (
    "csv",
    "genai_prices",
    "litellm",
    "llm_prices",
    "models_dev",
    "new_api",
    "openai_models",
    "openrouter",
)


def import_case(name: str, *arguments: str, code: int = Exit.DONE) -> Outcome:
    """Imports a file, named without its suffix, on a channel that everybody reaches; the name starts with its reader.

    `code` is the exit code to expect. The outcome has the report.
    """
    world.channel("c")
    path = next(FILES.glob(f"{name}.*"))
    reader = next((reader for reader in READERS if name.startswith(reader)), "genai_prices")
    outcome = run(reader, path, path.parent, "--channel", "c", "--publish", "--apply", *arguments)
    assert outcome.code == code, outcome.out + outcome.err
    return outcome


def quote(model: str, usage: Mapping[str, Any], *, at: str = "", key: str = "", **request: Any) -> dict[str, Any]:
    """The quote of a usage (meter -> quantity, or {"quantity", "unit"}), at a moment, with facts of the request.

    `key`: the key that asks, without which the price is that of a visitor.
    """
    body = {"model": model, "usage": usage} | ({"at": at} if at else {}) | ({"request": request} if request else {})
    headers = {"authorization": f"Bearer {key}"} if key else {}
    answer = Client().post("/api/pricing/quote", json.dumps(body), content_type="application/json", headers=headers)
    assert answer.status_code == 200, answer.content
    document: dict[str, Any] = answer.json()
    return document


def rows() -> dict[str, dict[str, Any]]:
    """Model -> its row in `data` of /api/pricing, where rows without a price are requested, too."""
    return {row["model_name"]: row for row in Client().get("/api/pricing?unpriced=rows").json()["data"]}
