"""What Anthropic's Python SDK sees."""

import json
import sys
from collections.abc import Callable
from typing import Any

import anthropic


def told(call: Callable[[], Any]) -> list[Any]:
    """The name, status and type of the exception that a call ends in."""
    try:
        call()
    except anthropic.APIStatusError as error:
        body: Any = error.body
        return [type(error).__name__, error.status_code, body["error"]["type"], bool(error.request_id)]
    return []


def main(asked: dict[str, Any]) -> dict[str, Any]:
    def client(key: str) -> anthropic.Anthropic:
        return anthropic.Anthropic(base_url=asked["url"], api_key=asked["keys"][key], max_retries=0)

    good = client("good").models
    listed = list(good.list(limit=1000))
    limited = client("limited").models
    limited.list()
    return {
        "version": anthropic.__version__,
        "ids": [model.id for model in listed],
        "paged": [model.id for model in good.list(limit=2)],
        "one": good.retrieve(asked["model"]).id,
        "types": sorted({type(model).__name__ for model in listed}),
        "errors": {
            "401": told(client("unknown").models.list),
            "403": told(client("abroad").models.list),
            "404": told(lambda: good.retrieve(asked["hidden"])),
            "429": told(lambda: [limited.list() for _ in range(20)]),
            "500": told(client("broken").models.list),
        },
    }


json.dump(main(json.loads(sys.argv[1])), sys.stdout)
