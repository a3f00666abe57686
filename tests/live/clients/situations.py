"""What clients written in Python see in each situation: a list of ids, or an error.

The programs get {client: {situation: [address, key]}} as JSON and print {client: {situation: outcome}}; an outcome is
{"ids": [...]} or {"error": class, "text": its text}.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

List = Callable[[str, str], Iterable[str]]


def outcome(list_models: List, url: str, key: str) -> dict[str, Any]:
    try:
        ids = list(list_models(url, key))
    except Exception as error:  # noqa: BLE001
        return {"error": type(error).__name__, "text": str(error)}
    return {"ids": ids}


def show(clients: Mapping[str, List]) -> None:
    """Prints what each client sees that this run asks for."""
    instructions = json.loads(sys.argv[1])
    seen = {
        client: {name: outcome(clients[client], url, key) for name, (url, key) in situations.items()}
        for client, situations in instructions.items()
    }
    # Some clients print to standard output themselves.
    sys.stdout.write("\n" + json.dumps(seen) + "\n")
    sys.stdout.flush()
    # Some leave threads behind that would keep the process.
    os._exit(0)
