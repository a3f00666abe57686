"""Recorded databases of gateways, and what the gateways answered; see files/gateways/README.md."""

import gzip
import io
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from django.core.management import call_command

FILES = Path(__file__).parent / "files" / "gateways"


def database(name: str, folder: Path) -> Path:
    """The unpacked SQLite file."""
    file = folder / f"{name}.db"
    file.write_bytes(gzip.decompress((FILES / f"{name}.db.gz").read_bytes()))
    return file


def answers(name: str, *, read: Callable[[bytes], Any] = json.loads) -> Any:
    """What the running gateway answered; `read_json` keeps its numbers exact."""
    return read((FILES / f"{name}.json").read_bytes())


def migrate(file: Path, **options: Any) -> dict[str, Any]:
    """Applies the migration; the plan as JSON."""
    out = io.StringIO()
    call_command("import_gateway", sqlite=str(file), apply=True, format="json", stdout=out, **options)
    report: dict[str, Any] = json.loads(out.getvalue())
    return report


@contextmanager
def running_gateway(keys: Mapping[str, Mapping[str, Any]], *, status: int = 0) -> Iterator[str]:
    """The address of a server that gives each key its recorded answer; `status` replaces all of them."""
    by_key = {f"Bearer sk-{answer['key']}": answer for answer in keys.values()}

    class Gateway(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = by_key.get(self.headers["Authorization"], {"status": 401, "error": {}})
            body = {"error": answer.get("error")}
            if answer["status"] == 200:
                body = {"data": [{"id": name} for name in answer["models"]], "success": True}
            if self.path != "/v1/models":
                answer = {"status": 404}
            self.send_response(status or answer["status"])
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
