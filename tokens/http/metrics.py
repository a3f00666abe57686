"""/metrics for Prometheus: requests with their status and duration, errors by code, and figures from the database.

A wrapper around the whole WSGI application, because the fast path responds to most requests. The workers count
together, in files below PROMETHEUS_MULTIPROC_DIR, which config/gunicorn.py sets. Without METRICS_TOKEN there is no
wrapper, and the address does not exist.
"""

import datetime as dt
import hmac
import os
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import Error, close_old_connections
from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from psycopg_pool import PoolTimeout

from catalog.db import revision
from catalog.db.snapshot import snapshot
from catalog.models import AIModel, ImportRun, Source
from tokens.http.fastpath import Answer, Environ, FastPath, StartResponse
from tokens.http.state import Loop
from tokens.metric_counters import DURATION, REQUESTS
from tokens.models import Delivery, Token, TokenGroup

PATH = "/metrics"
# First segment of a path -> the area that the request is counted in: a fixed set, so that clients cannot add areas.
AREAS = {
    **dict.fromkeys(("v1", "v1beta", "v1alpha", "anthropic", "models"), "models"),
    **dict.fromkeys(
        ("", "compare", "docs", "openapi.json", "llms.txt", "llms-full.txt", "sitemap.xml", "images"), "pages"
    ),
    **{name: name for name in ("api", "admin", "static", "livez", "readyz")},
}
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST"})


class MeteredApplication:
    """Wraps the WSGI application: counts every request and sends the metrics to clients with the token."""

    def __init__(self, application: FastPath, token: str) -> None:
        self._application = application
        self._authorization = f"Bearer {token}".encode()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == PATH and environ["REQUEST_METHOD"] == "GET":
            return self._send_metrics(environ, start_response)
        return self._application(environ, counting(environ, start_response))

    def answer_or_defer(self, environ: Environ, start_response: StartResponse, again: Callable[[], None]) -> Any:
        """As `FastPath.answer_or_defer`."""
        if environ["PATH_INFO"] == PATH:
            return self(environ, start_response)
        return self._application.answer_or_defer(environ, counting(environ, start_response), again)

    def attach(self, loop: Loop) -> None:
        self._application.attach(loop)

    def at_once(self, environ: Environ, respond: Callable[[Answer | None], None]) -> None:
        """As `FastPath.at_once`."""
        start = time.perf_counter()

        def count_response(answer: Answer | None) -> None:
            if answer is not None:
                count(environ, answer.status, start=start)
            respond(answer)

        self._application.at_once(environ, count_response)

    def end_turn(self) -> None:
        self._application.end_turn()

    def _send_metrics(self, environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
        authorization = environ.get("HTTP_AUTHORIZATION", "").encode("latin-1", "replace")
        headers = [("Cache-Control", "no-store")]
        if not hmac.compare_digest(authorization, self._authorization):
            headers += [("Content-Type", "text/plain; charset=utf-8"), ("WWW-Authenticate", 'Bearer realm="metrics"')]
            start_response("401 Unauthorized", headers)
            return [b"Send METRICS_TOKEN as a bearer token.\n"]
        start_response("200 OK", [*headers, ("Content-Type", CONTENT_TYPE_LATEST)])
        return [exposition()]


def counting(environ: Environ, start_response: StartResponse) -> StartResponse:
    """The same `start_response`, which also counts the request."""
    start = time.perf_counter()

    def start_counted_response(status: str, *arguments: Any) -> Any:
        count(environ, status, start=start)
        return start_response(status, *arguments)

    return start_counted_response


def count(environ: Environ, status: str, *, start: float) -> None:
    """Counts a request; `start` is the value of `time.perf_counter` when it arrived."""
    area = area_of(environ["PATH_INFO"])
    method = environ["REQUEST_METHOD"] if environ["REQUEST_METHOD"] in METHODS else "other"
    REQUESTS.labels(area, method, status[:3]).inc()
    DURATION.labels(area).observe(time.perf_counter() - start)


def metered(application: FastPath) -> FastPath | MeteredApplication:
    """The application, wrapped if METRICS_TOKEN is set."""
    return MeteredApplication(application, settings.METRICS_TOKEN) if settings.METRICS_TOKEN else application


def area_of(path: str) -> str:
    """The area that a request for this path is counted in."""
    return AREAS.get(path.lstrip("/").partition("/")[0], "other")


def exposition() -> bytes:
    """All metrics in Prometheus's text format, summed over the workers."""
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)
    registry.register(DatabaseCollector())
    return generate_latest(registry)


