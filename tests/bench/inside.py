"""The cost of requests inside one process, without a server: `python -m tests.bench.inside KEY` prints JSON.

Every figure is this process's own processor time: what else the machine does is not in it, nor what PostgreSQL does.
"""

import io
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

# So many keys are asked in turn.
KEYS = (1, 1_000)
GZIP = {"HTTP_ACCEPT_ENCODING": "gzip"}
# Searches of the catalog page, beside others.
SEARCHES = (
    "/results?q=model", "/results?q=vendor-7", "/results?q=zzz", "/results?sort=price", "/results?sort=-context&page=2",
    "/results?capability=tools&price=3", "/results?vendor=vendor-3&sort=name",
)  # fmt: skip
HTML = {"HTTP_ACCEPT_ENCODING": "gzip", "HTTP_ACCEPT": "text/html"}


def milliseconds(what: Callable[[], object], *, times: int, before: Callable[[], object] = lambda: None) -> float:
    """The median time of a call; `before` runs before each, unmeasured."""
    took = []
    for _ in range(times):
        before()
        began = time.process_time()
        what()
        took.append(time.process_time() - began)
    return round(statistics.median(took) * 1e3, 4)


def response(application: Any, path: str, headers: Mapping[str, str]) -> bytes:
    """The body of the application's answer to a GET."""
    plain, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": plain, "QUERY_STRING": query, "SCRIPT_NAME": "", "HTTP_HOST": "localhost",
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr, **headers,
    }  # fmt: skip
    statuses: list[str] = []
    answer = application(environ, lambda status, *_: statuses.append(status))
    body = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    assert statuses[0][:1] == "2", (path, statuses, body[:300])
    return body


def measure(key: str) -> dict[str, Any]:
    from django.utils import timezone

    from catalog import caches
    from catalog.models import AIModel
    from config.wsgi import application, django_application
    from pricing.curation.health_checks import RULES, run_checks
    from tests import world
    from tests.bench.filling import ONE_OF_MANY, key_of, name_of
    from tokens.models import Token

    def ask(path: str, headers: Mapping[str, str] = GZIP, *, key: str = "", app: Any = django_application) -> bytes:
        return response(app, path, {**headers} | ({"HTTP_AUTHORIZATION": f"Bearer {key}"} if key else {}))

    def in_turn(count: int) -> float:
        """The time of a warm list with this many keys in turn."""
        stored = Token.objects.filter(name=ONE_OF_MANY).order_by("pk").values_list("key_id", flat=True)[:count]
        known = [key_of(int(key_id.removeprefix("bn"))) for key_id in stored]
        for one in known * 2:
            ask("/v1/models", key=one, app=application)
        turns = itertools.cycle(known)
        return milliseconds(lambda: ask("/v1/models", key=next(turns), app=application), times=3000)

    def walk() -> None:
        """All pages of Gemini's list, in their default size."""
        token = ""
        while True:
            body = json.loads(ask(f"/v1beta/models?pageToken={token}", {}, key=key))
            token = body.get("nextPageToken", "")
            if not token:
                return

    def edit_a_price() -> None:
        number = next(edits)
        model = AIModel.objects.get(name=name_of(number % 100))
        world.price(model, input=str(number % 40 + 1), output="9", starts_at=world.LONG_AGO.replace(microsecond=number))

    def hide_or_show() -> None:
        number = next(edits)
        status = ("draft", "published")[number % 2]
        AIModel.objects.filter(name=name_of(number // 2 % 100)).set_status(status)

    edits = itertools.count(1)
    one_model = name_of(7)
    check = f"/api/authorize?model={one_model}"
    ask("/v1/models", key=key)
    ask("/", HTML)
    times = 5 if AIModel.objects.count() <= 5_000 else 2
    figures = {f"list_{count}_keys_us": in_turn(count) * 1e3 for count in KEYS}
    ask(check, key=key, app=application)
    figures["authorize_us"] = 1e3 * milliseconds(lambda: ask(check, key=key, app=application), times=2000)
    figures["authorize_cold_ms"] = milliseconds(lambda: ask(check, key=key), times=50, before=caches.clear_all)
    figures["list_cold_ms"] = milliseconds(lambda: ask("/v1/models", key=key), times=times, before=caches.clear_all)
    figures["walk_ms"] = milliseconds(walk, times=1, before=caches.clear_all)
    figures["list_after_hiding_ms"] = milliseconds(lambda: ask("/v1/models", key=key), times=times, before=hide_or_show)
    figures["prices_cold_ms"] = milliseconds(lambda: ask("/api/pricing"), times=times, before=caches.clear_all)
    figures["prices_after_edit_ms"] = milliseconds(lambda: ask("/api/pricing"), times=times, before=edit_a_price)
    figures["page_cold_ms"] = milliseconds(lambda: ask("/", HTML), times=times, before=caches.clear_all)
    searches = itertools.cycle(SEARCHES)
    times_of_searches = [milliseconds(lambda: ask(next(searches), HTML), times=1) for _ in range(10 * len(SEARCHES))]
    figures["search_ms"] = statistics.quantiles(times_of_searches, n=20)[-1]
    figures["sort_cold_ms"] = milliseconds(lambda: ask("/?sort=price", HTML), times=times, before=caches.clear_all)
    figures["page_after_edit_ms"] = milliseconds(lambda: ask("/", HTML), times=times, before=edit_a_price)
    figures["health_checks_ms"] = milliseconds(lambda: run_checks(RULES, at=timezone.now()), times=1)
    return figures


if __name__ == "__main__":
    import django

    django.setup()
    sys.stdout.write(json.dumps(measure(sys.argv[1])))
