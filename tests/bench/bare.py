"""The limit: an application without a framework that returns the same answer under the same gunicorn.

Status, headers and body are what Modelbook answered once; BENCH_ANSWERS names the folder in which they were written.
"""

import json
import os
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ.get("BENCH_ANSWERS", "."))
BODY = (FOLDER / "body").read_bytes()
HEADERS = [(name, value) for name, value in json.loads((FOLDER / "200").read_text())]
UNCHANGED = [(name, value) for name, value in json.loads((FOLDER / "304").read_text())]


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    if "HTTP_IF_NONE_MATCH" in environ:
        start_response("304 Not Modified", UNCHANGED)
        return [b""]
    start_response("200 OK", HEADERS)
    return [BODY]
