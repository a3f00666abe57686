"""What Google's Python SDK reads."""

import json
import sys
from collections.abc import Callable
from typing import Any

from google import genai
from google.genai import errors


def error_of(call: Callable[[], Any]) -> list[Any]:
    """The name, status and code word of the exception that a call ends in."""
    try:
        call()
    except errors.APIError as error:
        return [type(error).__name__, error.code, error.status, True]
    return []


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    def client(key: str) -> Any:
        return genai.Client(api_key=arguments["keys"][key], http_options={"base_url": arguments["url"]})

    clients = {name: client(name) for name in arguments["keys"]}
    good, limited = clients["good"].models, clients["limited"].models
    listed = list(good.list())
    next(iter(limited.list()))
    return {
        "version": genai.__version__,
        "ids": [model.name for model in listed],
        "paged": [model.name for model in good.list(config={"page_size": 2})],
        "one": good.get(model=arguments["model"]).name,
        "types": sorted({type(model).__name__ for model in listed}),
        "fields": {
            name: sorted({type(getattr(model, name)).__name__ for model in listed})
            for name in ("name", "display_name", "version", "input_token_limit", "supported_actions")
        },
        "tuned": [model.name for model in good.list(config={"query_base": False})],
        "errors": {
            "401": error_of(clients["unknown"].models.list),
            "403": error_of(clients["abroad"].models.list),
            "404": error_of(lambda: good.get(model=arguments["hidden"])),
            "429": error_of(lambda: [limited.list() for _ in range(20)]),
            "500": error_of(clients["broken"].models.list),
        },
    }


json.dump(main(json.loads(sys.argv[1])), sys.stdout)