class DatabaseCollector:
    """Figures read from the database at this moment; only `modelbook_up 0` if it does not answer."""

    def collect(self) -> Iterator[Metric]:
        try:
            with snapshot():
                metrics = list(self._read())
        except (Error, PoolTimeout):
            metrics = []
        finally:
            close_old_connections()
        yield GaugeMetricFamily("modelbook_up", "1 while the database answers.", value=float(bool(metrics)))
        yield from metrics

    def _read(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("modelbook_revision", "The catalog's revision.", value=float(revision.current()))
        models = GaugeMetricFamily("modelbook_models", "Models by status.", labels=["status"])
        statuses = AIModel.objects.values_list("status").annotate(Count("pk")).order_by()
        for status, count in (dict.fromkeys(AIModel.Status.values, 0) | dict(statuses)).items():
            models.add_metric([status], count)
        yield models
        enabled = Token.objects.filter(enabled=True).count()
        yield GaugeMetricFamily("modelbook_tokens_enabled", "Tokens that are enabled.", value=enabled)
        yield from _budgets(at=timezone.now())
        waiting = ImportRun.objects.waiting().count()
        yield GaugeMetricFamily("modelbook_imports_waiting", "Import plans that wait for review.", value=waiting)
        age = GaugeMetricFamily("modelbook_source_age_seconds", "Time since a source was fetched.", labels=["source"])
        failing = GaugeMetricFamily("modelbook_source_failing", "1 where the last fetch failed.", labels=["source"])
        now = timezone.now()
        for source in Source.objects.filter(sync=True).order_by("slug"):
            failing.add_metric([source.slug], float(bool(source.error)))
            if source.checked_at:
                age.add_metric([source.slug], (now - source.checked_at).total_seconds())
        yield from (age, failing)
        yield from _deliveries(at=now)
        for config in apps.get_app_configs():
            # Apps above this one have figures of their own.
            if read_metrics := getattr(config, "read_metrics", None):
                yield from read_metrics()


def _deliveries(*, at: dt.datetime) -> Iterator[Metric]:
    deliveries = GaugeMetricFamily("modelbook_deliveries", "Deliveries of events by their state.", labels=["state"])
    deliveries.add_metric(["pending"], Delivery.objects.pending().count())
    deliveries.add_metric(["dead"], Delivery.objects.dead().count())
    yield deliveries
    waits_since = Delivery.objects.pending().aggregate(first=Min("event__at"))["first"]
    yield GaugeMetricFamily(
        "modelbook_delivery_oldest_seconds",
        "Age of the oldest event that is still to be delivered; 0 without one.",
        value=(at - waits_since).total_seconds() if waits_since else 0.0,
    )


def _budgets(*, at: dt.datetime) -> Iterator[Metric]:
    budgets = GaugeMetricFamily("modelbook_budgets", "Budgets by their state.", labels=["of", "state"])
    for of, rows in (("token", Token.objects.filter(enabled=True)), ("group", TokenGroup.objects.all())):
        budgets.add_metric([of, "used_up"], rows.spent(at=at).count())
        budgets.add_metric([of, "nearly_used_up"], rows.nearly_spent(at=at).count())
        budgets.add_metric([of, "with_unknown_costs"], rows.with_unknown_costs(at=at).count())
    yield budgets
