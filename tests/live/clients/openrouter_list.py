"""Our list for visitors and for a key, read by OpenRouter's own Python SDK."""

import json
import sys
from importlib.metadata import version
from typing import Any

from openrouter import OpenRouter


def models(url: str, key: str) -> dict[str, Any]:
    answer = OpenRouter(api_key=key, server_url=f"{url}/api/export/openrouter").models.list()
    return answer.result.model_dump(mode="json")  # type: ignore[no-any-return]


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    body, own = (models(arguments["url"], key) for key in ("sk-unknown", arguments["key"]))
    return {
        "version": version("openrouter"),
        "models": {row["id"]: row for row in body["data"]},
        "all": body,
        "own": {row["id"]: row for row in own["data"]},
    }


json.dump(main(json.loads(sys.argv[1])), sys.stdout)
