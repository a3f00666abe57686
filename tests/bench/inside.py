"""The cost of a request inside one process, without a server: `python -m tests.bench.inside KEY` prints JSON."""

import io
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

# So many keys are asked in turn.
KEYS = (1, 1_000, 20_000)


def microseconds(what: Callable[[], object], *, times: int) -> float:
    """The median of this process's own time: what else the machine does is not in it, nor what PostgreSQL does."""
    took = []
    for _ in range(times):
        began = time.process_time()
        what()
        took.append(time.process_time() - began)
    return round(statistics.median(took) * 1e6, 1)


def measure(key: str) -> dict[str, Any]:
    from config.wsgi import application, django_application
    from tests.bench.filling import key_of
    from tokens.http.bodies import BODIES
    from tokens.models import Token

    def ask(app: Any, key: str = key) -> tuple[str, int]:
        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": "/v1/models", "QUERY_STRING": "", "SCRIPT_NAME": "",
            "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost", "HTTP_AUTHORIZATION": f"Bearer {key}", "HTTP_ACCEPT_ENCODING": "gzip",
            "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr,
        }  # fmt: skip
        statuses: list[str] = []
        answer = app(environ, lambda status, *_: statuses.append(status))
        size = sum(len(part) for part in answer)
        if hasattr(answer, "close"):
            answer.close()
        return statuses[0], size

    def cold() -> None:
        BODIES.clear()
        ask(django_application)

    def in_turn(count: int) -> float | None:
        """The time with this many keys in turn, each used once before; None if fewer are stored."""
        stored = Token.objects.filter(name="one of many").order_by("pk").values_list("key_id", flat=True)[:count]
        known = [key_of(int(key_id.removeprefix("bn"))) for key_id in stored]
        if len(known) < count:
            return None
        for one in known:
            assert ask(application, one)[0] == "200 OK"
        turns = itertools.cycle(known)
        return microseconds(lambda: ask(application, next(turns)), times=3000)

    assert ask(application)[0] == "200 OK", ask(application)
    size = ask(application)[1]
    return {
        "fastpath_us": {count: in_turn(count) for count in KEYS},
        "django_us": microseconds(lambda: ask(django_application), times=600),
        "cold_ms": round(microseconds(cold, times=5) / 1000, 1),
        "gzipped_bytes": size,
    }


if __name__ == "__main__":
    import django

    django.setup()
    sys.stdout.write(json.dumps(measure(sys.argv[1])))
