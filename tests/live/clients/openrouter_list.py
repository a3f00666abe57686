"""Our list, read by OpenRouter's own Python SDK."""

import json
import sys
from importlib.metadata import version
from typing import Any

from openrouter import OpenRouter


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    answer = OpenRouter(api_key="sk-unknown", server_url=f"{arguments['url']}/api/export/openrouter").models.list()
    body = answer.result.model_dump(mode="json")
    return {"version": version("openrouter"), "models": {row["id"]: row for row in body["data"]}, "all": body}


json.dump(main(json.loads(sys.argv[1])), sys.stdout)
