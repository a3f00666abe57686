"""What Anthropic's Python SDK reads."""

import inspect
import json
import sys
from collections.abc import Callable
from typing import Any

import anthropic

FIELDS = ("id", "display_name", "created_at", "lifecycle", "deprecated_at", "max_input_tokens", "capabilities")


def error_of(call: Callable[[], Any]) -> list[Any]:
    """The name, status and type of the exception that a call ends in."""
    try:
        call()
    except anthropic.APIStatusError as error:
        body: Any = error.body
        return [type(error).__name__, error.status_code, body["error"]["type"], bool(error.request_id)]
    return []


def kind(value: Any) -> str:
    """The type of a value; editions have classes of their own for what is an object."""
    name = type(value).__name__
    return name if name in {"str", "int", "datetime", "NoneType"} else "object"


def stages(models: Any, *names: str) -> dict[str, Any]:
    """The parameter as the edition has it; older ones know of none and take it as one of the caller's own."""
    if "lifecycle" in inspect.signature(models.list).parameters:
        return {"lifecycle": list(names)}
    return {"extra_query": {"lifecycle[]": ",".join(names)}}


def main(arguments: dict[str, Any]) -> dict[str, Any]:
    def client(key: str) -> anthropic.Anthropic:
        return anthropic.Anthropic(base_url=arguments["url"], api_key=arguments["keys"][key], max_retries=0)

    good = client("good").models
    listed = list(good.list(limit=1000))
    limited = client("limited").models
    limited.list()
    return {
        "version": anthropic.__version__,
        "ids": [model.id for model in listed],
        "paged": [model.id for model in good.list(limit=2)],
        "one": good.retrieve(arguments["model"]).id,
        "types": sorted({type(model).__name__ for model in listed}),
        "fields": {name: sorted({kind(getattr(model, name)) for model in listed}) for name in FIELDS},
        "lifecycle": sorted({model.lifecycle for model in listed}),
        "has_more": [good.list(limit=limit).has_more for limit in (1, 1000)],
        "after_hidden": [model.id for model in good.list(limit=2, after_id=arguments["gone"])],
        "before_hidden": [model.id for model in good.list(limit=2, before_id=arguments["gone"])],
        "back": [model.id for model in good.list(limit=2, before_id=listed[-1].id)],
        "retired": [model.id for model in good.list(**stages(good, "retired"))],
        "errors": {
            "401": error_of(client("unknown").models.list),
            "403": error_of(client("abroad").models.list),
            "404": error_of(lambda: good.retrieve(arguments["hidden"])),
            "429": error_of(lambda: [limited.list() for _ in range(20)]),
            "500": error_of(client("broken").models.list),
        },
    }


json.dump(main(json.loads(sys.argv[1])), sys.stdout)
