"""Our list for visitors and for a key, read by OpenRouter's own Python SDK."""

import json
import sys
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from openrouter import OpenRouter


def models(url: str, key: str) -> dict[str, Any]:
    answer = OpenRouter(api_key=key, server_url=f"{url}/api/export/openrouter").models.list()
    return answer.result.model_dump(mode="json")  # type: ignore[no-any-return]


def pages(url: str) -> Iterator[str]:
    """The ids in pages of two."""
    page = OpenRouter(api_key="sk-unknown", server_url=f"{url}/api/export/openrouter").models.list(limit=2)
    while page is not None:
        yield from (model.id for model in page.result.data)
        page = page.next()


def models_of_user(url: str, key: str) -> list[str]:
    client = OpenRouter(server_url=f"{url}/api/export/openrouter")
    return [model.id for model in client.models.list_for_user(security={"bearer": key}).result.data]


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    body, own = (models(arguments["url"], key) for key in ("sk-unknown", arguments["key"]))
    return {
        "version": version("openrouter"),
        "models": {row["id"]: row for row in body["data"]},
        "all": body,
        "paged": list(pages(arguments["url"])),
        "of_user": models_of_user(arguments["url"], arguments["key"]),
        "own": {row["id"]: row for row in own["data"]},
    }


json.dump(main(json.loads(sys.argv[1])), sys.stdout)
