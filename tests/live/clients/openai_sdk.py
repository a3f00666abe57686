"""What OpenAI's Python SDK reads."""

import json
import sys
from collections.abc import Callable
from typing import Any

import openai


def error_of(call: Callable[[], Any]) -> list[Any]:
    """The name, status and code of the exception that a call ends in."""
    try:
        call()
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code, str(error.request_id).startswith("req_")]
    return []


def details_of(call: Callable[[], Any]) -> list[Any]:
    """What the exception of a call states beside its code."""
    try:
        call()
    except openai.APIStatusError as error:
        return [error.code, error.type, error.param, error.response.headers.get("allow")]
    return []


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    def client(key: str) -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{arguments['url']}/v1", api_key=arguments["keys"][key], max_retries=0)

    good = client("good").models
    listed = list(good.list())
    limited = client("limited").models
    limited.list()
    return {
        "version": openai.__version__,
        "ids": [model.id for model in listed],
        "paged": [model.id for model in good.list()],
        "one": good.retrieve(arguments["model"]).id,
        "types": sorted({type(model).__name__ for model in listed}),
        "fields": {
            name: sorted({type(getattr(model, name)).__name__ for model in listed})
            for name in ("id", "created", "object", "owned_by", "shutdown_date", "supported_endpoint_types")
        },
        "retrieved": [
            [model.id, model.object, model.owned_by] for model in map(client("odd").models.retrieve, arguments["odd"])
        ],
        "details": [
            details_of(client("unknown").models.list),
            details_of(lambda: good.retrieve(arguments["hidden"])),
            details_of(lambda: good.retrieve("clients-never-was")),
            details_of(lambda: good.delete(arguments["model"])),
        ],
        "errors": {
            "401": error_of(client("unknown").models.list),
            "403": error_of(client("abroad").models.list),
            "404": error_of(lambda: good.retrieve(arguments["hidden"])),
            "429": error_of(lambda: [limited.list() for _ in range(20)]),
            "500": error_of(client("broken").models.list),
        },
    }


json.dump(main(json.loads(sys.argv[1])), sys.stdout)
