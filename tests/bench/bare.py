"""The limit: an application without a framework that returns the same answers under gunicorn's own worker.

Status, headers and bodies are what Modelbook answered once; BENCH_ANSWERS names the folder in which they were written.
The header X-Bench names the answer.
"""

import json
import os
from pathlib import Path
from typing import Any

STATUSES = {200: "200 OK", 204: "204 No Content", 304: "304 Not Modified"}
ANSWERS = {
    head.stem: (json.loads(head.read_text()), head.with_suffix(".body").read_bytes())
    for head in Path(os.environ.get("BENCH_ANSWERS", ".")).glob("*.head")
}


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    head, body = ANSWERS[environ["HTTP_X_BENCH"]]
    start_response(STATUSES[head["status"]], [(name, value) for name, value in head["headers"]])
    return [body]
